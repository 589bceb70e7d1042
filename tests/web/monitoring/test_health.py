from dataclasses import replace
from pathlib import Path

from app.settings import Settings
from tests.conftest import running_app


def test_alive_says_ok(client) -> None:
    assert (client.get("/healthz").status_code, client.get("/healthz").json) == (
        200,
        {"status": "ok"},
    )


def test_ready_when_everything_is_there(client) -> None:
    assert client.get("/readyz").status_code == 200


def test_ready_names_a_missing_queue(settings: Settings) -> None:
    with running_app(replace(settings, redis_url="redis://127.0.0.1:1/0")) as app:
        response = app.test_client().get("/readyz")
    assert (response.status_code, response.json["missing"]) == (503, ["queue"])


def test_ready_names_a_missing_database_and_pages_say_it_is_away(
    settings: Settings, tmp_path: Path
) -> None:
    gone = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"
    with running_app(replace(settings, database_url=gone)) as app:
        client = app.test_client()
        assert client.get("/readyz").json["missing"] == ["database"]
        with client.session_transaction() as session:
            session["_user_id"] = "00000000-0000-7000-8000-000000000002.x"
        page = client.get("/")
    assert page.status_code == 503
    assert "The database is away" in page.text
    assert 'http-equiv="refresh"' in page.text
    assert page.headers["Retry-After"]


def test_ready_names_missing_migrations(settings: Settings, empty_database_url: str) -> None:
    with running_app(replace(settings, database_url=empty_database_url)) as app:
        assert app.test_client().get("/readyz").json["missing"] == ["migrations"]
