"""Every call of the contract, with its body, its answer and its status."""

from uuid import uuid4

import pytest

from tests.support.api_caller import LIFECYCLE, problem

ITEM = {
    "id", "serialNumber", "sku", "productName", "condition", "inventoryStatus", "status",
    "warehouse", "location", "reservedAt", "reservedBy", "reservedForType", "reservedForId",
    "reservationExpiry", "version", "createdAt", "updatedAt",
}  # fmt: skip
HISTORY = {
    "id", "itemId", "serialNumber", "fromStatus", "toStatus", "changeReason", "referenceType",
    "referenceId", "changedBy", "changeDate", "notes", "createdAt",
}  # fmt: skip
INVOICE = {
    "id", "number", "customer", "status", "total", "paid", "balance", "credited", "refundDue",
    "items", "payments", "createdAt", "createdBy", "version",
}  # fmt: skip


def test_units_are_received_by_quantity_and_by_serial_number(staff):
    sku = staff.new_sku()
    made = staff.ok("POST", "/api/items", {"sku": sku, "quantity": 2}, 201)["items"]
    named = staff.ok("POST", "/api/items", {"sku": sku, "serialNumbers": [f"{sku}-Z"]}, 201)
    assert {unit["inventoryStatus"] for unit in made} == {"Available"}
    assert len({unit["serialNumber"] for unit in made}) == 2
    assert named["items"][0].keys() == ITEM
    assert named["items"][0]["serialNumber"] == f"{sku}-Z"
    assert named["items"][0]["createdAt"].endswith("Z")


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ({"sessionId": "cart-1"}, "Session"),
        ({"sessionId": "cart-2", "expiresInMinutes": 5}, "Session"),
        ({"reservedForType": "Manual", "reservedForId": "window"}, "Manual"),
        ({"reservedForType": "Manual", "reservedForId": "w", "expiresInMinutes": 5}, "Manual"),
    ],
)
def test_units_are_held_and_released(staff, target, kind):
    units = staff.new_units(2)
    held = staff.ok("POST", f"{LIFECYCLE}/reserve", {"itemIds": units, **target})["items"]
    assert [(unit["id"], unit["reservedForType"]) for unit in held] == [(u, kind) for u in units]
    assert held == [staff.ok("GET", f"/api/items/{unit}") for unit in units]
    assert (held[0]["reservationExpiry"] is not None) == (
        "sessionId" in target or "expiresInMinutes" in target
    )
    freed = staff.ok("POST", f"{LIFECYCLE}/release", {"itemIds": units})["items"]
    assert {unit["inventoryStatus"] for unit in freed} == {"Available"}


def test_many_units_are_answered_as_they_are(staff):
    units = staff.new_units(101)
    held = staff.ok("POST", f"{LIFECYCLE}/reserve", {"itemIds": units, "sessionId": "many"})
    assert [unit["id"] for unit in held["items"]] == units
    assert held["items"][100] == staff.ok("GET", f"/api/items/{units[100]}")


def test_a_cart_is_released_whole(staff):
    units = staff.new_units(2)
    cart = staff.hold(units)
    freed = staff.ok("POST", f"{LIFECYCLE}/release", {"sessionId": cart})["items"]
    assert [unit["id"] for unit in freed] == units


