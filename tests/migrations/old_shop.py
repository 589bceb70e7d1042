"""A shop from before the lifecycle, filled by plain SQL."""

from typing import Any
from uuid import UUID

import psycopg

LEGACY = '[{"status": "InTransit", "date": "2019-05-01"}, {"status": "InStock"}]'


class OldShop:
    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.clerk: UUID = self.insert(
            "users", email="old@example.com", name="Old hand", role="staff", password_hash="!"
        )
        self.customer: UUID = self.insert("customers", name="Ana", email="ana@example.com")
        self.product: UUID = self.insert("products", sku="MUG", name="Mug", price="10.00")

    def insert(self, table: str, **values: Any) -> Any:
        places = ", ".join(["%s"] * len(values))
        query = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places}) RETURNING id"
        return self.connection.execute(query, list(values.values())).fetchone()[0]

    def unit(self, serial_number: str, status: str = "InStock") -> UUID:
        return self.insert(
            "items",
            serial_number=serial_number,
            product_id=self.product,
            status=status,
            status_history=LEGACY,
        )

    def invoice(
        self, number: str, status: str, units: dict[str, str], paid: str = "0", **more: Any
    ) -> UUID:
        """An invoice of units by serial number and price; new serials are made."""
        values = {"customer_id": self.customer, "created_by": self.clerk} | more
        invoice_id = self.insert("invoices", number=number, status=status, **values)
        for serial_number, price in units.items():
            known = self.connection.execute(
                "SELECT id FROM items WHERE serial_number = %s", [serial_number]
            ).fetchone()
            self.insert(
                "invoice_items",
                invoice_id=invoice_id,
                item_id=known[0] if known else self.unit(serial_number),
                unit_price=price,
            )
        if paid != "0":
            self.insert(
                "payments",
                invoice_id=invoice_id,
                amount=paid,
                method="Cash",
                created_at="2020-02-02T12:00:00Z",
            )
        return invoice_id
