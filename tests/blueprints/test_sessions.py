import pytest

from tests.browsing import PASSWORD, Browser, alert, path_of
from tests.shop import Shop


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


def test_guessing_is_slowed_down(shop: Shop) -> None:
    browser = Browser(shop.app, "guessed@example.com")
    statuses = [browser.log_in(f"guess {number}").status_code for number in range(11)]
    assert statuses == [422] * 10 + [429]


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
