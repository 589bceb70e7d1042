"""A clerk at the till: scans as a scanner does, and a look at what the database made of them."""

import itertools
import time
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from playwright.sync_api import CDPSession, Page, Request

from tests.browser.conftest import Visitor, sign_in
from tests.support.shop import Shop
from tests.support.waiting import until

PAGE = "/invoices/new"
_clerks = itertools.count(1)


class Till:
    """The page of one clerk; ``requests`` counts what it has sent, by method and kind."""

    def __init__(self, visitor: Visitor, shop: Shop, user_id: UUID) -> None:
        self.visitor, self.page, self.shop, self.user_id = visitor, visitor.page, shop, user_id
        self.cdp: CDPSession = self.page.context.new_cdp_session(self.page)
        self.cdp.send("Network.enable")
        self.requests: Counter[str] = Counter()
        self.page.on("request", self._count)

    def _count(self, request: Request) -> None:
        _, ours, path = request.url.partition(PAGE)
        if ours:
            self.requests[f"{request.method} {path or '/'}"] += 1

    def open(self) -> "Till":
        self.visitor.go(PAGE)
        return self

    def network(self, latency_ms: int = 0, *, offline: bool = False) -> None:
        self.cdp.send(
            "Network.emulateNetworkConditions",
            {
                "offline": offline,
                "latency": latency_ms,
                "downloadThroughput": -1,
                "uploadThroughput": -1,
            },
        )

    def scan(self, *codes: str, end: str = "Enter") -> None:
        """Into whatever has the focus, as fast as the browser takes keys."""
        for code in codes:
            self.page.keyboard.type(code)
            self.page.keyboard.press(end)

    def burst(self, code: str, *ends: str, gap_ms: float = 4, stall_ms: float = 0) -> None:
        """As a scanner's keys are stamped by the system, however busy this machine is.

        ``stall_ms``: by so much the sixth key and those after it are late.
        """
        at = time.time()
        for number_of_key, key in enumerate((*code, *(ends or ("Enter",)))):
            at += stall_ms / 1000 if number_of_key == 5 else 0
            text = {"Enter": "\r", "Tab": "\t"}.get(key, key)
            about = {"key": key, "code": key if len(key) > 1 else "", "timestamp": at}
            number = {"Enter": 13, "Tab": 9}.get(key, 0)
            self.cdp.send(
                "Input.dispatchKeyEvent",
                {"type": "keyDown", "text": text, "windowsVirtualKeyCode": number, **about},
            )
            self.cdp.send(
                "Input.dispatchKeyEvent",
                {"type": "keyUp", "windowsVirtualKeyCode": number, **about},
            )
            at += gap_ms / 1000

    def field(self) -> str:
        return self.page.locator("#q").input_value()

    def status(self) -> str:
        return self.page.locator("#scan-status").inner_text()

    def wait_for_status(self, words: str) -> None:
        self.page.locator("#scan-status", has_text=words).wait_for()

    def results(self) -> list[tuple[str, str]]:
        """Word and code of each line, in the order of the scans."""
        lines = self.page.locator("#scan-results > li").all()
        found = [
            (line.locator(".scan-outcome").inner_text(), line.locator("[data-code]").inner_text())
            for line in lines
        ]
        return found[::-1]

    def wait_for_results(self, quantity: int) -> None:
        self.page.locator("#scan-results > li").nth(quantity - 1).wait_for()

    def wait_until_sent(self) -> None:
        """Until no scan waits in this browser."""
        waiting = "Object.keys(localStorage).some((key) => key.startsWith('holdfast.scan.'))"
        until(lambda: not self.page.evaluate(waiting), "all scans answered")
        self.page.locator("#scan-status[data-state=idle]").wait_for()

    def held(self) -> list[str]:
        """The serial numbers in this clerk's cart, in the order in which they came into it."""
        return [
            serial
            for (serial,) in self.shop.rows(
                """SELECT i.serial_number FROM items i JOIN inventory_status_history h
                    ON h.item_id = i.id AND h.seq = i.history_length
                WHERE i.reserved_by = %s AND i.reserved_for_type = 'Session' ORDER BY h.id""",
                self.user_id,
            )
        ]

    def wait_for_cart(self) -> None:
        """Until the cart that is shown is the one in the database."""
        held = len(self.held())
        words = f"{held} unit" + ("" if held == 1 else "s")
        self.page.locator("#cart-title", has_text=words).wait_for()

    def sold(self) -> list[tuple[str, str]]:
        """Serial number and price of each unit on this clerk's invoices."""
        return [
            (serial, str(price))
            for serial, price in self.shop.rows(
                """SELECT i.serial_number, l.unit_price FROM invoices v
                JOIN invoice_items l ON l.invoice_id = v.id JOIN items i ON i.id = l.item_id
                WHERE v.created_by = %s ORDER BY i.serial_number""",
                self.user_id,
            )
        ]

    def invoices(self) -> int:
        return self.shop.value("SELECT count(*) FROM invoices WHERE created_by = %s", self.user_id)

    def times_held(self, serials: Sequence[str]) -> list[int]:
        return [
            self.shop.value(
                """SELECT count(*) FROM inventory_status_history h JOIN items i ON i.id = h.item_id
                WHERE i.serial_number = %s AND h.change_reason = 'SESSION_HOLD'""",
                serial,
            )
            for serial in serials
        ]


def units(shop: Shop, quantity: int, price: str = "10.00") -> list[str]:
    """The serial numbers of new units of a new product."""
    return [shop.serial(item_id) for item_id in shop.new_units(quantity, shop.new_sku(price))]


def till_of(visitor: Visitor, shop: Shop) -> Till:
    """A new clerk's till, so that no test finds another one's cart."""
    name = f"clerk{next(_clerks)}"
    (user_id,) = shop.row(
        """INSERT INTO users (email, name, role, password_hash)
        VALUES (%s, %s, 'staff', '!') RETURNING id""",
        f"{name}@example.com",
        name,
    )
    sign_in(visitor, shop.app, user_id)
    return Till(visitor, shop, user_id).open()


def second_tab(till: Till) -> Till:
    """Another page of the same browser."""
    visitor = object.__new__(Visitor)
    page: Page = till.page.context.new_page()
    visitor.page, visitor.site, visitor.complaints = page, till.visitor.site, []
    return Till(visitor, till.shop, till.user_id).open()
