from tests.shop import own_shop, shared_shop, shop

__all__ = ["own_shop", "shared_shop", "shop"]
