"""Where a unit is limits what may happen to it."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "007"
down_revision = "006"
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
