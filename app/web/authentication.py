"""The user of a request, from the session cookie or a bearer token."""

from flask import Flask, Request, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import current_user, login_user, logout_user

from app.queries.accounts.api_tokens import Bearer, find_bearer
from app.queries.accounts.users import SignedInUser, find_signed_in_user
from app.web.extensions import login_manager

API = "/api/"


class CookieSessions(SecureCookieSessionInterface):
    """The browser's session; a request that names its token has none, and no cookie to look at."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if brings_credentials(request):
            return self.session_class()
        return super().open_session(app, request)


def register(app: Flask) -> None:
    app.session_interface = CookieSessions()
    # The reason is beside the log-in form, and 401 is answered by error_responses.
    login_manager.login_message = None
    login_manager.session_protection = None
    login_manager.user_loader(load_user)
    login_manager.request_loader(load_bearer)


def load_user(session_id: str) -> SignedInUser | None:
    """None for who was switched off, or whose password has changed since."""
    if brings_credentials(request):
        return None  # a request that names its token is that token's, whoever is signed in
    user_id, _, _ = session_id.partition(".")
    user = find_signed_in_user(user_id)
    return user if user and user.get_id() == session_id else None


def load_bearer(request: Request) -> Bearer | None:
    """None for a token that is unknown, revoked or expired, and for everything but the API."""
    authorization = request.authorization if brings_credentials(request) else None
    if authorization is None or authorization.type != "bearer" or not authorization.token:
        return None
    return find_bearer(authorization.token)


def brings_credentials(request: Request) -> bool:
    return request.path.startswith(API) and "Authorization" in request.headers


def sign_in(user: SignedInUser) -> None:
    session.clear()
    session.permanent = True
    login_user(user)


def sign_out() -> None:
    logout_user()
    session.clear()


def signed_in_user() -> SignedInUser:
    """The user of this request; only for routes that ask for a log-in."""
    user = current_user._get_current_object()
    assert isinstance(user, SignedInUser)
    return user
