"""Checks edits of items by their versions."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

from stress.checker.clients.outcomes import Fulfilment, OperationOutcome, RefusedOutcome
from stress.checker.clients.requests import Kind
from stress.checker.database.snapshot import DatabaseSnapshot
from stress.checker.findings import Findings, Invariant


@dataclass
class Edits:
    """Those of each unit that may have been made."""

    books: DatabaseSnapshot
    of_unit: dict[str, list[OperationOutcome]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for told in self.books.told.values():
            request = told.request
            if request.kind is Kind.EDIT and request.edits and told.fate is not Fulfilment.NOT_DONE:
                self.of_unit[request.items[0]].append(told)

    def check(self, findings: Findings) -> None:
        """A unit's version has counted every step and every edit; no two edited one version."""
        for item_id, unit in self.books.units.items():
            findings.count(Invariant.SEEN_VERSION)
            edits = self.of_unit.get(item_id, [])
            done = [told for told in edits if told.fate is Fulfilment.DONE]
            counted = unit.version - unit.length
            if not len(done) <= counted <= len(edits):
                findings.violate(
                    Invariant.SEEN_VERSION,
                    f"unit {item_id} has version {unit.version} after {unit.length} steps; of its"
                    f" {len(edits)} edits {len(done)} were acknowledged",
                )
            versions = [told.request.version for told in done]
            if len(set(versions)) < len(versions):
                findings.violate(
                    Invariant.SEEN_VERSION,
                    f"unit {item_id}: two of {', '.join(map(str, done))} edited one version",
                )

    def may_have_been(self, item_id: str, version: int, refused: RefusedOutcome) -> bool:
        """Whether the unit may have had this version while the question was open."""
        history = self.books.histories.get(item_id, [])
        commits = [step.committed_at for step in history]
        edits = self.of_unit.get(item_id, [])
        at_most = bisect_right(commits, refused.ended_at)
        at_most += sum(told.sent_at <= refused.ended_at for told in edits)
        at_least = sum(
            told.done_at is not None and told.done_at <= refused.sent_at for told in edits
        )
        for step in history:
            owner = self.books.told.get(step.owner) if step.owner else None
            at_least += bool(
                owner and owner.done_at is not None and owner.done_at <= refused.sent_at
            )
        return at_least <= version <= at_most
