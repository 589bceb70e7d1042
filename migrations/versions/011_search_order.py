"""Units are searched and sorted by one narrow table."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "011"
down_revision = "010"
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
