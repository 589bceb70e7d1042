"""What a check finds, and the life of what it found."""

import pytest

from app.domain.errors import InvalidInput
from app.services.background.cleanup import BackgroundCleanupService
from app.services.consistency import findings
from tests.support.shop import Shop

CHECK = BackgroundCleanupService().run_consistency_check


def test_a_shop_in_order_has_nothing_wrong(own_shop: Shop) -> None:
    units = own_shop.new_units(4)
    own_shop.new_invoice(units[:1])
    own_shop.new_paid_invoice(units[1:2])
    own_shop.hold(units[2:3], "cart")
    result = CHECK()
    assert (result["found"], result["opened"], result["resolved"], result["open"]) == (0, 0, 0, 0)
    assert set(result["byKind"].values()) == {0}
    assert findings.check_changes()["found"] == 0


def test_a_finding_is_seen_again_resolved_by_itself_and_reopened(own_shop: Shop) -> None:
    (unit,) = own_shop.new_units(1)
    life = (
        "SELECT resolved_at IS NULL, times_reopened, last_seen_at > detected_at, resolution"
        " FROM inconsistencies"
    )
    own_shop.misplace([unit], "WithCustomer")
    assert CHECK()["opened"] == 1
    assert CHECK() | {"byKind": 0} == {
        "found": 1,
        "opened": 0,
        "resolved": 0,
        "open": 1,
        "byKind": 0,
    }
    assert own_shop.row(life) == (True, 0, True, None)
    own_shop.misplace([unit], "InStock")
    assert findings.check_changes()["resolved"] == 1
    assert own_shop.row(life) == (False, 0, True, findings.AUTO_RESOLUTION)
    own_shop.misplace([unit], "WithCustomer")
    assert findings.check_changes()["opened"] == 1
    assert own_shop.row(life) == (True, 1, True, None)
    steps = own_shop.rows("SELECT step FROM inconsistency_steps ORDER BY id")
    assert steps == [("resolved",), ("reopened",)]


def test_what_a_store_allows_is_found_by_its_kind(own_shop: Shop) -> None:
    units = own_shop.new_units(3)
    own_shop.hold(units[:1], "cart")
    own_shop.execute(
        "UPDATE items SET reservation_expiry = now() - interval '31 minutes' WHERE id = %s",
        units[0],
    )
    own_shop.new_invoice(units[1:2])
    own_shop.misplace([units[1]], "Missing")
    found = CHECK()["byKind"]
    assert {kind: count for kind, count in found.items() if count} == {
        "EXPIRED_RESERVATION": 1,
        "LOCATION_MISMATCH": 1,
    }


def test_a_finding_is_acknowledged_and_put_off_with_a_reason(own_shop: Shop) -> None:
    (unit,) = own_shop.new_units(1)
    own_shop.misplace([unit], "WithCustomer")
    CHECK()
    finding = own_shop.value("SELECT id FROM inconsistencies")
    for refused in ("", "  "):
        with pytest.raises(InvalidInput):
            findings.acknowledge(finding, own_shop.manager, refused)
    with pytest.raises(InvalidInput):
        findings.snooze(finding, own_shop.manager, 0, "never")
    findings.acknowledge(finding, own_shop.manager, "Ana asks the customer")
    findings.snooze(finding, own_shop.manager, 3, "until Ana is back")
    assert own_shop.row(
        "SELECT acknowledgement, acknowledged_by, snoozed_until > now() FROM inconsistencies"
    ) == ("Ana asks the customer", own_shop.manager, True)
    own_shop.misplace([unit], "InStock")
    CHECK()
    with pytest.raises(findings.FindingResolved):
        findings.acknowledge(finding, own_shop.manager, "too late")


def test_a_grave_finding_is_told_to_people_once(own_shop: Shop) -> None:
    (unit,) = own_shop.new_units(1)
    with own_shop.explained(user_id=str(own_shop.admin), reason="DIRECT_SALE"):
        own_shop.execute("UPDATE items SET inventory_status = 'Sold' WHERE id = %s", unit)
    for _ in range(2):
        CHECK()
    told = own_shop.rows("SELECT payload FROM outbox WHERE topic = 'finding'")
    assert [payload["path"] for (payload,) in told] == ["/inconsistencies"]
    assert own_shop.serial(unit) in told[0][0]["body"]
