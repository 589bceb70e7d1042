from app.database.transactions import transactional
from app.queries.carts.cart_rows import open_cart_row
from app.services.background.cleanup import BackgroundCleanupService
from app.services.carts import carts
from app.services.carts.cart_cleanup import forget_old_carts
from app.services.carts.cart_sale import CartSale, sell_cart
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NewCustomer
from app.services.ledger.maintained_totals import compact_totals
from app.services.ledger.row_locks import lock_items
from tests.support.invariants import assert_invariants
from tests.support.shop import Shop

inventory = InventoryLifecycleService()

STOCK = "SELECT product_id, inventory_status, sum(quantity) FROM stock_tallies GROUP BY 1, 2"
TRANSITIONS = (
    "SELECT minute, from_status, to_status, change_reason, sum(quantity) FROM transition_tallies"
    " GROUP BY 1, 2, 3, 4"
)
INVOICES = "SELECT status, sum(quantity) FROM invoice_tallies GROUP BY 1"
SUMS = (STOCK, TRANSITIONS, INVOICES)


def test_cleanup_frees_what_has_run_out_and_nothing_else(own_shop: Shop) -> None:
    shop = own_shop
    expired, running, for_ever, invoiced = shop.new_units(4)
    shop.hold([expired, running], "cart")
    inventory.hold_items_manually([for_ever], "Ana", shop.staff)
    shop.new_invoice([invoiced])
    shop.expire([expired])
    assert BackgroundCleanupService().run_cleanup_now() == {
        "released": 1,
        "items": [str(expired)],
    }
    assert shop.statuses([expired, running, for_ever, invoiced]) == [
        "Available",
        "Reserved",
        "Reserved",
        "Reserved",
    ]
    assert shop.last_change(
        expired, "from_status, to_status, change_reason, reference_type, reference_id, changed_by"
    ) == (
        "Reserved",
        "Available",
        "RESERVATION_EXPIRED",
        "Session",
        "cart",
        shop.value("SELECT id FROM users WHERE NOT can_sign_in"),
    )
    with shop.unchanged():
        assert BackgroundCleanupService().run_cleanup_now() == {"released": 0, "items": []}


def test_cleanup_goes_in_batches_oldest_expiry_first(own_shop: Shop) -> None:
    shop = own_shop
    ids = shop.new_units(5)
    shop.hold(ids, "cart")
    for minutes, item_id in enumerate(reversed(ids)):
        shop.execute(
            "UPDATE items SET reservation_expiry = now() - make_interval(hours => 1, mins => %s)"
            " WHERE id = %s",
            minutes,
            item_id,
        )
    assert inventory.cleanup_expired_reservations(limit=2) == ids[:2]
    assert inventory.cleanup_expired_reservations(limit=2) == ids[2:4]
    assert BackgroundCleanupService().run_cleanup_now()["released"] == 1
    assert_invariants(shop.connection)


def test_cleanup_passes_over_what_somebody_is_at(own_shop: Shop) -> None:
    shop = own_shop
    ids = shop.new_units(2)
    shop.hold(ids, "cart")
    shop.expire(ids)
    with shop.connection.transaction():
        shop.execute("SELECT FROM items WHERE id = %s FOR UPDATE", ids[0])
        assert inventory.cleanup_expired_reservations() == ids[1:]
    assert inventory.cleanup_expired_reservations() == ids[:1]


def test_the_maintained_totals_are_the_truth_and_folding_changes_no_sum(own_shop: Shop) -> None:
    shop = own_shop
    ids = shop.new_units(20)
    shop.new_paid_invoice(ids[:4])
    shop.new_invoice(ids[4:6])
    FinanceService().update_invoice_status(shop.new_invoice(ids[12:13]), "Cancelled", shop.staff)
    for number, item_id in enumerate(ids[6:12]):
        shop.hold([item_id], f"cart-{number}")
    inventory.release_items(ids[6:9], shop.staff)
    shop.execute("INSERT INTO locations (warehouse_id, code) SELECT id, 'B' FROM warehouses")
    depot = shop.new_warehouse()
    shop.execute(
        "UPDATE items SET warehouse_id = (SELECT id FROM warehouses WHERE code = %s) WHERE id = %s",
        depot,
        ids[19],
    )
    assert_invariants(shop.connection)
    sums = [set(shop.rows(query)) for query in SUMS]
    scattered = shop.value("SELECT count(*) FROM stock_tallies")
    for _ in range(2):
        compact_totals()
        assert [{row for row in shop.rows(query) if row[-1]} for query in SUMS] == [
            {row for row in rows if row[-1]} for rows in sums
        ]
        assert_invariants(shop.connection)
    assert shop.value("SELECT count(*) FROM stock_tallies") < scattered
    assert (
        shop.value(
            "SELECT max(copies) FROM (SELECT count(*) AS copies FROM stock_tallies"
            " GROUP BY product_id, warehouse_id, inventory_status)"
        )
        == 1
    )

    assert set(shop.rows("SELECT status, quantity FROM invoice_tallies")) == {
        ("Paid", 1),
        ("Open", 1),
        ("Cancelled", 1),
    }


