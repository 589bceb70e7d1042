"""The API's description and the tokens' page: readable, accessible, without script and network."""

from pathlib import Path

import pytest

from tests.browser.test_pages import LOOKS, look


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_api_pages_are_accessible_and_fit(visit, pictures: Path, scheme: str, width: int):
    size = {"width": width, "height": 900}
    with visit(None, color_scheme=scheme, viewport=size) as stranger:
        stranger.go("/api/docs")
        faults = look(stranger.page, pictures / f"api-{scheme}-{width}.png", "api")
    with visit("admin", color_scheme=scheme, viewport=size) as admin:
        admin.go("/api/docs")
        faults += look(admin.page, pictures / f"api-admin-{scheme}-{width}.png", "api, signed in")
        admin.go("/admin/tokens")
        admin.page.get_by_label("Name").fill("till")
        admin.page.get_by_label("read:").check()
        admin.press("Create token")
        assert admin.page.locator("#new-token").inner_text().startswith("hf_")
        faults += look(admin.page, pictures / f"tokens-{scheme}-{width}.png", "tokens")
        admin.page.get_by_role("button", name="Revoke").first.click()
        admin.page.get_by_text("The token is revoked").wait_for()
    assert faults == []
