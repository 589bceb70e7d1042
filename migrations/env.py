"""Alembic's environment: runs the migrations on the application's own engine."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from app.database.transactions import db

LIMITS = ("statement_timeout", "transaction_timeout", "idle_in_transaction_session_timeout")


def run_migrations() -> None:
    """Run each migration in a transaction; a second process waits until this one is through."""
    # The store's engine neither begins nor writes by itself.
    engine = db.engine.execution_options(isolation_level="READ COMMITTED")
    with engine.connect() as connection:
        prepare(connection)
        context.configure(
            connection=connection, target_metadata=db.metadata, transaction_per_migration=True
        )
        with context.begin_transaction():
            context.run_migrations()
        # Its limits and its lock are not for the next user of this connection.
        connection.invalidate()


def prepare(connection: Connection) -> None:
    """A filled old shop takes longer than any request may."""
    for limit in (*LIMITS, "lock_timeout"):
        connection.exec_driver_sql(f"SET {limit} = 0")
    connection.exec_driver_sql("SET default_transaction_read_only = off")
    connection.exec_driver_sql("SELECT pg_advisory_lock(hashtext('holdfast.migrate'))")
    connection.commit()


if context.is_offline_mode():
    raise SystemExit("Migrations verify data and need a database: run them without --sql.")
current_app.logger.debug("migrating")
run_migrations()
