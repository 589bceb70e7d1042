"""Serial numbers: unique without regard to case, sorted as people count, found by any part.

Barcodes and users' addresses that the new rules take for the same are refused with a list of
them; units keep their serial numbers, whatever they are (see the SQL).
"""

from alembic import op

from migrations.run_sql import refuse_downgrade, run_sql

revision = "009"
down_revision = "008"
downgrade = refuse_downgrade()

OBSTACLES = {
    "one barcode on several products (change or empty it on all but one)": """
        SELECT string_agg(sku || ' has ' || barcode, ', ' ORDER BY id) FROM products
        WHERE barcode IS NOT NULL GROUP BY barcode_key(barcode) HAVING count(*) > 1""",
    "one e-mail address of several users (change it of all but one)": """
        SELECT string_agg(email, ', ' ORDER BY id) FROM users
        GROUP BY fold_text(email) HAVING count(*) > 1""",
}
SHOWN_MAX = 20


class CannotMigrate(Exception):
    """The store's data contradicts the new rules; the message lists where."""


def upgrade() -> None:
    connection = op.get_bind().connection.driver_connection
    findings = []
    for what, question in OBSTACLES.items():
        rows = connection.execute(f"{question} LIMIT {SHOWN_MAX + 1}").fetchall()
        findings += [f"  {what}: {row[0]}" for row in rows[:SHOWN_MAX]]
        findings += ["  … and more"] if len(rows) > SHOWN_MAX else []
    if findings:
        raise CannotMigrate("\n".join(["Nothing was changed. In the store there is:", *findings]))
    run_sql(__file__)
