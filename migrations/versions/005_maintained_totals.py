"""Invoices per status are kept; units of a status are listed by serial number."""

from pathlib import Path

from alembic import op

revision = "005"
down_revision = "004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "005_maintained_totals.sql"
    op.get_bind().connection.driver_connection.execute(sql.read_text())


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the migration.")
