"""Fixtures for all tests: stores, browsers without a screen, a superuser's session."""

from tests.support.browser import as_role
from tests.support.shop import own_shop, shared_shop, shop
from tests.support.superuser import vandal

__all__ = ["as_role", "own_shop", "shared_shop", "shop", "vandal"]
