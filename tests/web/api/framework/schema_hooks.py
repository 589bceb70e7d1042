"""What the document cannot say, for Schemathesis: values that are right in form and refused by
the state of things. Loaded by its command line, see test_openapi.py.
"""

import re
import unicodedata
from typing import Any

import schemathesis
from schemathesis.specs.openapi.checks import RejectedPositiveData

#: A cursor that no list has given; a product without a list price, invoiced without a price;
#: lines that add up to too many units or too much money; a time before 1970 or after 2100.
REFUSED_BY_STATE = re.compile(r"cursor|items\.[0-9]+\.unitPrice|items|from|to")


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 422:
        return True
    problem = response.json()
    if problem["code"] == "idempotency-mismatch":
        return False  # the same generated key came with two bodies
    if any(REFUSED_BY_STATE.fullmatch(error["field"]) for error in problem["errors"]):
        return False
    return not has_unknown_characters([case.query, case.body])


def has_unknown_characters(value: Any) -> bool:
    """Those that a newer Unicode has assigned, which the generator's tables know and ours not."""
    if isinstance(value, str):
        return any(unicodedata.category(character) == "Cn" for character in value)
    if isinstance(value, dict):
        return any(has_unknown_characters([*pair]) for pair in value.items())
    return isinstance(value, list) and any(has_unknown_characters(part) for part in value)
