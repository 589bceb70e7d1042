"""What is done to a store that has the demo in it."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from app.cli.prepare import prepare_demo
from app.domain.imports.retail.plan import Selection
from app.services.accounts import users
from app.services.accounts.users import has_password
from app.services.imports.retail.importer import import_retail
from tests.conftest import DEMO_PASSWORD as PASSWORD
from tests.conftest import Servers
from tests.services.imports.demo.test_store import rows
from tests.support.retail_files import DEMO_SLICE

__all__ = ["rows"]


@pytest.fixture
def database_url(servers: Servers, demo_database: str, database_names) -> Iterator[str]:
    """The demo store, for this test alone."""
    name = next(database_names)
    yield servers.create_database(name, demo_database)
    servers.drop_database(name)


def test_the_demo_store_has_its_three_log_ins(rows):
    assert rows("SELECT email, name, role FROM users WHERE can_sign_in ORDER BY id") == [
        ("staff@example.com", "Staff", "staff"),
        ("manager@example.com", "Manager", "manager"),
        ("admin@example.com", "Admin", "admin"),
    ]
    assert has_password("admin@example.com", PASSWORD)


def test_a_password_that_somebody_changed_stays_changed(rows, settings):
    prepare_demo(settings, PASSWORD)
    ((admin,),) = rows("SELECT id FROM users WHERE email = 'admin@example.com'")
    users.set_password(admin, "known to the admin alone")
    for _ in range(2):
        log_ins = prepare_demo(settings, PASSWORD)
        assert log_ins == {
            "staff@example.com": True,
            "manager@example.com": True,
            "admin@example.com": False,
        }
    assert has_password("admin@example.com", "known to the admin alone")


def test_a_switched_off_demo_user_stays_so_and_is_not_announced(rows, settings):
    prepare_demo(settings, PASSWORD)
    ((staff,),) = rows("SELECT id FROM users WHERE email = 'staff@example.com'")
    users.set_active(staff, active=False)
    assert list(prepare_demo(settings, PASSWORD)) == ["manager@example.com", "admin@example.com"]


def test_the_real_invoices_do_not_meet_those_of_the_demo(rows, tmp_path):
    ((before,),) = rows("SELECT count(*) FROM invoices")
    summary = import_retail(
        DEMO_SLICE,
        Selection(every=10),
        timezone=ZoneInfo("UTC"),
        skipped_file=tmp_path / "skipped.csv",
    )
    assert summary.imported_before == 0
    assert rows("SELECT count(*) FROM invoices") == [(before + summary.counts.invoices,)]
