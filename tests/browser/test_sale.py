"""The main job, from the search to the handed-over unit, by people at browsers."""

import re

STATUS = ".page-head .status-badge"


def reserve_one(clerk, words: str = "heart") -> str:
    """Puts the first free unit that the search finds into the cart; returns its serial number."""
    clerk.go(f"/invoices/new?q={words}")
    unit = clerk.page.locator("#results .unit").filter(
        has=clerk.page.get_by_role("button", name="Reserve")
    )
    serial = unit.first.locator(".serial").inner_text()
    unit.first.get_by_role("button", name="Reserve").click()
    clerk.page.locator("#cart .unit", has_text=serial).wait_for()
    return serial


def create_invoice(clerk, customer: str) -> str:
    """Returns the path of the new invoice's page."""
    clerk.page.get_by_label("Name", exact=True).fill(customer)
    clerk.press("Create invoice")
    clerk.page.wait_for_url(re.compile(r"/invoices/[0-9a-f-]{36}$"))
    return clerk.page.url.removeprefix(clerk.site)


def test_a_clerk_reserves_sells_and_hands_over_and_the_unit_tells_the_story(visit):
    with visit("staff") as clerk:
        serial = reserve_one(clerk)
        assert re.search(r"\d+:\d\d left", clerk.page.locator("#cart").inner_text())
        create_invoice(clerk, "First in the queue")
        assert clerk.page.locator(STATUS).inner_text() == "Open"

        clerk.page.get_by_label("Amount").fill("0.01")
        clerk.press("Record payment")
        clerk.page.locator(STATUS, has_text="Part paid").wait_for()
        clerk.press("Record payment")  # the balance is filled in
        clerk.page.locator(STATUS, has_text=re.compile("^Paid$")).wait_for()
        clerk.page.get_by_label("Delivered to").fill("at the counter")
        clerk.press("Mark delivered")
        clerk.page.locator(STATUS, has_text="Delivered").wait_for()

        clerk.page.get_by_role("link", name=serial).first.click()
        story = clerk.page.locator("main").inner_text()
    told = [
        "delivered to at the counter",
        "Invoice paid",
        "Reserved for an invoice",
        "Hold released",
        "Held in a cart",
        "Item received",
    ]
    places = [story.index(part) for part in told]
    assert places == sorted(places)


def test_a_manager_cancels_and_the_unit_is_free_again(visit):
    with visit("staff") as clerk, visit("manager") as manager:
        serial = reserve_one(clerk)
        path = create_invoice(clerk, "Has second thoughts")
        assert clerk.page.get_by_role("button", name="Cancel invoice").count() == 0

        manager.go(path)
        manager.press("Cancel invoice")
        manager.page.locator(STATUS, has_text="Cancelled").wait_for()
        manager.page.get_by_role("link", name=serial).first.click()
        manager.page.locator("main .status-badge", has_text="Available").first.wait_for()


def test_a_refusal_says_who_has_it_and_leaves_the_page_as_it_was(visit):
    with visit("staff") as clerk, visit("manager") as manager:
        manager.go("/invoices/new?q=heart")
        seen = manager.page.locator("#results .unit").filter(
            has=manager.page.get_by_role("button", name="Reserve")
        )
        wanted = seen.first.locator(".serial").inner_text()
        assert reserve_one(clerk) == wanted

        seen.first.get_by_role("button", name="Reserve").click()
        refusal = manager.alert()
        assert wanted in refusal
        assert "Staff's cart" in refusal
        assert "Free instead" in refusal
        assert manager.page.url.endswith("/invoices/new?q=heart")

        manager.page.get_by_role("alert").get_by_role("button", name="Reserve").first.click()
        manager.page.locator("#cart .unit").first.wait_for()


def test_a_double_click_creates_one_invoice(visit):
    with visit("staff") as clerk:
        reserve_one(clerk)
        clerk.page.get_by_label("Name", exact=True).fill("Impatient customer")
        clerk.page.get_by_role("button", name="Create invoice").dblclick()
        clerk.page.wait_for_url(re.compile(r"/invoices/[0-9a-f-]{36}$"))
        clerk.go("/invoices?q=Impatient+customer")
        assert clerk.page.get_by_role("link", name=re.compile(r"^\d+$")).count() == 1


def test_the_whole_sale_works_without_javascript(visit):
    with visit("staff", java_script_enabled=False) as clerk:
        reserve_one(clerk)
        create_invoice(clerk, "Reads mail in a terminal")
        clerk.press("Record payment")
        assert clerk.page.locator(STATUS).inner_text() == "Paid"
        clerk.press("Mark delivered")
        assert clerk.page.locator(STATUS).inner_text() == "Delivered"


def test_a_wrong_amount_comes_back_with_what_was_typed_and_the_reason(visit):
    with visit("staff") as clerk:
        reserve_one(clerk)
        create_invoice(clerk, "Pays oddly")
        clerk.page.get_by_label("Amount").fill("twelve")
        clerk.press("Record payment")
        clerk.page.get_by_label("Amount").and_(clerk.page.locator("[aria-invalid=true]")).wait_for()
        assert clerk.page.get_by_label("Amount").input_value() == "twelve"
