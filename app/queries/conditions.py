"""Rules about items that SQL says, each once: expired holds, free items, names of holders.

All are expressions on ``items i``, for statements of services and queries alike.
"""

#: The hold's time has run out, whether or not the cleanup has ended it yet.
HOLD_EXPIRED = "coalesce(i.reservation_expiry <= clock_timestamp(), false)"
#: The item is held, and its time has run out: whoever wants it may have it.
IS_EXPIRED_HOLD = "i.inventory_status = 'Reserved' AND i.reservation_expiry <= clock_timestamp()"
#: The item can be reserved now. `item_actions` says the same in Python.
IS_FREE = f"""coalesce(i.status = 'InStock'
    AND (i.inventory_status = 'Available' OR ({IS_EXPIRED_HOLD})), false)"""


def cart_label(user_name: str) -> str:
    """The name of a user's cart, as ``app.domain.carts.cart_label`` has it; of an expression."""
    return f"{user_name} || '''s cart'"
