"""Alembic's environment: runs the migrations on the application's own engine."""

from alembic import context
from flask import current_app

from app.database import db


def run_migrations() -> None:
    """Run them in one transaction each, while no second process migrates the same database."""
    with db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=db.metadata, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations verify data and need a database: run them without --sql.")
current_app.logger.debug("migrating")
run_migrations()
