"""Customers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.errors import NotFound
from app.queries.paging import LIMIT_DEFAULT, Page, decode_cursor, encode_cursor
from app.queries.word_search import words_of

_COLUMNS = "id, name, email, former_email, tier, created_at"


@dataclass(frozen=True)
class Customer:
    id: UUID
    name: str
    email: str | None
    former_email: str | None
    tier: str
    created_at: datetime


def list_customers(
    *, q: str | None = None, cursor: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[Customer]:
    """Customers by name; each word of ``q`` is a part of the name or the e-mail address."""
    which, parameters = ["true"], dict[str, Any](limit=limit + 1)
    if cursor:
        name, customer_id = decode_cursor(cursor, 2, of="customers")
        which.append("(name, id::text) > (:after_name, :after_id)")
        parameters |= {"after_name": name, "after_id": customer_id}
    words = words_of(q or "")
    which += [f"c.search_text LIKE :word_{word.place}" for word in words]
    statement = text(f"""SELECT {_COLUMNS} FROM customers c WHERE {" AND ".join(which)}
        ORDER BY name, id::text LIMIT :limit""")
    if words:
        statement = statement.bindparams(*(word.pattern() for word in words))
    found = [Customer(**row._mapping) for row in db.session.execute(statement, parameters)]
    last = found[limit - 1] if len(found) > limit else None
    more = encode_cursor(last.name, str(last.id), of="customers") if last else None
    return Page(found[:limit], more)


def customer_of_invoice(invoice_id: UUID) -> Customer:
    """Whom an invoice is made out to, or NotFound."""
    row = db.session.execute(
        text(f"""SELECT {_COLUMNS} FROM customers
            WHERE id = (SELECT customer_id FROM invoices WHERE id = :id)"""),
        {"id": invoice_id},
    ).one_or_none()
    if row is None:
        raise NotFound("invoice", [invoice_id])
    return Customer(**row._mapping)


def get_customer(customer_id: UUID) -> Customer:
    """One customer, or NotFound."""
    row = db.session.execute(
        text(f"SELECT {_COLUMNS} FROM customers WHERE id = :id"), {"id": customer_id}
    ).one_or_none()
    if row is None:
        raise NotFound("customer", [customer_id])
    return Customer(**row._mapping)
