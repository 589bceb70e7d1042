"""Each row of the table of errors: status, code, facts, headers, and that nothing was changed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from limits import parse
from sqlalchemy import text

from app.database.transactions import db
from app.services.accounts import users
from app.web.api.framework.problem_codes import EXPLANATIONS
from app.web.api.framework.rate_limits import EXTENSION
from tests.conftest import running_app, settings_for
from tests.support.api_caller import LIFECYCLE, Caller, caller_for, problem
from tests.support.browser import PASSWORD, Browser
from tests.support.shop import Shop
from tests.support.unchanged import untouched

NEVER = str(UUID(int=7))
HOLDER = {"type", "id", "label", "user", "since", "until", "releasableBy"}


@dataclass
class Scene:
    """A store with one of everything that can be in the way."""

    store: Shop
    staff: Caller
    colleague: Caller
    manager: Caller
    sku: str
    held: str
    cart: str
    on_invoice: str
    free: list[str]
    invoice: dict[str, Any]
    paid: dict[str, Any]

    def transition(self, caller: Caller, invoice: dict[str, Any], **body: Any):
        return caller.post(f"{LIFECYCLE}/invoice/{invoice['id']}/transition", body)

    def pay(self, amount: str, **more: Any):
        path = f"/api/invoices/{self.invoice['id']}/payments"
        return self.staff.post(path, {"amount": amount, "method": "Cash", **more})

    def reserve(self, caller: Caller, item_ids: list[str], **target: Any):
        body = {"itemIds": item_ids, **(target or {"sessionId": "mine"})}
        return caller.post(f"{LIFECYCLE}/reserve", body)


@pytest.fixture(scope="module")
def scene(shared_shop: Shop) -> Scene:
    store = shared_shop
    staff, colleague, manager = (
        caller_for(store.app, who) for who in (store.staff, store.colleague, store.manager)
    )
    sku = staff.new_sku()
    held, on_invoice, sold, *free = staff.new_units(6, sku)
    cart = staff.hold([held])
    invoice = staff.new_invoice([on_invoice])
    paid = staff.new_invoice([sold], directSale=True)
    return Scene(store, staff, colleague, manager, sku, held, cart, on_invoice, free, invoice, paid)


@dataclass(frozen=True)
class Row:
    """One row of the table: what is asked, how it is refused."""

    status: int
    code: str
    ask: Callable[[Scene], Any]
    facts: Callable[[Scene, dict[str, Any]], bool] = lambda scene, said: True
    headers: dict[str, str] = field(default_factory=dict)
    name: str = ""


def said_of_held(scene: Scene, said: dict[str, Any]) -> bool:
    first, second = said["items"]
    return (
        (first["id"], first["inventoryStatus"], first["status"])
        == (scene.held, "Reserved", "InStock")
        and first["serialNumber"].startswith(scene.sku)
        and first["holder"].keys() == HOLDER
        and (first["holder"]["type"], first["holder"]["id"]) == ("Session", scene.cart)
        and first["holder"]["user"] == "Staff"
        and first["holder"]["until"] > first["holder"]["since"]
        and {unit["id"] for unit in first["alternatives"]} == set(scene.free)
        and second["id"] == scene.on_invoice
        and (second["holder"]["type"], second["holder"]["id"]) == ("Invoice", scene.invoice["id"])
        and scene.invoice["number"] in second["holder"]["label"]
        and second["holder"]["until"] is None
    )


def of_invoice(name: str) -> Callable[[Scene, dict[str, Any]], bool]:
    def check(scene: Scene, said: dict[str, Any]) -> bool:
        invoice = getattr(scene, name)
        return (said["invoiceId"], said["invoiceNumber"], said["invoiceStatus"]) == (
            invoice["id"],
            invoice["number"],
            invoice["status"],
        )

    return check


def narrow(scene: Scene) -> Caller:
    return caller_for(scene.store.app, scene.store.admin, "read")


def product(scene: Scene) -> dict[str, Any]:
    return scene.staff.ok("GET", f"/api/products?q={scene.sku}")["items"][0]


ROWS = [
    Row(400, "invalid-json", lambda s: s.staff.send(
        "POST", "/api/customers", data="{", content_type="application/json"),
        lambda s, said: "JSON" in said["detail"], name="not JSON"),
    Row(401, "unauthorized", lambda s: Caller(s.store.app, "hf_wrong").get("/api/products"),
        headers={"WWW-Authenticate": 'Bearer realm="holdfast", error="invalid_token"'},
        name="a wrong token"),
    Row(401, "unauthorized", lambda s: s.store.app.test_client().post("/api/customers"),
        headers={"WWW-Authenticate": 'Bearer realm="holdfast"'}, name="no token"),
    Row(403, "forbidden", lambda s: s.staff.send("DELETE", f"{LIFECYCLE}/cleanup-expired"),
        name="a role"),
    Row(403, "forbidden", lambda s: narrow(s).post("/api/customers", {"name": "V"}),
        name="a scope"),
    Row(403, "forbidden", lambda s: s.transition(s.staff, s.invoice, status="Cancelled"),
        name="a step that a manager takes"),
    Row(403, "forbidden", lambda s: s.colleague.post(
        f"{LIFECYCLE}/release", {"itemIds": [s.held]}), name="another's hold"),
    Row(404, "not-found", lambda s: s.staff.get(f"/api/items/{NEVER}"),
        lambda s, said: said["ids"] == [NEVER], name="an id in the path"),
    Row(404, "not-found", lambda s: s.reserve(s.staff, [NEVER, s.free[0]]),
        lambda s, said: said["ids"] == [NEVER], name="one id of two in the body"),
    Row(404, "not-found", lambda s: s.staff.post(
        "/api/invoices", {"customerId": NEVER, "items": [{"itemId": s.free[0]}]}),
        lambda s, said: said["ids"] == [NEVER], name="a customer"),
    Row(404, "not-found", lambda s: s.staff.get("/api/nowhere"), name="an address"),
    Row(405, "method-not-allowed", lambda s: s.staff.send("PUT", "/api/warehouses"),
        headers={"Allow": "GET, HEAD, OPTIONS, POST"}, name="a method"),
    Row(409, "items-not-available", lambda s: s.reserve(s.colleague, [s.held, s.on_invoice]),
        said_of_held, name="units that others have"),
    Row(409, "items-not-available", lambda s: s.staff.post("/api/invoices", {
        "customer": {"name": "V"}, "items": [
            {"itemId": unit} for unit in (s.free[0], s.on_invoice)]}),
        lambda s, said: [item["id"] for item in said["items"]] == [s.on_invoice],
        name="one unit of an invoice"),
    Row(409, "invalid-transition", lambda s: s.staff.post(
        f"{LIFECYCLE}/release", {"itemIds": s.free[:1]}), name="releasing what is free"),
    Row(409, "invoice-state", lambda s: s.transition(s.staff, s.invoice, status="Delivered"),
        of_invoice("invoice"), name="delivering what is not paid"),
    Row(409, "invoice-state", lambda s: s.transition(s.manager, s.paid, status="Cancelled"),
        of_invoice("paid"), name="cancelling what is paid"),
    Row(409, "invoice-state", lambda s: s.reserve(
        s.staff, s.free[:1], invoiceId=s.paid["id"]), of_invoice("paid"), name="adding to it"),
    Row(409, "exceeds-balance", lambda s: s.pay("10.01"),
        lambda s, said: said["balance"] == "10.00", name="a payment"),
    Row(409, "version-conflict", lambda s: s.pay("1", version=999),
        lambda s, said: (said["version"], said["currentVersion"]) == (999, s.invoice["version"]),
        name="an invoice"),
    Row(409, "version-conflict", lambda s: s.staff.send(
        "PATCH", f"/api/items/{s.free[0]}", {"notes": "x", "version": 999}),
        lambda s, said: said["currentVersion"] < 999, name="a unit"),
    Row(409, "version-conflict", lambda s: s.staff.send(
        "PATCH", f"/api/products/{product(s)['id']}", {"name": "x", "version": 999}),
        lambda s, said: said["currentVersion"] == product(s)["version"], name="a product"),
    Row(409, "not-enough-stock", lambda s: s.staff.post("/api/invoices", {
        "customer": {"name": "V"}, "items": [{"sku": s.sku, "quantity": 9}]}),
        lambda s, said: (said["sku"], said["asked"], said["free"]) == (s.sku, 9, 3),
        name="a quantity"),
    Row(409, "duplicate", lambda s: s.staff.post("/api/products", {"sku": s.sku, "name": "x"}),
        lambda s, said: said["field"] == "sku" and said["values"] == [s.sku], name="a SKU"),
    Row(409, "duplicate", lambda s: s.staff.post("/api/items", {
        "sku": s.sku, "serialNumbers": [s.invoice["items"][0]["serialNumber"]]}),
        lambda s, said: said["values"] == [s.invoice["items"][0]["serialNumber"]],
        name="a serial number"),
    Row(409, "item-busy", lambda s: while_locked(s), headers={"Retry-After": "1"},
        name="a locked unit"),
    Row(409, "idempotency-in-progress", lambda s: beside_a_twin(s), headers={"Retry-After": "1"},
        name="a twin"),
    Row(413, "content-too-large", lambda s: s.staff.send(
        "POST", "/api/customers", data=b" " * 5_000_000, content_type="application/json"),
        name="five megabytes"),
    Row(415, "unsupported-media-type", lambda s: s.staff.send(
        "POST", "/api/customers", data="name=V", content_type="application/x-www-form-urlencoded"),
        name="a form"),
    Row(422, "invalid-input", lambda s: s.staff.post("/api/customers", {"nam": "V"}),
        lambda s, said: said["errors"] == [
            {"pointer": "/name", "field": "name", "message": "This field is required."},
            {"pointer": "/nam", "field": "nam", "message": "There is no such field."}],
        name="two fields"),
    Row(422, "invalid-input", lambda s: s.staff.get("/api/products?limit=0"),
        lambda s, said: [error["field"] for error in said["errors"]] == ["limit"],
        name="a parameter"),
    Row(429, "too-many-requests", lambda s: over_the_limit(s), name="too often"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.status} {row.code}: {row.name}" for row in ROWS])
def test_a_refusal_tells_what_helps_and_changes_nothing(scene: Scene, row: Row):
    with untouched(scene.store):
        answer = row.ask(scene)
    said = problem(answer, row.status, row.code)
    assert said["type"] == f"/api/docs#problem-{row.code}"
    assert said["title"]
    assert said["detail"]
    assert "Traceback" not in answer.text
    assert row.facts(scene, said), said
    for name, value in row.headers.items():
        assert answer.headers[name] == value
    if row.status == 429:
        assert 1 <= int(answer.headers["Retry-After"]) <= 24 * 60 * 60


def test_a_cart_that_ran_out_names_who_was_quicker(scene: Scene, expired_cart: tuple[str, str]):
    unit, cart = expired_cart
    body = {"customer": {"name": "V"}, "items": [{"itemId": unit}], "sessionId": cart}
    with untouched(scene.store):
        said = problem(scene.staff.post("/api/invoices", body), 409, "hold-expired")
    (item,) = said["items"]
    assert item["id"] == unit
    assert item["holder"].keys() == HOLDER
    assert (item["holder"]["id"], item["holder"]["user"]) == ("quicker", "Colleague")


def test_a_fault_of_ours_says_nothing_of_itself(scene: Scene, monkeypatch, caplog):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret cause")

    monkeypatch.setattr("app.web.api.customers.create", fail)
    monkeypatch.setattr(scene.store.app, "testing", False)
    with untouched(scene.store):
        answer = scene.staff.post("/api/customers", {"name": "V"})
    problem(answer, 500, "internal-error")
    assert "secret" not in answer.text
    assert "the secret cause" in caplog.text


def test_every_code_that_is_explained_has_a_row():
    elsewhere = {
        "csrf", "idempotency-mismatch", "hold-expired", "internal-error", "database-away",
        "outcome-unknown", "bad-request", "no-space", "session-closed",
    }  # fmt: skip
    assert {row.code for row in ROWS} == EXPLANATIONS.keys() - elsewhere


def test_a_key_of_another_request_is_refused(scene: Scene):
    key, path = str(uuid4()), "/api/customers"
    assert scene.staff.post(path, {"name": "V"}, Idempotency_Key=key).status_code == 201
    with untouched(scene.store):
        answer = scene.staff.post(path, {"name": "W"}, Idempotency_Key=key)
        problem(answer, 422, "idempotency-mismatch")


def test_a_session_without_its_csrf_token_is_refused(scene: Scene):
    with scene.store.app.app_context():
        users.set_password(scene.store.manager, PASSWORD)
    browser = Browser(scene.store.app, "manager@example.com")
    assert browser.log_in().status_code == 303
    with untouched(scene.store):
        answer = browser.open("POST", "/api/customers", json={"name": "V"})
        problem(answer, 400, "csrf")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/products"),
        ("GET", f"{LIFECYCLE}/dashboard"),
        ("POST", "/api/items"),
        ("PATCH", f"/api/items/{NEVER}"),
        ("DELETE", f"{LIFECYCLE}/cleanup-expired"),
    ],
)
def test_without_the_database_it_says_when_to_try_again(redis_url, method, path):
    settings = settings_for("postgresql+psycopg://nobody@127.0.0.1:1/none", redis_url)
    with running_app(settings) as app:
        answer = Caller(app, "hf_any").send(method, path)
    problem(answer, 503, "database-away")
    assert answer.headers["Retry-After"] == "5"


def elsewhere(act: Callable[[], Any]) -> Any:
    """What ``act`` gives in a thread of its own: its waiting is nobody else's."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(act()))
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture(scope="module")
def expired_cart(scene: Scene) -> tuple[str, str]:
    """A unit and the cart that had it before its time ran out; another one was quicker."""
    unit = scene.staff.new_units(1)[0]
    cart = scene.staff.hold([unit])
    scene.store.expire([unit])
    scene.colleague.hold([unit], "quicker")
    return unit, cart


def while_locked(scene: Scene):
    with scene.store.connection.transaction():
        scene.store.execute("SELECT FROM items WHERE id = %s FOR UPDATE", scene.free[0])
        return elsewhere(lambda: scene.reserve(scene.staff, scene.free[:1]))


def beside_a_twin(scene: Scene):
    key = str(uuid4())
    with (
        scene.store.app.app_context(),
        db.engine.execution_options(isolation_level="READ COMMITTED").begin() as twin,
    ):
        twin.execute(text("SET TRANSACTION READ WRITE"))
        twin.execute(
            text("INSERT INTO idempotency_keys (user_id, key, fingerprint) VALUES (:u, :k, '')"),
            {"u": scene.store.staff, "k": key},
        )
        answer = elsewhere(
            lambda: scene.staff.post("/api/customers", {"name": "V"}, Idempotency_Key=key)
        )
        twin.rollback()
    return answer


def over_the_limit(scene: Scene):
    limits = scene.store.app.extensions[EXTENSION]
    before, limits.per_user = limits.per_user, parse("1 per day")
    try:
        caller = caller_for(scene.store.app, scene.store.staff)
        return [caller.post("/api/customers", {"nam": "V"}) for _ in range(2)][-1]
    finally:
        limits.per_user = before
