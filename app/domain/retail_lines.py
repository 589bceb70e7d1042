"""One line of the Online Retail file: what it says, and why it may be no sale of units."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from sys import intern
from typing import NamedTuple

from app.domain.invoice_lifecycle import CENT

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
CANCELLATION_PREFIX = "C"
TEXT_LENGTH_MAX = {"InvoiceNo": 40, "StockCode": 40, "Description": 500, "Country": 100}
QUANTITY_MAX = 1_000_000
UNIT_PRICE_MAX = 10_000_000
#: Everything else is postage, discounts, fees, samples, vouchers and manual bookings.
PRODUCT_CODE = re.compile(r"\d{5}|DCGS")
CUSTOMER_ID = re.compile(r"(\d{1,12})(\.0+)?")


class RetailFileError(Exception):
    """The file is not what it should be; the text names the line and what was expected."""


class SkipReason(StrEnum):
    NOT_A_PRODUCT = "not-a-product"
    NO_QUANTITY = "no-quantity"
    STOCK_ADJUSTMENT = "stock-adjustment"
    NEGATIVE_PRICE = "negative-price"
    FREE_WITHOUT_CUSTOMER = "free-without-customer"
    CANCELLATION_WITHOUT_PURCHASE = "cancellation-without-purchase"
    CANCELLATION_EXCEEDS_PURCHASE = "cancellation-exceeds-purchase"
    INVOICE_FINISHED_BEFORE = "invoice-finished-before"


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
        return self.invoice.startswith(CANCELLATION_PREFIX)

    @property
    def buyer(self) -> str:
        """The customer, or for a walk-in the invoice, which nothing links to any other."""
        return self.customer or f"invoice {self.invoice}"


class Skipped(NamedTuple):
    line: RetailLine
    reason: SkipReason
    units: int


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


def parse_line(number: int, record: Mapping[str, str]) -> RetailLine:
    """The line from its fields by column; RetailFileError says what was expected instead."""
    try:
        return RetailLine(
            number,
            intern(_text("InvoiceNo", record)),
            intern(_text("StockCode", record)),
            intern(_text("Description", record, required=False)),
            _quantity(record["Quantity"]),
            _time(record["InvoiceDate"]),
            _price(record["UnitPrice"]),
            intern(_customer(record["CustomerID"])),
            intern(_text("Country", record, required=False)),
        )
    except ValueError as error:
        raise RetailFileError(f"line {number}: {error}") from None


def _text(column: str, record: Mapping[str, str], *, required: bool = True) -> str:
    value = record[column].strip()
    most = TEXT_LENGTH_MAX[column]
    if len(value) > most or not value.isprintable():
        raise ValueError(f"{column} should be at most {most} printable characters")
    if required and not value:
        raise ValueError(f"{column} is empty")
    return value


@lru_cache(maxsize=10_000)
def _quantity(value: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", value) or abs(int(value)) > QUANTITY_MAX:
        raise ValueError(
            f"Quantity should be a whole number up to {QUANTITY_MAX}, not {_shown(value)}"
        )
    return int(value)


@lru_cache(maxsize=10_000)
def _time(value: str) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        at = None
    if at is None or at.tzinfo:
        raise ValueError(
            f"InvoiceDate should be a local time such as 2010-12-01 08:26:00, not {_shown(value)}"
        )
    return at


@lru_cache(maxsize=10_000)
def _price(value: str) -> Decimal:
    try:
        price = Decimal(value)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or abs(price) > UNIT_PRICE_MAX:
        raise ValueError(f"UnitPrice should be an amount such as 2.55, not {_shown(value)}")
    return price.quantize(CENT, ROUND_HALF_UP)


@lru_cache(maxsize=10_000)
def _customer(value: str) -> str:
    if not value.strip():
        return ""
    match = CUSTOMER_ID.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"CustomerID should be a number or empty, not {_shown(value)}")
    return match[1]


def _shown(value: str) -> str:
    return ascii(value if len(value) <= 40 else value[:39] + "…")
