"""A full disk: reading goes on, changes are refused in words, and it is over when there is room."""

import os
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from app.database import disk_space
from app.database.transactions import db, transactional
from app.domain.errors import NoSpace
from app.services.accounts import users
from tests.conftest import Servers, running_app
from tests.support.browser import PASSWORD, Browser
from tests.support.shop import Shop
from tests.support.small_disk import fill, resize, small_disk
from tests.support.waiting import until

EMAIL = "ana@example.com"
FILL = "INSERT INTO filling SELECT repeat(i::text, 900) FROM generate_series(1, 90000) i"


@pytest.fixture
def disk(tmp_path: Path):
    with small_disk(tmp_path / "disk", 64) as folder:
        yield folder


@pytest.fixture
def ana(settings, disk: Path):
    with running_app(replace(settings, instance_dir=disk)) as app, app.app_context():
        users.create_user(EMAIL, name="Ana", role="admin", password=PASSWORD)
        browser = Browser(app, EMAIL)
        assert browser.log_in().status_code == 303
        browser.get("/products")
        yield browser


@pytest.fixture
def full(ana: Browser, disk: Path) -> Browser:
    fill(disk)
    until(lambda: ana.get("/readyz").status_code == 503, "the disk found full")
    return ana


def test_reading_goes_on_and_so_do_log_ins(full: Browser) -> None:
    for path in ("/", "/inventory", "/invoices", "/products", "/api/products"):
        assert full.get(path).status_code == 200, path
    newcomer = Browser(full.client.application, EMAIL)
    assert newcomer.log_in("wrong password").status_code == 422
    assert newcomer.log_in().status_code == 303
    assert newcomer.get("/inventory").status_code == 200


def test_a_form_is_refused_in_words_and_keeps_what_was_typed(full: Browser) -> None:
    full.get("/products")
    refused = full.post("/products", sku="FULL-1", name="Typed name", price="1.00")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert "no space left" in refused.text
    assert 'value="Typed name"' in refused.text
    assert "FULL-1" not in full.get("/products").text


def test_the_api_says_no_space(full: Browser) -> None:
    headers = {"X-CSRFToken": full.csrf_token, "Content-Type": "application/json"}
    refused = full.open("POST", "/api/customers", data='{"name": "Full"}', headers=headers)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert refused.content_type == "application/problem+json"
    assert refused.json["code"] == "no-space"
    assert "no space left" in refused.json["detail"]


def test_readiness_names_it(full: Browser) -> None:
    assert full.get("/readyz").json == {"status": "unavailable", "missing": ["disk space"]}
    assert full.get("/healthz").status_code == 200


def test_it_is_over_when_there_is_room_again(full: Browser, disk: Path) -> None:
    resize(disk, 256)
    until(lambda: full.get("/readyz").status_code == 200, "the room found")
    full.get("/products")
    made = full.post("/products", sku="FULL-2", name="Product", price="1.00")
    assert made.status_code == 303


def test_a_database_that_is_away_because_of_it_says_so(settings, disk: Path) -> None:
    gone = replace(
        settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/no", instance_dir=disk
    )
    fill(disk)
    with running_app(gone) as app:
        answer = app.test_client().get("/api/products", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.json["code"]) == (503, "no-space")


def test_a_disk_that_is_not_there_is_not_full(tmp_path: Path) -> None:
    assert not disk_space.of_embedded_store(tmp_path / "nowhere").is_short()


def test_a_database_on_another_machine_that_is_full_says_so_itself(
    shop: Shop, servers: Servers
) -> None:
    """PostgreSQL's own disk_full, on a real tablespace."""

    @transactional
    def write() -> None:
        db.session.execute(text(FILL))

    owner = servers.postgres.data.stat()
    # Not below pytest's own folder, which is closed to the user that the database runs as.
    with small_disk(servers.postgres.instance / "tablespace", 2) as folder:
        os.chown(folder, owner.st_uid, owner.st_gid)
        connection = servers.postgres.connect_as_superuser(shop.connection.info.dbname)
        with connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
            try:
                connection.execute("CREATE TABLE filling (t text) TABLESPACE small")
                connection.execute("GRANT ALL ON filling TO holdfast")
                with pytest.raises(psycopg.errors.DiskFull):
                    connection.execute(FILL)
                with pytest.raises(NoSpace):
                    write()
            finally:
                connection.execute("DROP TABLE IF EXISTS filling")
                connection.execute("DROP TABLESPACE small")
