"""Broken on purpose, with the guards off: found, explained, mended or honestly declared unfixable.

Each way of breaking says what a check must find, how it ends, and what the audit goes on telling.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.consistency.kinds import InconsistencyKind
from app.domain.consistency.unit_repair import Choice
from app.models.user import SYSTEM_USER_ID
from app.queries.consistency.history_audit import verify_history
from app.queries.consistency.repair_plan import plan_for_finding
from app.services.background.cleanup import BackgroundCleanupService
from app.services.consistency.manual_repair import ManualRepair
from app.services.consistency.repair import NothingToMend, RepairService
from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.support.invariants import WRONG
from tests.support.shop import Shop
from tests.support.superuser import SuperuserSession

ORPHANED, SOLD, PLACE, LONG, EXPIRED, MISMATCH, AUDIT = (
    InconsistencyKind.ORPHANED_RESERVATION,
    InconsistencyKind.SOLD_WITHOUT_INVOICE,
    InconsistencyKind.LOCATION_MISMATCH,
    InconsistencyKind.LONG_RESERVATION,
    InconsistencyKind.EXPIRED_RESERVATION,
    InconsistencyKind.INVOICE_ITEM_MISMATCH,
    InconsistencyKind.AUDIT_MISMATCH,
)
REASON = "Counted by hand with the manager"


@dataclass
class Scene:
    """A shop before and while it is broken: five free units of one product, and what was made."""

    shop: Shop
    sku: str
    units: list[UUID]
    invoices: list[UUID] = field(default_factory=list)

    def invoice(self, status: str, *units: UUID) -> UUID:
        invoice_id = self.shop.new_invoice(units)
        if status in ("Paid", "Delivered"):
            self.shop.pay(invoice_id, f"{len(units)}0.00")
        if status == "Delivered":
            InventoryLifecycleService().mark_items_as_delivered_for_invoice(
                invoice_id, self.shop.staff
            )
        self.invoices.append(invoice_id)
        return invoice_id

    def held(self, invoice_id: Any, kind: str = "Invoice", **more: Any) -> dict[str, Any]:
        return {
            "reserved_for_type": kind,
            "reserved_for_id": str(invoice_id),
            "reserved_at": "now",
            "reserved_by": SYSTEM_USER_ID,
            **more,
        }


@dataclass(frozen=True)
class Way:
    """``finds`` kinds; ``ends`` with the first unit's status, or None where nothing can be done."""

    prepare: Callable[[Scene], None]
    break_in: Callable[[SuperuserSession, Scene], None]
    finds: set[InconsistencyKind]
    ends: tuple[str, str] | None = ("Available", "InStock")
    choices: tuple[Choice, ...] = ()
    audit: set[str] = field(default_factory=set)
    stays: set[InconsistencyKind] = field(default_factory=set)


def nothing(scene: Scene) -> None:
    pass


def with_invoice(status: str, count: int = 1) -> Callable[[Scene], None]:
    return lambda scene: scene.invoice(status, *scene.units[:count]) and None


def set_status(to: str, **more: Any) -> Callable[[SuperuserSession, Scene], None]:
    return lambda vandal, scene: vandal.set_status(scene.units[0], to, **more)


def hold(kind: str, **more: Any) -> Callable[[SuperuserSession, Scene], None]:
    return lambda vandal, scene: vandal.set_status(
        scene.units[0], "Reserved", **scene.held("somebody", kind, **more)
    )


