"""Static files, under a path that names their version: a browser keeps them and asks no more.

The version is a part of the path and not a parameter, so that the modules of the script, which
import each other by relative paths, have it as well.
"""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app

VERSION = re.compile("v[0-9a-f]{12}")
YEAR_SECONDS = 365 * 24 * 60 * 60


def register(app: Flask) -> None:
    app.url_defaults(add_version)


def add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static":
        values["filename"] = f"{version_of(current_app.static_folder or '')}/{values['filename']}"


@cache
def version_of(folder: str) -> str:
    """The same until a file of the folder is changed and the store started again."""
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    told = [(str(path.relative_to(folder)), path.stat().st_mtime_ns) for path in files]
    return f"v{hashlib.sha256(repr(told).encode()).hexdigest()[:12]}"


def without_version(filename: str) -> str:
    version, _, rest = filename.partition("/")
    return rest if VERSION.fullmatch(version) else filename


def keep_if_current(response: Response, filename: str, folder: str) -> Response:
    """A page of an earlier release gets the file as well, and asks again the next time."""
    if filename.partition("/")[0] == version_of(folder):
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = YEAR_SECONDS
        response.cache_control.immutable = True
    return response
