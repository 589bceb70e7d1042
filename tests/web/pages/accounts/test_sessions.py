import re
from uuid import uuid4

import pytest

from app.services.accounts import passwords, users
from app.services.accounts.login_delays import keys_of
from app.web.pages.accounts.sessions import DELAYS
from tests.support.browser import PASSWORD, Browser, alert, path_of
from tests.support.shop import Shop
from tests.support.waiting import until


def test_a_stranger_is_sent_to_log_in_and_then_to_what_was_asked_for(shop: Shop, as_role) -> None:
    as_role("staff")
    browser = Browser(shop.app, "staff@example.com")
    asked = browser.get("/inventory?q=mug&sort=serial")
    assert (asked.status_code, path_of(asked).split("?")[0]) == (302, "/login")
    page = browser.get(path_of(asked))
    assert "Log in" in page.text
    done = browser.post(
        "/login", email=browser.email, password=PASSWORD, next="/inventory?q=mug&sort=serial"
    )
    assert (done.status_code, path_of(done)) == (303, "/inventory?q=mug&sort=serial")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://example.org/",
        "//example.org/",
        "/\\example.org",
        "\\\\example.org",
        "javascript:alert(1)",
        "/\t/example.org",
        "/%0a//example.org\n",
        "inventory",
        "",
    ],
)
def test_log_in_never_leads_to_another_site(as_role, shop: Shop, elsewhere: str) -> None:
    as_role("staff")
    done = Browser(shop.app, "staff@example.com").log_in(next=elsewhere)
    assert (done.status_code, done.headers["Location"]) == (303, "/")


def test_a_wrong_password_keeps_the_address_and_says_so_beside_the_field(shop: Shop) -> None:
    refused = Browser(shop.app, "nobody-yet@example.com").log_in("wrong password")
    assert refused.status_code == 422
    assert 'value="nobody-yet@example.com"' in refused.text
    assert "wrong password" not in refused.text
    assert 'id="password-error"' in refused.text
    assert "do not belong together" in alert(refused)


def test_guessing_is_slowed_down_and_the_time_left_is_said(shop: Shop) -> None:
    browser = guessed(shop)
    make_it_long(browser)
    refused = browser.log_in("guess")
    seconds = int(refused.headers["Retry-After"])
    assert (refused.status_code, 30 < seconds <= 60) == (429, True)
    assert f"Try again in {seconds} seconds." in alert(refused)
    assert f'value="{browser.email}"' in refused.text
    assert 'name="password"' in refused.text


def guessed(shop: Shop, *, unknown: bool = False) -> Browser:
    """As wrong as costs no wait yet."""
    email = f"{uuid4()}@example.com"
    if not unknown:
        users.create_user(email, name="Ana", role="staff", password=PASSWORD)
    browser = Browser(shop.app, email)
    assert [browser.log_in("guess").status_code for _ in range(4)] == [422] * 4
    return browser


def make_it_long(browser: Browser) -> None:
    """The wait that six more wrong passwords lead to."""
    delays = browser.client.application.extensions[DELAYS]
    pair = keys_of(browser.email, "127.0.0.1").counters[0]
    assert delays.shared.client.hincrby(pair, "attempts", 6) == 10


def test_the_right_password_waits_as_well_but_not_at_another_address(shop: Shop) -> None:
    browser = guessed(shop)
    make_it_long(browser)
    assert browser.log_in().status_code == 429
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    form = {"csrf_token": browser.csrf_token, "email": browser.email, "password": PASSWORD}
    done = browser.open("POST", "/login", data=form, environ_base=elsewhere)
    assert done.status_code == 303


def test_after_the_wait_the_right_password_lets_in_and_counts_anew(shop: Shop) -> None:
    browser = guessed(shop)
    until(lambda: browser.log_in().status_code == 303, "the end of the wait")
    browser.get("/inventory")
    assert path_of(browser.post("/logout")) == "/login"
    assert [browser.log_in("guess").status_code for _ in range(4)] == [422] * 4


def test_an_unknown_address_is_slowed_down_like_a_known_one(shop: Shop) -> None:
    known, unknown = guessed(shop), guessed(shop, unknown=True)
    for browser in (known, unknown):
        make_it_long(browser)
    words = [alert(each.log_in("guess")) for each in (known, unknown)]
    assert len({re.sub("[0-9]+", "N", each) for each in words}) == 1
    assert "too many wrong passwords" in words[0]


def test_a_header_that_nobody_vouches_for_makes_no_other_address(shop: Shop) -> None:
    browser = guessed(shop)
    make_it_long(browser)
    form = {"csrf_token": browser.csrf_token, "email": browser.email, "password": PASSWORD}
    forged = {"X-Forwarded-For": "198.51.100.8", "Forwarded": "for=198.51.100.8"}
    assert browser.open("POST", "/login", data=form, headers=forged).status_code == 429


def test_when_too_many_passwords_wait_the_form_stays_and_nothing_counts(
    shop: Shop, monkeypatch
) -> None:
    email = f"{uuid4()}@example.com"
    users.create_user(email, name="Ana", role="staff", password=PASSWORD)
    browser = Browser(shop.app, email)
    monkeypatch.setattr(passwords._process.get(), "taken", 1000)
    for _ in range(5):
        refused = browser.log_in()
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
        assert "Many people are logging in" in alert(refused)
        assert f'value="{email}"' in refused.text
    monkeypatch.undo()
    assert browser.log_in().status_code == 303


def test_logging_out_ends_it(as_role) -> None:
    browser = as_role("staff")
    assert path_of(browser.post("/logout")) == "/login"
    assert browser.get("/").status_code == 302


def test_a_new_password_ends_every_session(as_role) -> None:
    browser = as_role("colleague")
    as_role("colleague")
    assert browser.get("/").status_code == 302


def test_a_form_without_its_token_changes_nothing(shop: Shop, as_role) -> None:
    browser = as_role("staff")
    (item_id,) = shop.new_units(1)
    with shop.unchanged():
        response = browser.open("POST", f"/inventory/{item_id}/hold")
    assert response.status_code == 400


def test_the_cookie_is_kept_from_scripts_and_other_sites(shop: Shop) -> None:
    cookie = Browser(shop.app).get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_pages_allow_no_inline_script_or_style(as_role) -> None:
    response = as_role("staff").get("/inventory")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert " style=" not in response.text
    assert " onclick=" not in response.text


def test_htmx_of_an_ended_session_is_sent_to_log_in(shop: Shop) -> None:
    response = Browser(shop.app).get("/inventory", **{"HX-Request": "true"})
    assert response.status_code == 401
    assert response.headers["HX-Redirect"].startswith("/login")
