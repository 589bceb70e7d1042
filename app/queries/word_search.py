"""Words that are looked for, as SQL conditions with their patterns planned in.

Each word may match another field: a unit's serial number, or its product's SKU, name or barcode.
Unknown to a prepared statement's generic plan, a pattern would cost a scan of everything, so the
patterns are values of the statement.
"""

import re
from dataclasses import dataclass

from sqlalchemy import BindParameter, String, bindparam

from app.domain.errors import InvalidInput
from app.domain.text_folding import barcode_key, search_words
from app.queries.paging import escape_like

#: A shorter pattern has no trigram to look up.
TRIGRAM_CHARACTERS = 3
#: A run of so many letters and digits is rare enough to be looked up by.
LONG_RUN_CHARACTERS = 5
WORDS_MAX = 12
WORD_LENGTH_MAX = 200
_GTIN = re.compile("[0-9]{8,14}")


@dataclass(frozen=True)
class Word:
    """One word; its parameters are called after its place among the words."""

    place: int
    text: str

    @property
    def is_rare(self) -> bool:
        """Whether its trigrams are likely to be those of few units."""
        return any(len(run) >= TRIGRAM_CHARACTERS for run in self._runs())

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
        runs = [_value(self._run_name(place), f"%{run}%") for place, run in self._long_runs()]
        characters = _value(f"characters_{self.place}", _array(self.text))
        return [*self.of_product_values(), characters, *runs]

    def of_serial(self, serial: str) -> str:
        """That the column ``serial``, a serial number, has it; not by an index."""
        return f"search_text({serial}) LIKE :word_{self.place}"

    def of_product(self) -> str:
        """That the product ``p`` has it in its SKU, name or barcode."""
        has_it = f"p.search_text LIKE :word_{self.place}"
        if not _GTIN.fullmatch(self.text):
            return has_it
        return f"({has_it} OR barcode_key(p.barcode) = :barcode_{self.place})"

    def of_unit(self, serial: str) -> str:
        """That the serial number or the product ``p`` has it."""
        return f"({self.of_serial(serial)} OR {self.of_product()})"

    def of_indexed_serial(self) -> str:
        """That a row ``s`` of item_search has it, by the index."""
        # The trigrams at the edges of a run ("  0" of "P77-0000077") are those of most units:
        # reading their lists takes longer than all else. So the runs' inner trigrams find the
        # units, and the whole is compared as an expression that the index does not know.
        text = "search_text(s.serial_number)"
        if runs := self._long_runs():
            found_by = [f"{text} LIKE :{self._run_name(place)}" for place, _ in runs]
            return " AND ".join([*found_by, f"{text} || '' LIKE :word_{self.place}"])
        if self.is_rare:
            return f"{text} LIKE :word_{self.place}"
        characters = f"CAST(:characters_{self.place} AS text[])"
        return f"string_to_array({text}, NULL) @> {characters} AND {text} LIKE :word_{self.place}"

    def _runs(self) -> list[str]:
        return re.findall("[^\\W_]+", self.text)

    def _long_runs(self) -> list[tuple[int, str]]:
        """Letters and digits in a row; none when all are short, or there is but one."""
        runs = [run for run in self._runs() if len(run) >= TRIGRAM_CHARACTERS]
        if self.text in runs or all(len(run) < LONG_RUN_CHARACTERS for run in runs):
            return []
        return list(enumerate(runs))

    def _run_name(self, place: int) -> str:
        return f"run_{self.place}_{place}"


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


def _array(characters: str) -> str:
    """Characters as PostgreSQL writes an array of them."""
    quoted = (re.sub(r'(["\\])', r"\\\1", character) for character in dict.fromkeys(characters))
    return "{" + ",".join(f'"{character}"' for character in quoted) + "}"
