import pytest

from tests.support.api_caller import Caller, caller_for
from tests.support.shop import Shop


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
