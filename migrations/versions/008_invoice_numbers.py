"""An invoice's number is drawn last; those that were used up are void."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "008"
down_revision = "007"
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
