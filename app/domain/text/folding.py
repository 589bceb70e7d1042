"""Folds texts for comparison: case, form, invisible characters, spacing.

Each function here has a twin of the same name in SQL (migrations/sql, text folding); a test holds
the two against each other over all of Unicode. ``fold_text`` tells whether two texts are the same
one; ``search_text`` forgives accents as well, and every search compares with it.
"""

import re
import unicodedata

#: Characters that are not seen: joiners, variation selectors, fillers, direction marks.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SPACES = re.compile("[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
#: The combining accents that Latin, Greek and Cyrillic letters carry.
_ACCENTS = re.compile("[\u0300-\u036f]")
_DIGITS = re.compile("[0-9]+")
#: A number of so many digits or fewer may be a GTIN: EAN-8, UPC-A, EAN-13, GTIN-14.
_GTIN = re.compile("[0-9]{8,14}")
GTIN_DIGITS = 14
#: Before whatever a text may have, so that a text comes before those that go on.
_END = "\x01"


def fold_text(text: str) -> str:
    """What two spellings of one text have in common: 'ＳＴＲＡẞＥ ' and 'strasse' are the same."""
    if text.isascii():
        folded = text.lower()
    else:
        folded = _casefold(_casefold(_INVISIBLE.sub("", unicodedata.normalize("NFD", text))))
    return _SPACES.sub(" ", folded).strip(" ")


def _casefold(text: str) -> str:
    # Twice over, as the standard's NFKC_Casefold: folding can make what has to be folded again.
    return unicodedata.normalize("NFKC", text.casefold())


def search_text(text: str) -> str:
    """As ``fold_text``, and without accents: 'uber' finds 'Über'."""
    folded = fold_text(text)
    if folded.isascii():
        return folded
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", folded))
    return unicodedata.normalize("NFC", bare)


def search_words(text: str) -> list[str]:
    """What is looked for, word by word; a comma after a word is no part of it."""
    words = search_text(text).split(" ")
    return list(dict.fromkeys(word.strip(",;") or word for word in words if word))


def serial_key(serial_number: str) -> str:
    """A key that sorts serial numbers as people count and is the same for one serial only.

    Each number in it is led by its count of digits, so that 9 comes before 10; the zeros that
    led the numbers follow at the end, so that 7 and 007 stay two serials.
    """
    folded = fold_text(serial_number)
    zeros = [_digit_count(_leading_zeros(run)) for run in _DIGITS.findall(folded)]
    return _DIGITS.sub(_counted, folded) + _END + "".join(zeros)


def _counted(run: re.Match[str]) -> str:
    digits = run[0].lstrip("0")
    return _digit_count(len(digits)) + digits


def _digit_count(count: int) -> str:
    """One digit up to nine, then a colon, which comes after the digits, and two or more."""
    return str(count) if count < 10 else f":{count:02}"


def _leading_zeros(digits: str) -> int:
    return len(digits) - len(digits.lstrip("0"))


def barcode_key(barcode: str) -> str:
    """A barcode as it is compared: UPC-A, EAN-13 and GTIN-14 differ by leading zeros alone."""
    folded = fold_text(barcode)
    return folded.zfill(GTIN_DIGITS) if _GTIN.fullmatch(folded) else folded
