"""A cart's statuses and its name for people."""

from enum import StrEnum
from hashlib import sha256


class CartStatus(StrEnum):
    """A user has one open cart on the page; it is closed when it became an invoice."""

    OPEN = "open"
    ASIDE = "aside"
    CLOSED = "closed"


def mark_of(*words: str) -> str:
    """The same for the same words: what a form sends back of what its page showed."""
    return sha256("\x1f".join(words).encode()).hexdigest()[:16]


def cart_label(user_name: str | None) -> str:
    """How people call a cart, on pages and in refusals alike."""
    return f"{user_name}'s cart"
