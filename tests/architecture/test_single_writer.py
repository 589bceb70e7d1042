"""Nothing but the one door writes a status, and nothing but one place commits."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: The proof works on scratch databases alone, knows the law by itself, and breaks it on purpose.
PROOF = ROOT / "stress"
SOURCES = [
    path
    for path in [*(ROOT / "app").rglob("*.py"), *(ROOT / "jobs").rglob("*.py"), ROOT / "wsgi.py"]
    if PROOF not in path.parents
]

#: What it looks like -> the only files that may look so, and what to do instead.
RULES = {
    r"UPDATE items\b(?:(?!WHERE).)*\binventory_status\s*=": (
        {"app/services/ledger/item_status.py"},
        "change a unit's status through ItemStatusWriter.change_status",
    ),
    r"UPDATE items\b(?:(?!WHERE).)*\breserved_(?:at|by|for_type|for_id)\s*=": (
        {"app/services/ledger/item_status.py"},
        "reserve and release through ItemStatusWriter",
    ),
    r"INSERT INTO items\b": (
        {"app/services/inventory/lifecycle.py"},
        "bring units into the store through InventoryLifecycleService.receive_items",
    ),
    r"(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE) (?:inventory|invoice)_status_history\b": (
        set(),
        "the database writes history by itself",
    ),
    r"UPDATE invoices\b(?:(?!WHERE).)*\bstatus\s*=": (
        {"app/services/ledger/invoice_rows.py"},
        "change an invoice's status through set_invoice_status",
    ),
    r"UPDATE invoices\b(?:(?!WHERE).)*\b(?:total|paid)\s*=": (
        set(),
        "the database keeps an invoice's sums by itself",
    ),
    r"(?:session|connection|transaction)\.(?:commit|begin|begin_nested)\(": (
        {"app/database/transactions.py"},
        "make it a service method with @transactional",
    ),
    r"\.commit\(": (
        {"app/database/transactions.py"},
        "make it a service method with @transactional",
    ),
    r"session_replication_role|DISABLE TRIGGER": (set(), "guards stay on"),
    r"set_config\('holdfast\.": (
        {"app/services/ledger/change_context.py"},
        "explain a change with ChangeContext",
    ),
    r"\bOFFSET\b": (set(), "page by cursor"),
    r"csv\.(?:writer|DictWriter)\b": (
        {"app/domain/text/csv_text.py"},
        "write CSV with csv_text, which keeps spreadsheets from running what it holds",
    ),
}


@pytest.mark.parametrize("pattern", RULES)
def test_a_rule_of_the_house_is_kept(pattern: str) -> None:
    allowed, instead = RULES[pattern]
    looks_so = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if re.search(pattern, path.read_text(), re.DOTALL)
    }
    assert looks_so <= allowed, instead


def test_statuses_and_reservations_are_never_set_on_an_object() -> None:
    kept = re.compile(r"inventory_status|reserved_\w+|reservation_expiry")
    setting = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and kept.fullmatch(node.attr)
    }
    assert setting == set()


def test_the_door_is_where_the_rules_look_for_it() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if "SET inventory_status = :to" in path.read_text()
    }
    assert found == {"app/services/ledger/item_status.py"}


def test_only_services_write() -> None:
    """Reads take no part in changing anything; the runtime does not know the store's tables."""
    writes = re.compile(
        r"\b(?:INSERT INTO|UPDATE \w+ SET|DELETE FROM|TRUNCATE)\b|\bsession\.(?:add|delete)\("
    )
    writing = {
        path.relative_to(ROOT).parts[1] for path in SOURCES if writes.search(path.read_text())
    }
    assert writing == {"services"}


def test_a_status_is_said_in_words_only_where_the_law_stands() -> None:
    """Python decides with InventoryStatus, never with its text (SQL has to quote it)."""
    quoted = re.compile(r"""(?:==|!=|in|not in)\s*[({\[]?["'](?:Available|Reserved|Sold)["']""")
    deciding = {str(path.relative_to(ROOT)) for path in SOURCES if quoted.search(path.read_text())}
    assert deciding == set()
