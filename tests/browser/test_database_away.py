"""What a clerk sees while the database is away, and how it goes on."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from stress.environments.proxy import Proxy, proxy_to
from tests.browser.test_pages import look
from tests.conftest import Servers, running_app


@pytest.fixture(scope="module")
def line(servers: Servers) -> Iterator[Proxy]:
    with proxy_to("127.0.0.1", servers.postgres.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def site_app(site_app: Flask, servers: Servers, line: Proxy) -> Iterator[Flask]:
    """The demo store behind a line that can be cut."""
    settings = site_app.config["SETTINGS"]
    behind = settings.database_url.replace(f":{servers.postgres.port}/", f":{line.port}/")
    with running_app(replace(settings, database_url=behind)) as app:
        yield app


@pytest.fixture(autouse=True)
def mended(line: Proxy) -> Iterator[None]:
    yield
    line.open = True


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_page_comes_back_by_itself(visit, line: Proxy, script: bool):
    with visit("staff", java_script_enabled=script) as clerk:
        line.close_all()
        clerk.go("/inventory")
        clerk.page.get_by_role("heading", name="The database is away").wait_for()
        line.open = True
        clerk.page.get_by_role("heading", name="Inventory").wait_for()


def test_the_page_that_says_so_is_accessible(visit, line: Proxy, pictures):
    with visit("staff", viewport={"width": 360, "height": 700}) as clerk:
        line.close_all()
        clerk.go("/inventory")
        assert look(clerk.page, pictures / "database-away-360.png", "database-away") == []


def test_what_was_typed_is_sent_again_at_a_press(visit, line: Proxy):
    with visit("admin", java_script_enabled=False) as admin:
        admin.go("/products/new")
        admin.page.get_by_label("SKU").fill("AWAY-1")
        admin.page.get_by_label("Name", exact=True).fill("A mug for the outage")
        line.close_all()
        admin.page.locator("main form button").last.click()
        assert "Nothing was changed" in admin.alert()
        line.open = True
        admin.press("Try again")
        admin.page.get_by_role("heading", name="A mug for the outage").wait_for()


def test_a_refused_look_is_forgotten_with_the_next_answer(visit, line: Proxy):
    with visit("staff") as clerk:
        clerk.go("/inventory")
        search = clerk.page.locator("[data-search]")
        line.close_all()
        search.fill("mug")
        assert "The database is away" in clerk.alert()
        line.open = True
        search.fill("lamp")
        clerk.page.locator("#alerts [role=alert]").wait_for(state="detached")
