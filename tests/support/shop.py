"""A shop to try things in: its people, goods and units, and a look at what became of them."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NamedUnit, NewInvoice, NewPayment
from tests.conftest import Servers, running_app, settings_for

#: Everything that a refused act must leave as it was; each update of a unit or an invoice raises
#: its version.
STATE = """
    SELECT (SELECT count(*) FROM items), (SELECT sum(version) FROM items),
        (SELECT count(*) FROM inventory_status_history),
        (SELECT id FROM inventory_status_history ORDER BY id DESC LIMIT 1),
        (SELECT count(*) FROM invoices), (SELECT sum(version) FROM invoices),
        (SELECT count(*) FROM invoice_items), (SELECT count(*) FROM payments),
        (SELECT count(*) FROM invoice_status_history), (SELECT count(*) FROM customers),
        (SELECT sum(quantity) FROM transition_tallies), (SELECT sum(next_serial) FROM products)
"""
_numbers = itertools.count(1)


@dataclass
class Shop:
    """``connection`` is the owner's own, autocommitting, beside the application's."""

    app: Flask
    connection: psycopg.Connection
    staff: UUID
    colleague: UUID
    manager: UUID
    admin: UUID
    customer: UUID

    @property
    def url(self) -> str:
        """As psycopg takes it, for another connection."""
        return plain_url(self.app.config["SQLALCHEMY_DATABASE_URI"])

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, parameters).fetchall()

    def row(self, query: str, *parameters: Any) -> tuple[Any, ...]:
        (found,) = self.rows(query, *parameters)
        return found

    def value(self, query: str, *parameters: Any) -> Any:
        return self.row(query, *parameters)[0]

    def execute(self, statement: str, *parameters: Any) -> None:
        self.connection.execute(statement, parameters)

    def new_sku(self, price: str | None = "10.00") -> str:
        sku = f"MUG{next(_numbers)}"
        self.execute("INSERT INTO products (sku, name, price) VALUES (%s, 'Mug', %s)", sku, price)
        return sku

    def new_units(self, quantity: int, sku: str | None = None) -> list[UUID]:
        return InventoryLifecycleService().receive_items(
            sku or self.new_sku(), self.staff, quantity=quantity
        )

    def new_warehouse(self) -> str:
        code = f"W{next(_numbers)}"
        self.execute("INSERT INTO warehouses (code, name) VALUES (%s, 'Depot')", code)
        return code

    def order(self, item_ids: Sequence[UUID], unit_price: str = "10.00", **more: Any) -> NewInvoice:
        price = Decimal(unit_price)
        units = tuple(NamedUnit(item_id, price) for item_id in item_ids)
        return NewInvoice(customer_id=self.customer, units=units, **more)

    def new_invoice(self, item_ids: Sequence[UUID], unit_price: str = "10.00") -> UUID:
        return FinanceService().create_invoice(self.order(item_ids, unit_price), self.staff)

    def pay(self, invoice_id: UUID, amount: str) -> UUID:
        return FinanceService().record_payment(NewPayment(invoice_id, Decimal(amount)), self.staff)

    def new_paid_invoice(self, item_ids: Sequence[UUID]) -> UUID:
        invoice_id = self.new_invoice(item_ids)
        self.pay(invoice_id, f"{len(item_ids)}0.00")
        return invoice_id

    def hold(self, item_ids: Sequence[UUID], session_id: str) -> None:
        InventoryLifecycleService().hold_items_for_session(item_ids, session_id, self.staff)

    def expire(self, item_ids: Sequence[UUID]) -> None:
        self.execute(
            "UPDATE items SET reservation_expiry = clock_timestamp() - interval '1 minute'"
            " WHERE id = ANY(%s)",
            list(item_ids),
        )

    def misplace(self, item_ids: Sequence[UUID], place: str) -> None:
        """Say of units that they are at a place, with the guard of places switched off."""
        guard = "TRIGGER zzz_guard_place_on_update"
        with self.connection.transaction():
            self.execute(f"ALTER TABLE items DISABLE {guard}")
            self.execute("UPDATE items SET status = %s WHERE id = ANY(%s)", place, list(item_ids))
            self.execute(f"ALTER TABLE items ENABLE ALWAYS {guard}")

    def statuses(self, item_ids: Sequence[UUID]) -> list[str]:
        found = dict(
            self.rows("SELECT id, inventory_status FROM items WHERE id = ANY(%s)", list(item_ids))
        )
        return [found[item_id] for item_id in item_ids]

    def serial(self, item_id: UUID) -> str:
        return self.value("SELECT serial_number FROM items WHERE id = %s", item_id)

    def invoice(self, invoice_id: UUID) -> tuple[str, Decimal, Decimal]:
        """Status, total and paid."""
        return self.row("SELECT status, total, paid FROM invoices WHERE id = %s", invoice_id)

    def invoice_number(self, invoice_id: UUID) -> str:
        return self.value("SELECT number FROM invoices WHERE id = %s", invoice_id)

    def reasons(self, item_id: UUID) -> list[str]:
        """Why its status changed, from the first time to the last."""
        query = "SELECT change_reason FROM inventory_status_history WHERE item_id = %s ORDER BY seq"
        return [reason for (reason,) in self.rows(query, item_id)]

    def last_change(self, item_id: UUID, columns: str) -> tuple[Any, ...]:
        return self.row(
            f"SELECT {columns} FROM inventory_status_history WHERE item_id = %s"
            " ORDER BY seq DESC LIMIT 1",
            item_id,
        )

    @contextmanager
    def explained(self, **context: str) -> Iterator[None]:
        """A transaction by hand that says what the database asks for at a change of status."""
        with self.connection.transaction():
            for name, text in context.items():
                self.execute("SELECT set_config(%s, %s, true)", f"holdfast.{name}", text)
            yield

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing at all is different afterwards."""
        before = self.row(STATE)
        yield
        assert self.row(STATE) == before


