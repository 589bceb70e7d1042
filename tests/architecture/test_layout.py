"""Folders stay small, and a class name has one meaning."""

import ast
from collections import Counter, defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TREES = ("app", "jobs", "stress")
FILES_MAX = 15
PREFIX_MAX = 3
SOURCES = [path for tree in TREES for path in sorted((ROOT / tree).rglob("*.py"))]
FOLDERS = sorted({path.parent for path in [*SOURCES, *(ROOT / "tests").rglob("*.py")]})
#: A model and the API's model of the same thing share its name.
SAME_NAMES = ("app/models", "app/web/api")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_folder_holds_few_files(folder: Path) -> None:
    files = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(files) <= FILES_MAX, (
        f"{folder.relative_to(ROOT)} holds {len(files)} files: make a folder of those that belong"
        " together (docs/architecture.md)"
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_shared_prefix_becomes_a_folder(folder: Path) -> None:
    stems = [path.stem.removeprefix("test_") for path in folder.glob("*.py")]
    prefixes = Counter(stem.split("_")[0] for stem in stems if "_" in stem and stem[0] != "_")
    often = {prefix for prefix, count in prefixes.items() if count > PREFIX_MAX}
    assert often == set(), f"make a folder of the files that begin with {sorted(often)}"


def test_a_class_name_has_one_meaning() -> None:
    """Outside the models and the API's models, which name the same things."""
    places = defaultdict(set)
    for path in SOURCES:
        file = str(path.relative_to(ROOT))
        if file.startswith(SAME_NAMES):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].add(file)
    twice = {name: sorted(files) for name, files in places.items() if len(files) > 1}
    assert twice == {}, "name one of them for what only it is"
