"""`flask demo end`."""

from collections.abc import Callable

import pytest
from click.testing import Result

from app.cli.prepare import prepare_demo
from app.services.accounts import users as accounts
from app.services.accounts.api_tokens import create_token
from app.services.imports.demo import users as demo_users
from app.services.imports.demo.users import DEMO_EMAILS
from tests.conftest import running_app
from tests.support.browser import Browser

PASSWORD = "a password for the demo"
OWN = ("--email", "ana@shop.example", "--name", "Ana", "--password", "long enough for Ana")


@pytest.fixture
def store(settings):
    """One without users, as a new database is."""
    with running_app(settings) as app, app.app_context():
        yield app


@pytest.fixture
def demo(store):
    demo_users.add_demo_users(demo_users.demo_passwords(PASSWORD))
    return store


@pytest.fixture
def end(store) -> Callable[..., Result]:
    return lambda *given, **more: store.test_cli_runner().invoke(
        args=["demo", "end", *given], **more
    )


def may_log_in(store) -> list[str]:
    browsers = [Browser(store, email) for email in DEMO_EMAILS]
    return [each.email for each in browsers if each.log_in(PASSWORD).status_code == 303]


def test_it_ends_the_demo_log_ins_and_makes_the_first_admin(demo, end) -> None:
    assert may_log_in(demo) == list(DEMO_EMAILS)
    done = end(*OWN)
    assert done.exit_code == 0, done.output
    assert "staff@example.com, manager@example.com, admin@example.com" in done.output
    assert may_log_in(demo) == []
    ana = Browser(demo, "ana@shop.example")
    assert ana.log_in("long enough for Ana").status_code == 303
    listed = ana.get("/admin/users").text
    assert "ana@shop.example" in listed
    assert "admin@example.com" not in listed


def test_sessions_and_tokens_of_demo_users_end_with_it(demo, end) -> None:
    admin = Browser(demo, "admin@example.com")
    admin.log_in(PASSWORD)
    user_id = accounts.check_password("admin@example.com", PASSWORD)
    bearer = {"Authorization": f"Bearer {create_token(user_id, name='demo').secret}"}
    assert admin.get("/api/products", **bearer).status_code == 200
    assert end(*OWN).exit_code == 0
    assert admin.get("/inventory").status_code == 302
    assert admin.get("/api/products", **bearer).status_code == 401


def test_no_start_brings_them_back(demo, settings, end) -> None:
    assert end(*OWN).exit_code == 0
    for password in (PASSWORD, "another password"):
        assert prepare_demo(settings, password) == {}
    assert may_log_in(demo) == []


def test_an_empty_store_stays_empty_after_it(store, settings, end) -> None:
    assert end(*OWN).exit_code == 0
    assert prepare_demo(settings, PASSWORD) == {}
    assert may_log_in(store) == []
    assert demo_users.demo_has_ended()


def test_it_asks_for_what_is_not_given(demo, end) -> None:
    typed = "ana@shop.example\nAna\nlong enough for Ana\nlong enough for Ana\n"
    done = end(input=typed)
    assert done.exit_code == 0, done.output
    assert accounts.has_password("ana@shop.example", "long enough for Ana")


def test_with_an_admin_of_its_own_the_store_needs_no_other(demo, end) -> None:
    accounts.create_user("boss@shop.example", name="Boss", role="admin", password="long enough")
    assert end(input="").exit_code == 0
    assert may_log_in(demo) == []


def test_again_it_changes_nothing(demo, end) -> None:
    assert end(*OWN).exit_code == 0
    again = end()
    assert (again.exit_code, again.output) == (
        0,
        "The demo has ended already; nothing was changed.\n",
    )
    assert end(*OWN).exit_code == 0
    assert accounts.has_password("ana@shop.example", "long enough for Ana")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"--email": "nobody"}, "e-mail address"),
        ({"--email": "admin@example.com"}, "demo log-in"),
        ({"--password": "short"}, "at least 8 characters"),
        ({"--email": "clerk@shop.example"}, "not as admin"),
    ],
)
def test_a_refusal_says_why_and_leaves_the_demo(demo, end, given, words: str) -> None:
    accounts.create_user("clerk@shop.example", name="Clerk", role="staff", password="long enough")
    options = dict(zip(OWN[::2], OWN[1::2], strict=True)) | given
    refused = end(*(part for option in options.items() for part in option))
    assert refused.exit_code == 1
    assert words in refused.output
    assert "Traceback" not in refused.output
    assert may_log_in(demo) == list(DEMO_EMAILS)


def test_without_an_answer_nothing_happens(demo, end) -> None:
    assert end(input="").exit_code == 1
    assert may_log_in(demo) == list(DEMO_EMAILS)


def test_the_log_in_page_says_how_to_make_the_first_user(store) -> None:
    stranger = Browser(store)
    assert "flask user create EMAIL --name NAME --role admin" in stranger.get("/login").text
    accounts.create_user("ana@shop.example", name="Ana", role="admin", password="long enough")
    assert "flask user create" not in stranger.get("/login").text
