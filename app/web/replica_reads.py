"""Sends reads of MAY_LAG routes to the replica, else to the primary."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Response, g, request
from flask_login import current_user
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.database.replica.lag import Freshness
from app.database.replica.recent_writers import OwnWrites, connect
from app.database.transactions import REPLICA, db
from app.domain.errors import NotFound
from app.settings import Settings
from app.web.replica_routes import MAY_LAG, refuse_all_but_reads

View = Callable[..., Any]
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def register(app: Flask, settings: Settings) -> None:
    """After all blueprints, and after the check of permissions. Nothing without a replica."""
    refuse_all_but_reads(app)
    if not settings.database_replica_url:
        return
    lag_seconds_max = settings.database_replica_lag_seconds
    with app.app_context():
        freshness = Freshness(db.engine, db.engines[REPLICA], lag_seconds_max)
    own_writes = OwnWrites(connect(settings.redis_url), lag_seconds_max)
    for endpoint in MAY_LAG:
        view = app.view_functions[endpoint]
        app.view_functions[endpoint] = from_replica(view, freshness, own_writes)
    app.before_request(note_writer)
    app.after_request(lambda response: remember_writer(response, own_writes))


def note_writer() -> None:
    """Before it writes: should that fail, nobody may know any more who it was."""
    if request.method not in SAFE_METHODS and current_user.is_authenticated:
        g.writer_id = current_user.id


def remember_writer(response: Response, own_writes: OwnWrites) -> Response:
    # Refused or not: an answer that says 'unknown' may have been a commit.
    if "writer_id" in g:
        own_writes.note(g.writer_id)
    return response


def from_replica(view: View, freshness: Freshness, own_writes: OwnWrites) -> View:
    """``view``, on the replica if that will do; once more on the primary if it fails there."""

    @wraps(view)
    def respond(**values: Any) -> Any:
        # A refused form shows its page again, within the request that was refused.
        if "writer_id" in g or own_writes.may_be_missing(current_user.id):
            return view(**values)
        if not freshness.is_fresh():
            return view(**values)
        _read_from(freshness.replica)
        try:
            return view(**values)
        except NotFound:
            pass  # made a moment ago, it may be
        except SQLAlchemyError as error:
            freshness.rest(error)
        _read_from(None)
        return view(**values)

    return respond


def _read_from(replica: Engine | None) -> None:
    g.replica = replica
    # The next one begins there; this one's connection goes back to its pool.
    db.session.remove()
