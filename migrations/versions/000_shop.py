"""The shop as it was before the lifecycle."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "000"
down_revision = None
downgrade = refuse_downgrade("There is nothing before the shop. Drop the database instead.")


def upgrade() -> None:
    run_sql(__file__)
