"""The models are the migrated schema, and its tables of transitions the domain's."""

from decimal import Decimal

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from app.database.transactions import db
from app.domain.accounts.roles import Role
from app.domain.inventory.item_lifecycle import (
    CORRECTIONS,
    TRANSITIONS,
    ChangeReason,
    Condition,
    InventoryStatus,
    PhysicalStatus,
    ReservedForType,
)
from app.domain.inventory.physical_status import STEP_PLACES, right_way
from app.domain.invoices.invoice_lifecycle import (
    INVOICE_TRANSITIONS,
    CustomerTier,
    InvoiceStatus,
    PaymentMethod,
)

MODELS = {mapper.class_.__tablename__: mapper for mapper in db.Model.registry.mappers}


@pytest.fixture(scope="module")
def engine(shared_database_url: str):
    engine = create_engine(shared_database_url)
    yield engine
    engine.dispose()


def rows(engine: Engine, query: str) -> set[tuple]:
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(text(query))}


@pytest.mark.parametrize("table", sorted(MODELS))
def test_a_model_has_the_columns_of_its_table(engine: Engine, table: str) -> None:
    columns = {column["name"]: column for column in inspect(engine).get_columns(table)}
    mapped = MODELS[table].local_table.columns
    assert {column.name for column in mapped} == set(columns)
    for column in mapped:
        found = columns[column.name]
        assert column.type.python_type is found["type"].python_type, column
        if not column.computed:
            assert column.nullable == found["nullable"], column
        if column.type.python_type is Decimal:
            assert (column.type.precision, column.type.scale) == (14, 2), column


def test_the_fields_that_were_asked_for_have_the_contracts_names() -> None:
    assert {
        "id",
        "serial_number",
        "condition",
        "inventory_status",
        "status",
        "status_history",
        "reserved_at",
        "reserved_by",
        "reserved_for_type",
        "reserved_for_id",
        "reservation_expiry",
    } <= set(MODELS["items"].columns.keys())
    assert {
        "from_status",
        "to_status",
        "change_reason",
        "reference_type",
        "reference_id",
        "changed_by",
        "change_date",
        "notes",
        "created_at",
    } <= set(MODELS["inventory_status_history"].columns.keys())


def test_the_database_allows_the_transitions_and_corrections_of_the_domain(engine: Engine) -> None:
    ordinary = {
        (before, after, reason)
        for (before, after), reasons in TRANSITIONS.items()
        for reason in reasons
        if before
    }
    corrections = {(before, after, ChangeReason.CORRECTION) for before, after in CORRECTIONS}
    assert rows(engine, "SELECT * FROM inventory_transitions") == ordinary | corrections
    assert rows(engine, "SELECT * FROM invoice_transitions") == {
        (before, after) for before, afters in INVOICE_TRANSITIONS.items() for after in afters
    }


def test_the_database_knows_the_places_of_the_domain(engine: Engine) -> None:
    assert rows(engine, "SELECT * FROM step_places") == {
        (reason, place) for reason, places in STEP_PLACES.items() for place in places
    }
    assert rows(engine, "SELECT * FROM unit_places") == {
        (status, place)
        for status in InventoryStatus
        for place in PhysicalStatus
        if right_way(status, place) is None
    }


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        ("ck_items_inventory_status", InventoryStatus),
        ("ck_items_status", PhysicalStatus),
        ("ck_items_condition", Condition),
        ("ck_items_reserved_for_type", ReservedForType),
        ("ck_invoices_status", InvoiceStatus),
        ("ck_payments_method", PaymentMethod),
        ("ck_customers_tier", CustomerTier),
        ("ck_users_role", Role),
    ],
)
def test_the_database_knows_the_same_words_as_the_domain(
    engine: Engine, constraint: str, words
) -> None:
    found = rows(
        engine,
        "SELECT (regexp_matches(pg_get_constraintdef(oid), '''([^'']*)''', 'g'))[1]"
        f" FROM pg_constraint WHERE conname = '{constraint}'",
    )
    assert found == {(word,) for word in words}


def test_no_delete_reaches_history_or_money_through_a_foreign_key(engine: Engine) -> None:
    cascades = rows(
        engine, "SELECT conname FROM pg_constraint WHERE confdeltype IN ('c', 'n', 'd')"
    )
    assert cascades == set()


def test_every_guard_holds_whatever_the_replication_role(engine: Engine) -> None:
    ordinary = rows(
        engine, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A'"
    )
    assert ordinary == set()


def test_functions_of_triggers_choose_their_own_search_path(engine: Engine) -> None:
    without = rows(
        engine,
        "SELECT DISTINCT proname FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid"
        " WHERE NOT tgisinternal AND NOT coalesce(array_to_string(proconfig, ' '), '')"
        " LIKE '%search_path=pg_catalog%'",
    )
    assert without == set()