def plain_url(database_url: str) -> str:
    """As psycopg and libpq take it."""
    return database_url.replace("+psycopg", "")


@contextmanager
def open_shop(database_url: str, redis_url: str, **settings: Any) -> Iterator[Shop]:
    """A staffed shop on a migrated database."""
    with (
        running_app(replace(settings_for(database_url, redis_url), **settings)) as app,
        psycopg.connect(plain_url(database_url), autocommit=True) as connection,
    ):
        people = ["staff", "colleague", "manager", "admin"]
        roles = ["staff", "staff", "manager", "admin"]
        ids = [
            connection.execute(
                "INSERT INTO users (email, name, role, password_hash) VALUES (%s, %s, %s, '!')"
                " RETURNING id",
                [f"{name}@example.com", name.capitalize(), role],
            ).fetchone()[0]
            for name, role in zip(people, roles, strict=True)
        ]
        customer = connection.execute(
            "INSERT INTO customers (name) VALUES ('Regular customer') RETURNING id"
        ).fetchone()[0]
        yield Shop(app, connection, *ids, customer)


@pytest.fixture(scope="session")
def shared_shop(
    servers: Servers, template_database: str, redis_url: str, database_names: Iterator[str]
) -> Iterator[Shop]:
    """One that the tests of this worker share: each brings its own goods."""
    name = next(database_names)
    with open_shop(servers.create_database(name, template_database), redis_url) as shop:
        yield shop
    servers.drop_database(name)


@pytest.fixture
def shop(shared_shop: Shop) -> Iterator[Shop]:
    """The shared shop, inside an application context."""
    with shared_shop.app.app_context():
        yield shared_shop


@pytest.fixture
def own_shop(database_url: str, redis_url: str) -> Iterator[Shop]:
    """A shop for this test alone: where it counts or changes what is everybody's."""
    with open_shop(database_url, redis_url) as shop, shop.app.app_context():
        yield shop
