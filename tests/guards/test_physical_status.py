"""Where units are, whoever is connected: every inventory status, every place, every step."""

import itertools

import pytest

from app.domain.inventory.item_lifecycle import (
    CORRECTIONS,
    TRANSITIONS,
    ChangeReason,
    InventoryStatus,
    PhysicalStatus,
)
from app.domain.inventory.physical_status import may_happen_at, right_way
from tests.support.psql import Psql

GUARD = "zzz_guard_place_on_update"
EVERY_MOVE = list(itertools.product(InventoryStatus, PhysicalStatus, PhysicalStatus))
EVERY_STEP = [
    (before, after, reason)
    for (before, after), reasons in TRANSITIONS.items()
    if before
    for reason in sorted(reasons)
] + [(before, after, ChangeReason.CORRECTION) for before, after in sorted(CORRECTIONS)]


def unit_at(psql: Psql, status: str, place: str):
    item_id = psql.new_unit(status)
    with psql.without(GUARD):
        psql.execute("UPDATE items SET status = %s WHERE id = %s", place, item_id)
    return item_id


@pytest.mark.parametrize(("status", "before", "after"), EVERY_MOVE)
def test_a_unit_is_said_to_be_only_where_it_can_be(psql: Psql, status, before, after) -> None:
    item_id = unit_at(psql, status, before)
    say = "UPDATE items SET status = %s, notes = 'looked' WHERE id = %s"
    if before == after or right_way(status, after) is None:
        psql.execute(say, after, item_id)
    else:
        with psql.refused("HF002"):
            psql.execute(say, after, item_id)


@pytest.mark.parametrize("place", PhysicalStatus)
@pytest.mark.parametrize(("before", "after", "reason"), EVERY_STEP)
def test_a_step_is_taken_only_by_a_unit_that_is_where_it_can(
    psql: Psql, before, after, reason, place
) -> None:
    item_id = unit_at(psql, before, place)
    psql.say(reason)
    if may_happen_at(reason, place):
        psql.move(item_id, after)
        there = "WithCustomer" if after == InventoryStatus.DELIVERED else place
        assert psql.value("SELECT status FROM items WHERE id = %s", item_id) == there
    else:
        with psql.refused("HF002"):
            psql.move(item_id, after)


@pytest.mark.parametrize("place", PhysicalStatus)
def test_a_new_unit_is_not_with_a_customer(psql: Psql, place) -> None:
    psql.say("RECEIVED")
    receive = "INSERT INTO items (serial_number, product_id, status) VALUES ('new', %s, %s)"
    if place == PhysicalStatus.WITH_CUSTOMER:
        with psql.refused("HF002"):
            psql.execute(receive, psql.product, place)
    else:
        psql.execute(receive, psql.product, place)


def test_a_step_and_a_place_in_one_statement_are_both_looked_at(psql: Psql) -> None:
    missing = unit_at(psql, "Reserved", "Missing")
    psql.say("INVOICE_PAID")
    for place in PhysicalStatus:
        with psql.refused("HF002"):
            psql.move(missing, "Sold", status=place)
    here = psql.new_unit("Reserved")
    psql.say("INVOICE_PAID")
    with psql.refused("HF002"):
        psql.move(here, "Sold", status="Missing")
    psql.move(here, "Sold", status="InRepair")


@pytest.mark.parametrize("table", ["step_places", "unit_places"])
def test_the_tables_of_places_stay_as_they_were_installed(psql: Psql, table) -> None:
    for statement in [f"DELETE FROM {table}", f"INSERT INTO {table} VALUES ('Sold', 'Missing')"]:
        with psql.refused("HF003"):
            psql.execute(statement)
