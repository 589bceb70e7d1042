from sqlalchemy.orm import Mapped

from app.database import Model
from app.models.columns import Id, Stamp


class Warehouse(Model):
    __tablename__ = "warehouses"

    id: Mapped[Id]
    code: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[Stamp]
