"""The demo store behind a real server, and a real Chromium in front of it."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from app.queries.accounts.api_tokens import find_user_by_email
from app.queries.accounts.users import find_signed_in_user
from tests.conftest import DEMO_PASSWORD, ROOT, Servers, running_app, settings_for

PASSWORD = DEMO_PASSWORD
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Playwright's own, since the last such flag counts, and the address bar's pages, of which each
#: window starts one that costs more than a page of the store.
FEATURES_OFF = [
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "WebUIOmniboxPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxAimPopup",
]
#: Kept for CI and for whoever wants to look.
PICTURES = ROOT / "instance" / "screenshots"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"none of {', '.join(NAMES)} is on the PATH; tools/require-chromium.sh brings one"
    with sync_playwright() as playwright:
        flags = [*FLAGS, f"--disable-features={','.join(FEATURES_OFF)}"]
        started = playwright.chromium.launch(executable_path=found, args=flags)
        yield started
        started.close()


@pytest.fixture(scope="module")
def site_app(
    servers: Servers, demo_database: str, database_names: Iterator[str], redis_url: str
) -> Iterator[Flask]:
    """A demo store that this file has to itself."""
    name = next(database_names)
    settings = settings_for(servers.create_database(name, demo_database), redis_url)
    with running_app(settings) as app:
        yield app
    servers.drop_database(name)


@pytest.fixture(scope="module")
def site(site_app: Flask) -> Iterator[str]:
    """The address of that store."""
    server = make_server("127.0.0.1", 0, site_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Visitor:
    """Somebody at a browser."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.site = site
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, message) -> None:
        # A refusal's status is no fault of the page; the browser and htmx each say it.
        expected = message.text.startswith(("Failed to load resource", "Response Status Error"))
        if message.type == "error" and not expected:
            self.complaints.append(message.text)

    def go(self, path: str) -> None:
        self.page.goto(self.site + path)

    def log_in(self, role: str) -> "Visitor":
        self.go("/login")
        self.page.get_by_label("E-mail address").fill(f"{role}@example.com")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Log in")
        self.page.wait_for_url(lambda url: "/login" not in url)
        return self

    def press(self, name: str, within: str = "body") -> None:
        self.page.locator(within).get_by_role("button", name=name).first.click()

    def alert(self) -> str:
        found = self.page.get_by_role("alert")
        found.first.wait_for()
        return found.first.inner_text()


def sign_in(visitor: Visitor, app: Flask, user_id: UUID) -> None:
    """What the log-in page gives, without its costly look at a password."""
    with app.app_context():
        user = find_signed_in_user(user_id)
    sessions = SecureCookieSessionInterface().get_signing_serializer(app)
    kept = {"_user_id": user.get_id(), "_fresh": True}
    cookie = {"name": "holdfast", "value": sessions.dumps(kept), "url": visitor.site}
    visitor.page.context.add_cookies([cookie])


@pytest.fixture
def visit(browser: Browser, site: str, site_app: Flask):
    """Opens a browser window for somebody: ``with visit("staff") as clerk``."""

    @contextmanager
    def opened(role: str | None, **options) -> Iterator[Visitor]:
        context = browser.new_context(**options)
        try:
            visitor = Visitor(context, site)
            if role:
                with site_app.app_context():
                    user_id = find_user_by_email(f"{role}@example.com")
                sign_in(visitor, site_app, user_id)
            yield visitor
            assert visitor.complaints == []
        finally:
            context.close()

    return opened


@pytest.fixture(scope="session")
def pictures() -> Path:
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES
