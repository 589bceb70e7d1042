"""Somebody who is the database's superuser, switches the guards off and breaks things."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from tests.conftest import Servers
from tests.support.shop import Shop

TABLES = (
    "items",
    "invoices",
    "invoice_items",
    "payments",
    "inventory_status_history",
    "invoice_status_history",
)


class SuperuserSession:
    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        for table in TABLES:
            self.run(f"ALTER TABLE {table} DISABLE TRIGGER ALL")

    def run(self, statement: str, *parameters: Any) -> int:
        """Rows that were changed."""
        return self.connection.execute(statement, parameters).rowcount

    def drop(self, table: str, *constraints: str) -> None:
        for name in constraints:
            self.run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")

    def set_item(self, item_id: UUID, **columns: Any) -> None:
        """Write a unit's columns with nobody looking."""
        setting = ", ".join(f"{name} = %s" for name in columns)
        assert (
            self.run(f"UPDATE items SET {setting} WHERE id = %s", *columns.values(), item_id) == 1
        )

    def set_status(self, item_id: UUID, to: str, **more: Any) -> None:
        """A status, with the reservation's columns as its CHECKs want them."""
        nobody = dict.fromkeys(
            [
                "reserved_for_type",
                "reserved_for_id",
                "reserved_at",
                "reserved_by",
                "reservation_expiry",
            ]
        )
        self.set_item(item_id, inventory_status=to, **{**nobody, **more})

    def set_invoice(self, invoice_id: UUID, **columns: Any) -> None:
        setting = ", ".join(f"{name} = %s" for name in columns)
        assert (
            self.run(f"UPDATE invoices SET {setting} WHERE id = %s", *columns.values(), invoice_id)
            == 1
        )

    def leave(self) -> None:
        """The guards are on again, as the migrations left them."""
        for table in TABLES:
            self.run(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        for table, name in self.connection.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
        ).fetchall():
            self.connection.execute(
                sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}").format(
                    sql.Identifier(table), sql.Identifier(name)
                )
            )


@pytest.fixture
def vandal(
    own_shop: Shop, servers: Servers
) -> Callable[[], AbstractContextManager[SuperuserSession]]:
    """Lets one into a shop that is this test's own."""

    @contextmanager
    def at_work() -> Iterator[SuperuserSession]:
        name = own_shop.url.rsplit("/", 1)[1].split("?")[0]
        with servers.postgres.connect_as_superuser(name) as connection:
            vandal = SuperuserSession(connection)
            yield vandal
            vandal.leave()

    return at_work
