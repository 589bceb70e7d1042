"""Background jobs: cleanup, consistency check, daily report."""

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.background.schedule import JobName
from app.domain.errors import InvalidInput
from app.domain.input.dates import RANGE, is_usable
from app.services.background.job_runs import forget_old_runs, note_progress, record_run
from app.services.carts.cart_cleanup import FORGET_BATCH as CARTS_BATCH
from app.services.carts.cart_cleanup import forget_old_carts
from app.services.consistency import findings
from app.services.idempotency.keys import FORGET_BATCH, delete_expired_keys
from app.services.inventory.lifecycle import CLEANUP_BATCH, InventoryLifecycleService
from app.services.invoices.invoice_numbers import note_void_numbers
from app.services.ledger.maintained_totals import compact_totals
from app.services.reports.daily_report import make_report

ITEMS_LISTED_MAX = 1000
UTC = ZoneInfo("UTC")


class BackgroundCleanupService:
    """``zone`` is the store's, for what goes by the day; ``user_id`` who wants it done now."""

    def __init__(self, zone: ZoneInfo = UTC, user_id: UUID | None = None) -> None:
        self.zone = zone
        self.user_id = user_id

    def run_cleanup_now(self) -> dict[str, Any]:
        """Free every unit whose hold has run out, in batches, fold the maintained totals, and put
        void numbers of invoices on record.

        Returns ``{"released": number of units, "items": ids of up to ITEMS_LISTED_MAX, as text}``.
        """
        return record_run(JobName.CLEANUP, self._clean_up, self.user_id)

    def run_daily_report(self, day: date) -> dict[str, Any]:
        """Make, keep and return a day's report.

        Raises InvalidInput for a day out of range, DayNotReportable for one that has no report.
        """
        if not is_usable(day):
            raise InvalidInput({"day": f"Give a day {RANGE}."})
        return record_run(JobName.REPORT, lambda: make_report(day, self.zone), self.user_id)

    def _clean_up(self) -> dict[str, Any]:
        """Each batch is a transaction of its own: killed half-way, the next run goes on there."""
        released, listed = 0, list[str]()
        while batch := InventoryLifecycleService().cleanup_expired_reservations(CLEANUP_BATCH):
            released += len(batch)
            listed += [str(item_id) for item_id in batch[: ITEMS_LISTED_MAX - len(listed)]]
            note_progress(f"{released:,} units freed so far")
        compact_totals()
        note_void_numbers()
        while delete_expired_keys() == FORGET_BATCH:
            pass
        while forget_old_carts() == CARTS_BATCH:
            pass
        forget_old_runs()
        return {"released": released, "items": listed}

    def run_consistency_check(self) -> dict[str, Any]:
        """Look for everything that contract §5 names, and keep the record of it.

        Returns ``{"found", "opened", "resolved", "open", "byKind"}``: what is wrong now, what of it
        is new or back, what is gone, what is on record as open, and what is wrong by kind.
        """
        return record_run(JobName.CHECK, findings.check_everything, self.user_id)
