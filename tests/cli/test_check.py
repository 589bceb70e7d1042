import json

from tests.support.shop import Shop, own_shop

__all__ = ["own_shop"]


def test_the_check_prints_one_json_object(own_shop: Shop) -> None:
    (unit,) = own_shop.new_units(1)
    own_shop.misplace([unit], "WithCustomer")
    result = own_shop.app.test_cli_runner().invoke(args=["check"])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.output)
    assert (printed["found"], printed["opened"], printed["open"]) == (1, 1, 1)
    assert printed["byKind"]["LOCATION_MISMATCH"] == 1
