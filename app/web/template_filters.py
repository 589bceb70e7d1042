"""Template filters and globals: times, money, icons, menu."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import flask_tabler_icons
from flask import Flask, current_app, g, request, url_for
from flask_login import current_user
from markupsafe import Markup
from pydantic.alias_generators import to_camel

from app.domain.accounts.roles import Permission, may
from app.domain.errors import IdempotencyMismatch
from app.domain.inventory.item_lifecycle import EVENTS, ChangeReason
from app.domain.text.written_times import written_day, written_moment
from app.settings import Settings
from app.store_currency import store_currency
from app.web.forms.idempotency import FIELD, made_before
from app.web.forms.page_replay import typed_values

SPRITE = Path(flask_tabler_icons.__file__).parent / "static/tabler_icons/tabler-sprite-nostroke.svg"
PATHS_REMEMBERED = 5_000
LABELS = {
    "PartiallyPaid": "Part paid",
    "InStock": "In stock",
    "InTransit": "In transit",
    "WithCustomer": "With customer",
    "InRepair": "In repair",
    "OpenBox": "Open box",
    "Session": "Cart",
}


@dataclass(frozen=True)
class MenuEntry:
    label: str
    icon: str
    endpoint: str
    permission: Permission


#: An entry shows once its endpoint exists and to whom it is open.
MENU = (
    MenuEntry("Dashboard", "layout-dashboard", "dashboard.index", Permission.ITEM_READ),
    MenuEntry("Inventory", "packages", "items.index", Permission.ITEM_READ),
    MenuEntry("Products", "tags", "products.index", Permission.PRODUCT_READ),
    MenuEntry("Invoices", "file-invoice", "invoices.index", Permission.INVOICE_READ),
    MenuEntry("Reservations", "lock", "reservations.index", Permission.ITEM_READ),
    MenuEntry(
        "Inconsistencies", "stethoscope", "inconsistencies.index", Permission.INCONSISTENCY_READ
    ),
    MenuEntry("Reports", "report-analytics", "reports.index", Permission.REPORT_READ),
    MenuEntry("Jobs", "calendar-repeat", "jobs.index", Permission.JOB_READ),
    MenuEntry("Users", "users", "users.index", Permission.USER_MANAGE),
    MenuEntry("Tokens", "key", "tokens.index", Permission.TOKEN_MANAGE),
)


def register(app: Flask) -> None:
    app.jinja_env.globals.update(
        icon=icon,
        url_for=remembered_url_for,
        menu=menu,
        can=can,
        typed=typed,
        ticked=ticked,
        form_key=form_key,
        typed_left=typed_left,
        refused_form=lambda: g.get("typed_for", ""),
        made_before=made_before,
        field_error=field_error,
        problem_here=lambda: g.get("problem"),
        here=here,
        as_choices=as_choices,
        now=lambda: datetime.now(UTC),
    )
    app.jinja_env.filters.update(
        money=money,
        amount=amount,
        label=label,
        event=event,
        local=local,
        ago=ago,
        iso=iso,
        whole=whole,
        counted=counted,
        with_article=with_article,
        written_day=written_day,
        written_moment=written_moment,
        day=day,
    )


@lru_cache(maxsize=PATHS_REMEMBERED)
def remembered_url_for(endpoint: str, **values: Any) -> str:
    """Flask's, which takes a tenth of the time of a list when it builds each path anew.

    A path depends on nothing but these: the store is at the root of its address, and templates
    name endpoints with their blueprint.
    """
    return url_for(endpoint, **values)


def store_settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def icon(name: str, classes: str = "") -> Markup:
    """One of Tabler's icons as inline SVG; decoration, so hidden from screen readers."""
    return Markup(
        '<svg class="icon {}" width="20" height="20" viewBox="0 0 24 24" fill="none"'
        ' stroke="currentColor" stroke-width="1.75" stroke-linecap="round"'
        ' stroke-linejoin="round" aria-hidden="true" focusable="false">{}</svg>'
    ).format(classes, Markup(_drawing(name)))


