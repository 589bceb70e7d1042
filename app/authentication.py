"""Who is it? The signed-in user of a request, from the session cookie."""

from flask import Flask, session
from flask_login import current_user, login_user, logout_user

from app.extensions import login_manager
from app.queries.users import SignedInUser, find_signed_in_user


def register(app: Flask) -> None:
    # The reason is beside the log-in form, and 401 is answered by error_responses.
    login_manager.login_message = None
    login_manager.session_protection = None
    login_manager.user_loader(load_user)


def load_user(session_id: str) -> SignedInUser | None:
    """None for who was switched off, or whose password has changed since."""
    user_id, _, _ = session_id.partition(".")
    user = find_signed_in_user(user_id)
    return user if user and user.get_id() == session_id else None


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
