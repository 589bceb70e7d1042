from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.settings import Settings, SettingsError

EXTERNAL = {"DATABASE_URL": "postgresql://u:p@host/store", "SECRET_KEY": "0123456789abcdef"}


def test_nothing_set_is_the_embedded_store_with_its_demo() -> None:
    settings = Settings.from_environment({})
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.embedded
    assert settings.demo
    assert settings.instance_dir == Path("instance").absolute()
    assert settings.trusted_proxy is None
    assert (settings.timezone, settings.currency) == (ZoneInfo("UTC"), "GBP")
    assert (settings.hold_minutes, settings.long_reservation_days) == (15, 7)
    assert (settings.alert_urls, settings.log_format) == ((), "console")


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert Settings.from_environment({"PORT": " ", "DATABASE_URL": ""}).port == 8000


def test_a_named_database_has_no_demo_unless_asked_for() -> None:
    assert not Settings.from_environment(EXTERNAL).demo
    assert not Settings.from_environment(EXTERNAL).embedded
    assert Settings.from_environment(EXTERNAL | {"DEMO": "1"}).demo


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_gets_the_driver(scheme: str) -> None:
    settings = Settings.from_environment(EXTERNAL | {"DATABASE_URL": f"{scheme}://u:p@host/store"})
    assert settings.database_url == "postgresql+psycopg://u:p@host/store"


def test_a_named_database_needs_a_secret_key() -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY is required"):
        Settings.from_environment({"DATABASE_URL": "postgresql://host/store"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80.5"),
        ("PORT", "²"),
        ("PORT", "-1"),
        ("TIMEZONE", "Nowhere/Land"),
        ("TIMEZONE", "../etc/passwd"),
        ("CURRENCY", "pounds"),
        ("DEMO", "maybe"),
        ("HOLD_MINUTES", "0"),
        ("LONG_RESERVATION_DAYS", "a week"),
        ("LOG_FORMAT", "xml"),
        ("DATABASE_URL", "mysql://host/store"),
        ("REDIS_URL", "http://host"),
        ("SECRET_KEY", "short"),
        ("METRICS_TOKEN", "short"),
        ("SENTRY_DSN", "errors.example.com"),
        ("DATABASE_REPLICA_URL", "mysql://host/store"),
        ("DATABASE_REPLICA_LAG_SECONDS", "1"),
        ("NODE_ROLES", "web,database"),
        ("WEB_PROCESSES", "0"),
        ("TRUSTED_PROXY", "everybody"),
    ],
)
def test_a_bad_value_is_refused_in_one_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name}: .+") as refused:
        Settings.from_environment({name: value})
    assert "\n" not in str(refused.value)


def test_a_refusal_does_not_repeat_a_password() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"DATABASE_URL": "mysql://u:hunter2@host/store"})
    assert "hunter2" not in str(refused.value)


def test_alert_urls_are_separated_by_commas_or_spaces() -> None:
    settings = Settings.from_environment({"ALERT_URLS": "mailto://a, https://b"})
    assert settings.alert_urls == ("mailto://a", "https://b")


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"HOST": "0.0.0.0", "PORT": "9000"}, "http://127.0.0.1:9000"),
        ({"HOST": "::1"}, "http://[::1]:8000"),
        ({"PUBLIC_URL": "https://store.example.com/"}, "https://store.example.com"),
    ],
)
def test_links_in_alerts_lead_to_where_people_find_the_store(environment, address):
    assert Settings.from_environment(environment).address == address


def test_a_public_address_is_one_for_a_browser():
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        Settings.from_environment({"PUBLIC_URL": "store.example.com"})


def test_a_node_does_everything_unless_told_its_part():
    assert Settings.from_environment({}).node_roles == ("web", "worker", "scheduler")
    settings = Settings.from_environment({"NODE_ROLES": "scheduler, worker"})
    assert settings.node_roles == ("worker", "scheduler")
