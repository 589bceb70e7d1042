"""Who changes a status, why, for what and when, for the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.input.fields import cleaned_optional_text
from app.domain.inventory.item_lifecycle import ChangeReason
from app.observability.request_id import current_request_id

#: More than any form takes: a delivery says several things in one note.
NOTES_LENGTH_MAX = 10_000

#: Sets the transaction's context in the same round trip as the change that it explains. Every
#: field is set every time, so that no change ever borrows the explanation of the one before.
CONTEXT = """
context AS MATERIALIZED (SELECT
    set_config('holdfast.user_id', :context_user_id, true) AS user_id,
    set_config('holdfast.reason', :context_reason, true) AS reason,
    set_config('holdfast.reference_type', :context_reference_type, true) AS reference_type,
    set_config('holdfast.reference_id', :context_reference_id, true) AS reference_id,
    set_config('holdfast.change_date', :context_change_date, true) AS change_date,
    set_config('holdfast.notes', :context_notes, true) AS notes,
    set_config('holdfast.request_id', :context_request_id, true) AS request_id)
"""

#: Beside CONTEXT, for correcting a serial number.
SERIAL_REASON = """
correction AS MATERIALIZED (
    SELECT set_config('holdfast.serial_reason', :serial_reason, true) AS reason)
"""


@dataclass(frozen=True, kw_only=True)
class ChangeContext:
    """``reference`` is a (type, id) pair where it is not what the unit is reserved for."""

    user_id: UUID
    reason: ChangeReason | None = None
    reference: tuple[str, str] = ("", "")
    occurred_at: datetime | None = None
    notes: str | None = None

    def parameters(self) -> dict[str, Any]:
        """The bind parameters that CONTEXT takes."""
        return {
            "context_user_id": str(self.user_id),
            "context_reason": self.reason or "",
            "context_reference_type": self.reference[0],
            "context_reference_id": self.reference[1],
            "context_change_date": self.occurred_at.isoformat() if self.occurred_at else "",
            "context_notes": self._notes(),
            "context_request_id": current_request_id(),
        }

    def _notes(self) -> str:
        """Raises InvalidInput for notes with what cannot be used, or too many of them."""
        if not self.notes:
            return ""
        return cleaned_optional_text("notes", self.notes, length_max=NOTES_LENGTH_MAX) or ""
