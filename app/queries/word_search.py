"""Search words as SQL conditions with literal patterns.

Each word may match another field: a unit's serial number, or its product's SKU, name or barcode.
Unknown to a prepared statement's generic plan, a pattern would cost a scan of everything, so the
patterns are values of the statement.
"""

import re
from dataclasses import dataclass

from sqlalchemy import BindParameter, String, bindparam

from app.domain.errors import InvalidInput
from app.domain.text.folding import barcode_key, search_words
from app.queries.paging import escape_like

WORDS_MAX = 12
WORD_LENGTH_MAX = 200
#: More of them would leave out hardly a product more.
PAIRS_MAX = 8
_GTIN = re.compile("[0-9]{8,14}")


@dataclass(frozen=True)
class Word:
    """One word; its parameters are called after its place among the words."""

    place: int
    text: str

    @property
    def is_rare(self) -> bool:
        """Whether an index may find few units with it."""
        return bool(self._pieces())

    def rank(self) -> tuple[bool, bool, int]:
        """The greatest is the one to look up by: a number rather than a common word."""
        return self.is_rare, any(map(str.isdigit, self.text)), len(self.text)

    def pattern(self) -> BindParameter[str]:
        """The value of ``:word_N``, for LIKE."""
        return _value(f"word_{self.place}", f"%{escape_like(self.text)}%")

    def of_product_values(self) -> list[BindParameter[str]]:
        """What ``of_product`` asks for."""
        if not _GTIN.fullmatch(self.text):
            return [self.pattern()]
        return [self.pattern(), _value(f"barcode_{self.place}", barcode_key(self.text))]

    def parameters(self) -> list[BindParameter[str]]:
        """What all conditions together ask for."""
        values = {
            self._piece_name(place): f"%{escape_like(piece)}%" for place, piece in self._pieces()
        }
        values |= {self._pair_name(place): pair for place, pair in enumerate(self._pairs())}
        return [
            *self.of_product_values(),
            *(_value(name, value) for name, value in values.items()),
        ]

    def of_serial(self, words: str) -> str:
        """That ``words``, a folded serial number, has it; not by an index."""
        return f"{words} || '' LIKE :word_{self.place}"

    def of_product(self) -> str:
        """That the product ``p`` has it in its SKU, name or barcode."""
        has_it = f"p.search_text LIKE :word_{self.place}"
        if not _GTIN.fullmatch(self.text):
            return has_it
        return f"({has_it} OR barcode_key(p.barcode) = :barcode_{self.place})"

    def of_unit(self, words: str) -> str:
        """That ``words``, a folded serial number, or the product ``p`` has it."""
        return f"({self.of_serial(words)} OR {self.of_product()})"

    def of_some_serial(self) -> str:
        """That a serial number of the product ``p`` may have it: each pair of its characters is in
        one of them. Most products are left out by this, whose units need not be looked at."""
        compare = "LIKE" if len(self.text) == 1 else "="
        pairs = (
            "p.id IN (SELECT product_id FROM serial_pairs WHERE pair"
            f" {compare} :{self._pair_name(place)})"
            for place in range(len(self._pairs()))
        )
        return f"({' AND '.join(pairs)})"

    def of_product_or_serial(self) -> str:
        """That units of the product ``p`` may have it, in whatever field."""
        return f"({self.of_product()} OR {self.of_some_serial()})"

    def of_indexed_serial(self) -> str:
        """That a row ``s`` of item_search has it, by the index; for a rare word only."""
        found_by = [f"s.words LIKE :{self._piece_name(place)}" for place, _ in self._pieces()]
        return " AND ".join([*found_by, f"s.words || '' LIKE :word_{self.place}"])

    def _pairs(self) -> list[str]:
        """What serial_pairs is asked for; of a single character, a pattern for all its pairs."""
        if len(self.text) == 1:
            return [f"{escape_like(self.text)}%"]
        pairs = (self.text[start : start + 2] for start in range(len(self.text) - 1))
        return list(dict.fromkeys(pairs))[:PAIRS_MAX]

    def _pair_name(self, place: int) -> str:
        return f"pair_{self.place}_{place}"

    def _pieces(self) -> list[tuple[int, str]]:
        """Parts of it with trigrams of their own, each numbered.

        The trigrams at the beginning of a run of letters and digits ("  0" of "P77-0000077") are
        those of most units: reading their lists takes longer than all else. So a piece begins
        inside a word; it may end with what ends the run.
        """
        pieces = re.findall(r"[^\W_]{3,}(?:[\W_]|$)|[^\W_]{2,}[\W_]", self.text)
        return list(enumerate(pieces))

    def _piece_name(self, place: int) -> str:
        return f"piece_{self.place}_{place}"


def words_of(text: str) -> list[Word]:
    """The words of what was typed. Raises InvalidInput for too many or too long ones."""
    found = search_words(text)
    if len(found) > WORDS_MAX:
        raise InvalidInput({"q": f"Search for at most {WORDS_MAX} words."})
    if any(len(word) > WORD_LENGTH_MAX for word in found):
        raise InvalidInput({"q": f"Search for words of at most {WORD_LENGTH_MAX} characters."})
    return [Word(place, word) for place, word in enumerate(found)]


def _value(name: str, value: str) -> BindParameter[str]:
    return bindparam(name, value, String(), literal_execute=True)
