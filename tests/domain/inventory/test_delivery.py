import pytest

from app.domain.inventory.delivery import DeliveryInfo


@pytest.mark.parametrize(
    ("delivery", "note"),
    [
        (DeliveryInfo(), None),
        (DeliveryInfo(carrier="  ", notes=" "), None),
        (DeliveryInfo(notes=" left at the desk "), "left at the desk"),
        (
            DeliveryInfo("Post", "AB 12", "the porter", "rang twice"),
            "carrier Post; tracking AB 12; delivered to the porter; rang twice",
        ),
    ],
)
def test_a_delivery_becomes_one_line_of_history(delivery, note) -> None:
    assert delivery.as_note() == note
