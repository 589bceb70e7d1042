"""How many items of a product may have been free at a moment."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from typing import NamedTuple

from stress.checker.clients.requests import Kind
from stress.checker.database.state_timeline import ItemStateSpan, StateTimelines


class Turn(NamedTuple):
    """A change of the counts. What widens them comes first where times are equal."""

    at: float
    narrows: bool
    surely: int
    possibly: int


@dataclass(frozen=True)
class FreeCounts:
    """After each turn: how many were surely and how many possibly free."""

    times: list[float]
    surely: list[int]
    possibly: list[int]

    def could_be(self, free: int, less: int, since: float, until: float) -> bool:
        """Whether ``free`` may have been counted in this time; up to ``less`` were left out."""
        start = bisect_left(self.times, since) - 1
        for position in range(max(start, 0), len(self.times)):
            if self.times[position] > until:
                break
            if self.surely[position] - less <= free <= self.possibly[position]:
                return True
        return start < 0 and free == 0


@dataclass
class StockCounts:
    lifelines: StateTimelines
    moved: frozenset[str] = frozenset()
    """Units that somebody may have put elsewhere: they are never surely free."""
    _units: dict[tuple[str, str | None], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _counts: dict[tuple[str, str | None], FreeCounts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        books = self.lifelines.books
        for item_id, unit in books.units.items():
            self._units[unit.sku, None].append(item_id)
            self._units[unit.sku, unit.warehouse].append(item_id)
        self.moved = frozenset(
            told.request.items[0]
            for told in books.told.values()
            if told.request.kind is Kind.EDIT and told.request.status
        )

    def of(self, sku: str, warehouse: str | None) -> FreeCounts:
        key = (sku, warehouse)
        if key not in self._counts:
            turns = sorted(turn for item in self._units[key] for turn in self._turns(item))
            self._counts[key] = FreeCounts(
                [turn.at for turn in turns],
                list(accumulate(turn.surely for turn in turns)),
                list(accumulate(turn.possibly for turn in turns)),
            )
        return self._counts[key]

    def _turns(self, item_id: str) -> Iterator[Turn]:
        for stay in self.lifelines.of_unit(item_id):
            freed_early, freed_late = self._free_from(stay)
            if freed_early <= stay.until:
                yield Turn(freed_early, False, 0, 1)
                if stay.until < inf:
                    yield Turn(stay.until, True, 0, -1)
            if freed_late < stay.surely_until and item_id not in self.moved:
                yield Turn(freed_late, True, 1, 0)
                if stay.surely_until < inf:
                    yield Turn(stay.surely_until, False, -1, 0)

    def _free_from(self, stay: ItemStateSpan) -> tuple[float, float]:
        """When it may have begun to be free and when it surely was; inf for never."""
        if stay.step.after == "Available":
            return stay.since, stay.surely_since
        expiry = self.lifelines.expiry(stay)
        if stay.step.after != "Reserved" or expiry.since == inf:
            return inf, inf
        return max(stay.since, expiry.since), max(stay.surely_since, expiry.until)
