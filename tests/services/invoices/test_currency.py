"""A store whose currency has no decimals."""

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from app.database.transactions import without_time_limits
from app.domain.currency import currency_of
from app.domain.errors import ExceedsBalance, InvalidInput
from app.queries.reports.daily_report import figures_of, today
from app.services.background.cleanup import UTC
from app.services.catalogue.catalogue import create_product, edit_product
from app.services.imports.demo.store import load_demo_store
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.amount_decimals import (
    AmountsDoNotFit,
    other_decimals,
    refuse_other_decimals,
)
from app.services.invoices.finance import FinanceService
from app.web.exports.daily_report import report_csv
from tests.support.shop import Shop, open_shop

YEN, POUNDS = currency_of("JPY"), currency_of("GBP")


@pytest.fixture
def yen_shop(database_url: str, redis_url: str) -> Iterator[Shop]:
    with open_shop(database_url, redis_url, currency="JPY") as shop, shop.app.app_context():
        refuse_other_decimals(YEN)
        yield shop


def test_a_price_with_decimals_is_refused(yen_shop: Shop) -> None:
    words = "from ¥0 to ¥999,999,999,999, such as 1250, with no decimals"
    with pytest.raises(InvalidInput, match=words):
        create_product(sku="A", name="A", price=Decimal("100.50"))
    product_id = create_product(sku="A", name="A", price=Decimal("100.00"))
    with pytest.raises(InvalidInput, match=words):
        edit_product(product_id, name="A", price=Decimal("0.5"), barcode=None, category=None)
    units = yen_shop.new_units(1, "A")
    with yen_shop.unchanged(), pytest.raises(InvalidInput, match=words):
        yen_shop.new_invoice(units, "100.50")


def test_an_invoice_is_paid_to_the_last_yen(yen_shop: Shop) -> None:
    invoice_id = yen_shop.new_invoice(yen_shop.new_units(3, yen_shop.new_sku("100")), "100")
    with yen_shop.unchanged(), pytest.raises(InvalidInput, match="from ¥1 to"):
        yen_shop.pay(invoice_id, "0.50")
    yen_shop.pay(invoice_id, "299")
    assert yen_shop.invoice(invoice_id) == ("PartiallyPaid", 300, 299)
    with pytest.raises(ExceedsBalance, match="has ¥1 still to be paid; ¥2 is more than that"):
        yen_shop.pay(invoice_id, "2")
    yen_shop.pay(invoice_id, "1")
    assert yen_shop.invoice(invoice_id) == ("Paid", 300, 300)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO products (sku, name, price) VALUES ('X', 'X', 100.50)",
        "UPDATE products SET price = 0.01",
        "INSERT INTO payments (invoice_id, amount, method) SELECT id, 0.5, 'Cash' FROM invoices",
        """WITH cart AS (INSERT INTO carts (session_id, user_id)
                SELECT 'yen', id FROM users LIMIT 1 RETURNING id)
            INSERT INTO cart_lines (cart_id, product_id, unit_price)
            SELECT cart.id, products.id, 0.5 FROM cart, products LIMIT 1""",
    ],
)
def test_the_database_itself_refuses_decimals(yen_shop: Shop, statement: str) -> None:
    invoice_id = yen_shop.new_invoice(yen_shop.new_units(1, yen_shop.new_sku("100")), "100")
    yen_shop.pay(invoice_id, "50")
    with yen_shop.unchanged(), pytest.raises(psycopg.Error, match=r"_0_decimals|awaits|more than"):
        yen_shop.execute(statement)


def test_a_report_has_the_decimals_of_the_currency(yen_shop: Shop) -> None:
    invoice_id = yen_shop.new_invoice(yen_shop.new_units(2, yen_shop.new_sku("100")), "100")
    yen_shop.pay(invoice_id, "200")
    figures = figures_of(today(UTC), UTC)
    assert figures["headlines"]["moneyIn"] == figures["money"]["total"] == "200"
    assert figures["money"]["byMethod"][0]["amount"] == "200"
    assert figures["bestSellers"][0]["takings"] == "200"
    figures["comparison"] = {"dayBefore": None, "weekBefore": None}
    assert ".00" not in report_csv(figures)


def test_the_demo_store_opens_in_a_currency_without_decimals(yen_shop: Shop) -> None:
    with without_time_limits():
        load_demo_store("a long password", UTC)
    assert yen_shop.value("SELECT count(*) FROM invoices") > 0
    assert not yen_shop.value("SELECT count(*) FROM products WHERE price <> trunc(price)")
    assert yen_shop.value("SELECT max(price) FROM products") > 100


def test_a_store_with_other_amounts_says_so_at_the_start(own_shop: Shop) -> None:
    own_shop.new_sku("10.50")
    with (
        own_shop.unchanged(),
        pytest.raises(
            AmountsDoNotFit,
            match=r"CURRENCY is JPY, which has no decimals, but this store has amounts with"
            r" decimals \(products.price\). Start it with the currency that they are in.",
        ),
    ):
        refuse_other_decimals(YEN)
    assert not other_decimals(POUNDS)
    own_shop.new_sku("10.55")


def test_a_currency_can_change_as_long_as_all_amounts_fit(own_shop: Shop) -> None:
    own_shop.new_sku("10.00")
    refuse_other_decimals(YEN)
    refuse_other_decimals(YEN)
    assert other_decimals(POUNDS)
    with pytest.raises(psycopg.errors.CheckViolation):
        own_shop.new_sku("10.50")
    refuse_other_decimals(POUNDS)
    own_shop.new_sku("10.50")


def test_more_units_cannot_make_a_total_that_is_no_amount(shop: Shop) -> None:
    sku = shop.new_sku("999999999999.99")
    first, second = shop.new_units(2, sku)
    invoice_id = FinanceService().create_invoice(shop.order([first], "999999999999.99"), shop.staff)
    with shop.unchanged(), pytest.raises(InvalidInput, match="would come to £1,999"):
        InventoryLifecycleService().reserve_items_for_invoice([second], invoice_id, shop.staff)


@pytest.mark.parametrize("amount", ["1e2", "1_0", "１２", " 12", "+1", "-1", "1,000", "", "0x1"])
def test_a_service_takes_plain_decimals_only(shop: Shop, amount: str) -> None:
    invoice_id = shop.new_invoice(shop.new_units(1))
    with shop.unchanged(), pytest.raises(InvalidInput, match="amount"):
        FinanceService().record_payment({"invoiceId": invoice_id, "amount": amount}, shop.staff)
