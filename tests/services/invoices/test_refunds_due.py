"""Money that was paid for an invoice that is cancelled: told until it is given back."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.queries.consistency.repair_plan import findings_of_invoice
from app.queries.invoices.invoice_documents import load_invoice
from app.queries.invoices.invoices import get_invoice
from app.services.background.cleanup import BackgroundCleanupService
from app.services.consistency.findings import acknowledge
from app.services.consistency.repair import NothingToMend, RepairService
from app.services.invoices.finance import FinanceService
from app.services.reports.daily_report import make_report
from app.web.exports.daily_report import report_csv
from tests.support.shop import Shop

ZONE = ZoneInfo("UTC")
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
FINDING = """SELECT id, severity, explanation, evidence FROM inconsistencies
    WHERE kind = 'REFUND_DUE'"""


def cancelled(shop: Shop, paid: str | None, ago: timedelta = timedelta(0)) -> UUID:
    """An invoice of £30 that was cancelled so long ago."""
    then = datetime.now(UTC) - ago
    invoice_id = shop.new_invoice(shop.new_units(3))
    if paid:
        shop.pay(invoice_id, paid)
    service = FinanceService(then if ago else None)
    service.update_invoice_status(invoice_id, "Cancelled", shop.manager)
    return invoice_id


@pytest.mark.parametrize(("paid", "due"), [("14.40", "14.40"), ("0.01", "0.01"), (None, "0.00")])
def test_what_was_paid_for_a_cancelled_invoice_is_due_and_nothing_is_to_be_paid(
    shop: Shop, paid: str | None, due: str
) -> None:
    invoice_id = cancelled(shop, paid)
    for invoice in (get_invoice(invoice_id), load_invoice(invoice_id)):
        assert (str(invoice.refund_due), invoice.balance) == (due, 0)


def test_an_invoice_that_goes_on_owes_nothing_back(shop: Shop) -> None:
    invoice_id = shop.new_invoice(shop.new_units(3))
    shop.pay(invoice_id, "14.40")
    invoice = load_invoice(invoice_id)
    assert (invoice.refund_due, str(invoice.balance), invoice.credited) == (0, "15.60", 0)


def test_it_is_a_finding_after_a_day_and_stays_one_when_acknowledged(own_shop: Shop) -> None:
    shop, checks = own_shop, BackgroundCleanupService()
    invoice_id = cancelled(shop, "14.40", timedelta(hours=25))
    cancelled(shop, "5.00", timedelta(hours=23))
    cancelled(shop, None, timedelta(days=9))
    result = checks.run_consistency_check()
    assert (result["found"], result["byKind"]["REFUND_DUE"]) == (1, 1)
    finding_id, severity, explanation, evidence = shop.row(FINDING)
    number = shop.invoice_number(invoice_id)
    assert severity == "medium"
    assert explanation == (
        f"Invoice {number} is cancelled, and GBP 14.40 that was paid for it is still to be given "
        "back to Regular customer."
    )
    assert evidence["refundDue"] == "14.40"
    with shop.unchanged(), pytest.raises(NothingToMend, match="Give the money back"):
        RepairService().fix_finding(finding_id, shop.admin, "Why not")
    acknowledge(finding_id, shop.manager, "Given back in cash")
    checks.run_consistency_check()
    assert shop.value("SELECT acknowledgement FROM inconsistencies") == "Given back in cash"
    assert shop.value("SELECT count(*) FROM inconsistencies WHERE resolved_at IS NULL") == 1


def test_its_units_are_no_less_in_order(own_shop: Shop) -> None:
    assert findings_of_invoice(cancelled(own_shop, "14.40", timedelta(days=2))) == []


def test_the_report_says_what_is_due_when_the_day_ends(own_shop: Shop) -> None:
    shop = own_shop
    day = YESTERDAY
    shop.execute("UPDATE users SET created_at = created_at - interval '9 days'")
    older = cancelled(shop, "14.40", timedelta(days=3))
    cancelled(shop, "9.00")
    figures = make_report(day, ZONE)
    assert figures["headlines"]["refundsDue"] == "14.40"
    assert figures["refunds"]["total"] == "14.40"
    assert [line["invoiceId"] for line in figures["refunds"]["oldest"]] == [str(older)]
    assert f"refunds,{shop.invoice_number(older)},due,14.40" in report_csv(figures)


def test_a_report_from_before_there_was_such_a_figure_is_still_written(own_shop: Shop) -> None:
    own_shop.execute("UPDATE users SET created_at = created_at - interval '9 days'")
    figures = make_report(YESTERDAY, ZONE)
    del figures["headlines"]["refundsDue"], figures["refunds"]
    assert "moneyIn" in report_csv(figures)
