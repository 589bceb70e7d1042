from uuid import uuid4

from app.domain.inventory.item_actions import Viewer
from app.queries.reservations.reservations import (
    GROUPS_PER_PAGE,
    ReservationFilter,
    list_reservations,
)
from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.support.shop import Shop


def test_units_are_grouped_by_who_holds_them(own_shop: Shop) -> None:
    units = own_shop.new_units(6)
    own_shop.hold(units[:2], str(uuid4()))
    own_shop.new_invoice(units[2:5])
    InventoryLifecycleService().hold_items_manually(units[5:], "Window", own_shop.manager)
    clerk = Viewer(own_shop.staff, "staff")
    groups = {held.type: held for held in list_reservations(clerk).items}
    assert {kind: held.quantity for kind, held in groups.items()} == {
        "Invoice": 3,
        "Session": 2,
        "Manual": 1,
    }
    assert groups["Session"].actions == ("release",)
    assert groups["Manual"].actions == groups["Invoice"].actions == ()
    assert groups["Invoice"].customer == "Regular customer"
    assert [unit.id for unit in groups["Session"].units] == units[:2]
    (manual,) = list_reservations(clerk, ReservationFilter.MANUAL).items
    assert (manual.holder, manual.until) == ("Window", None)


def test_expired_holds_can_be_listed_alone(own_shop: Shop) -> None:
    units = own_shop.new_units(2)
    own_shop.hold(units[:1], str(uuid4()))
    own_shop.hold(units[1:], "old cart")
    own_shop.expire(units[1:])
    clerk = Viewer(own_shop.staff, "staff")
    (held,) = list_reservations(clerk, ReservationFilter.EXPIRED).items
    assert (held.holder_id, held.is_expired) == ("old cart", True)


def test_pages_show_every_holder_once(own_shop: Shop) -> None:
    units = own_shop.new_units(GROUPS_PER_PAGE + 3)
    for unit in units:
        own_shop.hold([unit], str(uuid4()))
    clerk = Viewer(own_shop.staff, "staff")
    first = list_reservations(clerk)
    second = list_reservations(clerk, cursor=first.next_cursor)
    holders = [held.holder_id for held in (*first.items, *second.items)]
    assert (len(holders), len(set(holders)), second.next_cursor) == (len(units), len(units), None)
