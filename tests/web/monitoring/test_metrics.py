"""What Prometheus reads."""

import re
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.database.pool_metrics import note_pool
from app.database.transactions import db
from app.observability.metrics import CONNECTION_LOST, RETRIES
from app.services.background.audit import audit_history
from app.settings import Settings
from app.web.monitoring.metrics import STANDING
from tests.conftest import ROOT, running_app
from tests.support.api_caller import LIFECYCLE, Caller, caller_for
from tests.support.shop import Shop

NOWHERE = "redis://127.0.0.1:1/0"
GONE = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"
TOKEN = "a token for the scraper"


class Figures:
    def __init__(self, text: str) -> None:
        self.values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        named = {label.removesuffix("_"): value for label, value in labels.items()}
        return self.values.get((f"holdfast_{name}", frozenset(named.items())), 0.0)

    def names(self) -> set[str]:
        return {name for name, _ in self.values}


@pytest.fixture
def caller(own_shop: Shop) -> Caller:
    return caller_for(own_shop.app, own_shop.staff)


def read(shop: Shop) -> Figures:
    shop.app.extensions[STANDING].forget()
    answer = shop.app.test_client().get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return Figures(answer.text)


def test_transitions_are_counted_once_they_are_committed(own_shop: Shop, caller: Caller) -> None:
    before = read(own_shop)
    units = caller.new_units(3)
    invoice = caller.new_invoice(units[:2])
    refused = {"itemIds": units, "sessionId": "a cart"}
    assert caller.post(f"{LIFECYCLE}/reserve", refused).status_code == 409
    after = read(own_shop)

    def more(**labels: str) -> float:
        return after("transitions_total", **labels) - before("transitions_total", **labels)

    assert more(from_="(none)", to="Available", reason="RECEIVED") == 3
    assert more(from_="Available", to="Reserved", reason="INVOICE_CREATED") == 2
    assert more(from_="Available", to="Reserved", reason="SESSION_HOLD") == 0
    caller.ok(
        "POST", f"/api/invoices/{invoice['id']}/payments", {"amount": "20", "method": "Cash"}, 201
    )
    sold = {"from_": "Reserved", "to": "Sold", "reason": "INVOICE_PAID"}
    assert read(own_shop)("transitions_total", **sold) - before("transitions_total", **sold) == 2


def test_requests_and_refusals_are_counted_by_route_and_code(
    own_shop: Shop, caller: Caller
) -> None:
    before = read(own_shop)
    (unit,) = caller.new_units(1)
    for cart, status in (("one", 200), ("two", 409)):
        body = {"itemIds": [unit], "sessionId": cart}
        assert caller.post(f"{LIFECYCLE}/reserve", body).status_code == status
    assert caller.get("/nowhere").status_code == 404
    after = read(own_shop)

    def more(name: str, **labels: str) -> float:
        return after(name, **labels) - before(name, **labels)

    reserve = {"method": "POST", "route": f"{LIFECYCLE}/reserve"}
    assert more("requests_total", **reserve, status="200") == 1
    assert more("requests_total", **reserve, status="409") == 1
    assert more("request_seconds_count", **reserve) == 2
    assert more("request_seconds_bucket", **reserve, le="+Inf") == 2
    assert more("request_query_seconds_count", **reserve) == 2
    assert 0 < more("request_query_seconds_sum", **reserve) < more("request_seconds_sum", **reserve)
    assert more("queries_total", **reserve) > 4
    assert more("refusals_total", code="items-not-available", status="409") == 1
    assert more("requests_total", method="GET", route="(none)", status="404") == 1


def test_made_up_methods_and_paths_make_no_new_series(own_shop: Shop) -> None:
    client = own_shop.app.test_client()
    for number in range(3):
        client.open(f"/made/up/{number}", method=f"MADEUP{number}")
    figures = read(own_shop)
    assert figures("requests_total", method="other", route="(none)", status="404") >= 3
    routes = {dict(labels).get("route") for _, labels in figures.values}
    methods = {dict(labels).get("method") for _, labels in figures.values}
    assert not [one for one in [*routes, *methods] if one and re.search("(?i)made", one)]


