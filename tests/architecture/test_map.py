"""docs/architecture.md names what there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
TOP = r"(?:app|jobs|stress|migrations|templates|static|bench|tests)(?:/[\w./-]*)?|pyproject.toml"
PATHS = sorted({path for path in re.findall(r"`([\w./-]+)`", PAGE) if re.fullmatch(TOP, path)})
LAYERS = ("app", "app/domain", "app/queries", "app/services", "app/web")


@pytest.mark.parametrize("path", PATHS)
def test_a_path_on_the_map_exists(path: str) -> None:
    assert (ROOT / path).exists(), f"docs/architecture.md names {path}, which is not there"


@pytest.mark.parametrize("layer", LAYERS)
def test_every_folder_is_on_the_map(layer: str) -> None:
    folders = {path.parent.name for path in (ROOT / layer).glob("*/__init__.py")}
    missing = {name for name in folders if not re.search(rf"\b{name}\b", PAGE)}
    assert missing == set(), "say in docs/architecture.md what they hold"
