"""Carts are rows that belong to a user; holds that exist get theirs."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "010"
down_revision = "009"
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
