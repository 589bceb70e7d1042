"""A serial number typed wrong at receiving can be corrected, and that is kept."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "013"
down_revision = "012"
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
