"""Checks the serial numbers of arriving items."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.errors import Duplicate, InvalidInput, NotFound
from app.domain.input.text import clean_line
from app.domain.text.folding import serial_key
from app.queries.serial_lookup import known_serials
from app.services.ledger.hold_rules import ITEMS_MAX

SERIAL_LENGTH_MAX = 64
SERIAL_DIGITS = 6


def checked_serials(serial_numbers: Sequence[str]) -> list[str]:
    """The serials as they are to be kept, or InvalidInput, or Duplicate.

    Serials that differ in case or form alone are one, in the list and in the store.
    """
    if not 1 <= len(serial_numbers) <= ITEMS_MAX:
        raise InvalidInput({"serialNumbers": f"Give 1 to {ITEMS_MAX:,} serial numbers."})
    spellings: dict[str, list[str]] = {}
    for position, typed in enumerate(serial_numbers):
        try:
            serial = clean_line(typed, length_max=SERIAL_LENGTH_MAX)
        except ValueError as error:
            raise InvalidInput({f"serialNumbers.{position}": f"{error}"}) from None
        spellings.setdefault(serial_key(serial), []).append(serial)
    twice = [" and ".join(given) for given in spellings.values() if len(given) > 1]
    if twice:
        raise InvalidInput({"serialNumbers": f"Given twice: {', '.join(sorted(twice)[:5])}."})
    known = known_serials(spellings)
    if known:
        raise duplicate_serials([known[key] for key in sorted(known)])
    return [serial for (serial,) in spellings.values()]


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
        raise InvalidInput({"quantity": f"Give a whole number from 1 to {ITEMS_MAX:,}."})
    serials: list[str] = []
    while len(serials) < quantity:
        asked = quantity - len(serials)
        after: int = db.session.scalars(
            text("""UPDATE products SET next_serial = next_serial + :asked
                WHERE id = :id RETURNING next_serial"""),
            {"asked": asked, "id": product_id},
        ).one()
        made = [f"{sku}-{number:0{SERIAL_DIGITS}}" for number in range(after - asked, after)]
        keys = [serial_key(serial) for serial in made]
        used = known_serials(keys)
        serials += [serial for serial, key in zip(made, keys, strict=True) if key not in used]
    return serials


def serials_of_delivery(quantities: Mapping[str, int]) -> dict[UUID, list[str]]:
    """New serials for many products at once, by product, in a handful of statements."""
    skus = list(quantities)
    # One UPDATE has no row order of its own: the locks come first.
    locked = db.session.execute(
        text("""SELECT id, sku FROM products WHERE sku = ANY(:skus)
            ORDER BY id FOR NO KEY UPDATE"""),
        {"skus": skus},
    ).all()
    product_ids = {row.sku: row.id for row in locked}
    if unknown := [sku for sku in skus if sku not in product_ids]:
        raise NotFound("product", unknown, by="SKU")
    rows = db.session.execute(
        text("""UPDATE products SET next_serial = next_serial + asked.quantity
            FROM unnest(CAST(:skus AS text[]), CAST(:quantities AS integer[]))
                AS asked (sku, quantity)
            WHERE products.sku = asked.sku RETURNING products.sku, next_serial"""),
        {"skus": skus, "quantities": list(quantities.values())},
    )
    made = {
        row.sku: [
            f"{row.sku}-{number:0{SERIAL_DIGITS}}"
            for number in range(row.next_serial - quantities[row.sku], row.next_serial)
        ]
        for row in rows
    }
    used = known_serials(serial_key(serial) for serials in made.values() for serial in serials)
    if used:
        made = {
            sku: (free := [serial for serial in serials if serial_key(serial) not in used])
            + _missing(product_ids[sku], sku, quantities[sku] - len(free))
            for sku, serials in made.items()
        }
    return {product_ids[sku]: serials for sku, serials in made.items()}


def _missing(product_id: UUID, sku: str, quantity: int) -> list[str]:
    return new_serials(product_id, sku, quantity) if quantity else []
