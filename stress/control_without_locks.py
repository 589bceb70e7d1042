"""A control that sells without locks and guards.

It looks what is free, thinks for a moment, and writes: what many a shop does, and what the seed of
this one did.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stress.clients.operation import Attempt, ClientOperation
from stress.clients.operation_log import Record
from stress.environments.environment import Place

CLERKS = 4
ROUNDS = 5
PRICE = "10.00"
GUARDED = ("items", "invoices", "invoice_items")
FREE = """SELECT i.id::text, p.sku FROM items i JOIN products p ON p.id = i.product_id
    WHERE inventory_status = 'Available' ORDER BY i.id LIMIT 1"""
INVOICE = """INSERT INTO invoices (customer_id, notes, total) VALUES (%s, %s, %s)
    RETURNING id::text, number, version, created_at"""
LINE = "INSERT INTO invoice_items (invoice_id, item_id, unit_price) VALUES (%s, %s, %s)"
TAKE = """UPDATE items SET inventory_status = 'Reserved', reserved_for_type = 'Invoice',
    reserved_for_id = %s, reserved_at = clock_timestamp(), reserved_by = %s WHERE id = %s"""
LOOKING_SECONDS_MAX = 10.0


class UnlockedShop:
    """Some clerks who all look before any of them writes."""

    def __init__(self, site: Place, seed: str, customer_id: str, record: Record) -> None:
        self.site, self.seed, self.customer_id, self.record = site, seed, customer_id, record
        self.user_id = site.people[0].user_id
        self.all_have_looked = Barrier(CLERKS)

    @staticmethod
    def take_guards_away(connection: psycopg.Connection[Any]) -> None:
        connection.execute("DROP INDEX uq_invoice_items_live_item")

    def sell(self) -> None:
        """Raises nothing of what goes wrong on the way: wrong is what it is for."""
        with self.site.connect() as connection:
            for table in GUARDED:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        with ThreadPoolExecutor(CLERKS) as pool:
            list(pool.map(self._serve, range(CLERKS)))

    def _serve(self, clerk: int) -> None:
        with self.site.connect() as connection:
            connection.row_factory = dict_row
            for number in range(ROUNDS):
                self._sell_one(connection, f"{self.seed}-unlocked-{clerk}-{number}")

    def _sell_one(self, connection: psycopg.Connection[Any], tag: str) -> None:
        sent_at = time.time()
        seen = connection.execute(FREE).fetchone()
        with suppress(BrokenBarrierError):
            self.all_have_looked.wait(LOOKING_SECONDS_MAX)
        if seen is None:
            return
        with connection.transaction():
            invoice = connection.execute(INVOICE, [self.customer_id, tag, PRICE]).fetchone()
            assert invoice is not None
            connection.execute(LINE, [invoice["id"], seen["id"], PRICE])
            connection.execute(TAKE, [invoice["id"], self.user_id, seen["id"]])
        self.record.add(self._operation(tag, sent_at, seen, invoice))

    def _operation(
        self, tag: str, sent_at: float, unit: dict[str, Any], invoice: dict[str, Any]
    ) -> ClientOperation:
        """As if its customer had asked the store over HTTP and been answered."""
        line = {"itemId": unit["id"], "sku": unit["sku"], "unitPrice": PRICE}
        answer = {"id": invoice["id"], "status": "Open", "total": PRICE, "items": [line]}
        return ClientOperation(
            tag,
            CLERKS,
            "invoice",
            "POST",
            "/api/invoices",
            {"customerId": self.customer_id, "items": [line], "notes": tag},
            self.user_id,
            (Attempt(sent_at, time.time(), 201, answer),),
        )
