"""Where a run takes place: a scratch store (scratch.py) or one elsewhere (remote.py)."""

from pathlib import Path
from typing import Protocol

from stress.clients.api_user import ApiUser
from stress.faults.target import Target


class Place(Target, Protocol):
    @property
    def web_urls(self) -> list[str]:
        """Where the store is asked; at least one."""
        ...

    @property
    def folder(self) -> Path:
        """For what a run writes."""
        ...

    @property
    def people(self) -> list[ApiUser]: ...

    def serving(self) -> bool:
        """Whether it takes work."""
        ...
