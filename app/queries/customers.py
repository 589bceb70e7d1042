"""Customers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database import db
from app.domain.errors import NotFound
from app.queries.paging import LIMIT_DEFAULT, Page, contains, decode_cursor, encode_cursor

_COLUMNS = "id, name, email, tier, created_at"


@dataclass(frozen=True)
class Customer:
    id: UUID
    name: str
    email: str | None
    tier: str
    created_at: datetime


def list_customers(
    *, q: str | None = None, cursor: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[Customer]:
    """Customers by name; ``q`` is a part of the name or the e-mail address."""
    which, parameters = ["true"], dict[str, Any](limit=limit + 1)
    if cursor:
        name, customer_id = decode_cursor(cursor, 2, of="customers")
        which.append("(name, id::text) > (:after_name, :after_id)")
        parameters |= {"after_name": name, "after_id": customer_id}
    if q:
        which.append("search_text ILIKE :pattern")
    statement = text(f"""SELECT {_COLUMNS} FROM customers WHERE {" AND ".join(which)}
        ORDER BY name, id::text LIMIT :limit""")
    if q:
        statement = statement.bindparams(contains("pattern", q))
    found = [Customer(**row._mapping) for row in db.session.execute(statement, parameters)]
    last = found[limit - 1] if len(found) > limit else None
    more = encode_cursor(last.name, str(last.id), of="customers") if last else None
    return Page(found[:limit], more)


def get_customer(customer_id: UUID) -> Customer:
    """One customer, or NotFound."""
    row = db.session.execute(
        text(f"SELECT {_COLUMNS} FROM customers WHERE id = :id"), {"id": customer_id}
    ).one_or_none()
    if row is None:
        raise NotFound("customer", [customer_id])
    return Customer(**row._mapping)