@cache
def _drawing(name: str) -> str:
    found = re.search(
        rf'<symbol id="tabler-{re.escape(name)}"[^>]*>(.*?)</symbol>', SPRITE.read_text(), re.S
    )
    if found is None:
        raise LookupError(f"Tabler has no icon {name!r}")
    return found.group(1)


def menu() -> list[tuple[MenuEntry, str, bool]]:
    """The entries this user may open, each with its path and whether it is where they are."""
    return [
        (entry, path := remembered_url_for(entry.endpoint), is_current(path))
        for entry in MENU
        if entry.endpoint in current_app.view_functions and can(entry.permission)
    ]


def is_current(path: str) -> bool:
    return request.path == path or (path != "/" and request.path.startswith(path + "/"))


def can(permission: Permission | str) -> bool:
    return current_user.is_authenticated and may(current_user.role, Permission(permission))


def here() -> str:
    """This page with its filters, for a form to come back to."""
    return request.full_path.removesuffix("?")


def typed(action: str, name: str, default: Any = "") -> Any:
    """What was typed into a field of the form that posts to ``action``, if it was refused.

    Else the ``default``, an amount of money with the decimals of its currency.
    """
    if g.get("typed_for") != action:
        if isinstance(default, Decimal):
            return store_currency().plain(default)
        return "" if default is None else default
    return g.typed.get(name, default)


def ticked(action: str, name: str, value: Any, default: bool = False) -> bool:
    """Whether one of several boxes was ticked in the refused form that posts to ``action``."""
    if g.get("typed_for") != action:
        return default
    return str(value) in g.typed.getlist(name)


def form_key(action: str | None) -> str:
    """The key of a form. One that was not carried out keeps its key, and so counts once."""
    is_back = action is not None and g.get("typed_for") == action
    kept: str | None = g.typed.get(FIELD) if is_back else None
    return kept if kept and g.problem.code != IdempotencyMismatch.code else str(uuid4())


def typed_left() -> list[tuple[str, str]]:
    """What was typed, where the page has no form for it any more."""
    return typed_values(g.typed) if g.get("shows_typed") else []


def field_error(action: str, name: str) -> str | None:
    """What is wrong with a field; services name it as the API does."""
    if g.get("typed_for") != action:
        return None
    errors = g.problem.facts.get("errors", {})
    message: str | None = errors.get(name) or errors.get(to_camel(name))
    return message


def money(amount: Decimal | None) -> str:
    return "–" if amount is None else store_currency().written(amount)


def amount(text: str) -> str:
    """Money that was kept as text."""
    return money(Decimal(text))


def label(value: str | None) -> str:
    return LABELS.get(value, value) if value else "–"


def as_choices(values: list[str]) -> list[tuple[str, str]]:
    """Choices of a select field: values with their words."""
    return [(value, label(value)) for value in values]


def event(reason: str) -> str:
    return EVENTS[ChangeReason(reason)]


def whole(number: int) -> str:
    return f"{number:,}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """'1 unit' or '1,204 units'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def with_article(words: str) -> str:
    """'an open' or 'a paid'."""
    return f"{'an' if words[:1].lower() in 'aeiou' else 'a'} {words}"


def iso(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def local(when: datetime) -> str:
    """The time in the store's zone, as short as it is clear."""
    there, today = _there(when), datetime.now(store_settings().timezone).date()
    if there.date() == today:
        return f"{there:%H:%M}"
    if there.year == today.year:
        return f"{there.day} {there:%b, %H:%M}"
    return f"{written_day(there)}, {there:%H:%M}"


def day(when: datetime) -> str:
    there = _there(when)
    return f"{there:%a} {written_day(there)}"


def _there(when: datetime) -> datetime:
    """In the store's zone; a time at the very end of what a clock can say stays in UTC."""
    try:
        return when.astimezone(store_settings().timezone)
    except OverflowError:
        return when


def ago(when: datetime) -> str:
    """'12 min ago' or 'in 3 h'; static/times.js keeps it true on an open page."""
    distance = when - datetime.now(UTC)
    words = _distance(abs(distance))
    if words == "0 min":
        return "just now"
    return f"in {words}" if distance > timedelta() else f"{words} ago"


def _distance(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} days"
