"""A serial number typed wrong at receiving can be corrected, and that is kept."""

from pathlib import Path

from alembic import op

revision = "013"
down_revision = "012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "013_serial_corrections.sql"
    op.get_bind().connection.driver_connection.execute(sql.read_text())


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the migration.")
