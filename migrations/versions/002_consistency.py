"""Give findings of the consistency check a life, and let a correction swap a line's unit."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = "002"
down_revision = "001"
downgrade = refuse_downgrade("What was found and settled cannot be forgotten.")


def upgrade() -> None:
    run_sql(__file__)
