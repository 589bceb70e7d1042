"""Static files: kept by browsers while they are the same, and found by those of other releases."""

import re
from pathlib import Path

from flask.testing import FlaskClient

from app.web.static_files import version_of
from tests.conftest import ROOT

LINKED = re.compile(r'(?:href|src)="(/static/[^"]+)"')
IMPORTED = re.compile(r'^import .* from "(\.[^"]+)";$', re.M)


def test_a_page_links_to_files_that_a_browser_keeps(client: FlaskClient) -> None:
    linked = LINKED.findall(client.get("/login").text)
    assert len(linked) > 5
    for address in linked:
        with client.get(address) as answer:
            assert answer.status_code == 200
            assert answer.cache_control.max_age > 10**6
            assert answer.cache_control.immutable
            assert not answer.cache_control.no_cache


def test_another_version_is_not_kept(client: FlaskClient) -> None:
    for address in ("/static/v0123456789ab/app.css", "/static/app.css"):
        with client.get(address) as answer:
            assert answer.status_code == 200
            assert answer.cache_control.no_cache
            assert answer.cache_control.max_age is None


def test_a_file_that_is_not_there_is_not_found(client: FlaskClient) -> None:
    version = version_of(str(ROOT / "static"))
    for name in ("none.css", f"{version}/none.css", f"{version}/../wsgi.py", version):
        assert client.get(f"/static/{name}").status_code == 404


def test_a_changed_file_gets_another_address(tmp_path: Path) -> None:
    (tmp_path / "app.css").write_text("a {}")
    before = version_of(str(tmp_path))
    version_of.cache_clear()
    (tmp_path / "more.css").write_text("b {}")
    assert version_of(str(tmp_path)) != before


def test_modules_import_what_is_there() -> None:
    for file in (ROOT / "static").rglob("*.js"):
        if "vendor" not in file.parts:
            for name in IMPORTED.findall(file.read_text()):
                assert (file.parent / name).is_file(), f"{file.name} imports {name}"
