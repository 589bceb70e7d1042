"""A search knows which products' serial numbers can have a word."""

from pathlib import Path

from alembic import op

revision = "015"
down_revision = "014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "015_serial_pairs.sql"
    op.get_bind().connection.driver_connection.execute(sql.read_text())


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the migration.")
