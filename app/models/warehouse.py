from sqlalchemy.orm import Mapped

from app.database.columns import Id, Stamp
from app.database.transactions import Model


class Warehouse(Model):
    __tablename__ = "warehouses"

    id: Mapped[Id]
    code: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[Stamp]
