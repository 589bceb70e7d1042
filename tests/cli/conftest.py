from tests.shop import own_shop, shop, standing_shop

__all__ = ["own_shop", "shop", "standing_shop"]
