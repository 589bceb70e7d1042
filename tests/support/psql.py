"""Somebody with plain SQL and the rights of the database's owner."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest

SYSTEM_USER = "00000000-0000-7000-8000-000000000001"
HOLDER = {"reserved_for_type": "Manual", "reserved_for_id": "somebody"}
#: How a unit gets from Available to each status.
PATHS = {
    "Available": [],
    "Reserved": [("Reserved", "MANUAL_HOLD")],
    "Sold": [("Sold", "DIRECT_SALE")],
    "Delivered": [("Sold", "DIRECT_SALE"), ("Delivered", "INVOICE_DELIVERED")],
}
INVOICE_PATHS = {
    "Open": [],
    "PartiallyPaid": ["PartiallyPaid"],
    "Paid": ["Paid"],
    "Delivered": ["Paid", "Delivered"],
    "Cancelled": ["Cancelled"],
}
_numbers = itertools.count(1)


class Psql:
    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.product: UUID = self.value(
            "INSERT INTO products (sku, name) VALUES (%s, 'Mug') RETURNING id",
            f"SKU{next(_numbers)}",
        )
        self.customer: UUID = self.value("INSERT INTO customers (name) VALUES ('Ana') RETURNING id")

    def execute(self, statement: str, *parameters: Any) -> psycopg.Cursor:
        return self.connection.execute(statement, parameters)

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.execute(query, *parameters).fetchall()

    def value(self, query: str, *parameters: Any) -> Any:
        ((found,),) = self.rows(query, *parameters)
        return found

    def say(self, reason: str = "", *, user_id: str = SYSTEM_USER, **more: str) -> None:
        """Explain what follows; nothing of an earlier explanation is left."""
        context = {"reference_type": "", "reference_id": "", "change_date": "", "notes": ""} | more
        for name, text in {"user_id": user_id, "reason": reason, **context}.items():
            self.execute("SELECT set_config(%s, %s, true)", f"holdfast.{name}", text)

    def new_unit(self, status: str = "Available", reason: str = "RECEIVED", **columns: str) -> UUID:
        """A unit that was brought to this status by allowed steps."""
        self.say(reason)
        values = {"serial_number": f"S{next(_numbers)}", "product_id": self.product} | columns
        item_id = self.value(
            f"INSERT INTO items ({', '.join(values)})"
            f" VALUES ({', '.join(['%s'] * len(values))}) RETURNING id",
            *values.values(),
        )
        for to, why in PATHS[status]:
            self.say(why)
            self.move(item_id, to)
        return item_id

    def move(self, item_id: UUID, to: str, **columns: Any) -> None:
        """Set a unit's status as somebody would who knows nothing of the door."""
        if to == "Reserved":
            columns = HOLDER | columns
        values = {"inventory_status": to} | columns
        self.execute(
            f"UPDATE items SET {', '.join(f'{name} = %s' for name in values)} WHERE id = %s",
            *values.values(),
            item_id,
        )

    def new_invoice(self, status: str = "Open", price: str = "10.00") -> UUID:
        """An invoice of one unit that was brought to this status by allowed steps."""
        self.say()
        invoice_id = self.value(
            "INSERT INTO invoices (customer_id) VALUES (%s) RETURNING id", self.customer
        )
        self.add_line(invoice_id, self.new_unit(), price)
        if status == "PartiallyPaid":
            self.pay(invoice_id, "1.00")
        elif status in ("Paid", "Delivered"):
            self.pay(invoice_id, price)
        for to in INVOICE_PATHS[status]:
            self.set_invoice_status(invoice_id, to)
        return invoice_id

    def set_invoice_status(self, invoice_id: UUID, to: str) -> None:
        self.execute("UPDATE invoices SET status = %s WHERE id = %s", to, invoice_id)

    def add_line(self, invoice_id: UUID, item_id: UUID, price: str = "10.00") -> None:
        self.execute(
            "INSERT INTO invoice_items (invoice_id, item_id, unit_price) VALUES (%s, %s, %s)",
            invoice_id,
            item_id,
            price,
        )

    def pay(self, invoice_id: UUID, amount: str) -> None:
        self.execute(
            "INSERT INTO payments (invoice_id, amount, method) VALUES (%s, %s, 'Cash')",
            invoice_id,
            amount,
        )

    @contextmanager
    def without(self, trigger: str) -> Iterator[None]:
        """Do what follows with one of the guards of items switched off."""
        self.execute(f"ALTER TABLE items DISABLE TRIGGER {trigger}")
        yield
        self.execute(f"ALTER TABLE items ENABLE ALWAYS TRIGGER {trigger}")

    def history(self, item_id: UUID, columns: str) -> list[tuple[Any, ...]]:
        return self.rows(
            f"SELECT {columns} FROM inventory_status_history WHERE item_id = %s ORDER BY seq",
            item_id,
        )

    @contextmanager
    def refused(self, sqlstate: str, constraint: str | None = None) -> Iterator[None]:
        """The database says no to what follows, at the end of the transaction at the latest."""
        with pytest.raises(psycopg.DatabaseError) as refusal, self.to_the_end():
            yield
        assert refusal.value.sqlstate == sqlstate, refusal.value
        assert constraint in (None, refusal.value.diag.constraint_name)

    @contextmanager
    def to_the_end(self) -> Iterator[None]:
        """Part of the transaction, with what is checked when it commits."""
        with self.connection.transaction():
            yield
            self.execute("SET CONSTRAINTS ALL IMMEDIATE")
