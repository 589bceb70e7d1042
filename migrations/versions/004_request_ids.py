"""Runs of background work know the request that asked for them."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "004"
down_revision = "003"
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
