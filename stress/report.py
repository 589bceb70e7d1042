"""The figures of a run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stress.checker.findings import Findings
from stress.clients.operation_log import Record
from stress.load_run import LoadPlan, Passed
from stress.schedule import FaultInjection

OUTCOMES = ("ok", "refused", "unknown")


@dataclass(frozen=True)
class InjectionCount:
    """One fault over the whole run. Seconds are until the store served again, None: never asked."""

    name: str
    blows: int
    median_alone: float | None
    worst_alone: float | None
    worst_beside_others: float | None


@dataclass(frozen=True)
class Settled:
    """What became of the operations whose outcome the storm left unknown."""

    done: int
    not_done: int
    without_key: int
    """Changes that no key stands for: only the checker can tell."""


@dataclass(frozen=True)
class Report:
    plan: LoadPlan
    passed: Passed
    record: Record
    findings: Findings

    @property
    def holds(self) -> bool:
        """A run in which nothing was acknowledged would prove nothing."""
        return self.findings.violated == 0 and self.outcome_totals["ok"] > 0

    @property
    def outcome_totals(self) -> Counter[str]:
        totals: Counter[str] = Counter()
        for (_, outcome), number in self.record.outcomes.items():
            totals[outcome] += number
        return totals

    @property
    def by_action(self) -> dict[str, dict[str, int]]:
        actions = sorted({action for action, _ in self.record.outcomes})
        return {
            action: {outcome: self.record.outcomes[action, outcome] for outcome in OUTCOMES}
            for action in actions
        }

    @property
    def struck(self) -> list[InjectionCount]:
        names = dict.fromkeys(fault.name for fault in self.plan.faults)
        return [_struck(name, self.passed.blows) for name in names]

    @property
    def settled(self) -> Settled:
        unknown = [self.record[tag] for tag in self.record.tags("unknown")]
        done = sum(any(attempt.done for attempt in each.settled) for each in unknown)
        without_key = sum(each.method != "POST" for each in unknown)
        return Settled(done, len(unknown) - done - without_key, without_key)

    @property
    def operations_per_second(self) -> float:
        return len(self.record) / max(self.passed.seconds, 0.001)

    def milliseconds(self, percent: int) -> float:
        """That an answered request took, at this percentile."""
        return percentile(self.record.seconds, percent) * 1000 if self.record.seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.plan.seed,
            "clients": self.plan.clients,
            "seconds": round(self.passed.seconds, 1),
            "interrupted": self.passed.interrupted,
            "holds": self.holds,
            "operations": self.by_action,
            "outcomes": {outcome: self.outcome_totals[outcome] for outcome in OUTCOMES},
            "settled": asdict(self.settled),
            "refusals": dict(self.record.codes.most_common()),
            "requests": self.record.attempts,
            "replayed": self.record.replayed,
            "operationsPerSecond": round(self.operations_per_second, 1),
            "milliseconds": {
                f"p{each}": round(self.milliseconds(each), 1) for each in (50, 95, 99)
            },
            "faults": [asdict(each) for each in self.struck],
            "invariants": self.findings.as_json(),
        }


def _struck(name: str, blows: Sequence[FaultInjection]) -> InjectionCount:
    own = [blow for blow in blows if blow.name == name]
    alone = _recoveries([blow for blow in own if not blow.beside])
    beside = _recoveries([blow for blow in own if blow.beside])
    return InjectionCount(
        name,
        len(own),
        percentile(alone, 50) if alone else None,
        max(alone, default=None),
        max(beside, default=None),
    )


def _recoveries(blows: Sequence[FaultInjection]) -> list[float]:
    return [blow.seconds_to_serve for blow in blows if blow.seconds_to_serve is not None]


def percentile(seconds: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(seconds)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
