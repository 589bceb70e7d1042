from uuid import UUID

from sqlalchemy.orm import Mapped

from app.database import Model
from app.models.columns import Id, Stamp

#: The one that every store starts with (code MAIN).
MAIN_WAREHOUSE_ID = UUID("00000000-0000-7000-8000-0000000000a1")


class Warehouse(Model):
    __tablename__ = "warehouses"

    id: Mapped[Id]
    code: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[Stamp]
