"""Searches invoices by number, customer or whole serial number.

Each word may match another of these. Few customers with all words are looked up by their index;
where there are many, invoices are looked at from the newest on, which soon fills a page.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, String, bindparam

from app.domain.text.folding import serial_key
from app.queries.paging import escape_like
from app.queries.serial_lookup import HAS_KEY
from app.queries.word_search import Word, words_of

#: Customers with all words whose invoices are put in order, before another way is tried.
CUSTOMERS_MAX = 100
#: Invoices whose number begins with a word that are put in order, before another way is tried.
NUMBERS_MAX = 2000
#: Invoices looked at from the newest on, and how many of them must match to look at more.
WINDOWS = ((2000, 10), (10_000, 0))
#: What people write before an invoice's number.
_NUMBER = re.compile(r"(?:#|inv(?:oice)?[-.:#]?|no\.?)(?=[0-9])")
_BEFORE_NUMBER = {"#", "inv", "inv.", "invoice", "no", "no."}


@dataclass(frozen=True)
class InvoiceSearchStep:
    """``found`` selects the ids of invoices; ``ctes`` are what it stands on.

    It has found all of them where ``is_complete``, a condition on ``ctes``, is true.
    """

    ctes: list[str]
    found: str
    is_complete: str = "true"


@dataclass(frozen=True)
class InvoiceSearch:
    """``conditions`` on ``invoices v`` narrow the list."""

    words: list[Word]
    conditions: list[str]

    def page(
        self, run: Callable[[InvoiceSearchStep], tuple[bool, Sequence[Any]]], limit: int
    ) -> Sequence[Any]:
        """The rows of a page and one more; ``run`` carries out a step: is it complete, its rows."""
        is_complete, rows = run(self._by_index(is_bounded=True))
        if is_complete:
            return rows
        for invoices, matches_min in WINDOWS:
            _, rows = run(self._in_window(invoices))
            if len(rows) > limit:
                return rows
            if len(rows) < matches_min:
                break
        return run(self._by_index(is_bounded=False))[1]

    def parameters(self) -> list[BindParameter[str]]:
        values = []
        for word in self.words:
            number = escape_like(word.text)
            given = {
                f"number_{word.place}": f"{number}%",
                f"upper_number_{word.place}": f"{number.upper()}%",
                f"bare_number_{word.place}": f"{escape_like(_bare_number(word.text))}%",
                f"key_{word.place}": serial_key(word.text),
            }
            values += [word.pattern()]
            values += [
                bindparam(name, value, String(), literal_execute=True)
                for name, value in given.items()
            ]
        return values

    def _by_index(self, *, is_bounded: bool) -> InvoiceSearchStep:
        customers = " AND ".join(_of_customer(word) for word in self.words)
        ctes = {"chosen": (f"SELECT c.id FROM customers c WHERE {customers}", CUSTOMERS_MAX)}
        for word in self.words:
            by_number = f"SELECT v.id FROM invoices v WHERE {_of_number(word)}"
            ctes[f"numbers_{word.place}"] = (by_number, NUMBERS_MAX)
        ways = [
            "SELECT v.id FROM chosen JOIN invoices v ON v.customer_id = chosen.id",
            *(self._by_number_or_serial(word) for word in self.words),
        ]
        if not is_bounded:
            unbounded = [f"{name} AS MATERIALIZED ({sql})" for name, (sql, _) in ctes.items()]
            return InvoiceSearchStep([*self._serials(), *unbounded], " UNION ".join(ways))
        bounded = [
            f"{name} AS MATERIALIZED ({sql} LIMIT {most + 1})" for name, (sql, most) in ctes.items()
        ]
        counts = (f"(SELECT count(*) FROM {name}) <= {most}" for name, (_, most) in ctes.items())
        return InvoiceSearchStep(
            [*self._serials(), *bounded], " UNION ".join(ways), " AND ".join(counts)
        )

    def _by_number_or_serial(self, word: Word) -> str:
        others = [_of_any(other) for other in self.words if other is not word]
        where = f"WHERE {' AND '.join(others)}" if others else ""
        return f"""SELECT v.id FROM (
                SELECT id FROM numbers_{word.place}
                UNION SELECT invoice_id FROM serial_{word.place}) k
            JOIN invoices v ON v.id = k.id JOIN customers c ON c.id = v.customer_id {where}"""

    def _in_window(self, invoices: int) -> InvoiceSearchStep:
        where = f"WHERE {' AND '.join(self.conditions)}" if self.conditions else ""
        window = f"""SELECT v.id, v.number, v.customer_id FROM invoices v {where}
            ORDER BY v.id DESC LIMIT {invoices}"""
        matching = " AND ".join(_of_any(word) for word in self.words)
        return InvoiceSearchStep(
            self._serials(),
            f"""SELECT v.id FROM ({window}) v JOIN customers c ON c.id = v.customer_id
            WHERE {matching} ORDER BY v.id DESC LIMIT :limit""",
        )

    def _serials(self) -> list[str]:
        return [
            f"""serial_{word.place} AS MATERIALIZED (
                SELECT l.invoice_id FROM items i JOIN invoice_items l ON l.item_id = i.id
                WHERE {HAS_KEY.format(f"CAST(:key_{word.place} AS text)")})"""
            for word in self.words
        ]


def invoice_search(typed: str, conditions: list[str]) -> InvoiceSearch:
    """Raises InvalidInput for too many words."""
    words = words_of(typed)
    telling = [word for word in words if word.text not in _BEFORE_NUMBER]
    return InvoiceSearch(telling or words, conditions)


def _of_customer(word: Word) -> str:
    return f"c.search_text LIKE :word_{word.place}"


def _of_number(word: Word) -> str:
    """As it was typed, since the earlier shop may have numbers such as INV-17; or without that."""
    names = ["number", "upper_number"]
    names += ["bare_number"] if _bare_number(word.text) != word.text else []
    return f"({' OR '.join(f'v.number LIKE :{name}_{word.place}' for name in names)})"


def _bare_number(typed: str) -> str:
    found = _NUMBER.match(typed)
    return typed[found.end() :] if found else typed


def _of_any(word: Word) -> str:
    on_it = f"v.id IN (SELECT invoice_id FROM serial_{word.place})"
    return f"({_of_customer(word)} OR {_of_number(word)} OR {on_it})"
