"""The items of an invoice, by product and one by one.

An invoice may have ten thousand units, so every list here is bounded.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.errors import InvalidInput
from app.domain.inventory.item_lifecycle import InventoryStatus
from app.domain.invoices.invoice_lifecycle import EXPECTED_ITEM_STATUS, InvoiceStatus
from app.queries.invoices.invoices import Invoice
from app.queries.paging import Page, decode_cursor, encode_cursor
from app.store_currency import store_currency

LINES_PER_PAGE = 100
UNITS_PER_LINE = 6
UNITS_PER_PAGE = 100
OFF_SHOWN = 20


@dataclass(frozen=True)
class InvoiceUnit:
    item_id: UUID
    serial_number: str
    sku: str
    unit_price: Decimal
    inventory_status: str


@dataclass(frozen=True)
class InvoiceLine:
    """The units of one product at one price; ``units`` are the first few of ``quantity``."""

    product_id: UUID
    sku: str
    product_name: str
    unit_price: Decimal
    quantity: int
    sold: int
    units: list[InvoiceUnit]

    @property
    def amount(self) -> Decimal:
        return self.unit_price * self.quantity


@dataclass(frozen=True)
class MisplacedItem:
    """A unit that is not where the invoice's status asks it to be."""

    item_id: UUID
    serial_number: str
    inventory_status: str
    explanation: str


@dataclass(frozen=True)
class Consistency:
    """``expected`` is the status that every unit should have; ``off`` is bounded, ``count`` not."""

    expected: str
    units: int
    count: int
    off: list[MisplacedItem]


def lines_of(invoice_id: UUID, *, cursor: str | None = None) -> Page[InvoiceLine]:
    """An invoice's units by product and price, in order of SKU, each with its first units."""
    parameters: dict[str, Any] = {
        "id": invoice_id,
        "limit": LINES_PER_PAGE + 1,
        "shown": UNITS_PER_LINE,
        "after_sku": None,
        "after_price": None,
    }
    if cursor:
        parameters["after_sku"], parameters["after_price"] = _place(cursor)
    rows = db.session.execute(_LINES, parameters)
    found: dict[tuple[UUID, Decimal], InvoiceLine] = {}
    for row in rows:
        line = found.setdefault(
            (row.product_id, row.unit_price),
            InvoiceLine(
                product_id=row.product_id,
                sku=row.sku,
                product_name=row.product_name,
                unit_price=row.unit_price,
                quantity=row.quantity,
                sold=row.sold,
                units=[],
            ),
        )
        line.units.append(
            InvoiceUnit(
                row.item_id, row.serial_number, row.sku, row.unit_price, row.inventory_status
            )
        )
    lines = list(found.values())
    last = lines[LINES_PER_PAGE - 1] if len(lines) > LINES_PER_PAGE else None
    more = encode_cursor(last.sku, str(last.unit_price)) if last else None
    return Page(lines[:LINES_PER_PAGE], more)


def _place(cursor: str) -> tuple[str, Decimal]:
    sku, price = decode_cursor(cursor, 2)
    try:
        exact = store_currency().exact(Decimal(price))
    except ArithmeticError:
        exact = None
    if exact is None:
        raise InvalidInput({"cursor": "This is not a place in the list."})
    return sku, exact


_LINES = text("""
    WITH units AS MATERIALIZED (
        SELECT l.item_id, l.unit_price, i.product_id, i.serial_number, i.serial_key,
            i.inventory_status, p.sku, p.name AS product_name
        FROM invoice_items l JOIN items i ON i.id = l.item_id JOIN products p ON p.id = i.product_id
        WHERE l.invoice_id = :id AND (CAST(:after_sku AS text) IS NULL
            OR (p.sku, l.unit_price) > (CAST(:after_sku AS text), CAST(:after_price AS numeric)))),
    lines AS (
        SELECT product_id, sku, product_name, unit_price, count(*) AS quantity,
            count(*) FILTER (WHERE inventory_status = 'Sold') AS sold
        FROM units GROUP BY product_id, sku, product_name, unit_price
        ORDER BY sku, unit_price LIMIT :limit),
    numbered AS (
        SELECT units.*, row_number() OVER (
            PARTITION BY product_id, unit_price ORDER BY serial_key) AS place
        FROM units)
    SELECT lines.*, n.item_id, n.serial_number, n.inventory_status
    FROM lines JOIN numbered n USING (product_id, unit_price)
    WHERE n.place <= :shown ORDER BY lines.sku, unit_price, n.place
""")


