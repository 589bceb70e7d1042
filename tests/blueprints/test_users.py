"""Users and roles, for admins only."""

from uuid import uuid4

import pytest

from tests.browsing import Browser, alert
from tests.shop import Shop

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
