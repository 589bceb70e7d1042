"""Checks the number of decimals of amounts against the database's rule.

Amounts are kept with two. Where the store's currency has fewer, constraints refuse what does not
fit it, whoever writes it.
"""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.database.transactions import constraint_name, db, transactional
from app.domain.currency import DECIMALS_MAX, Currency

AMOUNTS = (
    ("products", "price"),
    ("invoice_items", "unit_price"),
    ("payments", "amount"),
    ("cart_lines", "unit_price"),
)


class AmountsDoNotFit(Exception):
    """The amounts in the store are in another currency; the text says what to do."""


@transactional
def refuse_other_decimals(currency: Currency) -> None:
    """Have the database refuse amounts that do not fit; AmountsDoNotFit if it has some already."""
    wanted, found = dict(_constraints(currency)), _found()
    if wanted.keys() == found:
        return
    try:
        for name in [*found - wanted.keys()]:
            table = next(table for table, column in AMOUNTS if name.startswith(f"ck_{table}_"))
            db.session.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        for name in wanted.keys() - found:
            db.session.execute(text(wanted[name]))
    except IntegrityError as error:
        raise AmountsDoNotFit(
            f"CURRENCY is {currency.code}, which has {currency.decimals or 'no'} decimals, but "
            f"this store has amounts with decimals ({_where(error)}). "
            "Start it with the currency that they are in."
        ) from error


def other_decimals(currency: Currency) -> bool:
    """Whether the store was last started with a currency of other decimals."""
    return dict(_constraints(currency)).keys() != _found()


def _constraints(currency: Currency) -> Iterator[tuple[str, str]]:
    if currency.decimals == DECIMALS_MAX:
        return
    for table, column in AMOUNTS:
        name = f"ck_{table}_{column}_{currency.decimals}_decimals"
        check = f"CHECK ({column} = round({column}, {currency.decimals}))"
        yield name, f"ALTER TABLE {table} ADD CONSTRAINT {name} {check}"


def _where(error: IntegrityError) -> str:
    name = constraint_name(error) or ""
    return ", ".join(
        f"{table}.{column}" for table, column in AMOUNTS if name.startswith(f"ck_{table}_{column}_")
    )


def _found() -> set[str]:
    return set(
        db.session.scalars(
            text("""SELECT conname::text FROM pg_constraint
                WHERE contype = 'c' AND conname ~ '^ck_.*_[0-9]_decimals$'
                    AND connamespace = 'public'::regnamespace""")
        )
    )