def test_the_standing_of_the_store_is_read_from_it(own_shop: Shop, caller: Caller) -> None:
    before = read(own_shop)
    assert before("up", part="database") == before("up", part="queue") == 1
    assert before("seconds_since_good_audit") == float("inf")
    assert before("open_findings", kind="AUDIT_MISMATCH") == 0
    caller.new_units(2)
    own_shop.execute(
        "INSERT INTO inconsistencies (kind, severity, explanation) VALUES"
        " ('AUDIT_MISMATCH', 'high', 'because')"
    )
    own_shop.execute(
        "INSERT INTO job_runs (job, slot, status, started_at, queued_at)"
        " VALUES ('cleanup', now(), 'queued', NULL, now() - interval '1 hour')"
    )
    audit_history()
    after = read(own_shop)
    assert after("units", status="Available") == 2
    assert after("open_findings", kind="AUDIT_MISMATCH") == 1
    assert after("waiting_runs", job="cleanup") == 1
    assert 3600 <= after("oldest_waiting_run_seconds") < 3700
    assert 0 <= after("seconds_since_good_audit") < 60
    assert 0 <= after("job_seconds_since_success", job="audit") < 60
    assert after("job_runs_total", job="audit", result="succeeded") > 0


def test_a_bad_audit_is_no_good_one(own_shop: Shop) -> None:
    own_shop.execute("DROP TRIGGER append_only ON payments")
    audit_history()
    assert read(own_shop)("seconds_since_good_audit") == float("inf")


def test_without_database_and_queue_there_are_figures_still(settings: Settings) -> None:
    with running_app(replace(settings, database_url=GONE, redis_url=NOWHERE)) as app:
        client = app.test_client()
        assert client.get("/healthz").status_code == 200
        figures = Figures(client.get("/metrics").text)
    assert (figures("up", part="database"), figures("up", part="queue")) == (0, 0)
    assert figures("requests_total", method="GET", route="/healthz", status="200") > 0
    assert "holdfast_units" not in figures.names()


def test_a_token_closes_it(settings: Settings) -> None:
    with running_app(replace(settings, metrics_token=TOKEN)) as app:
        client = app.test_client()
        for headers in ({}, {"Authorization": "Bearer another one"}):
            refused = client.get("/metrics", headers=headers)
            assert (refused.status_code, refused.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
            assert "holdfast" not in refused.text
        read = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert read.status_code == 200


def test_a_transaction_that_is_tried_again_is_counted_by_its_cause(own_shop: Shop) -> None:
    counted = RETRIES.labels(CONNECTION_LOST)._value
    before = counted.get()
    own_shop.execute(
        "CREATE FUNCTION die_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('deaths') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
        " RETURN NEW; END $$"
    )
    own_shop.execute("CREATE SEQUENCE deaths")
    own_shop.execute("CREATE TRIGGER die_once BEFORE INSERT ON items EXECUTE FUNCTION die_once()")
    assert len(own_shop.new_units(1)) == 1
    assert counted.get() == before + 1


def test_the_guide_names_every_metric_with_its_labels(own_shop: Shop, caller: Caller) -> None:
    guide = (ROOT / "docs" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(holdfast_\w+)` \| ([\w, ]*)\|", guide, re.M)
    told = {name: {label.strip() for label in labels.split(",")} - {""} for name, labels in rows}
    caller.get("/nowhere")
    audit_history()
    note_pool(db.engine)
    answer = own_shop.app.test_client().get("/metrics").text
    shown = {
        family.name + ("_total" if family.type == "counter" else ""): set(sample.labels) - {"le"}
        for family in text_string_to_metric_families(answer)
        for sample in family.samples[:1]
        if not sample.name.endswith("_created")
    }
    assert told == shown
