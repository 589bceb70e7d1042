"""Checks e-mail addresses of users and customers, for every kind of input.

Two addresses are the same if ``fold_text`` makes the same of them.
"""

import string
import unicodedata

from app.domain.input.text import clean_line

EMAIL_LENGTH_MAX = 254
NO_ADDRESS = "Enter an e-mail address such as ana@example.com."
#: The same rule for a JSON schema: letters, marks, digits, signs and ASCII punctuation but the @.
_PART = r"[\p{L}\p{M}\p{N}\p{S}!-/:-?\[-`{-~]+"
EMAIL_PATTERN = f"^ *{_PART}@{_PART} *$"


def clean_email(text: str) -> str:
    """The address as it is kept: composed (NFC), without the spaces around it.

    Raises ValueError with a sentence for the person.
    """
    address = clean_line(text, length_max=EMAIL_LENGTH_MAX)
    parts = address.split("@")
    if len(parts) == 2 and all(part and all(map(_in_address, part)) for part in parts):
        return address
    raise ValueError(NO_ADDRESS)


def clean_optional_email(text: str | None) -> str | None:
    """As ``clean_email``; None for nothing, or nothing but spaces."""
    return clean_email(text) if text and text.strip() else None


def _in_address(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character)[0] in "LMNS"
