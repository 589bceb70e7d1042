"""Moves damaged files aside so that the server can start."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

KEPT = 3


def set_aside(folder: Path) -> Path:
    """Rename a folder; of those set aside before, the newest stay."""
    now = datetime.now(UTC)
    aside = folder.with_name(f"{folder.name}.damaged-{now:%Y%m%dT%H%M%S%f}")
    folder.rename(aside)
    for older in sorted(folder.parent.glob(f"{folder.name}.damaged-*"))[:-KEPT]:
        shutil.rmtree(older, ignore_errors=True)
    return aside
