"""Finds or adds customers: one for each e-mail address."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.database.driver import Row, fetch_rows
from app.domain.text.folding import fold_text


@dataclass(frozen=True)
class FoundCustomer:
    """``is_new`` says that this transaction has made it."""

    id: UUID
    name: str
    is_new: bool


def find_or_add_customer(name: str, email: str | None, tier: str) -> FoundCustomer:
    """The customer who has this e-mail address, or a new one; without an address always a new one.

    Who comes at the same moment with the same address waits, and finds the one that was made.
    """
    values: dict[str, Any] = {
        "name": name,
        "email": email,
        "folded": fold_text(email) if email else None,
        "tier": tier,
    }
    # The second look is for a customer whom another transaction has committed since the first.
    rows = fetch_rows(_FIND_OR_ADD, values) or fetch_rows(_FIND_OR_ADD, values)
    return FoundCustomer(*_one(rows))


def _one(rows: list[Row]) -> Row:
    (row,) = rows
    return row


#: The unique index on the folded address is what makes the first of several at once the only one.
_FIND_OR_ADD = """
    WITH known AS MATERIALIZED (
        SELECT id, name, false FROM customers WHERE fold_text(email) = CAST(:folded AS text)),
    added AS (
        INSERT INTO customers (name, email, tier)
        SELECT CAST(:name AS text), CAST(:email AS text), CAST(:tier AS text)
        WHERE NOT EXISTS (SELECT FROM known)
        ON CONFLICT (fold_text(email)) WHERE email IS NOT NULL DO NOTHING
        RETURNING id, name, true)
    SELECT * FROM known UNION ALL SELECT * FROM added
"""
