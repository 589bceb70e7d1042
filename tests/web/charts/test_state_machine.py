from app.domain.inventory.item_lifecycle import TRANSITIONS, InventoryStatus
from app.web.charts.bar_chart import round_up, shares, stacked_columns
from app.web.charts.state_machine import STEP_NAMES, draw_state_machine


def test_every_allowed_step_is_drawn_and_named() -> None:
    assert set(STEP_NAMES) == set(TRANSITIONS)
    drawing = draw_state_machine("Available", [])
    assert len(drawing.edges) == len(TRANSITIONS)
    assert [node.status for node in drawing.nodes] == list(InventoryStatus)


def test_the_steps_that_a_unit_took_are_marked_and_counted() -> None:
    taken = [
        (None, "Available", "RECEIVED"),
        ("Available", "Reserved", "SESSION_HOLD"),
        ("Reserved", "Available", "HOLD_RELEASED"),
        ("Available", "Reserved", "INVOICE_CREATED"),
    ]
    drawing = draw_state_machine("Reserved", taken)
    times = {edge.label: edge.times for edge in drawing.edges}
    assert times["held ×2"] == 2
    assert times["paid"] == 0
    assert [node.status for node in drawing.nodes if node.is_here] == ["Reserved"]


def test_a_correction_is_drawn_once_it_was_made() -> None:
    drawing = draw_state_machine("Available", [("Sold", "Available", "CORRECTION")])
    assert [edge.label for edge in drawing.edges if edge.times] == ["corrected"]


def test_a_chart_of_nothing_is_still_a_chart() -> None:
    chart = stacked_columns([("1", "Mon", {}), ("2", "Tue", {"Sold": 3})], ["Sold"])
    assert [column.title for column in chart.columns] == ["Mon: nothing", "Tue: 3 Sold"]
    assert all(round_up(number) >= number for number in range(5000))
    assert shares({"Sold": 0})[0].width == 0
