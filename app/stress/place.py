"""Where a run takes place, as the run sees it: app/stress/site.py or app/stress/outside.py."""

from pathlib import Path
from typing import Protocol

from app.stress.faults.target import Target
from app.stress.person import Person


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
    def people(self) -> list[Person]: ...

    def serving(self) -> bool:
        """Whether it takes work."""
        ...
