"""Numbers invoices and records numbers that a crash used up."""

from uuid import UUID

from sqlalchemy import text

from app.database.driver import fetch_rows
from app.database.transactions import db, transactional

#: A look at more numbers than this at once is left to the next one.
NUMBERS_PER_LOOK = 100_000


def number_invoice(invoice_id: UUID) -> str:
    """Give a new invoice its number. Only when nothing of its transaction can be refused any more:
    a number that was drawn is used up, whatever becomes of the transaction.
    """
    ((number,),) = fetch_rows("SELECT number_invoice(:id)", {"id": invoice_id})
    return str(number)


@transactional
def note_void_numbers() -> int:
    """Put on record which numbers no invoice will ever have; returns how many were new.

    A number that a running transaction may still use is left for the next look.
    """
    # The look comes first: this transaction's own id would count as one that is running.
    look = db.session.execute(text("SELECT * FROM decide_invoice_numbers()")).one()
    through = min(look.decided, look.looked_through + NUMBERS_PER_LOOK)
    found = db.session.execute(
        text("""WITH watch AS (
                UPDATE invoice_number_watch SET
                    looked_through = greatest(looked_through, :through),
                    seen_through = greatest(seen_through, :drawn),
                    seen_before = CAST(:before AS xid8))
            INSERT INTO void_invoice_numbers (number, drawn_after, drawn_before)
            SELECT * FROM missing_invoice_numbers(:low, :through)
            ON CONFLICT DO NOTHING RETURNING number"""),
        {
            "low": look.looked_through + 1,
            "through": through,
            "drawn": look.drawn,
            "before": str(look.before),
        },
    )
    return len(found.all())
