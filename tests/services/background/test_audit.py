"""The audit as recorded work."""

from app.services.background.audit import audit_history
from tests.support.shop import Shop

RUNS = "SELECT job, status, result->>'ok', result->>'items' FROM job_runs ORDER BY id"


def test_an_audit_is_on_record(own_shop: Shop) -> None:
    own_shop.new_units(3)
    assert audit_history().ok
    assert own_shop.rows(RUNS) == [("audit", "succeeded", "true", "3")]
    assert own_shop.rows("SELECT topic FROM outbox") == []


def test_one_that_fails_is_on_record_as_such_and_people_are_told(own_shop: Shop) -> None:
    own_shop.execute("DROP TRIGGER append_only ON payments")
    result = audit_history()
    assert not result.ok
    assert own_shop.rows(RUNS) == [("audit", "succeeded", "false", "0")]
    assert own_shop.rows("SELECT topic FROM outbox") == [("audit",)]


def test_the_command_prints_it_and_leaves_the_same_record(own_shop: Shop) -> None:
    ran = own_shop.app.test_cli_runner().invoke(args=["audit", "verify"])
    assert ran.exit_code == 0, ran.output
    assert '"ok": true' in ran.output
    assert own_shop.rows(RUNS) == [("audit", "succeeded", "true", "0")]
