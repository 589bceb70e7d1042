"""Runs of background work that can wait and be taken up again; alerts by channel."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "003"
down_revision = "002"
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
