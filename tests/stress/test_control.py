"""A checker that cannot fail proves nothing: stores that break their word are found out."""

from pathlib import Path

import pytest

from stress.checker import Invariant
from stress.control import CONTROLS, run_control
from stress.environments.scratch import scratch_site
from stress.load_run import LoadPlan
from stress.report import Report
from tests.conftest import TEST_INSTANCES

pytestmark = pytest.mark.proof

SECONDS, CLIENTS = 4.0, 4


def outcome_of(name: str, folder: Path) -> Report:
    control = CONTROLS[name]
    plan = LoadPlan("control", SECONDS, CLIENTS, faults=())
    with scratch_site(TEST_INSTANCES, server_settings=control.server_settings) as site:
        log = folder / "operations.jsonl"
        return run_control(control, site, plan, log, weather=lambda _: None, say=lambda _: None)


@pytest.mark.parametrize("name", CONTROLS)
def test_a_store_that_breaks_its_word_is_found_out(name: str, tmp_path: Path) -> None:
    report = outcome_of(name, tmp_path)
    assert CONTROLS[name].found_in(report.findings)
    assert not report.holds


def test_both_ways_are_controlled() -> None:
    """Acknowledged and lost; sold twice."""
    assert {control.law for control in CONTROLS.values()} == {
        Invariant.THERE,
        Invariant.ONE_INVOICE,
    }