def test_an_invoice_goes_all_the_way(staff):
    units = staff.new_units(2)
    invoice = staff.new_invoice(units[:1])
    assert invoice.keys() == INVOICE
    assert (invoice["total"], invoice["paid"], invoice["balance"]) == ("10.00", "0.00", "10.00")
    body = {"itemIds": units[1:], "invoiceId": invoice["id"]}
    staff.ok("POST", f"{LIFECYCLE}/reserve", body)
    payment = staff.ok(
        "POST", f"/api/invoices/{invoice['id']}/payments", {"amount": 5.5, "method": "Card"}, 201
    )
    assert payment["amount"] == "5.50"
    assert payment["invoice"]["status"] == "PartiallyPaid"
    paid = staff.ok("POST", f"{LIFECYCLE}/invoice/{invoice['id']}/transition", {"status": "Paid"})
    assert (paid["status"], paid["balance"]) == ("Paid", "0.00")
    assert {line["inventoryStatus"] for line in paid["items"]} == {"Sold"}
    first = staff.ok(
        "POST",
        f"{LIFECYCLE}/mark-delivered",
        {
            "invoiceId": invoice["id"],
            "itemIds": units[:1],
            "deliveryInfo": {"carrier": "Van", "trackingNumber": "T1", "deliveredTo": "Door"},
        },
    )["items"]
    assert [(unit["inventoryStatus"], unit["status"]) for unit in first] == [
        ("Delivered", "WithCustomer")
    ]
    rest = staff.ok("POST", f"{LIFECYCLE}/mark-delivered", {"invoiceId": invoice["id"]})
    assert [unit["id"] for unit in rest["items"]] == units[1:]
    state = staff.ok("GET", f"{LIFECYCLE}/invoice/{invoice['id']}/status")
    assert state["invoiceStatus"] == state["expectedItemStatus"] == "Delivered"
    assert state["consistent"] is True
    assert state["inconsistencies"] == []
    assert {unit["id"] for unit in state["items"]} == set(units)
    history = staff.ok("GET", f"{LIFECYCLE}/items/history?itemIds={units[0]}")["items"]
    assert [row["changeReason"] for row in history] == [
        "INVOICE_DELIVERED", "INVOICE_PAID", "INVOICE_CREATED", "RECEIVED",
    ]  # fmt: skip
    assert history[0].keys() == HISTORY
    assert history[0]["changedBy"].keys() == {"id", "name"}


def test_an_invoice_with_nothing_to_pay_is_marked_sold(staff):
    units = staff.new_units(1)
    body = {"customer": {"name": "A"}, "items": [{"itemId": units[0], "unitPrice": 0}]}
    invoice = staff.ok("POST", "/api/invoices", body, 201)
    sold = staff.ok("POST", f"{LIFECYCLE}/mark-sold", {"invoiceId": invoice["id"]})["items"]
    assert [unit["inventoryStatus"] for unit in sold] == ["Sold"]


def test_a_direct_sale_is_an_invoice_that_is_paid_at_once(staff):
    sku = staff.new_sku()
    staff.new_units(3, sku)
    body = {
        "customer": {"name": "A"},
        "items": [{"sku": sku, "quantity": 2}],
        "directSale": True,
        "method": "Card",
    }
    invoice = staff.ok("POST", "/api/invoices", body, 201)
    assert (invoice["status"], invoice["paid"]) == ("Paid", "20.00")
    assert [payment["method"] for payment in invoice["payments"]] == ["Card"]


@pytest.mark.parametrize("price", ["10.00", "0"])
def test_each_step_is_remembered_with_its_notes(staff, price):
    units = staff.new_units(1)
    lines = [{"itemId": units[0], "unitPrice": price}]
    invoice = staff.new_invoice(units, items=lines)
    for status in ("Paid", "Delivered"):
        body = {"status": status, "notes": f"{status} at the door"}
        staff.ok("POST", f"{LIFECYCLE}/invoice/{invoice['id']}/transition", body)
    history = staff.ok("GET", f"{LIFECYCLE}/items/history?itemIds={units[0]}")["items"]
    assert "Delivered at the door" in history[0]["notes"]
    assert history[1]["notes"] == "Paid at the door"


def test_only_a_manager_cancels_whether_by_transition_or_by_release(staff, manager):
    invoices = [staff.new_invoice(staff.new_units(1)) for _ in range(2)]
    transition = f"{LIFECYCLE}/invoice/{invoices[0]['id']}/transition"
    problem(staff.post(transition, {"status": "Cancelled"}), 403, "forbidden")
    problem(staff.post(f"{LIFECYCLE}/release", {"invoiceId": invoices[1]["id"]}), 403, "forbidden")
    assert manager.ok("POST", transition, {"status": "Cancelled"})["status"] == "Cancelled"
    freed = manager.ok("POST", f"{LIFECYCLE}/release", {"invoiceId": invoices[1]["id"]})["items"]
    assert [unit["inventoryStatus"] for unit in freed] == ["Available"]


