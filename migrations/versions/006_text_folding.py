"""One way to compare texts: without regard to case, form, accents in searches, leading zeros."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "006"
down_revision = "005"
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
