"""Repairs as they are applied: seen before, by whom may, with a reason, all or nothing."""

from uuid import UUID, uuid4

import pytest

from app.domain.errors import InvalidInput, NotEnoughStock, NotFound, NotPermitted
from app.queries.consistency.repair_plan import plan_for_invoice, plan_for_kind
from app.services.background.cleanup import BackgroundCleanupService
from app.services.consistency.manual_repair import ManualRepair
from app.services.consistency.repair import NothingToMend, PreviewOutdated, RepairService
from app.services.invoices.lifecycle import InvoiceLifecycleService
from tests.support.shop import Shop


def misplace(shop: Shop, item_ids: list[UUID], place: str = "WithCustomer") -> None:
    shop.misplace(item_ids, place)


def paid_and_taken_home(shop: Shop, count: int = 1) -> tuple[UUID, list[UUID]]:
    """A paid invoice whose customer has the units though nobody delivered them."""
    units = shop.new_units(count)
    invoice_id = shop.new_paid_invoice(units)
    misplace(shop, units)
    return invoice_id, units


def check() -> None:
    BackgroundCleanupService().run_consistency_check()


def finding_of(shop: Shop, item_id: UUID) -> UUID:
    return shop.value(
        "SELECT id FROM inconsistencies WHERE item_id = %s AND resolved_at IS NULL", item_id
    )


def test_a_fix_is_written_with_the_admins_name_and_reason(shop: Shop) -> None:
    invoice_id, (unit,) = paid_and_taken_home(shop)
    check()
    finding = finding_of(shop, unit)
    RepairService().fix_finding(finding, shop.admin, "She called")
    assert shop.last_change(unit, "change_reason, changed_by, notes, reference_id") == (
        "INVOICE_DELIVERED",
        shop.admin,
        "She called",
        str(invoice_id),
    )
    assert shop.row(
        "SELECT resolved_by, resolution FROM inconsistencies WHERE id = %s", finding
    ) == (shop.admin, "Fixed: She called")


def test_a_unit_that_moved_since_the_preview_stops_everything(shop: Shop) -> None:
    invoice_id, units = paid_and_taken_home(shop, 3)
    plan, _ = plan_for_invoice(invoice_id)
    shop.execute("UPDATE items SET notes = 'seen' WHERE id = %s", units[1])
    with shop.unchanged(), pytest.raises(PreviewOutdated):
        RepairService().fix_invoice(invoice_id, shop.admin, "Why", preview=plan.fingerprint)
    again, _ = plan_for_invoice(invoice_id)
    RepairService().fix_invoice(invoice_id, shop.admin, "Why", preview=again.fingerprint)
    assert shop.statuses(units) == ["Delivered"] * 3


@pytest.mark.parametrize("person", ["staff", "manager"])
def test_only_an_admin_mends(shop: Shop, person: str) -> None:
    invoice_id, (unit,) = paid_and_taken_home(shop)
    who = getattr(shop, person)
    with shop.unchanged():
        for act in (
            lambda: InvoiceLifecycleService().fix_inventory_inconsistencies(invoice_id, who),
            lambda: ManualRepair().put_back(unit, who, "Why"),
            lambda: ManualRepair().swap_unit(invoice_id, unit, who, "Why"),
            lambda: ManualRepair().remove_line(invoice_id, unit, who, "Why"),
            lambda: ManualRepair().accept_history(unit, who, "Why"),
        ):
            with pytest.raises(NotPermitted):
                act()


def test_a_reason_is_asked_for(shop: Shop) -> None:
    invoice_id, (unit,) = paid_and_taken_home(shop)
    with shop.unchanged():
        with pytest.raises(InvalidInput):
            RepairService().fix_invoice(invoice_id, shop.admin, "  ")
        with pytest.raises(InvalidInput):
            ManualRepair().put_back(unit, shop.admin, "")


