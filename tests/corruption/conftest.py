from tests.browsing import as_role
from tests.corruption.vandal import vandal
from tests.shop import own_shop, shared_shop, shop

__all__ = ["as_role", "own_shop", "shared_shop", "shop", "vandal"]
