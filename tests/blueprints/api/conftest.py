import pytest

from tests.blueprints.api.caller import Caller, caller_for
from tests.shop import Shop, own_shop, shared_shop

__all__ = ["own_shop", "shared_shop"]


@pytest.fixture
def store(shared_shop: Shop) -> Shop:
    """Without an application context: each request brings its own, and with it its own user."""
    return shared_shop


@pytest.fixture
def staff(store: Shop) -> Caller:
    return caller_for(store.app, store.staff)


@pytest.fixture
def colleague(store: Shop) -> Caller:
    return caller_for(store.app, store.colleague)


@pytest.fixture
def manager(store: Shop) -> Caller:
    return caller_for(store.app, store.manager)


@pytest.fixture
def admin(store: Shop) -> Caller:
    return caller_for(store.app, store.admin)
