"""The orders of the item list."""

from enum import StrEnum


class ItemOrder(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    SERIAL = "serial"
