"""Settings from the environment; a bad value stops the start."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from os import environ
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from app.domain.currency import currency_of

Value = TypeVar("Value")

LOG_FORMATS = ("console", "json")
#: What a node may do; a store has all of them, on one machine or on several.
NODE_ROLES = ("web", "worker", "scheduler")
POSTGRESQL_SCHEME = re.compile(r"^postgres(ql)?(\+psycopg)?://")
REDIS_SCHEME = re.compile(r"^(redis|rediss|valkey|unix)://")
TRUE = ("1", "true", "yes", "on")
FALSE = ("0", "false", "no", "off")


class SettingsError(Exception):
    """One line that names the variable and says what it may be."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 8000
    instance_dir: Path = Path("instance")
    database_url: str | None = None
    database_replica_url: str | None = None
    database_replica_lag_seconds: int = 5
    redis_url: str | None = None
    secret_key: str | None = None
    node_roles: tuple[str, ...] = NODE_ROLES
    web_processes: int = 2
    trusted_proxy: str | None = None
    timezone: ZoneInfo = ZoneInfo("UTC")
    currency: str = "GBP"
    demo: bool = True
    demo_password: str | None = None
    hold_minutes: int = 15
    long_reservation_days: int = 7
    alert_urls: tuple[str, ...] = ()
    alert_daily_report: bool = False
    public_url: str | None = None
    log_format: str = "console"
    metrics_token: str | None = None
    sentry_dsn: str | None = None
    rate_limit_token: str = "60000 per minute"
    rate_limit_address: str = "6000 per minute"
    embedded: bool = True
    """The database is the one Holdfast starts itself, not one that DATABASE_URL names."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = environ) -> "Settings":
        read = _Reader(environment)
        database_url = read("DATABASE_URL", _database_url, None)
        # Processes of the embedded store are told its addresses through the same variables.
        embedded = database_url is None or environment.get("HOLDFAST_EMBEDDED") == "1"
        settings = cls(
            host=read("HOST", str, "127.0.0.1"),
            port=read("PORT", _whole_number(1, 65535), 8000),
            instance_dir=read("INSTANCE_DIR", Path, Path("instance")).absolute(),
            database_url=database_url,
            database_replica_url=read("DATABASE_REPLICA_URL", _database_url, None),
            database_replica_lag_seconds=read(
                "DATABASE_REPLICA_LAG_SECONDS", _whole_number(2, 3600), 5
            ),
            redis_url=read("REDIS_URL", _redis_url, None),
            secret_key=read("SECRET_KEY", _secret_key, None),
            node_roles=read("NODE_ROLES", _some_of(NODE_ROLES), NODE_ROLES),
            web_processes=read("WEB_PROCESSES", _whole_number(1, 64), 2),
            trusted_proxy=read("TRUSTED_PROXY", _address, None),
            timezone=read("TIMEZONE", _timezone, ZoneInfo("UTC")),
            currency=read("CURRENCY", _currency, "GBP"),
            demo=read("DEMO", _yes_or_no, embedded),
            demo_password=read("DEMO_PASSWORD", str, None),
            hold_minutes=read("HOLD_MINUTES", _whole_number(1, 7 * 24 * 60), 15),
            long_reservation_days=read("LONG_RESERVATION_DAYS", _whole_number(1, 3650), 7),
            alert_urls=read("ALERT_URLS", _words, ()),
            alert_daily_report=read("ALERT_DAILY_REPORT", _yes_or_no, False),
            public_url=read("PUBLIC_URL", _web_address, None),
            log_format=read("LOG_FORMAT", _one_of(LOG_FORMATS), "console"),
            metrics_token=read("METRICS_TOKEN", _token, None),
            sentry_dsn=read("SENTRY_DSN", _sentry_dsn, None),
            rate_limit_token=read("RATE_LIMIT", _rate_limit, "60000 per minute"),
            rate_limit_address=read("RATE_LIMIT_ADDRESS", _rate_limit, "6000 per minute"),
            embedded=embedded,
        )
        if not embedded and settings.secret_key is None:
            raise SettingsError("SECRET_KEY is required when DATABASE_URL is set")
        return settings

    @property
    def address(self) -> str:
        """Where people find the store: for links in what is sent to them."""
        if self.public_url:
            return self.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    def __call__(
        self, name: str, parse: Callable[[str], Value], default: Value | None
    ) -> Value:  # None only where the field allows it
        text = self.environment.get(name, "").strip()
        if not text:
            return default  # type: ignore[return-value]
        try:
            return parse(text)
        except ValueError as error:
            raise SettingsError(f"{name}: {error}") from None


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return parse


def _one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"{text!r} is not one of: {', '.join(allowed)}")
        return text

    return parse


def _some_of(allowed: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        chosen = set(_words(text))
        if unknown := chosen.difference(allowed):
            raise ValueError(f"{min(unknown)!r} is not one of: {', '.join(allowed)}")
        return tuple(each for each in allowed if each in chosen)

    return parse


def _yes_or_no(text: str) -> bool:
    if text.lower() not in TRUE + FALSE:
        raise ValueError(f"{text!r} is neither 1 nor 0")
    return text.lower() in TRUE


def _timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (LookupError, ValueError, OSError):
        raise ValueError(f"{text!r} is no time zone such as Europe/London") from None


def _currency(text: str) -> str:
    return currency_of(text).code


def _secret_key(text: str) -> str:
    if len(text) < 16:
        raise ValueError("shorter than 16 characters")
    return text


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is no IP address such as 10.0.0.5") from None


def _token(text: str) -> str:
    if not re.fullmatch(r"[!-~]{16,}", text):
        raise ValueError("not 16 or more characters without spaces")
    return text


def _sentry_dsn(text: str) -> str:
    """It holds a key, so no echo."""
    if not re.fullmatch(r"https?://[^@/\s]+@[^/\s]+/\S+", text):
        raise ValueError("not a DSN such as https://KEY@errors.example.com/1")
    return text


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.split(r"[\s,]+", text))


def _rate_limit(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,8} per (second|minute|hour|day)", text):
        raise ValueError(f"{text!r} is no limit such as 600 per minute")
    return text


def _database_url(text: str) -> str:
    """SQLAlchemy takes the driver from the scheme; the value may hold a password, so no echo."""
    if not POSTGRESQL_SCHEME.match(text):
        raise ValueError("not the URL of a PostgreSQL database (postgresql://…)")
    return POSTGRESQL_SCHEME.sub("postgresql+psycopg://", text)


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text):
        raise ValueError(f"{text!r} is no address such as https://store.example.com")
    return text.rstrip("/")


def _redis_url(text: str) -> str:
    if not REDIS_SCHEME.match(text):
        raise ValueError("not the URL of a Redis-protocol server (redis://…)")
    return text
