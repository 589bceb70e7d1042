"""Checks the permission that each route declares, before every request."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask_login import current_user
from werkzeug.exceptions import Forbidden, Unauthorized

from app.domain.accounts.roles import Permission, least_role_with, may

View = TypeVar("View", bound=Callable[..., Any])


class UndeclaredRoute(RuntimeError):
    """A route that anybody could reach because nobody said who may."""


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare who may use a route. ``Permission.PUBLIC`` asks for no log-in."""

    def declare(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return declare


def permission_of(app: Flask, endpoint: str) -> Permission | None:
    if endpoint == "static" or endpoint.endswith(".static"):
        return Permission.PUBLIC
    return getattr(app.view_functions.get(endpoint), "permission", None)


def register(app: Flask) -> None:
    app.before_request(check_permission)


def refuse_undeclared_routes(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if permission_of(app, rule.endpoint) is None:
            raise UndeclaredRoute(
                f"{rule.rule} ({rule.endpoint}) declares no permission:"
                " put @requires(Permission.…) on its view function"
            )


def check_permission() -> None:
    """401 for a stranger, 403 for a role that may not. An unknown path stays a 404."""
    if request.endpoint is None:
        return
    permission = permission_of(current_app, request.endpoint)
    if permission is Permission.PUBLIC:
        return
    if not current_user.is_authenticated:
        raise Unauthorized
    require(permission)


def require(permission: Permission | None) -> None:
    """403 unless the user's role, and the scopes of their token, have ``permission``."""
    if permission is None or not may(current_user.role, permission):
        raise Forbidden(who_may(permission))
    if scope := current_user.lacks_scope(permission):
        raise Forbidden(f"This token does not reach that far: it lacks the scope {scope}.")


def who_may(permission: Permission | None) -> str:
    if permission is None:
        return "Nobody may do this."
    role = least_role_with(permission).value
    return f"This needs the role {role}; you are signed in as {current_user.role}."
