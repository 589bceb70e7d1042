"""The document names every call, and what it names is so."""

import re

from app.domain import errors
from app.web.api.framework.problem_codes import EXPLANATIONS
from tests.support.api_caller import LIFECYCLE

CONTRACT = {
    ("POST", f"{LIFECYCLE}/reserve"),
    ("POST", f"{LIFECYCLE}/release"),
    ("POST", f"{LIFECYCLE}/mark-sold"),
    ("POST", f"{LIFECYCLE}/mark-delivered"),
    ("GET", f"{LIFECYCLE}/invoice/{{invoiceId}}/status"),
    ("POST", f"{LIFECYCLE}/invoice/{{invoiceId}}/transition"),
    ("POST", f"{LIFECYCLE}/invoice/{{invoiceId}}/fix-inconsistencies"),
    ("GET", f"{LIFECYCLE}/items/status"),
    ("GET", f"{LIFECYCLE}/items/history"),
    ("GET", f"{LIFECYCLE}/dashboard"),
    ("DELETE", f"{LIFECYCLE}/cleanup-expired"),
    ("GET", "/api/products"),
    ("POST", "/api/products"),
    ("GET", "/api/products/{productId}"),
    ("PATCH", "/api/products/{productId}"),
    ("POST", "/api/items"),
    ("GET", "/api/items/{itemId}"),
    ("PATCH", "/api/items/{itemId}"),
    ("GET", "/api/customers"),
    ("POST", "/api/customers"),
    ("GET", "/api/customers/{customerId}"),
    ("GET", "/api/warehouses"),
    ("POST", "/api/warehouses"),
    ("POST", "/api/invoices"),
    ("GET", "/api/invoices"),
    ("GET", "/api/invoices/numbers"),
    ("GET", "/api/invoices/{invoiceId}"),
    ("POST", "/api/invoices/{invoiceId}/payments"),
}


def test_the_document_names_every_call(store):
    document = store.app.test_client().get("/api/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    named = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert named == CONTRACT


def test_every_reference_leads_somewhere(store):
    text = store.app.test_client().get("/api/openapi.json").text
    document = store.app.test_client().get("/api/openapi.json").get_json()
    for name in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert name in document["components"]["schemas"]


def test_every_code_is_explained():
    codes = {
        code
        for one in vars(errors).values()
        if isinstance(code := getattr(one, "code", None), str) and code != "refused"
    }
    of_pages = {"exports-busy", "log-in-busy", "log-in-delayed"}
    assert codes - of_pages <= EXPLANATIONS.keys()


def test_the_page_needs_no_script_and_names_every_code(store):
    answer = store.app.test_client().get("/api/docs")
    assert answer.status_code == 200
    assert "style=" not in answer.text
    for code in EXPLANATIONS:
        assert f'id="problem-{code}"' in answer.text
