"""The database session and `@transactional`, the only place that commits."""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from time import perf_counter
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import psycopg
from flask import Flask, current_app, g
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import Connection, Engine, MetaData
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import DeclarativeBase, registry
from tenacity import RetryCallState, Retrying, wait_random_exponential

from app.database.disk_space import DiskSpace, of_embedded_store
from app.domain.currency import currency_of
from app.domain.errors import DatabaseAway, ItemBusy, NoSpace, OutcomeUnknown
from app.observability.metrics import count_retry
from app.observability.query_timing import TimedCursor, record_query
from app.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

#: Seconds. Lock < statement, idle in transaction < transaction; a dead client's lock must not
#: outlive it for long.
CONNECTION_OPTIONS = (
    "-c lock_timeout=2s -c statement_timeout=5s -c idle_in_transaction_session_timeout=5s"
    " -c transaction_timeout=10s -c client_connection_check_interval=1s -c timezone=UTC"
    " -c application_name=holdfast -c default_transaction_read_only=on"
)
#: A plan made once for any ids: planning cost as much as doing. In one round trip.
BEGIN = "BEGIN READ WRITE; SET LOCAL plan_cache_mode = force_generic_plan"
WITHOUT_TIME_LIMITS = (
    "SET LOCAL statement_timeout = 0; SET LOCAL transaction_timeout = 0;"
    " SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL lock_timeout = '30s'"
)
#: A request for thousands of units is one statement of many rows: longer on a busy machine than
#: the connection's limits allow. A running transaction timer is only replaced by way of 0.
LARGE_CHANGE_ROWS = 1000
TIME_FOR_LARGE_CHANGE = (
    "SET LOCAL statement_timeout = '60s'; SET LOCAL transaction_timeout = 0;"
    " SET LOCAL transaction_timeout = '90s'"
)
BEGIN_WITHOUT_TIME_LIMITS = f"BEGIN READ WRITE; {WITHOUT_TIME_LIMITS}"
#: Seconds, and for the last one milliseconds: a server whose network is cut says nothing. Its
#: kernel answers for it while it works, so a long statement is none of these.
KEEPALIVE_OPTIONS = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
#: A replica is given up sooner, since there is another to ask.
REPLICA_SIGNS_OF_LIFE = {
    "connect_timeout": 2,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 2000,
}
#: SQLSTATE -> how often the whole transaction is tried.
ATTEMPTS = {"40001": 5, "40P01": 5, "55P03": 2}
ATTEMPTS_ON_LOST_CONNECTION = 3
RETRY_WAIT_SECONDS_FIRST = 0.01
RETRY_WAIT_SECONDS_MAX = 0.2
#: The bind of a replica, where there is one.
REPLICA = "replica"
DISK = "disk_space"
DISK_FULL = "53100"

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_name)s",
}


class Base(DeclarativeBase):
    registry = registry(metadata=MetaData(naming_convention=NAMING))


class StoreSession(Session):
    """Reads from the engine that is ``g.replica`` when it begins, if there is one.

    A service's transaction never does. ``g`` lasts as long as an answer that is streamed.
    """

    def __init__(self, db: SQLAlchemy, **options: Any) -> None:
        super().__init__(db, **options)
        self._replica: Engine | None = g.get(REPLICA)

    def get_bind(self, *arguments: Any, **named: Any) -> Engine | Connection:
        if self._replica is None or _in_transaction.get():
            return super().get_bind(*arguments, **named)
        return self._replica


db = SQLAlchemy(
    model_class=Base,
    session_options={"class_": StoreSession, "expire_on_commit": False, "autoflush": False},
)
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

#: Told of every error of the database that ended a transaction, once that is rolled back.
on_transaction_error: list[Callable[[DBAPIError], None]] = []

_in_transaction: ContextVar[bool] = ContextVar("inside a transaction", default=False)
_after_commit: ContextVar[list[Callable[[], None]]] = ContextVar("to do once it is committed")
#: What a transaction was begun on: asking the session each time costs.
_transaction_connection: ContextVar[psycopg.Connection[tuple[Any, ...]] | None] = ContextVar(
    "the connection of the transaction", default=None
)
_unhurried: ContextVar[bool] = ContextVar("without time limits", default=False)


