"""${message}."""

from migrations.run_sql import refuse_downgrade, run_sql

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
downgrade = refuse_downgrade()


def upgrade() -> None:
    run_sql(__file__)
