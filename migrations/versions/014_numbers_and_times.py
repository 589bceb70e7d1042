"""Amounts are numbers, and times lie between 1970 and 2100."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "014"
down_revision = "013"
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
