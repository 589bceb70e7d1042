from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db


@dataclass(frozen=True)
class Warehouse:
    id: UUID
    code: str
    name: str


def list_warehouses() -> list[Warehouse]:
    """All of them, by code; a store has few."""
    rows = db.session.execute(text("SELECT id, code, name FROM warehouses ORDER BY code"))
    return [Warehouse(**row._mapping) for row in rows]