class PendingChanges(RuntimeError):
    """The session holds unsaved objects that nobody could account for."""


def configure_database(app: Flask, settings: Settings) -> None:
    """Bind ``db`` to the store's PostgreSQL, and to its replica if it has one."""
    options = (
        f"{CONNECTION_OPTIONS} -c holdfast.hold_minutes={settings.hold_minutes}"
        f" -c holdfast.long_reservation_days={settings.long_reservation_days}"
        f" -c holdfast.currency={settings.currency}"
        f" -c holdfast.currency_decimals={currency_of(settings.currency).decimals}"
    )
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = ENGINE_OPTIONS | {
        "connect_args": KEEPALIVE_OPTIONS | {"options": options, "cursor_factory": TimedCursor}
    }
    if settings.database_replica_url:
        replica = {
            "url": settings.database_replica_url,
            "connect_args": REPLICA_SIGNS_OF_LIFE
            | {"options": options, "cursor_factory": TimedCursor},
        }
        app.config["SQLALCHEMY_BINDS"] = {REPLICA: ENGINE_OPTIONS | replica}
    embedded = settings.embedded and settings.database_url is not None
    app.extensions[DISK] = (
        of_embedded_store(settings.instance_dir) if embedded else DiskSpace(folders=())
    )
    db.init_app(app)
    app.teardown_appcontext(lambda _: _abandon())  # before the extension's own, which would raise


def refuse_dead_connection(connection: psycopg.Connection, *_: object) -> None:
    """Have the pool replace a connection that its server has closed.

    An idle server says nothing, so a socket with something to read has been closed or told off.
    Looking costs nothing; asking, as ``pool_pre_ping`` does, costs a round trip every time.
    """
    readable = select.poll()
    readable.register(connection.fileno(), select.POLLIN)
    if readable.poll(0):
        raise DisconnectionError


#: Of every engine, the replica's as well.
ENGINE_OPTIONS: dict[str, Any] = {
    "pool_size": 10,
    "max_overflow": 10,
    "pool_timeout": 5,
    "pool_events": [(refuse_dead_connection, "checkout")],
    # A page reads without BEGIN and ROLLBACK, and cannot write; `transactional` begins by itself.
    "isolation_level": "AUTOCOMMIT",
}


@contextmanager
def without_time_limits() -> Iterator[None]:
    """For jobs and imports: transactions in here have no time limit, and wait for locks longer."""
    token = _unhurried.set(True)
    try:
        yield
    finally:
        _unhurried.reset(token)


def transactional(method: Callable[P, R]) -> Callable[P, R]:
    """Make ``method`` a transaction of its own, or a part of the one it is called in.

    The outermost call begins, commits, rolls back and retries: the whole of it, so it must take
    ids and values only. Raises ItemBusy when others hold the rows for too long, DatabaseAway when
    the database does not answer, OutcomeUnknown when the connection broke during COMMIT.
    """

    @wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if _in_transaction.get():
            return method(*args, **kwargs)
        _refuse_pending_changes()
        token = _in_transaction.set(True)
        try:
            return RETRYING(lambda: _attempt(lambda: method(*args, **kwargs)))
        except DBAPIError as error:
            failure = error
        finally:
            _in_transaction.reset(token)
        for watch in on_transaction_error:
            watch(failure)
        raise _as_refusal(failure) from failure

    return wrapper


def inside_transaction() -> bool:
    return _in_transaction.get()


def disk_is_full() -> bool:
    """Whether there is too little room left to change anything."""
    disk: DiskSpace = current_app.extensions[DISK]
    return disk.is_short()


def driver_connection() -> psycopg.Connection[tuple[Any, ...]]:
    """The driver's connection that the session works on."""
    begun = _transaction_connection.get()
    if begun is not None:
        return begun
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def as_dbapi_error(error: psycopg.Error, statement: str) -> DBAPIError:
    """What SQLAlchemy would have raised for the driver's ``error``."""
    made = DBAPIError.instance(statement, None, error, psycopg.Error)
    assert isinstance(made, DBAPIError)  # as it is for every error of the driver's
    return made


