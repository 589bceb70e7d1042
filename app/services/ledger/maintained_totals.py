"""Compacts the append-only rows of the maintained totals."""

from sqlalchemy import text

from app.database.transactions import db, transactional


@transactional
def compact_totals() -> None:
    """Replace rows of the same kind by their sum; readers see the one or the other.

    Only one process folds at a time; another one leaves it to that.
    """
    if not db.session.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtext('holdfast.compact_totals'))")
    ):
        return
    db.session.execute(
        text("""
            WITH scattered AS (
                SELECT DISTINCT product_id FROM stock_tallies
                GROUP BY product_id, warehouse_id, inventory_status HAVING count(*) > 1),
            old AS (DELETE FROM stock_tallies WHERE product_id IN (TABLE scattered) RETURNING *)
            INSERT INTO stock_tallies (product_id, warehouse_id, inventory_status, quantity)
            SELECT product_id, warehouse_id, inventory_status, sum(quantity) FROM old
            GROUP BY product_id, warehouse_id, inventory_status HAVING sum(quantity) <> 0""")
    )
    db.session.execute(
        text("""
            WITH scattered AS (
                SELECT DISTINCT minute FROM transition_tallies
                GROUP BY minute, from_status, to_status, change_reason HAVING count(*) > 1),
            old AS (DELETE FROM transition_tallies WHERE minute IN (TABLE scattered) RETURNING *)
            INSERT INTO transition_tallies
                (minute, from_status, to_status, change_reason, quantity)
            SELECT minute, from_status, to_status, change_reason, sum(quantity) FROM old
            GROUP BY minute, from_status, to_status, change_reason""")
    )
    db.session.execute(
        text("""
            WITH scattered AS (SELECT status FROM invoice_tallies GROUP BY 1 HAVING count(*) > 1),
            old AS (DELETE FROM invoice_tallies WHERE status IN (TABLE scattered) RETURNING *)
            INSERT INTO invoice_tallies (status, quantity)
            SELECT status, sum(quantity) FROM old GROUP BY 1 HAVING sum(quantity) <> 0""")
    )
