"""A user with a token, who acts in a run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ApiUser:
    """A real user of the store, with a real token."""

    user_id: str
    role: str
    token: str