def test_items_are_filtered_and_paged(staff):
    sku = staff.new_sku()
    units = staff.new_units(5, sku)
    staff.hold(units[:2], "paged")
    path = f"{LIFECYCLE}/items/status"
    first = staff.ok("GET", f"{path}?sku={sku}&limit=3")
    second = staff.ok("GET", f"{path}?sku={sku}&limit=3&cursor={first['nextCursor']}")
    assert [unit["id"] for unit in first["items"] + second["items"]] == units[::-1]
    assert second["nextCursor"] is None
    for query, expected in {
        f"ids={units[0]},{units[1]}": 2,
        f"sku={sku}&inventoryStatus=Available": 3,
        f"sku={sku}&inventoryStatus=Reserved&reservedForType=Session&reservedForId=paged": 2,
        f"sku={sku}&status=InStock&warehouse=MAIN": 5,
        f"serialNumber={first['items'][0]['serialNumber']}": 1,
        f"q={sku.lower()}-": 5,
        f"sku={sku}&status=Missing": 0,
        f"ids={uuid4()}": 0,
    }.items():
        assert len(staff.ok("GET", f"{path}?{query}")["items"]) == expected, query


def test_history_is_filtered_and_paged(staff, store):
    units = staff.new_units(3)
    cart = staff.hold(units)
    path = f"{LIFECYCLE}/items/history"
    first = staff.ok("GET", f"{path}?referenceId={cart}&limit=2")
    rest = staff.ok("GET", f"{path}?referenceId={cart}&limit=2&cursor={first['nextCursor']}")
    assert len(first["items"]) == 2
    assert len(rest["items"]) == 1
    when = min(row["changeDate"] for row in first["items"] + rest["items"])
    ids = ",".join(units)
    for query, expected in {
        f"itemIds={ids}": 6,
        f"itemIds={ids}&changeReason=SESSION_HOLD": 3,
        f"itemIds={ids}&changedBy={store.staff}": 6,
        f"itemIds={ids}&changedBy={store.manager}": 0,
        f"itemIds={ids}&from={when}": 3,
        f"itemIds={ids}&to={when}": 3,
        f"itemIds={ids}&to={when[:10]}": 6,
    }.items():
        assert len(staff.ok("GET", f"{path}?{query}")["items"]) == expected, query


def test_a_search_through_history_looks_at_so_much_a_page(staff, store, monkeypatch):
    monkeypatch.setattr("app.queries.inventory.history_list.LOOKED_AT_MAX", 3)
    units = staff.new_units(2)
    staff.hold(units[:1])
    staff.new_units(5)
    wanted = f"{LIFECYCLE}/items/history?changeReason=SESSION_HOLD&changedBy={store.staff}"
    pages = [staff.ok("GET", wanted)]
    while not pages[-1]["items"]:
        pages.append(staff.ok("GET", f"{wanted}&cursor={pages[-1]['nextCursor']}"))
    assert len(pages) == 2
    assert pages[-1]["items"][0]["itemId"] == units[0]
    early = staff.ok("GET", f"{wanted}&to=2020-01-01")
    assert early == {"items": [], "nextCursor": None}
    assert len(staff.ok("GET", f"{wanted}&itemIds={units[0]}")["items"]) == 1


def test_the_dashboard_has_every_figure(staff):
    staff.hold(staff.new_units(1))
    shown = staff.ok("GET", f"{LIFECYCLE}/dashboard")
    assert shown.keys() == {
        "counts", "expiringSoon", "expired", "openInconsistencies", "invoices",
        "recentTransitions", "rates", "lastRuns",
    }  # fmt: skip
    assert shown["counts"].keys() == {"Available", "Reserved", "Sold", "Delivered"}
    assert shown["rates"]["reservedLastHour"] >= 1
    assert shown["recentTransitions"][0].keys() == HISTORY
    assert shown["lastRuns"].keys() == {"cleanup", "check", "report"}


