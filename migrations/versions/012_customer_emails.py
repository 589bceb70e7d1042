"""One e-mail address, one customer."""

import logging

from alembic import op

from migrations.run_sql import refuse_downgrade, run_sql

revision = "012"
down_revision = "011"
downgrade = refuse_downgrade()

SHOWN_MAX = 20


def upgrade() -> None:
    connection = op.get_bind().connection.driver_connection
    run_sql(__file__)
    rows = connection.execute(
        """SELECT c.name, c.former_email, k.name FROM customers c
        JOIN customers k ON fold_text(k.email) = fold_text(c.former_email)
        WHERE c.former_email IS NOT NULL ORDER BY c.id"""
    ).fetchall()
    for name, email, keeper in rows[:SHOWN_MAX]:
        _tell(f"{email} stays with the customer {keeper}; {name} has it as a former address now.")
    if len(rows) > SHOWN_MAX:
        _tell(f"So it is with {len(rows) - SHOWN_MAX} more: see former_email of customers.")


def _tell(words: str) -> None:
    logging.getLogger("alembic.runtime.migration").warning(words)
