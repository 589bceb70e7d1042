"""How a definition of the catalogue is written: short, and in lines that are not too long."""

import re
from textwrap import fill

WIDTH = 100
INDENT = "    "

LITERAL = r"'(?:[^']|'')*'"
#: What a literal is compared with or put into says its type already.
CAST = r"::(?:text\[\]|text|timestamp with time zone|numeric|jsonb|uuid|bytea)"
LITERAL_OR_NUMBER = re.compile(rf"({LITERAL}|\b\d+){CAST}(?!\[)")
ANY_OF_LITERALS = re.compile(rf"= ANY \(ARRAY\[({LITERAL}(?:, {LITERAL})*)\]\)")
CONTROL_CHARACTER = re.compile(r"[\x01-\x08\x0b-\x1f]")
#: Where a line may end, from the places that are tried first to those that are tried last.
CLAUSES = (
    r"CHECK|FOREIGN KEY|REFERENCES|GENERATED|USING|WHERE|FOR EACH|EXECUTE|RETURNS|LANGUAGE|SET"
)
PLACES = (
    rf" (?=(?:{CLAUSES})\b)",
    r" (?=(?:WHEN|ELSE)\b)",
    r" (?=(?:AND|OR|WITH)\b)",
    r"(?<=,) ",
)


def short(definition: str) -> str:
    """The same in the words that a person would write."""
    text = LITERAL_OR_NUMBER.sub(lambda found: found[1], definition)
    text = ANY_OF_LITERALS.sub(lambda found: f"IN ({found[1]})", text)
    text = re.sub(LITERAL, lambda found: _visible(found[0]), text)
    text = text.replace("timestamp with time zone", "timestamptz").replace(" USING btree ", " ")
    text = re.sub(rf"({LITERAL})|\s+", lambda found: found[1] or " ", text)
    return text.replace("( CASE ", "(CASE ")


def _visible(literal: str) -> str:
    if not CONTROL_CHARACTER.search(literal):
        return literal
    escaped = literal.replace("\\", "\\\\")
    return "E" + CONTROL_CHARACTER.sub(lambda found: f"\\x{ord(found[0]):02x}", escaped)


def lines_of(definition: str, indent: str = "") -> str:
    """In lines of the width, as far as there are places to end them; the first is the outermost."""
    return "\n".join(_lines(definition, indent, PLACES))


def _lines(text: str, indent: str, places: tuple[str, ...]) -> list[str]:
    if len(indent) + len(text) < WIDTH or not places:
        return [indent + text]
    first, *others = _filled(_pieces(text, places[0]), WIDTH - len(indent + INDENT))
    lines = _lines(first, indent, places[1:])
    for line in others:
        lines += _lines(line, indent + INDENT, places[1:])
    return lines


def _pieces(text: str, place: str) -> list[str]:
    """The text, cut at these places, which are none inside a literal."""
    cuts = [found for found in re.finditer(f"{LITERAL}|(?P<cut>{place})", text) if found["cut"]]
    starts = [0, *(cut.end() for cut in cuts)]
    ends = [*(cut.start() for cut in cuts), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _filled(pieces: list[str], width: int) -> list[str]:
    lines = pieces[:1]
    for piece in pieces[1:]:
        if len(lines[-1]) + len(piece) + 1 < width:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines


def comment(paragraphs: list[str], indent: str = "") -> str:
    """Each in lines of its own; those after the first of a paragraph stand behind its number."""
    return "".join(
        fill(
            paragraph,
            WIDTH,
            initial_indent=f"{indent}-- ",
            subsequent_indent=f"{indent}--      ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        + "\n"
        for paragraph in paragraphs
    )


def heading(title: str) -> str:
    return f"\n-- ===== {title} {'=' * (WIDTH - len('-- =====  ') - len(title))}\n"
