"""docs/reliability.md tells of the faults that there are."""

import re
from pathlib import Path

from stress.control import CONTROLS
from stress.environments.remote import FAULTS as FAULTS_ELSEWHERE
from stress.faults import FAULTS

PAGE = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()


def test_every_fault_has_a_row_and_every_row_a_fault():
    rows = re.findall(r"^\| (`[^|]+`) \|", PAGE, flags=re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == set(FAULTS)


def test_what_strikes_a_store_elsewhere_is_named():
    told = PAGE.split("of the faults only", 1)[1]
    assert set(FAULTS_ELSEWHERE) <= set(re.findall(r"`([^`]+)`", told))


def test_every_negative_control_has_its_command():
    assert set(re.findall(r"--control (\S+)", PAGE)) == set(CONTROLS)
