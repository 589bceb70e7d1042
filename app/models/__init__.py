"""Tables, one a file. What must hold of their rows stands in migrations/schema.sql."""

from app.models.customer import Customer
from app.models.invoice import Invoice
from app.models.invoice_item import InvoiceItem
from app.models.invoice_status_history import InvoiceStatusHistory
from app.models.item import Item
from app.models.location import Location
from app.models.payment import Payment
from app.models.product import Product
from app.models.status_history import InventoryStatusHistory
from app.models.user import User
from app.models.warehouse import Warehouse

__all__ = [
    "Customer",
    "InventoryStatusHistory",
    "Invoice",
    "InvoiceItem",
    "InvoiceStatusHistory",
    "Item",
    "Location",
    "Payment",
    "Product",
    "User",
    "Warehouse",
]
