"""Deletes old carts that are closed."""

from app.database.driver import execute
from app.database.transactions import transactional

KEPT_DAYS = 30
FORGET_BATCH = 1000


@transactional
def forget_old_carts(limit: int = FORGET_BATCH) -> int:
    """Forget up to ``limit`` carts that were over KEPT_DAYS ago; returns how many there were.

    Over is a cart that became an invoice or was given up, and an API client's that holds nothing
    and was not used since. A cart of the page that is open or put aside stays.
    """
    return execute(
        """
        WITH old AS MATERIALIZED (
            SELECT c.id FROM carts c
            WHERE c.id < uuidv7(make_interval(days => -:days))
                AND (NOT c.on_page
                    OR c.closed_at < clock_timestamp() - make_interval(days => :days))
                AND NOT EXISTS (SELECT FROM items
                    WHERE reserved_for_type = 'Session' AND reserved_for_id = c.session_id)
                AND NOT EXISTS (SELECT FROM inventory_status_history h
                    WHERE h.reference_id = c.session_id
                        AND h.id > uuidv7(make_interval(days => -:days)))
            ORDER BY c.id LIMIT :limit FOR UPDATE SKIP LOCKED),
        lines AS (DELETE FROM cart_lines WHERE cart_id IN (SELECT id FROM old))
        DELETE FROM carts WHERE id IN (SELECT id FROM old)""",
        {"days": KEPT_DAYS, "limit": limit},
    )
