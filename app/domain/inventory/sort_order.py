"""The orders in which units can be listed."""

from enum import StrEnum


class ItemOrder(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    SERIAL = "serial"
