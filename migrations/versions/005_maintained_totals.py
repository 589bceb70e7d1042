"""Invoices per status are kept; units of a status are listed by serial number."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "005"
down_revision = "004"
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