def after_commit(act: Callable[[], None]) -> None:
    """Do ``act`` when the transaction at hand is committed for certain, and never otherwise."""
    _after_commit.get().append(act)


def sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's five-letter error code; none for a connection that is gone."""
    return getattr(error.orig, "sqlstate", None)


def constraint_name(error: DBAPIError) -> str | None:
    """Which constraint or index refused the row."""
    diagnostic = getattr(error.orig, "diag", None)
    return getattr(diagnostic, "constraint_name", None)


def _refuse_pending_changes() -> None:
    if db.session.new or db.session.dirty or db.session.deleted:
        raise PendingChanges("Changes outside of a service method would be lost; use a service.")


def _attempt(work: Callable[[], R]) -> R:
    # What was read before any lock does not count; the connection it was read on will do.
    db.session.expunge_all()
    then: list[Callable[[], None]] = []
    _after_commit.set(then)
    try:
        connection = _begin()
        _transaction_connection.set(connection)
        result = work()
        db.session.flush()
    except BaseException:
        _abandon()
        raise
    finally:
        _transaction_connection.set(None)
    _commit(connection)
    for act in then:
        act()
    return result


def _begin() -> psycopg.Connection[tuple[Any, ...]]:
    # Reads need no transaction, so the driver begins none; the session does not know of this one,
    # but its commit and its rollback end it.
    if disk_is_full():
        raise NoSpace
    return _command(BEGIN_WITHOUT_TIME_LIMITS if _unhurried.get() else BEGIN)


def _command(statements: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Several statements in one round trip; the connection they were sent on."""
    connection = driver_connection()
    try:
        connection.execute(statements, prepare=False)
    except psycopg.Error as error:
        raise as_dbapi_error(error, statements) from error
    return connection


def _commit(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    began = perf_counter()
    try:
        connection.commit()
    except psycopg.Error as error:
        failure = as_dbapi_error(error, "COMMIT")
        if connection_lost(failure):
            raise OutcomeUnknown from failure
        raise failure from error
    finally:
        record_query(perf_counter() - began)
        _abandon()


def _abandon() -> None:
    # Rolling back on a dead connection fails, too; what went wrong first is what counts.
    with suppress(DBAPIError):
        db.session.close()


def lift_time_limits() -> None:
    """Let the transaction that the session is in take as long as it needs."""
    _command(WITHOUT_TIME_LIMITS)


def allow_time_for(rows: int) -> None:
    """Raise the time limits of this transaction if it changes many rows."""
    if rows > LARGE_CHANGE_ROWS and not _unhurried.get():
        _command(TIME_FOR_LARGE_CHANGE)


def _count_retry(state: RetryCallState) -> None:
    error = _error(state)
    if isinstance(error, DBAPIError):
        count_retry(None if connection_lost(error) else sqlstate(error))


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _attempts(error: BaseException | None) -> int:
    if not isinstance(error, DBAPIError):
        return 1
    if connection_lost(error):
        return ATTEMPTS_ON_LOST_CONNECTION
    return ATTEMPTS.get(sqlstate(error) or "", 1)


def connection_lost(error: DBAPIError) -> bool:
    """Whether the server ended the session, or the line to it is gone."""
    # psycopg gives no SQLSTATE for a lost connection; an ended backend says 57P01 to 57P03,
    # one that idled or worked too long in its transaction 25P03 or 25P04.
    state = sqlstate(error)
    if state is None:
        return error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError)
    return state in {"57P01", "57P02", "57P03", "25P03", "25P04"} or state.startswith("08")


def _as_refusal(error: DBAPIError) -> Exception:
    state = sqlstate(error)
    if state in ATTEMPTS:
        return ItemBusy()
    if state == DISK_FULL:
        return NoSpace()
    if state == "57014" or connection_lost(error):
        return DatabaseAway()
    return error


RETRYING = Retrying(
    retry=lambda state: isinstance(_error(state), DBAPIError),
    stop=lambda state: state.attempt_number >= _attempts(_error(state)),
    wait=wait_random_exponential(RETRY_WAIT_SECONDS_FIRST, RETRY_WAIT_SECONDS_MAX),
    before_sleep=_count_retry,
    reraise=True,
)
