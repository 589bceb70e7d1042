"""A refusal or error, as every renderer takes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """Everything a renderer needs; ``facts`` is what helps to mend it."""

    status: int
    code: str
    title: str
    detail: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    exception: Exception | None = None

    @property
    def detail_for_programs(self) -> str:
        """The API's words, where they differ from those for a person."""
        return getattr(self.exception, "detail_for_programs", self.detail)
