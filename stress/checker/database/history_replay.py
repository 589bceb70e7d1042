"""Replays an item's history, hashing it as the migrations do."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from app.domain.inventory.item_lifecycle import ChangeReason, InventoryStatus, is_allowed

POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class HistoryRow(NamedTuple):
    """As it is read."""

    item_id: str
    seq: int
    from_status: str | None
    to_status: str
    change_reason: str
    reference_type: str | None
    reference_id: str | None
    changed_by: str
    change_date: datetime
    created_at: datetime
    notes: str | None
    request_id: str | None
    hash: bytes
    transaction: int
    committed_at: float


def row_hash(previous: bytes, row: HistoryRow) -> bytes:
    """sha256 over the hash before, the fixed-width fields, and the texts between separators."""
    texts = (
        row.from_status,
        row.to_status,
        row.change_reason,
        row.reference_type,
        row.reference_id,
        row.request_id,
        row.notes,
    )
    return sha256(
        previous
        + bytes.fromhex(row.item_id.replace("-", ""))
        + struct.pack(">i", row.seq)
        + bytes.fromhex(row.changed_by.replace("-", ""))
        + _microseconds(row.change_date)
        + _microseconds(row.created_at)
        + "\x1f".join(text or "" for text in texts).encode()
    ).digest()


def _microseconds(moment: datetime) -> bytes:
    return struct.pack(">q", (moment - POSTGRES_EPOCH) // MICROSECOND)


@dataclass
class HistoryReplay:
    """Where a unit stands after the rows so far. ``wrong`` is told of what does not follow."""

    item_id: str
    wrong: Callable[[str], None]
    illegal: Callable[[str], None]
    length: int = 0
    status: str | None = None
    digest: bytes = b""
    holder: tuple[str | None, str | None] = (None, None)
    reserved_by: str | None = None
    reserved_at: float | None = None

    def take(self, row: HistoryRow) -> None:
        """The next row, in the order of ``seq``."""
        if (row.seq, row.from_status) != (self.length + 1, self.status):
            self.wrong(
                f"unit {self.item_id}: after {self.length} rows and {self.status} comes row"
                f" {row.seq} from {row.from_status}"
            )
        expected = row_hash(self.digest, row)
        if expected != row.hash:
            self.wrong(f"unit {self.item_id}: the hash of row {row.seq} is not its own")
        if not _legal(row):
            self.illegal(
                f"unit {self.item_id}: row {row.seq} goes from {row.from_status} to"
                f" {row.to_status} because of {row.change_reason}"
            )
        self.length, self.status, self.digest = row.seq, row.to_status, row.hash
        reserved = row.to_status == InventoryStatus.RESERVED
        self.holder = (row.reference_type, row.reference_id) if reserved else (None, None)
        self.reserved_by = row.changed_by if reserved else None
        self.reserved_at = row.change_date.timestamp() if reserved else None


_LEGAL: dict[tuple[str | None, str, str], bool] = {}


def _legal(row: HistoryRow) -> bool:
    """By app.domain's law; looked up, for there are many rows and few kinds."""
    kind: tuple[Any, ...] = (row.from_status, row.to_status, row.change_reason)
    if kind not in _LEGAL:
        try:
            before = InventoryStatus(row.from_status) if row.from_status else None
            _LEGAL[kind] = is_allowed(
                before, InventoryStatus(row.to_status), ChangeReason(row.change_reason)
            )
        except ValueError:
            _LEGAL[kind] = False
    return _LEGAL[kind]
