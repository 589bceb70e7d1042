from sqlalchemy import Computed
from sqlalchemy.orm import Mapped, mapped_column

from app.database.columns import Id, Stamp
from app.database.transactions import Model


class Customer(Model):
    """``former_email``: the address that an older customer kept when each got one of its own."""

    __tablename__ = "customers"

    id: Mapped[Id]
    name: Mapped[str]
    email: Mapped[str | None]
    former_email: Mapped[str | None]
    tier: Mapped[str]
    source_reference: Mapped[str | None]
    search_text: Mapped[str] = mapped_column(
        Computed("search_text(name || ' ' || coalesce(email, ''))")
    )
    created_at: Mapped[Stamp]