def test_expired_holds_are_cleaned_up_by_a_manager(staff, manager, store):
    units = staff.new_units(1)
    staff.hold(units)
    store.expire(units)
    problem(staff.send("DELETE", f"{LIFECYCLE}/cleanup-expired"), 403, "forbidden")
    done = manager.ok("DELETE", f"{LIFECYCLE}/cleanup-expired")
    assert done["released"] == len(done["items"]) >= 1
    assert units[0] in {unit["id"] for unit in done["items"]}
    last = staff.ok("GET", f"{LIFECYCLE}/dashboard")["lastRuns"]["cleanup"]
    assert (last["status"], last["result"]["released"]) == ("succeeded", done["released"])


def test_a_unit_is_edited_against_its_version(staff):
    unit = staff.ok("GET", f"/api/items/{staff.new_units(1)[0]}")
    path = f"/api/items/{unit['id']}"
    body = {"condition": "OpenBox", "location": "A-1", "version": unit["version"]}
    changed = staff.ok("PATCH", path, body)
    assert (changed["condition"], changed["location"]) == ("OpenBox", "A-1")
    conflict = problem(staff.send("PATCH", path, body), 409, "version-conflict")
    assert conflict["currentVersion"] == changed["version"]
    problem(staff.send("PATCH", path, {"condition": "New"}), 422, "invalid-input")
    wrong = {"inventoryStatus": "Sold", "version": changed["version"]}
    problem(staff.send("PATCH", path, wrong), 422, "invalid-input")


def test_products_customers_and_warehouses(staff, manager):
    sku = staff.new_sku("1.5")
    found = staff.ok("GET", f"/api/products?q={sku}")["items"][0]
    assert found["price"] == "1.50"
    assert found["counts"] == {"Available": 0, "Reserved": 0, "Sold": 0, "Delivered": 0}
    path = f"/api/products/{found['id']}"
    changed = staff.ok("PATCH", path, {"name": "Mug", "version": found["version"]})
    assert (changed["name"], changed["price"]) == ("Mug", "1.50")
    body = {"name": "Mug", "version": found["version"]}
    problem(staff.send("PATCH", path, body), 409, "version-conflict")
    problem(staff.post("/api/products", {"sku": sku, "name": "Again"}), 409, "duplicate")
    vip = staff.ok("POST", "/api/customers", {"name": "Vera", "tier": "vip"}, 201)
    assert vip.keys() == {"id", "name", "email", "formerEmail", "tier", "createdAt"}
    assert staff.ok("GET", f"/api/customers/{vip['id']}") == vip
    code = f"W-{sku}"
    problem(staff.post("/api/warehouses", {"code": code, "name": "Depot"}), 403, "forbidden")
    made = manager.ok("POST", "/api/warehouses", {"code": code, "name": "Depot"}, 201)
    listed = staff.ok("GET", "/api/warehouses?limit=500")["items"]
    assert made in listed


def test_invoices_are_listed_with_all_they_have(staff):
    invoice = staff.new_invoice(staff.new_units(1))
    listed = staff.ok("GET", f"/api/invoices?customerId={invoice['customer']['id']}&limit=1")
    assert listed["items"] == [staff.ok("GET", f"/api/invoices/{invoice['id']}")] == [invoice]
    assert staff.ok("GET", f"/api/invoices?q={invoice['number']}&status=Open")["items"]


def test_an_inconsistent_invoice_says_so(staff, admin, store):
    problem(staff.post(f"{LIFECYCLE}/invoice/{uuid4()}/fix-inconsistencies"), 403, "forbidden")
    invoice = staff.new_invoice(staff.new_units(1))
    fixed = admin.ok("POST", f"{LIFECYCLE}/invoice/{invoice['id']}/fix-inconsistencies")
    assert fixed == {"applied": False, "plan": [], "unfixable": []}
