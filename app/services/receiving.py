"""Serial numbers of units that arrive, and what is wrong with them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from app.database import db
from app.domain.errors import Duplicate, InvalidInput
from app.services.reservations import ITEMS_MAX

SERIAL_LENGTH_MAX = 64
SERIAL_DIGITS = 6


def checked_serials(serial_numbers: Sequence[str]) -> list[str]:
    """The serials without the spaces around them, or InvalidInput, or Duplicate."""
    serials = [serial.strip() for serial in serial_numbers]
    if not 1 <= len(serials) <= ITEMS_MAX:
        raise InvalidInput({"serialNumbers": f"Give 1 to {ITEMS_MAX} serial numbers."})
    for position, serial in enumerate(serials):
        if not 1 <= len(serial) <= SERIAL_LENGTH_MAX or not serial.isprintable():
            raise InvalidInput(
                {
                    f"serialNumbers.{position}": "A serial number has 1 to "
                    f"{SERIAL_LENGTH_MAX} printable characters."
                }
            )
    twice = (
        sorted({serial for serial in serials if serials.count(serial) > 1})
        if len(set(serials)) < len(serials)
        else []
    )
    if twice:
        raise InvalidInput({"serialNumbers": f"Given twice: {', '.join(twice[:5])}."})
    known = db.session.scalars(
        text("SELECT serial_number FROM items WHERE serial_number = ANY(:serials) ORDER BY 1"),
        {"serials": serials},
    ).all()
    if known:
        raise duplicate_serials(known)
    return serials


def duplicate_serials(serials: Sequence[str]) -> Duplicate:
    """The refusal of serial numbers that are in the store already."""
    return Duplicate(
        f"In the store already: {', '.join(serials[:5])}. A serial number is given once.",
        field="serialNumbers",
        values=serials,
    )


def new_serials(product_id: UUID, sku: str, quantity: int) -> list[str]:
    """Readable serials such as MUG-000042, counted per product, passing over those in use."""
    if not 1 <= quantity <= ITEMS_MAX:
        raise InvalidInput({"quantity": f"Give a whole number from 1 to {ITEMS_MAX}."})
    serials: list[str] = []
    while len(serials) < quantity:
        asked = quantity - len(serials)
        after: int = db.session.scalars(
            text("""UPDATE products SET next_serial = next_serial + :asked
                WHERE id = :id RETURNING next_serial"""),
            {"asked": asked, "id": product_id},
        ).one()
        made = [f"{sku}-{number:0{SERIAL_DIGITS}}" for number in range(after - asked, after)]
        used = set(
            db.session.scalars(
                text("SELECT serial_number FROM items WHERE serial_number = ANY(:serials)"),
                {"serials": made},
            )
        )
        serials += [serial for serial in made if serial not in used]
    return serials
