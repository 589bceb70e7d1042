"""Units are searched and sorted by one narrow table."""

from pathlib import Path

from alembic import op

revision = "011"
down_revision = "010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "011_search_order.sql"
    op.get_bind().connection.driver_connection.execute(sql.read_text())


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the migration.")
