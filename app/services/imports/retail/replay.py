"""Carries out planned events, a batch in each transaction."""

from collections.abc import Mapping, Sequence

from app.database.transactions import transactional
from app.domain.imports.retail.events import Event
from app.services.imports.retail.batch import Batch
from app.services.imports.retail.progress import ImportedInvoice, Tally, standings
from app.services.imports.retail.source import Source


class Replay:
    """Events of one source. What was done before, by this run or an earlier one, is passed over:
    an invoice's status and number of units say how far it has got.
    """

    def __init__(
        self, source: Source, standing: Mapping[str, ImportedInvoice] | None = None
    ) -> None:
        """``standing`` is that of the source in the store, if the caller has it."""
        self.source = source
        self.standing = dict(standings(source.prefix) if standing is None else standing)

    def bring(self, events: Sequence[Event]) -> Tally:
        """These events in one transaction, all or none of them."""
        batch = self._transaction(events)
        self.standing.update(batch.after)
        return batch.tally

    @transactional
    def _transaction(self, events: Sequence[Event]) -> Batch:
        batch = Batch(self.source, self.standing)
        batch.receive(events)
        for event in events:
            batch.apply(event)
        return batch
