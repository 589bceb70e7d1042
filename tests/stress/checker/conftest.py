import pytest

from tests.conftest import Servers
from tests.stress.checker.operation_recorder import Ledger
from tests.support.shop import Shop


@pytest.fixture
def ledger(own_shop: Shop, servers: Servers) -> Ledger:
    """Of a shop that is this test's own."""
    name = own_shop.url.rsplit("/", 1)[1].split("?")[0]
    return Ledger(own_shop, lambda: servers.postgres.connect_as_superuser(name))
