"""Every page, in light and dark, wide and narrow: a picture of it, and no word from axe."""

from pathlib import Path

import pytest

from tests.conftest import ROOT

AXE = (ROOT / "static" / "vendor" / "axe.min.js").read_text()
#: Without what it says of each element that it has nothing against.
VIOLATIONS = "axe.run({resultTypes: ['violations']}).then(found => found.violations)"
LOOKS = [
    ("light", 1280),
    ("dark", 360),
    pytest.param("dark", 1280, marks=pytest.mark.proof),
    pytest.param("light", 360, marks=pytest.mark.proof),
]

PAGES = {
    "dashboard": "/",
    "inventory": "/inventory",
    "inventory-search": "/inventory?q=heart&inventoryStatus=Available",
    "inventory-empty": "/inventory?q=nothing-of-the-kind",
    "products": "/products",
    "product-new": "/products/new",
    "invoices": "/invoices",
    "invoice-new": "/invoices/new?q=heart",
    "reservations": "/reservations",
    "inconsistencies": "/inconsistencies",
    "inconsistencies-resolved": "/inconsistencies?state=resolved&kind=AUDIT_MISMATCH",
    "reports": "/reports",
    "report-none": "/reports/2999-01-01",
    "jobs": "/jobs",
    "users": "/admin/users",
    "not-found": "/nowhere",
}
#: A page behind the first link of a list.
BEHIND = {
    "item-available": ("/inventory?inventoryStatus=Available", "/inventory/"),
    "item-reserved": ("/inventory?reservedForType=Invoice", "/inventory/"),
    "item-delivered": ("/inventory?inventoryStatus=Delivered", "/inventory/"),
    "product": ("/products", "/products/"),
    "report": ("/reports", "/reports/"),
    "invoice-open": ("/invoices?status=Open", "/invoices/"),
    "invoice-part-paid": ("/invoices?status=PartiallyPaid", "/invoices/"),
    "invoice-paid": ("/invoices?status=Paid", "/invoices/"),
    "invoice-delivered": ("/invoices?status=Delivered", "/invoices/"),
    "invoice-cancelled": ("/invoices?status=Cancelled", "/invoices/"),
}


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_every_page_is_accessible_and_fits(visit, pictures: Path, scheme: str, width: int):
    size = {"width": width, "height": 900}
    with visit(None, color_scheme=scheme, viewport=size) as stranger:
        stranger.go("/login")
        faults = look(stranger.page, pictures / f"login-{scheme}-{width}.png", "login")
    with visit("admin", color_scheme=scheme, viewport=size) as admin:
        for name, path in PAGES.items():
            admin.go(path)
            faults += look(admin.page, pictures / f"{name}-{scheme}-{width}.png", name)
        for name, (path, prefix) in BEHIND.items():
            admin.go(path)
            first = admin.page.locator(f"main a[href^='{prefix}']:not([href*='?'])").filter(
                has_text="-" if prefix == "/inventory/" else ""
            )
            admin.go(first.nth(1 if prefix == "/invoices/" else 0).get_attribute("href"))
            faults += look(admin.page, pictures / f"{name}-{scheme}-{width}.png", name)
    assert faults == []


def test_the_lists_fit_a_tablet(visit):
    with visit("admin", viewport={"width": 1024, "height": 800}) as admin:
        for path in ("/inventory", "/products", "/invoices", "/reservations", "/jobs"):
            admin.go(path)
            assert admin.page.evaluate("document.documentElement.scrollWidth") == 1024, path


def look(page, picture: Path, name: str) -> list[str]:
    """What is wrong with the page; its picture is kept."""
    page.screenshot(path=picture)
    faults = []
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append(f"{name}: wider than the window")
    if page.locator("h1").count() != 1 or page.get_by_role("main").count() != 1:
        faults.append(f"{name}: not one h1 and one main landmark")
    page.evaluate(AXE)
    for violation in page.evaluate(VIOLATIONS):
        where = ", ".join(node["target"][0] for node in violation["nodes"][:3])
        faults.append(f"{name}: {violation['id']}: {violation['help']} ({where})")
    return faults