def test_an_invoice_in_order_has_nothing_to_fix(shop: Shop) -> None:
    invoice_id = shop.new_invoice(shop.new_units(1))
    with shop.unchanged():
        plan = InvoiceLifecycleService().fix_inventory_inconsistencies(invoice_id, shop.admin)
    assert not plan.changes
    with pytest.raises(NotFound):
        InvoiceLifecycleService().fix_inventory_inconsistencies(uuid4(), shop.admin)
    with pytest.raises(NotFound):
        RepairService().fix_finding(uuid4(), shop.admin, "Why")


def test_all_of_a_kind_are_fixed_at_once_and_the_others_left(own_shop: Shop) -> None:
    _, units = paid_and_taken_home(own_shop, 5)
    (stuck,) = own_shop.new_units(1)
    misplace(own_shop, [stuck])
    check()
    plan = plan_for_kind("LOCATION_MISMATCH")
    assert (len(plan.repairable), len(plan.unfixable)) == (5, 1)
    RepairService().fix_kind(
        "LOCATION_MISMATCH", own_shop.admin, "Counted", limit=100, preview=plan.fingerprint
    )
    assert own_shop.statuses(units) == ["Delivered"] * 5
    assert finding_of(own_shop, stuck)
    with own_shop.unchanged(), pytest.raises(NothingToMend):
        RepairService().fix_kind("LOCATION_MISMATCH", own_shop.admin, "Counted", limit=100)


def test_a_missing_sold_unit_is_swapped_for_a_free_one(shop: Shop) -> None:
    sku = shop.new_sku()
    sold, free = shop.new_units(2, sku)
    invoice_id = shop.new_paid_invoice([sold])
    misplace(shop, [sold], "Missing")
    before = shop.invoice(invoice_id)
    assert ManualRepair().swap_unit(invoice_id, sold, shop.admin, "Not on the shelf") == free
    assert shop.invoice(invoice_id) == before
    assert shop.statuses([sold, free]) == ["Available", "Sold"]
    lines = shop.rows("SELECT item_id FROM invoice_items WHERE invoice_id = %s", invoice_id)
    assert lines == [(free,)]
    assert shop.reasons(sold)[-1] == "CORRECTION"
    assert shop.reasons(free)[-1] == "DIRECT_SALE"


def test_a_reserved_unit_is_swapped_for_the_one_that_was_chosen(shop: Shop) -> None:
    sku = shop.new_sku()
    reserved, _, chosen = shop.new_units(3, sku)
    invoice_id = shop.new_invoice([reserved])
    ManualRepair().swap_unit(invoice_id, reserved, shop.admin, "Scratched", replacement_id=chosen)
    assert shop.statuses([reserved, chosen]) == ["Available", "Reserved"]
    InvoiceLifecycleService().handle_invoice_cancelled(invoice_id, shop.manager)
    assert shop.statuses([reserved, chosen]) == ["Available", "Available"]


def test_a_swap_needs_a_free_unit_of_the_same_product(shop: Shop) -> None:
    (reserved,) = shop.new_units(1)
    (other,) = shop.new_units(1)
    invoice_id = shop.new_invoice([reserved])
    with shop.unchanged():
        with pytest.raises(NotEnoughStock):
            ManualRepair().swap_unit(invoice_id, reserved, shop.admin, "Why")
        with pytest.raises(InvalidInput):
            ManualRepair().swap_unit(invoice_id, reserved, shop.admin, "Why", replacement_id=other)


def test_a_line_that_is_taken_off_may_settle_the_invoice(shop: Shop) -> None:
    units = shop.new_units(2)
    invoice_id = shop.new_invoice(units)
    shop.pay(invoice_id, "10.00")
    ManualRepair().remove_line(invoice_id, units[0], shop.admin, "Lost")
    assert shop.invoice(invoice_id)[0] == "Paid"
    assert shop.statuses(units) == ["Available", "Sold"]
