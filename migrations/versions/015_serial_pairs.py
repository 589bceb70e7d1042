"""A search knows which products' serial numbers can have a word."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "015"
down_revision = "014"
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
