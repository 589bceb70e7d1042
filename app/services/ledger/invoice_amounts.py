"""The greatest total of an invoice."""

from decimal import Decimal

from app.domain.errors import InvalidInput
from app.store_currency import store_currency


def refuse_over_most(field: str, total: Decimal) -> None:
    """Raise InvalidInput for a total that is larger than an amount can be."""
    currency = store_currency()
    if total > currency.most:
        raise InvalidInput(
            {
                field: f"The invoice would come to {currency.written(total)}; "
                f"the most is {currency.written(currency.most)}."
            }
        )
