"""Many clerks at once: real threads, real commits."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from app.database.transactions import db
from app.domain.errors import NotPermitted, Refusal
from tests.support.shop import Shop
from tests.support.waiting import until


def run_concurrently(shop: Shop, acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each act gave or how it was refused; all begin at the same moment.

    Any other error is raised: nobody is ever told of a deadlock or a broken rule.
    """
    start = Barrier(len(acts))

    def act(work: Callable[[], Any]) -> Any:
        with shop.app.app_context():
            start.wait(30)
            try:
                return work()
            except (Refusal, NotPermitted) as refusal:
                return refusal

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def refusals(results: Sequence[Any]) -> list[Refusal]:
    return [result for result in results if isinstance(result, Refusal)]


def deadlocks(shop: Shop) -> int:
    """How many deadlocks PostgreSQL has had to break in this shop's database."""
    with shop.app.app_context():
        db.engine.dispose()
    others = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    until(lambda: shop.rows(others) == [], "all others gone, and counted with them")
    return shop.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
