"""One line of the Online Retail file, and why it may be skipped."""

import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

CANCELLATION_PREFIXES = "Cc"
#: Everything else is postage, discounts, fees, samples, vouchers and manual bookings.
PRODUCT_CODE = re.compile(r"[0-9]{5}|DCGS", re.IGNORECASE)


class SkipReason(StrEnum):
    NOT_A_PRODUCT = "not-a-product"
    NO_QUANTITY = "no-quantity"
    STOCK_ADJUSTMENT = "stock-adjustment"
    NEGATIVE_PRICE = "negative-price"
    FREE_WITHOUT_CUSTOMER = "free-without-customer"
    CANCELLATION_WITHOUT_PURCHASE = "cancellation-without-purchase"
    CANCELLATION_EXCEEDS_PURCHASE = "cancellation-exceeds-purchase"
    INVOICE_FINISHED_BEFORE = "invoice-finished-before"
    DIFFERS_FROM_STORE = "differs-from-store"


class NoticeKind(StrEnum):
    """What was read in a way that the file does not say in so many words."""

    PRICE_ROUNDED = "price-rounded"
    SAME_LINE_TWICE = "same-line-twice"
    ANOTHER_TIME = "another-time-on-the-invoice"
    ANOTHER_COUNTRY = "another-country-of-the-customer"
    OTHER_SPELLING = "other-spelling-of-the-stock-code"
    TIME_NOT_ON_THE_CLOCK = "time-not-on-the-clock"
    TIME_TWICE_ON_THE_CLOCK = "time-twice-on-the-clock"
    MOVED_INTO_THE_FUTURE = "moved-into-the-future"


class RetailLine(NamedTuple):
    """``at`` is the shop's local time, ``customer`` empty for a walk-in, the price in cents."""

    number: int
    invoice: str
    stock_code: str
    description: str
    quantity: int
    at: datetime
    unit_price: Decimal
    customer: str
    country: str

    @property
    def is_cancellation(self) -> bool:
        return self.invoice[0] in CANCELLATION_PREFIXES

    @property
    def buyer(self) -> str:
        """The customer, or for a walk-in the invoice, which nothing links to any other."""
        return self.customer or f"invoice {self.invoice}"


class Skipped(NamedTuple):
    line: RetailLine
    reason: SkipReason
    units: int
    detail: str = ""


class Notice(NamedTuple):
    line: RetailLine
    kind: NoticeKind
    detail: str


def reason_to_skip(line: RetailLine) -> SkipReason | None:
    """Why a line neither sells nor cancels units, as far as the line itself tells."""
    if not PRODUCT_CODE.match(line.stock_code):
        return SkipReason.NOT_A_PRODUCT
    if line.quantity == 0:
        return SkipReason.NO_QUANTITY
    if line.is_cancellation != (line.quantity < 0):
        return SkipReason.STOCK_ADJUSTMENT
    if line.unit_price < 0:
        return SkipReason.NEGATIVE_PRICE
    if line.unit_price == 0 and not line.customer:
        return SkipReason.FREE_WITHOUT_CUSTOMER
    return None
