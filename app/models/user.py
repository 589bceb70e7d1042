from uuid import UUID

from sqlalchemy.orm import Mapped

from app.database.columns import Id, Instant, Stamp
from app.database.transactions import Model

#: Who does what nobody in particular does: expiry, imports, the migration. Nobody can log in as it.
SYSTEM_USER_ID = UUID("00000000-0000-7000-8000-000000000001")


class User(Model):
    __tablename__ = "users"

    id: Mapped[Id]
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str]
    active: Mapped[bool]
    can_sign_in: Mapped[bool]
    last_login_at: Mapped[Instant | None]
    created_at: Mapped[Stamp]
