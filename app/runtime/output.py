"""Writes what the person who started the store reads."""

from contextlib import suppress


def say(text: str) -> None:
    # The terminal may be gone (SIGHUP, a closed pipe), or its file's disk be full: working on
    # matters more.
    with suppress(OSError):
        print(text, flush=True)
