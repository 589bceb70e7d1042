"""A user's holds: in carts and by hand."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db


@dataclass(frozen=True)
class UserHolds:
    """``cart_until`` is when the last hold of a cart ends; ``hand_until`` the last one by hand.

    ``hand_open`` of the units by hand are held until somebody releases them. Holds that have run
    out do not count.
    """

    cart_units: int
    cart_until: datetime | None
    hand_units: int
    hand_until: datetime | None
    hand_open: int

    @property
    def units(self) -> int:
        return self.cart_units + self.hand_units


def holds_of_user(user_id: UUID) -> UserHolds:
    """Counted now."""
    row = db.session.execute(
        text("""SELECT count(*) FILTER (WHERE reserved_for_type = 'Session') AS cart_units,
                max(reservation_expiry) FILTER (WHERE reserved_for_type = 'Session') AS cart_until,
                count(*) FILTER (WHERE reserved_for_type = 'Manual') AS hand_units,
                max(reservation_expiry) FILTER (WHERE reserved_for_type = 'Manual') AS hand_until,
                count(*) FILTER (WHERE reserved_for_type = 'Manual'
                    AND reservation_expiry IS NULL) AS hand_open
            FROM items WHERE reserved_for_type IN ('Session', 'Manual') AND reserved_by = :user_id
                AND (reservation_expiry IS NULL OR reservation_expiry > clock_timestamp())"""),
        {"user_id": user_id},
    ).one()
    return UserHolds(**row._mapping)


def held_item_ids_of_user(user_id: UUID, limit: int) -> list[UUID]:
    """Up to ``limit`` of them, in the order of their ids; those that have run out, too."""
    return list(
        db.session.scalars(
            text("""SELECT id FROM items WHERE reserved_for_type IN ('Session', 'Manual')
                AND reserved_by = :user_id ORDER BY id LIMIT :limit"""),
            {"user_id": user_id, "limit": limit},
        )
    )