def reserve_for_nobody(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.set_status(scene.units[0], "Reserved", **scene.held(uuid4()))


def reserve_for_no_id(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.set_status(scene.units[0], "Reserved", **scene.held("invoice of last week"))


def reserve_unlisted(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.set_status(scene.units[2], "Reserved", **scene.held(scene.invoices[0]))
    scene.units[0], scene.units[2] = scene.units[2], scene.units[0]


def cancel_behind(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.run("UPDATE invoices SET status = 'Cancelled'")
    vandal.run("UPDATE invoice_items SET live = false")
    vandal.run(
        "INSERT INTO invoice_status_history (invoice_id, from_status, to_status, changed_by,"
        " change_date) SELECT id, 'Open', 'Cancelled', created_by, now() FROM invoices"
    )


def delete_invoice(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.run("DELETE FROM invoice_items")
    vandal.run("DELETE FROM invoices")


def delete_line(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.run("DELETE FROM invoice_items WHERE item_id = %s", scene.units[0])
    vandal.run("UPDATE invoices SET total = 10, paid = least(paid, 10)")


def reserve_for_another(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.set_status(scene.units[0], "Reserved", **scene.held("Ana", "Manual"))


def list_twice(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.run("DROP INDEX uq_invoice_items_live_item")
    vandal.run(
        "INSERT INTO invoice_items (invoice_id, item_id, unit_price) VALUES (%s, %s, 10)",
        scene.invoices[1],
        scene.units[0],
    )
    vandal.set_invoice(scene.invoices[1], total=20)


def two_open_invoices(scene: Scene) -> None:
    scene.invoice("Open", scene.units[0])
    scene.invoice("Open", scene.units[1])


def misplace(place: str) -> Callable[[SuperuserSession, Scene], None]:
    return lambda vandal, scene: vandal.set_item(scene.units[0], status=place)


def change_history(
    setting: str, where: str = "seq = 1"
) -> Callable[[SuperuserSession, Scene], None]:
    return lambda vandal, scene: (
        vandal.run(
            f"UPDATE inventory_status_history SET {setting} WHERE {where} AND item_id = %s",
            scene.units[0],
        )
        and None
    )


def delete_history(where: str) -> Callable[[SuperuserSession, Scene], None]:
    return lambda vandal, scene: (
        vandal.run(
            f"DELETE FROM inventory_status_history WHERE {where} AND item_id = %s", scene.units[0]
        )
        and None
    )


def delete_user(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.run(
        "UPDATE inventory_status_history SET changed_by = uuidv7() WHERE item_id = %s",
        scene.units[0],
    )


def unpay(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.drop("invoices", "ck_invoices_settled")
    vandal.run("UPDATE invoices SET status = 'Open', paid = 0")


def pay_behind(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.run(
        "INSERT INTO payments (invoice_id, amount, method) VALUES (%s, 10, 'Cash')",
        scene.invoices[0],
    )
    vandal.run("UPDATE invoices SET status = 'Paid', paid = 10")
    vandal.run(
        "INSERT INTO invoice_status_history (invoice_id, from_status, to_status, changed_by,"
        " change_date) SELECT id, 'Open', 'Paid', created_by, now() FROM invoices"
    )


def deliver_behind(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.run("UPDATE invoices SET status = 'Delivered'")
    vandal.run(
        "INSERT INTO invoice_status_history (invoice_id, from_status, to_status, changed_by,"
        " change_date) SELECT id, 'Paid', 'Delivered', created_by, now() FROM invoices"
    )


def miscount(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.run("UPDATE stock_tallies SET quantity = quantity + 7")


def miscount_invoices(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.run("UPDATE invoice_tallies SET quantity = quantity + 7")


def forget_the_count(vandal: SuperuserSession, scene: Scene) -> None:
    vandal.run("DELETE FROM invoice_tallies")
    vandal.run("DELETE FROM stock_tallies")


CUT = {"broken-step"}
WAYS: dict[str, Way] = {
    "reserved for an invoice that does not exist": Way(
        nothing, reserve_for_nobody, {ORPHANED, AUDIT}, audit=CUT
    ),
    "reserved for an invoice whose id is none": Way(
        nothing, reserve_for_no_id, {ORPHANED, AUDIT}, audit=CUT
    ),
    "reserved for an invoice that does not list it": Way(
        with_invoice("Open"), reserve_unlisted, {ORPHANED, AUDIT}, audit=CUT
    ),
    "its invoice was cancelled behind its back": Way(
        with_invoice("Open"), cancel_behind, {ORPHANED, AUDIT}
    ),
    "its invoice was deleted": Way(with_invoice("Open"), delete_invoice, {ORPHANED, AUDIT}),
    "its line was deleted while reserved": Way(with_invoice("Open", 2), delete_line, {ORPHANED}),
    "sold without any invoice": Way(nothing, set_status("Sold"), {SOLD, AUDIT}, audit=CUT),
    "the line of a sold unit was deleted": Way(
        with_invoice("Paid", 2), delete_line, {SOLD, AUDIT}, stays={AUDIT}
    ),
    "delivered without any invoice": Way(
        nothing,
        set_status("Delivered", status="WithCustomer"),
        {SOLD, AUDIT},
        None,
        audit={"wrong-end"},
        stays={SOLD, AUDIT},
    ),
    "a reserved unit was set free": Way(
        with_invoice("Open"),
        set_status("Available"),
        {MISMATCH, AUDIT},
        ("Reserved", "InStock"),
        audit=CUT,
    ),
    "a reserved unit was given to somebody else": Way(
        with_invoice("Open"), reserve_for_another, {MISMATCH}, ("Reserved", "InStock")
    ),
    "a reserved unit was sold": Way(
        with_invoice("Open"),
        set_status("Sold"),
        {MISMATCH, SOLD, AUDIT},
        ("Reserved", "InStock"),
        audit=CUT,
    ),
    "a sold unit was set free": Way(
        with_invoice("Paid"),
        set_status("Available"),
        {MISMATCH, AUDIT},
        ("Sold", "InStock"),
        audit=CUT,
    ),
    "a delivered unit was set free": Way(
        with_invoice("Delivered"),
        set_status("Available"),
        {MISMATCH, AUDIT, PLACE},
        ("Delivered", "WithCustomer"),
        audit=CUT,
    ),
    "an invoice was paid and its unit not sold": Way(
        with_invoice("Open"), pay_behind, {MISMATCH, AUDIT}, ("Sold", "InStock")
    ),
    "an invoice was delivered and its unit not": Way(
        with_invoice("Paid"), deliver_behind, {MISMATCH, AUDIT}, ("Delivered", "WithCustomer")
    ),
    "two invoices list one unit": Way(
        two_open_invoices,
        list_twice,
        {MISMATCH},
        ("Reserved", "InStock"),
        (Choice.SWAP,),
        audit={"guard-missing"},
    ),
    "two invoices list one unit, one lets go": Way(
        two_open_invoices,
        list_twice,
        {MISMATCH},
        ("Reserved", "InStock"),
        (Choice.REMOVE_LINE,),
        audit={"guard-missing"},
    ),
    "a delivered unit is still in stock": Way(
        with_invoice("Delivered"), misplace("InStock"), {PLACE}, ("Delivered", "WithCustomer")
    ),
    "a free unit is with a customer": Way(
        nothing, misplace("WithCustomer"), {PLACE}, choices=(Choice.PUT_BACK,)
    ),
    "a sold unit is with its customer": Way(
        with_invoice("Paid"), misplace("WithCustomer"), {PLACE}, ("Delivered", "WithCustomer")
    ),
    "a sold unit is missing": Way(
        with_invoice("Paid"),
        misplace("Missing"),
        {PLACE},
        ("Available", "Missing"),
        (Choice.SWAP,),
    ),
    "a reserved unit is missing": Way(
        with_invoice("Open", 2),
        misplace("Missing"),
        {PLACE},
        ("Available", "Missing"),
        (Choice.REMOVE_LINE,),
    ),
    "a hold ran out long ago": Way(
        nothing,
        hold("Session", reservation_expiry="2026-01-02T00:00:00Z"),
        {EXPIRED, AUDIT},
        audit=CUT,
    ),
    "a hold has lasted for months": Way(
        nothing, hold("Manual", reserved_at="2026-01-01T00:00:00Z"), {LONG, AUDIT}, audit=CUT
    ),
    "a row of history was rewritten": Way(
        nothing,
        change_history("notes = 'It was like this'"),
        {AUDIT},
        choices=(Choice.SETTLE,),
        audit={"altered"},
    ),
    "the last row of history was deleted": Way(
        with_invoice("Open"),
        delete_history("seq = 2"),
        {AUDIT},
        ("Reserved", "InStock"),
        (Choice.SETTLE,),
        audit={"wrong-end"},
    ),
    "the first row of history was deleted": Way(
        with_invoice("Open"),
        delete_history("seq = 1"),
        {AUDIT},
        ("Reserved", "InStock"),
        (Choice.SETTLE,),
        audit={"gap", "broken-step", "altered"},
    ),
    "all history of a unit was deleted": Way(
        nothing,
        delete_history("true"),
        {AUDIT},
        choices=(Choice.SETTLE,),
        audit={"no-history"},
    ),
    "history names a user who does not exist": Way(
        nothing,
        delete_user,
        {AUDIT},
        choices=(Choice.SETTLE,),
        audit={"altered", "unknown-user"},
    ),
    "what a unit keeps of its history was changed": Way(
        nothing,
        lambda vandal, scene: vandal.set_item(scene.units[0], history_hash=b"x"),
        {AUDIT},
        choices=(Choice.SETTLE,),
        audit={"wrong-end"},
    ),
    "an invoice's payment was forgotten": Way(
        with_invoice("Paid"),
        unpay,
        {AUDIT, MISMATCH, SOLD},
        ("Reserved", "InStock"),
        audit={"guard-missing"},
        stays={AUDIT},
    ),
    "an invoice's total was changed": Way(
        with_invoice("Open"),
        lambda vandal, scene: vandal.set_invoice(scene.invoices[0], total=3),
        {AUDIT},
        None,
        stays={AUDIT},
    ),
    "the kept totals were changed": Way(nothing, miscount, {AUDIT}),
    "the kept numbers of invoices were changed": Way(
        with_invoice("Paid"), miscount_invoices, {AUDIT}, ("Sold", "InStock")
    ),
    "the kept totals are gone": Way(
        with_invoice("Open"), forget_the_count, {AUDIT}, ("Reserved", "InStock")
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_it_is_found_explained_and_mended_or_declared_unfixable(
    own_shop: Shop, vandal, name: str
) -> None:
    way = WAYS[name]
    sku = own_shop.new_sku()
    scene = Scene(own_shop, sku, own_shop.new_units(5, sku))
    way.prepare(scene)
    assert BackgroundCleanupService().run_consistency_check()["found"] == 0
    with vandal() as intruder:
        way.break_in(intruder, scene)

    found = BackgroundCleanupService().run_consistency_check()
    assert {kind for kind, count in found["byKind"].items() if count} == way.finds
    assert found["opened"] == found["found"] == found["open"] > 0
    for explanation, evidence, remedy in own_shop.rows(
        "SELECT explanation, evidence, suggested_fix FROM inconsistencies"
    ):
        assert explanation.endswith(".")
        assert evidence
        assert remedy

    mend(own_shop, scene, way)

    after = BackgroundCleanupService().run_consistency_check()
    assert {kind for kind, count in after["byKind"].items() if count} == way.stays
    if way.ends:
        assert (
            own_shop.row("SELECT inventory_status, status FROM items WHERE id = %s", scene.units[0])
            == way.ends
        )
        assert_explained(own_shop, scene.units[0])
    if not way.stays:
        assert_sound(own_shop)
    audited = {problem.kind for problem in verify_history().problems}
    assert audited == way.audit


def mend(shop: Shop, scene: Scene, way: Way) -> None:
    """Apply every plan there is; where there is none, it says why, and the choice is taken."""
    for choice in way.choices:
        assert_stuck(shop, choice)
        decide(shop, scene, choice)
    for _ in range(3):
        for (finding,) in shop.rows(
            "SELECT id FROM inconsistencies WHERE resolved_at IS NULL ORDER BY id"
        ):
            plan = plan_for_finding(finding)
            if plan.changes:
                RepairService().fix_finding(finding, shop.admin, REASON, preview=plan.fingerprint)
            else:
                with shop.unchanged(), pytest.raises(NothingToMend) as why:
                    RepairService().fix_finding(finding, shop.admin, REASON)
                assert len(why.value.detail) > 40


def assert_stuck(shop: Shop, choice: Choice) -> None:
    """The plan says that it has no way, and offers this choice."""
    findings = shop.rows("SELECT id FROM inconsistencies WHERE resolved_at IS NULL")
    plans = [plan_for_finding(finding) for (finding,) in findings]
    stuck = [unit for plan in plans for unit in plan.unfixable]
    assert stuck
    assert all(choice in unit.choices and len(unit.unfixable) > 40 for unit in stuck)


def decide(shop: Shop, scene: Scene, choice: Choice) -> None:
    decider, unit = ManualRepair(), scene.units[0]
    invoice_id = scene.invoices[-1] if scene.invoices else None
    match choice:
        case Choice.SWAP:
            decider.swap_unit(invoice_id, unit, shop.admin, REASON)
        case Choice.REMOVE_LINE:
            decider.remove_line(invoice_id, unit, shop.admin, REASON)
        case Choice.PUT_BACK:
            decider.put_back(unit, shop.admin, REASON)
        case Choice.SETTLE:
            decider.accept_history(unit, shop.admin, REASON)


def assert_explained(shop: Shop, item_id: UUID) -> None:
    """Every finding that is gone was resolved by the admin with the reason that they gave."""
    resolved = shop.rows(
        "SELECT DISTINCT resolved_by, resolution LIKE %s FROM inconsistencies"
        " WHERE resolved_at IS NOT NULL",
        f"%{REASON}%",
    )
    assert resolved == [(shop.admin, True)]
    written = shop.rows(
        "SELECT changed_by, notes FROM inventory_status_history"
        " WHERE item_id = %s AND notes LIKE %s",
        item_id,
        f"{REASON}%",
    )
    assert {changed_by for changed_by, _ in written} <= {shop.admin}


def assert_sound(shop: Shop) -> None:
    left_out = "the counted transitions are not those of history"
    for what, query in WRONG.items():
        if what != left_out:
            assert shop.rows(query) == [], what
