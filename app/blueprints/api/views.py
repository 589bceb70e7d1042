"""What several calls answer with: units and invoices, read again as they are now."""

from collections.abc import Sequence
from uuid import UUID

from app.authentication import signed_in_user
from app.blueprints.api.shapes import Invoice, Item, Items
from app.queries.item_actions import Viewer
from app.queries.items import find_item, find_items
from app.queries.whole_invoices import whole_invoice


def viewer() -> Viewer:
    user = signed_in_user()
    return Viewer(user.id, user.role)


def item_of(item_id: UUID) -> Item:
    return Item.of(find_item(item_id, viewer()))


def items_of(item_ids: Sequence[UUID]) -> Items:
    """In order of their ids, which is the order in which they came into stock."""
    return Items(items=Item.all_of(find_items(list(item_ids))))


def invoice_of(invoice_id: UUID) -> Invoice:
    return Invoice.of(whole_invoice(invoice_id))
