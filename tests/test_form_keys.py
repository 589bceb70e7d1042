"""A form counts once, however often its button is pressed."""

from uuid import uuid4

import pytest

from app.services import accounts
from tests.browsing import PASSWORD, Browser
from tests.shop import own_shop

__all__ = ["own_shop"]
PATH = "/admin/users"


@pytest.fixture
def admin(own_shop) -> Browser:
    accounts.set_password(own_shop.admin, PASSWORD)
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


def test_the_key_of_another_form_is_refused(own_shop, admin):
    key = str(uuid4())
    admin.post(PATH, **form(idempotency_key=key))
    with own_shop.unchanged():
        again = admin.post(PATH, **form(idempotency_key=key, email="other@example.com"))
    assert again.status_code == 422
    assert own_shop.value("SELECT count(*) FROM users WHERE email = 'other@example.com'") == 0


def test_nothing_that_was_typed_can_be_guessed_from_what_is_kept(own_shop, admin):
    fingerprints = set()
    for secret in ("one secret key for tests", "another secret key for tests"):
        own_shop.app.config["SECRET_KEY"] = own_shop.app.secret_key = secret
        accounts.set_password(own_shop.admin, PASSWORD)
        browser = Browser(own_shop.app, "admin@example.com")
        browser.log_in()
        browser.get(PATH)
        key = str(uuid4())
        target = f"{PATH}/{own_shop.staff}/password"
        browser.post(target, idempotency_key=key, password="the very same one")
        query = "SELECT fingerprint FROM idempotency_keys WHERE key = %s"
        fingerprints.add(bytes(own_shop.value(query, key)))
    assert len(fingerprints) == 2
