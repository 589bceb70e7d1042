"""Corrects a serial number that was typed wrong at receiving."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.database.transactions import constraint_name, db, transactional
from app.domain.accounts.roles import Permission, may
from app.domain.errors import Duplicate, InvalidInput, NotPermitted
from app.domain.input.text import clean_line, clean_text
from app.domain.text.folding import serial_key
from app.queries.inventory.serial_corrections import has_only_its_receipt
from app.queries.serial_lookup import known_serials
from app.services.accounts.acting_user import acting_role
from app.services.inventory.serial_numbers import SERIAL_LENGTH_MAX
from app.services.ledger.change_context import CONTEXT, SERIAL_REASON, ChangeContext
from app.services.ledger.hold_rules import refuse_transition
from app.services.ledger.row_locks import LockedItem, check_version, lock_items

REASON_LENGTH_MAX = 500


@transactional
def correct_serial(
    item_id: UUID,
    serial_number: str,
    user_id: UUID,
    *,
    reason: str | None,
    version: int | None = None,
) -> None:
    """Give a unit that was only received another serial number; the database keeps who and why.

    Raises NotPermitted for who is no admin, InvalidInput, NotFound, VersionConflict, Duplicate, and
    InvalidTransition for a unit with more history than its receipt.
    """
    if not may(acting_role(user_id), Permission.ITEM_CORRECT_SERIAL):
        raise NotPermitted("Only an admin may correct a serial number.")
    wanted, said = _checked(serial_number, reason)
    item = lock_items([item_id])[0]
    check_version(f"unit {item.serial_number}", asked=version, current=item.version)
    if wanted == item.serial_number:
        raise Duplicate(
            f"{wanted} is its serial number already.", field="serialNumber", values=[wanted]
        )
    if not has_only_its_receipt(item_id):
        refuse_transition(
            [item],
            "A serial number can be corrected only while nothing has happened to the unit but its "
            "receipt: its history and invoices name it. Say in the unit's notes what is right.",
        )
    _refuse_known(item, wanted)
    _write(item, wanted, said, user_id)


def _checked(serial_number: str, reason: str | None) -> tuple[str, str]:
    errors, wanted, said = {}, "", ""
    try:
        wanted = clean_line(serial_number, length_max=SERIAL_LENGTH_MAX)
    except ValueError as wrong:
        errors["serialNumber"] = str(wrong)
    try:
        said = clean_text(reason or "", length_max=REASON_LENGTH_MAX)
    except ValueError as wrong:
        errors["reason"] = str(wrong)
    else:
        if not said:
            errors["reason"] = "Say why it is corrected. It is kept with your name."
    if errors:
        raise InvalidInput(errors)
    return wanted, said


def _refuse_known(item: LockedItem, wanted: str) -> None:
    key = serial_key(wanted)
    if key != serial_key(item.serial_number) and (known := known_serials([key])):
        raise _duplicate(known[key])


def _duplicate(serial_number: str) -> Duplicate:
    return Duplicate(
        f"Another unit has the serial number {serial_number}.",
        field="serialNumber",
        values=[serial_number],
    )


def _write(item: LockedItem, wanted: str, said: str, user_id: UUID) -> None:
    try:
        db.session.execute(
            text(f"""WITH {CONTEXT}, {SERIAL_REASON}
                UPDATE items SET serial_number = :wanted FROM context, correction
                WHERE items.id = :id AND context.user_id IS NOT NULL
                    AND correction.reason IS NOT NULL"""),
            {
                "id": item.id,
                "wanted": wanted,
                "serial_reason": said,
                **ChangeContext(user_id=user_id).parameters(),
            },
        )
    except IntegrityError as error:
        if constraint_name(error) != "uq_items_serial_key":
            raise
        raise _duplicate(wanted) from error
