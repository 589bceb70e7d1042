"""Fills a demo store with a slice of a real retailer's invoices."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.database.transactions import db, transactional
from app.domain.accounts.roles import Role
from app.domain.imports.retail.events import FinalStatus
from app.domain.imports.retail.lines import RetailLine
from app.domain.imports.retail.plan import Selection, move, plan
from app.domain.imports.retail.sales import Sale
from app.domain.inventory.item_lifecycle import Condition
from app.services.accounts.passwords import NewPassword
from app.services.carts import carts
from app.services.imports.demo.users import add_demo_users, demo_passwords
from app.services.imports.retail.catalogue import add_customers, add_products, articles
from app.services.imports.retail.file import read_retail_file
from app.services.imports.retail.importer import import_sales
from app.services.imports.retail.progress import ImportCounts
from app.services.imports.retail.replay import Replay
from app.services.imports.retail.source import Source
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.store_currency import store_currency

PREFIX = "demo"
SLICE_DECIMALS = 2
SLICE = Path(__file__).parents[3] / "demo" / "online_retail.csv"

#: Counted back from now, newest first: the younger an invoice, the less has become of it.
ENDINGS: tuple[tuple[timedelta, tuple[FinalStatus, ...]], ...] = (
    (timedelta(hours=3), (FinalStatus.OPEN,)),
    (
        timedelta(days=2),
        (FinalStatus.OPEN, FinalStatus.PAID, FinalStatus.PARTIALLY_PAID, FinalStatus.DELIVERED),
    ),
    (
        timedelta(days=6),
        (
            FinalStatus.DELIVERED,
            FinalStatus.PAID,
            FinalStatus.DELIVERED,
            FinalStatus.PARTIALLY_PAID,
            FinalStatus.OPEN,
        ),
    ),
    (timedelta.max, (FinalStatus.DELIVERED,)),
)
STOCKED_PRODUCTS = 60
STOCKED_UNITS = (24, 12, 18, 6, 9)
#: Minutes until each cart's hold runs out, one cart each.
CARTS = ((4, 3), (9, 5), (15, 2))
#: For whom or what, units, minutes until it runs out or None for never.
MANUAL_HOLDS = (
    ("Telephone order, collected today", 4, 6 * 60),
    ("Price check at the counter", 1, 7),
    ("Shop window", 3, None),
    ("Photographs for the catalogue", 2, 2 * 24 * 60),
)


@transactional
def is_empty() -> bool:
    """Whether the store has nothing yet: users may be there."""
    return not db.session.scalar(
        text("""SELECT EXISTS (SELECT FROM products) OR EXISTS (SELECT FROM customers)
            OR EXISTS (SELECT FROM items) OR EXISTS (SELECT FROM invoices)""")
    )


def load_demo_store(password: str, timezone: ZoneInfo, slice_file: Path = SLICE) -> ImportCounts:
    """All of it or nothing. The last invoice of the slice is made just now."""
    return _load(demo_passwords(password), timezone, slice_file)


@transactional
def _load(passwords: list[NewPassword], timezone: ZoneInfo, slice_file: Path) -> ImportCounts:
    lines = [_priced_here(line) for line in read_retail_file(slice_file).lines]
    sales = plan(lines, Selection()).sales
    now = datetime.now(timezone).replace(microsecond=0, tzinfo=None)
    move(sales, now - max(sale.at for sale in sales))
    people = add_demo_users(passwords)
    add_products(articles(lines).values())
    source = Source(
        PREFIX,
        add_customers(sales, PREFIX),
        timezone,
        staff=people[Role.STAFF],
        manager=people[Role.MANAGER],
    )
    counts = import_sales(Replay(source), sales, ending=_ending(sales, now))
    opened = source.occurred_at(min(sale.at for sale in sales))
    _stock_shelves(sales, opened, people[Role.STAFF])
    _hold_some(people)
    return counts


def _priced_here(line: RetailLine) -> RetailLine:
    """The slice's prices are in pounds; without decimals, as many of the currency as pence."""
    decimals = store_currency().decimals
    return line._replace(unit_price=line.unit_price.scaleb(SLICE_DECIMALS - decimals))


def _ending(sales: list[Sale], now: datetime) -> Callable[[Sale], FinalStatus]:
    endings = {}
    turns: Counter[timedelta] = Counter()
    for sale in sorted(sales, key=lambda sale: sale.at, reverse=True):
        age, choices = next(each for each in ENDINGS if now - sale.at <= each[0])
        endings[sale.number] = choices[turns[age] % len(choices)]
        turns[age] += 1
    return lambda sale: endings[sale.number]


def _stock_shelves(sales: list[Sale], opened: datetime | None, staff: UUID) -> None:
    """Free units of what sells best, some of them opened or damaged."""
    inventory = InventoryLifecycleService(opened)
    for position, sku in enumerate(_best_sellers(sales)):
        shelf = f"{'ABCDEF'[position % 6]}-{position // 6 + 1:02}"
        quantity = STOCKED_UNITS[position % len(STOCKED_UNITS)]
        inventory.receive_items(sku, staff, quantity=quantity, location=shelf)
        if position % 7 == 0:
            condition = (Condition.OPEN_BOX, Condition.DAMAGED)[position % 2]
            inventory.receive_items(
                sku, staff, quantity=1, condition=condition, location=shelf, notes="Returned"
            )


def _best_sellers(sales: list[Sale]) -> list[str]:
    invoices = Counter(sku for sale in sales for sku in {sku for sku, _ in sale.articles})
    ranked = sorted(invoices, key=lambda sku: (-invoices[sku], sku))
    return ranked[:STOCKED_PRODUCTS]


def _hold_some(people: dict[Role, UUID]) -> None:
    inventory = InventoryLifecycleService()
    skus = _skus_with_stock()
    holders = (people[Role.STAFF], people[Role.MANAGER])
    for number, (minutes, units) in enumerate(CARTS):
        holder = holders[number % len(holders)]
        carts.hold_quantity(skus.pop(0), units, holder, expires_in_minutes=minutes)
        carts.put_aside(holder)
    for number, (reserved_for, units, until) in enumerate(MANUAL_HOLDS):
        chosen = [item.id for item in inventory.statuses.lock_available(skus.pop(0), units)]
        inventory.hold_items_manually(
            chosen, reserved_for, holders[number % len(holders)], expires_in_minutes=until
        )


def _skus_with_stock() -> list[str]:
    enough = len(CARTS) + len(MANUAL_HOLDS)
    return list(
        db.session.scalars(
            text("""SELECT p.sku FROM items i JOIN products p ON p.id = i.product_id
                WHERE i.inventory_status = 'Available' AND i.condition = 'New'
                GROUP BY p.sku ORDER BY count(*) DESC, p.sku LIMIT :enough"""),
            {"enough": enough},
        )
    )
