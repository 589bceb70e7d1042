"""Passwords and keys, made once and kept in the instance folder."""

import os
import secrets
from pathlib import Path


def secret(path: Path) -> str:
    """The secret kept in this file, made on the first call."""
    if path.is_file() and (kept := path.read_text().strip()):
        return kept
    made = secrets.token_urlsafe(24)
    write_private(path, made + "\n")
    return made


def write_private(path: Path, text: str) -> None:
    """All or nothing, also through a power cut: a database may already rely on the content."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
