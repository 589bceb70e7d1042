"""Nothing at all is different after a request that was refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.shop import Shop

#: What ``Shop.unchanged`` does not count.
BESIDES = """
    SELECT (SELECT count(*) FROM products), (SELECT sum(version) FROM products),
        (SELECT count(*) FROM warehouses), (SELECT count(*) FROM locations),
        (SELECT count(*) FROM idempotency_keys), (SELECT sum(quantity) FROM stock_tallies)
"""


@contextmanager
def untouched(store: Shop) -> Iterator[None]:
    """Row counts, versions and the last row of history stay."""
    before = store.row(BESIDES)
    with store.unchanged():
        yield
    assert store.row(BESIDES) == before
