"""What a benchmark says, and how it is printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """``target`` says in words what ``result`` should be; ``met`` whether it is.

    ``figures`` are for programs: what the words were made of.
    """

    what: str
    measured: str
    result: str = ""
    target: str = ""
    met: bool | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)


def print_table(rows: Sequence[Row]) -> None:
    if not rows:
        return
    widths = [
        max(len(cell) for cell in column)
        for column in zip(*((row.what, row.measured, row.result) for row in rows), strict=True)
    ]
    for row in rows:
        cells = (row.what, row.measured, row.result)
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        verdict = {None: "", True: "  met", False: "  MISSED"}[row.met]
        print(f"{line}  {row.target}{verdict}".rstrip())


def percentile(seconds: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile, in the unit that came in."""
    ordered = sorted(seconds)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
