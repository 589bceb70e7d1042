"""Matches each cancellation to the purchase that it cancels."""

from decimal import Decimal

from app.domain.imports.retail.lines import RetailLine
from app.domain.imports.retail.sales import Sale


class _Purchase:
    """Units of one line of an invoice that no cancellation has claimed yet."""

    __slots__ = ("price", "remaining", "sale")

    def __init__(self, sale: Sale, price: Decimal, quantity: int) -> None:
        self.sale = sale
        self.price = price
        self.remaining = quantity


class Ledger:
    """Every customer's purchases so far. Nameless customers are one: the walk-in."""

    def __init__(self) -> None:
        self.sales: dict[str, Sale] = {}
        self._purchases: dict[tuple[str, str], list[_Purchase]] = {}

    def sell(self, line: RetailLine) -> None:
        sale = self.sales.get(line.invoice)
        if sale is None:
            sale = Sale(line, line.at)
            self.sales[line.invoice] = sale
        article = (line.stock_code, line.unit_price)
        sale.articles[article] = sale.articles.get(article, 0) + line.quantity
        self._purchases.setdefault((sale.customer, line.stock_code), []).append(
            _Purchase(sale, line.unit_price, line.quantity)
        )

    def cancel(self, line: RetailLine) -> int:
        """Take units off the latest purchases, those at the same price first; returns how many."""
        purchases = self._purchases.get((line.customer, line.stock_code), [])
        latest = purchases[::-1]
        at_this_price = [purchase for purchase in latest if purchase.price == line.unit_price]
        others = [purchase for purchase in latest if purchase.price != line.unit_price]
        wanted = -line.quantity
        for purchase in [*at_this_price, *others]:
            taken = min(wanted, purchase.remaining)
            if taken:
                purchase.remaining -= taken
                wanted -= taken
                cancellation = purchase.sale.cancellation(line.invoice, line.at)
                article = (line.stock_code, purchase.price)
                cancellation.articles[article] = cancellation.articles.get(article, 0) + taken
                cancellation.parts.append((line, taken))
        purchases[:] = [purchase for purchase in purchases if purchase.remaining]
        return -line.quantity - wanted
