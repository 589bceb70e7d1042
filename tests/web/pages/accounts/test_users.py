"""Users and roles, for admins only."""

from uuid import UUID, uuid4

import pytest

from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.support.browser import Browser, alert
from tests.support.shop import Shop

PAGE = "/admin/users"


@pytest.mark.parametrize("role", ["staff", "manager"])
def test_only_admins_see_and_make_users(shop: Shop, as_role, role: str):
    browser = as_role(role)
    assert browser.get(PAGE).status_code == 403
    assert browser.post(PAGE, email="x@example.com", name="X", role="admin").status_code == 403
    assert browser.post(f"{PAGE}/{shop.staff}/role", role="admin").status_code == 403
    assert PAGE not in browser.get("/").text


def test_a_new_user_logs_in_changes_role_and_is_switched_off(shop: Shop, as_role):
    admin, email = as_role("admin"), f"{uuid4().hex}@example.com"
    admin.get(PAGE)
    made = admin.post(PAGE, email=email, name="Nina", role="staff", password="long enough")
    assert made.status_code == 303
    user_id = shop.value("SELECT id FROM users WHERE email = %s", email)
    nina = Browser(shop.app, email)
    assert nina.log_in("long enough").status_code == 303
    admin.post(f"{PAGE}/{user_id}/role", role="manager")
    assert nina.get("/reservations").status_code == 200
    assert shop.value("SELECT role FROM users WHERE id = %s", user_id) == "manager"
    admin.post(f"{PAGE}/{user_id}/password", password="another one")
    assert nina.get("/invoices").status_code == 302
    assert nina.log_in("another one").status_code == 303
    admin.post(f"{PAGE}/{user_id}/active", active="0")
    assert nina.get("/invoices").status_code == 302
    assert "Switched off" in admin.get(PAGE).text
    admin.post(f"{PAGE}/{user_id}/active", active="1")
    assert nina.get("/invoices").status_code == 200


@pytest.fixture
def clerk(shop: Shop) -> UUID:
    return shop.value(
        "INSERT INTO users (email, name, role, password_hash)"
        " VALUES (%s, 'Otto', 'staff', '!') RETURNING id",
        f"{uuid4().hex}@example.com",
    )


def is_active(shop: Shop, user_id: UUID) -> bool:
    return shop.value("SELECT active FROM users WHERE id = %s", user_id)


def test_switching_off_is_asked_once_with_what_follows(shop: Shop, as_role, clerk: UUID):
    admin, path = as_role("admin"), f"{PAGE}/{clerk}/switch-off"
    assert f'href="{path}"' in admin.get(PAGE).text
    asked = admin.get(path).text
    assert "Switch off Otto?" in asked
    assert "They hold no units" in asked
    assert "Release and switch off" not in asked
    assert is_active(shop, clerk)
    assert admin.post(path, release="0").status_code == 303
    assert not is_active(shop, clerk)


@pytest.mark.parametrize("release", [False, True])
def test_who_holds_units_is_switched_off_with_or_without_releasing_them(
    shop: Shop, as_role, clerk: UUID, release: bool
):
    inventory = InventoryLifecycleService()
    units = shop.new_units(5)
    inventory.hold_items_for_session(units[:2], f"till of {clerk}", clerk)
    inventory.hold_items_manually(units[2:4], "Ana", clerk)
    inventory.hold_items_manually(units[4:], "Bob", clerk, expires_in_minutes=90)
    admin, path = as_role("admin"), f"{PAGE}/{clerk}/switch-off"
    asked = admin.get(path).text
    assert "They hold 2 units in a cart" in asked
    assert "They hold 3 units by hand" in asked
    assert "2 of them until somebody releases them" in asked
    for holds in ("", "4"):
        with shop.unchanged():
            refused = admin.post(path, release="0", holds=holds)
        assert refused.status_code == 409
        assert "They hold 5 units" in alert(refused)
        assert is_active(shop, clerk)
    assert admin.post(f"{PAGE}/{clerk}/active", active="0").status_code == 409
    answer = admin.post(path, release=str(int(release)), holds="5")
    assert answer.status_code == 303
    assert not is_active(shop, clerk)
    status = "Available" if release else "Reserved"
    assert shop.statuses(units) == [status] * 5
    if release:
        assert shop.last_change(units[0], "changed_by, change_reason, notes") == (
            shop.admin, "HOLD_RELEASED", "Their user was switched off",
        )  # fmt: skip
        assert "5 units are free now" in admin.get(PAGE).text


def test_only_admins_switch_users_off_and_never_themselves(shop: Shop, as_role, clerk: UUID):
    path = f"{PAGE}/{clerk}/switch-off"
    for role in ("staff", "manager"):
        assert as_role(role).get(path).status_code == 403
        assert as_role(role).post(path, release="1").status_code == 403
    admin = as_role("admin")
    own = f"{PAGE}/{shop.admin}/switch-off"
    assert (admin.get(own).status_code, admin.post(own).status_code) == (303, 409)
    assert admin.get(f"{PAGE}/{uuid4()}/switch-off").status_code == 404
    assert is_active(shop, clerk)


def test_nobody_locks_themselves_out(shop: Shop, as_role):
    admin = as_role("admin")
    page = admin.get(PAGE).text
    assert f"{PAGE}/{shop.admin}/role" not in page
    assert admin.post(f"{PAGE}/{shop.admin}/role", role="staff").status_code == 409
    refused = admin.post(f"{PAGE}/{shop.admin}/active", active="0")
    assert refused.status_code == 409
    assert "another admin" in alert(refused)


@pytest.mark.parametrize(
    ("field", "typed"),
    [("email", "nowhere"), ("name", ""), ("role", "owner"), ("password", "short")],
)
def test_a_wrong_field_comes_back_beside_it(as_role, field: str, typed: str):
    admin = as_role("admin")
    admin.get(PAGE)
    form = {"email": "kept@example.org", "name": "Kept name", "role": "staff"}
    answer = admin.post(PAGE, **{**form, "password": "long enough", field: typed})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert ("kept@example.org" if field == "name" else "Kept name") in answer.text
    assert "long enough" not in answer.text


def test_an_address_is_given_once(as_role):
    admin = as_role("admin")
    admin.get(PAGE)
    form = {"name": "Twin", "role": "staff", "password": "long enough"}
    answer = admin.post(PAGE, email="Staff@Example.com", **form)
    assert answer.status_code == 409
    assert "already" in alert(answer)


def test_an_unknown_user_is_not_found(as_role):
    admin = as_role("admin")
    admin.get(PAGE)
    assert admin.post(f"{PAGE}/{uuid4()}/role", role="staff").status_code == 404
