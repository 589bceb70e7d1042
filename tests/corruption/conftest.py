from tests.browsing import as_role
from tests.corruption.vandal import vandal
from tests.shop import own_shop, shop, standing_shop

__all__ = ["as_role", "own_shop", "shop", "standing_shop", "vandal"]
