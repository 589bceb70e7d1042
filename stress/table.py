"""Prints a run's figures for people."""

from collections.abc import Iterator, Sequence

from stress.report import OUTCOMES, Report

Cell = str | int | float | None


def table_of(report: Report) -> str:
    sections = [
        _operations(report),
        _refusals(report),
        _faults(report),
        _invariants(report),
        _violations(report),
        [_speed(report), verdict(report)],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def verdict(report: Report) -> str:
    """One line."""
    total = len(report.record)
    if report.findings.violated:
        return (
            f"BROKEN: {report.findings.violated:,} violations in {total:,} operations"
            f" (seed {report.plan.seed})."
        )
    if not report.holds:
        return "NOTHING PROVED: no operation was acknowledged."
    checked = sum(invariant.checked for invariant in report.findings)
    return (
        f"HOLDS: {total:,} operations under {len(report.passed.blows):,} faults,"
        f" {checked:,} checks, no violation (seed {report.plan.seed})."
    )


def _operations(report: Report) -> list[str]:
    rows: list[Sequence[Cell]] = [("Operations", *OUTCOMES)]
    rows += [
        (action, *(counts[each] for each in OUTCOMES))
        for action, counts in report.by_action.items()
    ]
    rows.append(("all", *(report.outcome_totals[each] for each in OUTCOMES)))
    settled = report.settled
    note = (
        f"Of the unknown, {settled.done:,} proved done when asked again in the quiet,"
        f" {settled.not_done:,} not, and {settled.without_key:,} have no key to ask with."
    )
    return [*aligned(rows), *([note] if report.outcome_totals["unknown"] else [])]


def _refusals(report: Report) -> list[str]:
    rows: list[Sequence[Cell]] = [("Refused for", "operations")]
    rows += report.record.codes.most_common()
    return list(aligned(rows)) if report.record.codes else []


def _faults(report: Report) -> list[str]:
    if not report.plan.faults:
        return []
    rows: list[Sequence[Cell]] = [
        ("Faults", "struck", "serving again, s", "worst", "worst beside another")
    ]
    rows += [
        (each.name, each.blows, each.median_alone, each.worst_alone, each.worst_beside_others)
        for each in report.struck
    ]
    return list(aligned(rows))


def _invariants(report: Report) -> list[str]:
    rows: list[Sequence[Cell]] = [("Invariants", "checked", "violated")]
    rows += [(each.law.value, each.checked, each.violated) for each in report.findings]
    return list(aligned(rows))


def _violations(report: Report) -> list[str]:
    return [
        f"VIOLATED: {invariant.law.value}: {sentence}"
        for invariant in report.findings
        for sentence in invariant.sentences
    ]


def _speed(report: Report) -> str:
    p50, p95, p99 = (report.milliseconds(each) for each in (50, 95, 99))
    return (
        f"{len(report.record):,} operations by {report.plan.clients} clients in"
        f" {report.passed.seconds:,.0f} s ({report.operations_per_second:,.0f}/s),"
        f" {report.record.attempts:,} requests, {report.record.replayed:,} answered from a key;"
        f" p50 {p50:,.0f} ms, p95 {p95:,.0f} ms, p99 {p99:,.0f} ms."
    )


def aligned(rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """The first column to the left, figures to the right."""
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*texts, strict=True)]
    for first, *others in texts:
        figures = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *figures]).rstrip()


def _text(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:.2f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
