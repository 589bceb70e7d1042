"""Amounts of money in requests and answers."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from app.domain.currency import WHOLE_DIGITS_MAX, Currency
from app.store_currency import store_currency

Schema = dict[str, Any]


class CurrencySchema:
    """A JSON schema that depends on the currency, so it is made when it is asked for."""

    def __init__(self, describe: Callable[[Currency], Schema]) -> None:
        self.describe = describe

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> Schema:
        return self.describe(store_currency())


def as_money(value: Any) -> Decimal:
    """From a string with a plain decimal or from a number, never by way of a float."""
    return _read(value, Decimal(0))


def as_money_or_empty(value: Any) -> Decimal | str:
    """As ``as_money``, or an empty text, which takes away what there was."""
    return "" if value == "" else as_money(value)


def as_amount(value: Any) -> Decimal:
    """As ``as_money``, and more than nothing."""
    return _read(value, store_currency().smallest)


def _read(value: Any, least: Decimal) -> Decimal:
    currency = store_currency()
    if isinstance(value, str):
        given = Decimal(value) if re.fullmatch(_text(currency), value) else None
    else:
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        given = Decimal(value) if is_number else None
    exact = None if given is None else currency.exact(given)
    if exact is None or exact < least:
        raise ValueError(currency.limits(least))
    return exact


def _text(currency: Currency) -> str:
    fraction = rf"(\.[0-9]{{1,{currency.decimals}}})?" if currency.decimals else ""
    return f"[0-9]{{1,{WHOLE_DIGITS_MAX}}}{fraction}"


def written_money_schema(currency: Currency) -> Schema:
    """What the API answers with."""
    fraction = rf"\.[0-9]{{{currency.decimals}}}" if currency.decimals else ""
    return {"type": "string", "pattern": f"^[0-9]{{1,{WHOLE_DIGITS_MAX}}}{fraction}$"}


def money_schema(currency: Currency) -> Schema:
    """What the API takes, from nothing on."""
    return _schema(currency, f"^{_text(currency)}$", Decimal(0))


def money_or_empty_schema(currency: Currency) -> Schema:
    """As ``money_schema``, or an empty text."""
    schema = money_schema(currency)
    return schema | {"anyOf": [*schema["anyOf"], {"type": "string", "const": ""}]}


def amount_schema(currency: Currency) -> Schema:
    """What the API takes, more than nothing."""
    nothing = rf"0+(\.0{{1,{currency.decimals}}})?" if currency.decimals else "0+"
    return _schema(currency, f"^(?!{nothing}$){_text(currency)}$", currency.smallest)


def _schema(currency: Currency, pattern: str, least: Decimal) -> Schema:
    example = currency.example
    return {
        "anyOf": [
            {"type": "string", "pattern": pattern},
            {
                "type": "number",
                "minimum": _number(least),
                "maximum": _number(currency.most),
                "multipleOf": _number(currency.smallest),
            },
        ],
        "description": f'In {currency.code}: a string such as "{example}", or a number.',
        "examples": [example],
    }


def _number(value: Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)
