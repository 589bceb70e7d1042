"""Work that nobody waits for. Every method is safe to run twice."""

from typing import Any

from app.database import unhurried
from app.services import consistency
from app.services.idempotency import FORGET_BATCH, forget_old_keys
from app.services.inventory_lifecycle import CLEANUP_BATCH, InventoryLifecycleService
from app.services.tallies import fold_tallies


class BackgroundCleanupService:
    def run_cleanup_now(self) -> dict[str, Any]:
        """Free every unit whose hold has run out, in batches, and fold the maintained totals.

        Returns ``{"released": number of units, "items": their ids as text}``.
        """
        released: list[str] = []
        while batch := InventoryLifecycleService().cleanup_expired_reservations(CLEANUP_BATCH):
            released += [str(item_id) for item_id in batch]
        fold_tallies()
        while forget_old_keys() == FORGET_BATCH:
            pass
        return {"released": len(released), "items": released}

    def run_consistency_check(self) -> dict[str, Any]:
        """Look for everything that contract §5 names, and keep the record of it.

        Returns ``{"found", "opened", "resolved", "open", "byKind"}``: what is wrong now, what of it
        is new or back, what is gone, what is on record as open, and what is wrong by kind.
        """
        with unhurried():
            return consistency.check_everything()
