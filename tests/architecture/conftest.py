from tests.browsing import as_role
from tests.shop import own_shop, shared_shop, shop

__all__ = ["as_role", "own_shop", "shared_shop", "shop"]
