"""One way to compare texts: without regard to case, form, accents in searches, leading zeros."""

from pathlib import Path

from alembic import op

revision = "006"
down_revision = "005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "006_text_folding.sql"
    op.get_bind().connection.driver_connection.execute(sql.read_text())


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the migration.")
