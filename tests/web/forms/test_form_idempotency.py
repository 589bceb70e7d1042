"""A form counts once, however often its button is pressed."""

import re
from uuid import UUID, uuid4

import pytest

from app.services.accounts import users
from tests.support.browser import PASSWORD, Browser, alert, path_of
from tests.support.shop import own_shop

__all__ = ["own_shop"]
PATH = "/admin/users"


@pytest.fixture
def admin(own_shop) -> Browser:
    users.set_password(own_shop.admin, PASSWORD)
    browser = Browser(own_shop.app, "admin@example.com")
    assert browser.log_in().status_code == 303
    browser.get(PATH)
    return browser


def form(**more: str) -> dict[str, str]:
    return {
        "email": "nina@example.com",
        "name": "Nina",
        "role": "staff",
        "password": "long enough",
        **more,
    }


def test_a_double_click_does_it_once_and_is_answered_twice(own_shop, admin):
    key = str(uuid4())
    first = admin.post(PATH, **form(idempotency_key=key))
    second = admin.post(PATH, **form(idempotency_key=key))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert second.headers["Idempotency-Replayed"] == "true"
    query = "SELECT count(*) FROM users WHERE email = 'nina@example.com'"
    assert own_shop.value(query) == 1


def test_a_refused_form_can_be_mended_and_sent_again_with_its_key(own_shop, admin):
    key = str(uuid4())
    assert admin.post(PATH, **form(idempotency_key=key, password="short")).status_code == 422
    assert own_shop.value("SELECT count(*) FROM idempotency_keys") == 0
    assert admin.post(PATH, **form(idempotency_key=key)).status_code == 303


def test_other_values_with_a_used_key_are_refused_and_told_what_was_done(own_shop, admin):
    key = str(uuid4())
    admin.post(PATH, **form(idempotency_key=key))
    with own_shop.unchanged():
        again = admin.post(PATH, **form(idempotency_key=key, email="other@example.com"))
    assert again.status_code == 422
    assert own_shop.value("SELECT count(*) FROM users WHERE email = 'other@example.com'") == 0
    assert "This form was sent before" in alert(again)
    assert "Nina can log in now." in alert(again)
    assert f'href="{PATH}"' in again.text
    assert "idempotency-key" not in again.text.lower()


def test_the_form_is_offered_again_with_what_was_typed_and_can_be_sent(own_shop, admin):
    key = str(uuid4())
    admin.post(PATH, **form(idempotency_key=key))
    again = admin.post(PATH, **form(idempotency_key=key, email="other@example.com", name="Olga"))
    assert 'value="other@example.com"' in again.text
    assert 'value="Olga"' in again.text
    keys = re.findall('name="idempotency_key" value="([^"]+)"', again.text)
    assert key not in keys
    sent = admin.post(PATH, **form(idempotency_key=keys[-1], email="other@example.com"))
    assert sent.status_code == 303
    assert own_shop.value("SELECT count(*) FROM users WHERE email = 'other@example.com'") == 1


def test_the_invoice_that_was_made_first_is_named_and_linked(own_shop, admin):
    (first, second), key = own_shop.new_units(2), str(uuid4())
    make = {"customer_name": "Vera", "idempotency_key": key}
    admin.post("/invoices/new/hold", item_id=first)
    path = path_of(admin.post("/invoices/new", **make))
    admin.post("/invoices/new/hold", item_id=second)
    with own_shop.unchanged():
        again = admin.post("/invoices/new", **(make | {"customer_name": "Viktor"}))
    number = own_shop.invoice_number(UUID(path.rsplit("/", 1)[1]))
    assert f'<a href="{path}">See Invoice {number}</a>' in again.text


def test_a_form_that_is_gone_leaves_what_was_typed_in_sight(own_shop, admin):
    invoice_id = own_shop.new_invoice(own_shop.new_units(1))
    path, key = f"/invoices/{invoice_id}", str(uuid4())
    pay = {"amount": "10.00", "method": "Cash", "return_to": path, "idempotency_key": key}
    assert admin.post(f"{path}/payments", **pay).status_code == 303
    with own_shop.unchanged():
        again = admin.post(f"{path}/payments", **(pay | {"reference": "slip 4711"}))
    assert again.status_code == 422
    assert "slip 4711" in alert(again)
    assert "no such form any more" in alert(again)


def test_one_key_on_two_paths_is_two_keys(own_shop, admin):
    key = str(uuid4())
    assert admin.post(PATH, **form(idempotency_key=key)).status_code == 303
    for role in ("manager", "admin"):
        path = f"{PATH}/{own_shop.staff}/role"
        sent = admin.post(path, role=role, idempotency_key=key if role == "manager" else "other")
        assert sent.status_code == 303


def test_a_key_that_a_program_gave_to_the_api_is_another_key(own_shop, admin):
    key = str(uuid4())
    headers = {"X-CSRFToken": admin.csrf_token, "Idempotency-Key": key}
    made = admin.open("POST", "/api/customers", json={"name": "Vera"}, headers=headers)
    assert made.status_code == 201
    assert admin.post(PATH, **form(idempotency_key=key)).status_code == 303


def test_a_form_sent_again_much_later_says_that_it_was_not_done_again(own_shop, admin):
    key = str(uuid4())
    admin.post(PATH, **form(idempotency_key=key))
    admin.get(PATH)
    own_shop.execute("UPDATE idempotency_keys SET created_at = created_at - interval '1 minute'")
    admin.post(PATH, **form(idempotency_key=key))
    page = admin.get(PATH).text
    assert "It was not done a second time." in page
    assert "Nina can log in now." in page


def test_a_refused_form_leaves_no_notice_behind(own_shop, admin):
    key = str(uuid4())
    admin.post(PATH, **form(idempotency_key=key, password="short"))
    assert 'class="notice"' not in admin.get(PATH).text


def test_nothing_that_was_typed_can_be_guessed_from_what_is_kept(own_shop, admin):
    fingerprints = set()
    for secret in ("one secret key for tests", "another secret key for tests"):
        own_shop.app.config["SECRET_KEY"] = own_shop.app.secret_key = secret
        users.set_password(own_shop.admin, PASSWORD)
        browser = Browser(own_shop.app, "admin@example.com")
        browser.log_in()
        browser.get(PATH)
        key = str(uuid4())
        target = f"{PATH}/{own_shop.staff}/password"
        browser.post(target, idempotency_key=key, password="the very same one")
        query = "SELECT fingerprint FROM idempotency_keys ORDER BY created_at DESC LIMIT 1"
        fingerprints.add(bytes(own_shop.value(query)))
    assert len(fingerprints) == 2
