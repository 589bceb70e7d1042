"""Tells who can log in after a start."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.runtime.servers.secret_files import write_private

FIRST_USER = ".venv/bin/flask user create EMAIL --name NAME --role admin"


@dataclass(frozen=True)
class LogIns:
    """``demo`` says of each demo user who may log in whether the printed password does it."""

    demo: dict[str, bool] = field(default_factory=dict)
    has_users: bool = True

    def publish(self, instance: Path) -> None:
        write_private(_file(instance), json.dumps(asdict(self)))

    def lines(self, password: str | None) -> Iterator[str]:
        if not self.has_users:
            yield f"The store has no user yet. Make the first one: {FIRST_USER}"
        if usual := [email for email, same in self.demo.items() if same]:
            yield f"Log in as {', '.join(usual)}"
            yield f"with the password {password}"
        for email, same in self.demo.items():
            if not same:
                yield f"Log in as {email} (password changed since; not shown)"


def published(instance: Path) -> LogIns:
    try:
        return LogIns(**json.loads(_file(instance).read_text()))
    except (OSError, ValueError, TypeError):
        return LogIns()


def _file(instance: Path) -> Path:
    return instance / "run" / "log-ins.json"
