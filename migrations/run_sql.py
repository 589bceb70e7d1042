"""What the files in versions/ share: running their SQL, and refusing to go back."""

from collections.abc import Callable
from pathlib import Path

from alembic import op

SQL = Path(__file__).parent / "sql"
RESTORE = "Restore the backup that was made before the migration."


def run_sql(version_file: str, *names: str) -> None:
    """Run the file in sql/ that is named like the version, or those that are named."""
    # The driver's own connection takes several statements at once and no placeholders.
    connection = op.get_bind().connection.driver_connection
    for name in names or [Path(version_file).stem]:
        connection.execute((SQL / f"{name}.sql").read_text())


def refuse_downgrade(reason: str = RESTORE) -> Callable[[], None]:
    """A version's `downgrade`: nothing that a migration added can be taken back."""

    def downgrade() -> None:
        raise NotImplementedError(reason)

    return downgrade
