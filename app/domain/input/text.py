"""Cleans typed or pasted text, or refuses it.

``clean_line`` is for everything of one line (names, serial numbers, SKUs, barcodes, codes of
warehouses and locations, references), ``clean_text`` for notes. Both take what was typed and
give what is to be kept; both raise ``ValueError`` with a sentence for the person, which names a
character that cannot be used and its place. Every edge uses them: forms, API, CLI and imports.
"""

import re
import unicodedata

#: What is trimmed: spaces, tabs, line breaks, and what pasted texts have at their ends unseen.
_AROUND = (
    "\t\n\x0b\x0c\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
_LINE_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
#: Format characters that belong to the text: joiners, and signs that are seen.
_TEXT_FORMATS = re.compile(
    "[\u200c\u200d\u00ad\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\U000110bd\U000110cd\U000e0020-\U000e007f]"
)
_CONTROL_NAMES = {
    "\x00": "NULL",
    "\t": "TAB",
    "\n": "LINE BREAK",
    "\r": "LINE BREAK",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
}


def clean_line(text: str, *, length_max: int, length_min: int = 1) -> str:
    """One line, composed (NFC), trimmed, with single spaces between its words.

    Every space of Unicode counts as a space. ``length_min=0`` allows an empty line. Raises
    ValueError for a wrong length, nothing that can be seen, control characters, line breaks
    and marks that turn the direction of writing.
    """
    trimmed = text.strip(_AROUND)
    # The usual text, on the way of every reservation.
    if trimmed.isascii() and trimmed.isprintable() and "  " not in trimmed:
        if length_min <= len(trimmed) <= length_max:
            return trimmed
        raise ValueError(_length_words(length_min, length_max))
    _refuse_unusable(text, trimmed, lines=False)
    line = looked_up(trimmed)
    # A text may be longer composed than typed: what was typed counts.
    length = min(len(line), len(trimmed))
    if not length_min <= length <= length_max:
        raise ValueError(_length_words(length_min, length_max))
    if line and not is_visible(line):
        raise ValueError("Enter at least one character that can be seen.")
    return line


def clean_optional_line(text: str | None, *, length_max: int) -> str | None:
    """As ``clean_line``; None for nothing, or nothing but spaces."""
    return clean_line(text or "", length_max=length_max, length_min=0) or None


def clean_text(text: str, *, length_max: int) -> str:
    """Several lines, composed (NFC), trimmed, with plain line breaks; may be empty.

    Raises ValueError as ``clean_line`` does, but for tabs and line breaks.
    """
    typed = _LINE_BREAKS.sub("\n", text)
    trimmed = typed.strip(_AROUND)
    _refuse_unusable(typed, trimmed, lines=True)
    if len(trimmed) > length_max:
        raise ValueError(_length_words(0, length_max))
    return unicodedata.normalize("NFC", re.sub(r"[^\S\n\t]", " ", trimmed))


def clean_optional_text(text: str | None, *, length_max: int) -> str | None:
    """As ``clean_text``; None for nothing, or nothing but spaces."""
    return clean_text(text or "", length_max=length_max) or None


def looked_up(text: str) -> str:
    """What was typed as ``clean_line`` would have kept it: to find something by its code."""
    return " ".join(unicodedata.normalize("NFC", text.strip(_AROUND)).split())


def is_visible(text: str) -> bool:
    """Whether there is a letter, a mark, a digit or a sign in it, perhaps of a newer Unicode."""
    kinds = map(unicodedata.category, text)
    return any(kind[0] in "LMNPS" or kind in {"Cn", "Co"} for kind in kinds)


def is_usable(character: str) -> bool:
    """Whether a line may have this character."""
    kind = unicodedata.category(character)
    if kind == "Cf":
        return bool(_TEXT_FORMATS.match(character))
    # Cn is taken: a newer Unicode may have assigned it.
    return kind not in {"Cc", "Cs", "Zl", "Zp"}


def _refuse_unusable(text: str, trimmed: str, *, lines: bool) -> None:
    start = text.index(trimmed)
    for place, character in enumerate(trimmed, start=start + 1):
        if not is_usable(character) and not (lines and character in "\n\t"):
            raise ValueError(
                f"Character {place} is {_named(character)}, which cannot be used here."
                " Delete it and try again."
            )


def _named(character: str) -> str:
    name = _CONTROL_NAMES.get(character) or unicodedata.name(character, "")
    kind = "a control character" if unicodedata.category(character) == "Cc" else "no character"
    return f"U+{ord(character):04X} {name or f'({kind})'}"


def _length_words(length_min: int, length_max: int) -> str:
    if length_min:
        return f"Enter {length_min} to {length_max} characters."
    return f"Enter at most {length_max} characters."