def test_who_counts_an_invoice_waits_for_nobody_who_does(own_shop: Shop) -> None:
    shop = own_shop
    ids = shop.new_units(3)
    first, second = shop.new_invoice(ids[:1]), shop.new_invoice(ids[1:2])
    cancel = "UPDATE invoices SET status = 'Cancelled' WHERE id = %s"
    with shop.connection.transaction():
        shop.execute("SELECT set_config('holdfast.user_id', %s, true)", str(shop.staff))
        shop.execute(cancel, first)
        FinanceService().update_invoice_status(second, "Cancelled", shop.staff)
        shop.new_invoice(ids[2:])
        compact_totals()
    assert dict(shop.rows(INVOICES)) == {"Open": 1, "Cancelled": 2}
    compact_totals()
    assert dict(shop.rows(INVOICES)) == {"Open": 1, "Cancelled": 2}


def test_only_one_process_folds_at_a_time(own_shop: Shop) -> None:
    shop = own_shop
    shop.hold(shop.new_units(2), "cart")
    before = shop.rows("SELECT ctid FROM stock_tallies")
    with shop.connection.transaction():
        shop.execute("SELECT pg_advisory_xact_lock(hashtext('holdfast.compact_totals'))")
        compact_totals()
        assert shop.rows("SELECT ctid FROM stock_tallies") == before
    compact_totals()
    assert shop.rows("SELECT ctid FROM stock_tallies") != before


def test_locking_returns_units_as_they_stand_and_in_order(shop: Shop) -> None:
    ids = shop.new_units(3)
    shop.hold(ids[:1], "cart-locking")
    locked = transactional(lock_items)([ids[2], ids[0], ids[2]])
    assert [(item.id, item.inventory_status) for item in locked] == [
        (ids[0], "Reserved"),
        (ids[2], "Available"),
    ]


def test_carts_that_are_over_are_forgotten_after_a_month_and_no_others(own_shop: Shop) -> None:
    shop = own_shop
    units = shop.new_units(6)
    ana = CartSale(customer=NewCustomer("Ana"))

    def new_cart(item_id) -> object:
        carts.hold_units([item_id], shop.staff)
        return open_cart_row(shop.staff).id

    sold = new_cart(units[0])
    sell_cart(ana, shop.staff)
    sold_lately = new_cart(units[1])
    sell_cart(ana, shop.staff)
    aside = new_cart(units[2])
    carts.put_aside(shop.staff)
    open_ = new_cart(units[3])
    shop.hold(units[4:5], "holds still")
    shop.hold(units[5:], "used lately")
    inventory.release_session("used lately", shop.staff)
    shop.execute("INSERT INTO carts (session_id, user_id) VALUES ('used long ago', %s)", shop.staff)
    assert forget_old_carts() == 0
    shop.execute("UPDATE carts SET id = uuidv7(interval '-60 days') WHERE NOT on_page")
    shop.execute("UPDATE carts SET closed_at = closed_at - interval '60 days' WHERE id = %s", sold)
    assert forget_old_carts() == 1
    left = {row[0] for row in shop.rows("SELECT id FROM carts WHERE on_page")}
    assert left == {sold, sold_lately, aside, open_}
    sessions = shop.rows("SELECT session_id FROM carts WHERE NOT on_page ORDER BY 1")
    assert sessions == [("holds still",), ("used lately",)]


def test_a_cart_is_forgotten_with_its_prices(own_shop: Shop) -> None:
    shop = own_shop
    (cart_id,) = shop.row(
        """INSERT INTO carts (id, session_id, user_id, on_page, status, closed_at)
            VALUES (uuidv7(interval '-60 days'), 'old', %s, true, 'closed',
                now() - interval '31 days')
            RETURNING id""",
        shop.staff,
    )
    sku = shop.new_sku()
    shop.execute(
        "INSERT INTO cart_lines (cart_id, product_id, unit_price)"
        " SELECT %s, id, 1 FROM products WHERE sku = %s",
        cart_id,
        sku,
    )
    BackgroundCleanupService().run_cleanup_now()
    assert shop.value("SELECT count(*) FROM carts") == 0
    assert shop.value("SELECT count(*) FROM cart_lines") == 0
