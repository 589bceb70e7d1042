"""A token does no more than its user may, and no more than its scopes."""

import hashlib
from collections.abc import Callable

import pytest

from app.services.accounts import users
from app.services.accounts.api_tokens import revoke_token
from tests.support.api_caller import LIFECYCLE, Caller, caller_for, problem
from tests.support.browser import PASSWORD, Browser


@pytest.fixture
def as_role_in(own_shop) -> Callable[[str], Browser]:
    def browser(role: str) -> Browser:
        users.set_password(getattr(own_shop, role), PASSWORD)
        signed_in = Browser(own_shop.app, f"{role}@example.com")
        assert signed_in.log_in().status_code == 303
        signed_in.get("/")
        return signed_in

    return browser


def test_only_a_hash_of_the_token_is_kept(staff, store):
    row = store.row("SELECT * FROM api_tokens ORDER BY id DESC LIMIT 1")
    assert hashlib.sha256(staff.token.encode()).digest() in row
    assert staff.token.startswith("hf_")
    assert staff.token not in str(row)


@pytest.mark.parametrize("sent", ["Bearer nothing", "Bearer", "Basic eDp5", "Bearer hf_ü"])
def test_who_is_nobody_is_asked_for_a_token(store, sent):
    answer = store.app.test_client().get("/api/items/x", headers={"Authorization": sent})
    problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_stranger_is_asked_for_a_token(store):
    answer = store.app.test_client().get("/api/products")
    problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="holdfast"'


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("read", [("GET", "/api/products")]),
        ("inventory", [("POST", "/api/items"), ("DELETE", f"{LIFECYCLE}/cleanup-expired")]),
        ("invoices", [("POST", "/api/invoices"), ("POST", f"{LIFECYCLE}/mark-sold")]),
        ("reports", []),
        ("admin", [("POST", f"{LIFECYCLE}/invoice/x/fix-inconsistencies")]),
    ],
)
def test_a_token_reaches_no_further_than_its_scopes(store, scope, allowed):
    caller = caller_for(store.app, store.admin, scope)
    for method, path in [
        ("GET", "/api/products"),
        ("POST", "/api/items"),
        ("DELETE", f"{LIFECYCLE}/cleanup-expired"),
        ("POST", "/api/invoices"),
        ("POST", f"{LIFECYCLE}/mark-sold"),
        ("POST", f"{LIFECYCLE}/invoice/x/fix-inconsistencies"),
    ]:
        answer = caller.send(method, path)
        assert (answer.status_code != 403) == ((method, path) in allowed), (method, path)


def test_a_token_ends_by_time_by_hand_and_with_its_user(store):
    expired = caller_for(store.app, store.staff, days=1)
    store.execute(
        "UPDATE api_tokens SET expires_at = now() WHERE token_hash = %s",
        hashlib.sha256(expired.token.encode()).digest(),
    )
    problem(expired.get("/api/products"), 401, "unauthorized")
    revoked = caller_for(store.app, store.staff)
    token_id = store.value("SELECT id FROM api_tokens ORDER BY id DESC LIMIT 1")
    with store.app.app_context():
        revoke_token(token_id)
    problem(revoked.get("/api/products"), 401, "unauthorized")
    orphan = caller_for(store.app, store.colleague)
    store.execute("UPDATE users SET active = false WHERE id = %s", store.colleague)
    problem(orphan.get("/api/products"), 401, "unauthorized")
    store.execute("UPDATE users SET active = true WHERE id = %s", store.colleague)
    assert orphan.get("/api/products").status_code == 200


def test_the_last_use_is_noted(store, staff):
    staff.get("/api/products")
    query = "SELECT last_used_at FROM api_tokens WHERE token_hash = %s"
    used_at = store.value(query, hashlib.sha256(staff.token.encode()).digest())
    assert used_at is not None
    staff.get("/api/products")
    assert store.value(query, hashlib.sha256(staff.token.encode()).digest()) == used_at


def test_a_browser_session_needs_its_csrf_token(own_shop, as_role_in):
    browser = as_role_in("staff")
    body = {"name": "Vera"}
    problem(browser.open("POST", "/api/customers", json=body), 400, "csrf")
    headers = {"X-CSRFToken": browser.csrf_token}
    made = browser.open("POST", "/api/customers", json=body, headers=headers)
    assert made.status_code == 201
    assert browser.open("GET", "/api/products").status_code == 200


def test_a_token_outranks_the_session_that_it_comes_with(own_shop, as_role_in):
    browser = as_role_in("admin")
    narrow = caller_for(own_shop.app, own_shop.staff, "read")
    headers = {"Authorization": f"Bearer {narrow.token}", "X-CSRFToken": browser.csrf_token}
    answer = browser.open("POST", "/api/customers", json={"name": "V"}, headers=headers)
    problem(answer, 403, "forbidden")
    headers["Authorization"] = "Bearer wrong"
    answer = browser.open("GET", "/api/products", headers=headers)
    problem(answer, 401, "unauthorized")


def test_the_command_prints_the_token_alone(store):
    result = store.app.test_cli_runner().invoke(
        args=["token", "create", "staff@example.com", "--name", "till", "--scope", "read"]
    )
    assert result.exit_code == 0
    token = result.output.removesuffix("\n")
    assert token.startswith("hf_")
    assert " " not in token
    caller = Caller(store.app, token)
    assert caller.get("/api/products").status_code == 200
    problem(caller.post("/api/customers", {"name": "V"}), 403, "forbidden")


@pytest.mark.parametrize(
    "arguments",
    [["nobody@example.com", "--name", "x"], ["staff@example.com", "--name", " "]],
)
def test_the_command_refuses_in_one_line(store, arguments):
    result = store.app.test_cli_runner().invoke(args=["token", "create", *arguments])
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1


def test_an_admin_makes_and_revokes_tokens_on_the_page(own_shop, as_role_in):
    admin = as_role_in("admin")
    admin.get("/admin/tokens")
    page = admin.post(
        "/admin/tokens", name="till", email="staff@example.com", scopes="read", days="30"
    ).text
    token = page.split('id="new-token">')[1].split("<")[0]
    caller = Caller(own_shop.app, token)
    assert caller.get("/api/products").status_code == 200
    assert token not in admin.get("/admin/tokens").text
    assert not own_shop.rows("SELECT FROM idempotency_keys WHERE body LIKE %s", f"%{token}%")
    token_id = own_shop.value("SELECT id FROM api_tokens")
    assert admin.post(f"/admin/tokens/{token_id}/revoke").status_code == 303
    problem(caller.get("/api/products"), 401, "unauthorized")


def test_only_an_admin_sees_tokens(own_shop, as_role_in):
    assert as_role_in("manager").get("/admin/tokens").status_code == 403
