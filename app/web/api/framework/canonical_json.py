"""The canonical text of a JSON value, for fingerprints."""

import json
from decimal import Decimal
from typing import Any

#: No object that a request may send has a key with this character.
NUMBER = "\x00"
INTEGER_DIGITS_MAX = 19


def canonical(value: Any) -> str:
    """Keys in order, no space, each number in one form: ``1``, ``1.0`` and ``1e0`` are one."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_number)


def _number(value: Decimal) -> Any:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise TypeError(f"{value} is no number in JSON")
    significant = "".join(map(str, digits)).lstrip("0")
    trimmed = significant.rstrip("0")
    exponent += len(significant) - len(trimmed)
    if not trimmed:
        return 0
    if exponent >= 0 and len(trimmed) + exponent <= INTEGER_DIGITS_MAX:
        return int(value)
    return {NUMBER: f"{'-' if sign else ''}{trimmed}e{exponent}"}
