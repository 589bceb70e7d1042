"""`flask stress` on a store of four hosts, which are cut off and killed meanwhile."""

import json
from pathlib import Path

import pytest

from tests.scaling.across import run
from tests.scaling.hosts import why_not
from tests.scaling.store import store_on_hosts

pytestmark = pytest.mark.skipif(bool(why_not()), reason=str(why_not()))
SECONDS = 30


def test_nothing_is_sold_twice_or_lost_when_hosts_are_cut_off_and_killed(tmp_path: Path) -> None:
    with store_on_hosts(tmp_path) as store:
        status, endured = run(store, tmp_path, seconds=SECONDS, clients=6, seed=11)
    result = json.loads((tmp_path / "result.json").read_text())
    assert status == 0, result
    assert {"cut web2", "cut database"} <= {each.name for each in endured}
