"""Every route as everybody, taken from the routes themselves."""

from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.domain.accounts.roles import Permission, Role, may
from app.web.authorization import UndeclaredRoute, permission_of, refuse_undeclared_routes, requires
from tests.support.browser import path_of
from tests.support.shop import Shop

PEOPLE = ("stranger", *Role)


def requests_of(app: Flask) -> list[tuple[str, str, Permission]]:
    """(method, path, permission) of every route, its ids made up."""
    return [
        (method, path_for(app, rule), permission_of(app, rule.endpoint))
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.endswith("static")
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def path_for(app: Flask, rule: Rule) -> str:
    made_up = {"UUIDConverter": uuid4(), "IntegerConverter": 1, "DateConverter": "2026-01-01"}
    values = {
        name: made_up.get(type(converter).__name__, "x")
        for name, converter in rule._converters.items()
    }
    return app.url_map.bind("localhost").build(rule.endpoint, values)


def is_asked_to_log_in(response) -> bool:
    return response.status_code == 302 and path_of(response).startswith("/login")


@pytest.mark.parametrize("person", PEOPLE)
def test_every_route_is_open_to_whom_it_says_and_to_nobody_else(
    shop: Shop, as_role, person: str
) -> None:
    browser = as_role(person)
    for method, path, permission in requests_of(shop.app):
        response = browser.open(method, path)
        said = f"{method} {path} as {person}: {response.status}"
        if permission is Permission.PUBLIC:
            assert response.status_code not in (401, 403), said
        elif person == "stranger":
            assert is_asked_to_log_in(response) or response.status_code == 401, said
        elif may(person, permission):
            assert response.status_code not in (401, 403), said
            assert not is_asked_to_log_in(response), said
        else:
            assert response.status_code == 403, said


def test_only_what_a_stranger_needs_is_public(shop: Shop) -> None:
    public = {path for _, path, permission in requests_of(shop.app) if permission == "public"}
    assert public == {"/login", "/healthz", "/readyz", "/metrics", "/api/docs", "/api/openapi.json"}


def test_a_route_that_declares_no_permission_stops_the_start() -> None:
    app = Flask("undeclared", static_folder=None)
    app.add_url_rule("/open", view_func=requires(Permission.PUBLIC)(lambda: "open"))
    refuse_undeclared_routes(app)
    app.add_url_rule("/secret", "secret", lambda: "nobody thought of this one")
    with pytest.raises(UndeclaredRoute, match="/secret"):
        refuse_undeclared_routes(app)


@pytest.mark.parametrize("person", Role)
def test_the_menu_leads_only_where_one_may_go(as_role, person: str) -> None:
    browser = as_role(person)
    menu = browser.get("/").text.split('class="menu-list"')[1].split("</ul>")[0]
    paths = [piece.split('"')[0] for piece in menu.split('href="')[1:]]
    assert "/inventory" in paths
    assert {path: browser.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
