"""Items and invoices as answers of several operations."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.inventory.item_actions import Viewer
from app.queries.inventory.items import find_item, find_items
from app.queries.invoices.invoice_documents import load_invoice
from app.web.api.responses import Invoice, Item, Items
from app.web.authentication import signed_in_user


def viewer() -> Viewer:
    user = signed_in_user()
    return Viewer(user.id, user.role)


def item_of(item_id: UUID) -> Item:
    return Item.of(find_item(item_id, viewer()))


def items_of(item_ids: Sequence[UUID]) -> Items:
    """In order of their ids, which is the order in which they came into stock."""
    return Items(items=Item.all_of(find_items(list(item_ids))))


def invoice_of(invoice_id: UUID) -> Invoice:
    return Invoice.of(load_invoice(invoice_id))