def units_of(
    invoice_id: UUID, *, sku: str | None = None, cursor: str | None = None
) -> Page[InvoiceUnit]:
    """An invoice's units one by one, by serial number; ``sku`` narrows them to one product."""
    rows = db.session.execute(
        text("""
            SELECT l.item_id, i.serial_number, p.sku, l.unit_price, i.inventory_status, i.serial_key
            FROM invoice_items l JOIN items i ON i.id = l.item_id
            JOIN products p ON p.id = i.product_id
            WHERE l.invoice_id = :id AND (CAST(:sku AS text) IS NULL OR p.sku = :sku)
                AND i.serial_key > :after
            ORDER BY i.serial_key LIMIT :limit"""),
        {
            "id": invoice_id,
            "sku": sku,
            "after": decode_cursor(cursor)[0] if cursor else "",
            "limit": UNITS_PER_PAGE + 1,
        },
    ).all()
    found = [InvoiceUnit(*row[:-1]) for row in rows[:UNITS_PER_PAGE]]
    more = rows[UNITS_PER_PAGE - 1].serial_key if len(rows) > UNITS_PER_PAGE else None
    return Page(found, encode_cursor(more) if more else None)


def invoice_that_lists(item_id: UUID) -> UUID | None:
    """The invoice that a unit is on, unless that is cancelled."""
    found: UUID | None = db.session.scalar(
        text("SELECT invoice_id FROM invoice_items WHERE item_id = :id AND live"), {"id": item_id}
    )
    return found


def consistency_of(invoice: Invoice) -> Consistency:
    """Whether each unit is in the status that the invoice's status asks for, and reserved for it.

    A paid invoice is handed over unit by unit; a cancelled one only must have let go of its units.
    """
    expected = EXPECTED_ITEM_STATUS[InvoiceStatus(invoice.status)]
    rows = db.session.execute(
        _OFF,
        {
            "id": invoice.id,
            "holder": str(invoice.id),
            "accepted": _accepted(invoice.status, expected),
            "cancelled": invoice.status == InvoiceStatus.CANCELLED,
            "expected": expected,
            "limit": OFF_SHOWN,
        },
    ).all()
    off = [
        MisplacedItem(row.item_id, row.serial_number, row.inventory_status, row.explanation)
        for row in rows
        if row.item_id
    ]
    return Consistency(
        expected=expected,
        units=rows[0].units if rows else 0,
        count=rows[0].off_count if rows else 0,
        off=off,
    )


def _accepted(status: str, expected: InventoryStatus) -> list[str]:
    if status == InvoiceStatus.PAID:
        return [expected, InventoryStatus.DELIVERED]
    return [expected]


_OFF = text("""
    WITH lines AS MATERIALIZED (
        SELECT l.item_id, i.serial_number, i.serial_key, i.inventory_status,
            CASE WHEN i.inventory_status = 'Reserved' THEN nullif(i.status, 'InStock') END AS away,
            (i.reserved_for_type, i.reserved_for_id)
                IS NOT DISTINCT FROM ('Invoice', CAST(:holder AS text)) AS for_this
        FROM invoice_items l JOIN items i ON i.id = l.item_id WHERE l.invoice_id = :id),
    off AS MATERIALIZED (
        SELECT item_id, serial_number, serial_key, inventory_status,
            CASE WHEN :cancelled THEN 'It is still reserved for this cancelled invoice.'
                WHEN NOT inventory_status = ANY(CAST(:accepted AS text[]))
                THEN 'It is ' || inventory_status || ' and should be ' || :expected || '.'
                WHEN NOT for_this THEN 'It is reserved for something else.'
                ELSE 'It is not in stock but ' || CASE away WHEN 'InTransit' THEN 'in transit.'
                    WHEN 'WithCustomer' THEN 'with a customer.' WHEN 'InRepair' THEN 'in repair.'
                    ELSE 'missing.' END END AS explanation
        FROM lines
        WHERE CASE WHEN :cancelled THEN for_this
            ELSE NOT inventory_status = ANY(CAST(:accepted AS text[]))
                OR (inventory_status = 'Reserved' AND NOT for_this) OR away IS NOT NULL END
        UNION ALL
        SELECT i.id, i.serial_number, i.serial_key, i.inventory_status,
            'It is reserved for this invoice, which does not list it.'
        FROM items i
        WHERE i.reserved_for_type = 'Invoice' AND i.reserved_for_id = CAST(:holder AS text)
            AND NOT EXISTS (SELECT FROM lines WHERE lines.item_id = i.id)),
    counted AS (SELECT (SELECT count(*) FROM lines) AS units,
        (SELECT count(*) FROM off) AS off_count)
    SELECT counted.units, counted.off_count, o.*
    FROM counted LEFT JOIN (SELECT * FROM off ORDER BY serial_key LIMIT :limit) o ON true
""")
