"""Carries out planned events, a batch in each transaction."""

from collections.abc import Mapping, Sequence

from app.database.transactions import transactional
from app.domain.imports.retail.events import Event
from app.services.imports.retail.batch import Batch
from app.services.imports.retail.progress import ImportCounts, ImportedInvoice, imported_invoices
from app.services.imports.retail.source import Source


class Replay:
    """Events of one source. What was done before, by this run or an earlier one, is passed over:
    an invoice's status and number of units say how far it has got.
    """

    def __init__(
        self, source: Source, imported: Mapping[str, ImportedInvoice] | None = None
    ) -> None:
        """``imported`` is that of the source in the store, if the caller has it."""
        self.source = source
        self.imported = dict(imported_invoices(source.prefix) if imported is None else imported)

    def bring(self, events: Sequence[Event]) -> ImportCounts:
        """These events in one transaction, all or none of them."""
        batch = self._transaction(events)
        self.imported.update(batch.after)
        return batch.counts

    @transactional
    def _transaction(self, events: Sequence[Event]) -> Batch:
        batch = Batch(self.source, self.imported)
        batch.receive(events)
        for event in events:
            batch.apply(event)
        return batch
