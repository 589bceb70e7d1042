"""Draws the transitions of an item and those it took."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.inventory.item_lifecycle import EVENTS, TRANSITIONS, ChangeReason, InventoryStatus

WIDTH, HEIGHT = 800, 210
NODE_WIDTH, NODE_HEIGHT = 116, 46
NODE_TOP = 84
FIRST_LEFT, PITCH = 76, 196

#: What a step is called while the unit has not taken it.
STEP_NAMES = {
    (None, InventoryStatus.AVAILABLE): "received",
    (InventoryStatus.AVAILABLE, InventoryStatus.RESERVED): "held",
    (InventoryStatus.AVAILABLE, InventoryStatus.SOLD): "sold directly",
    (InventoryStatus.RESERVED, InventoryStatus.AVAILABLE): "released, expired or cancelled",
    (InventoryStatus.RESERVED, InventoryStatus.SOLD): "paid",
    (InventoryStatus.SOLD, InventoryStatus.DELIVERED): "delivered",
}

Step = tuple[InventoryStatus | None, InventoryStatus]


@dataclass(frozen=True)
class Node:
    status: InventoryStatus
    left: int
    top: int
    is_here: bool
    is_passed: bool


@dataclass(frozen=True)
class Edge:
    path: str
    arrow: str
    label: str
    label_x: int
    label_y: int
    explanation: str
    times: int


@dataclass(frozen=True)
class Drawing:
    nodes: list[Node]
    edges: list[Edge]
    description: str
    width: int = WIDTH
    height: int = HEIGHT
    node_width: int = NODE_WIDTH
    node_height: int = NODE_HEIGHT


def draw_state_machine(current: str, taken: Iterable[tuple[str | None, str, str]]) -> Drawing:
    """``taken`` holds (from, to, reason) of each change, in any order."""
    steps = [(_step(before, after), ChangeReason(reason)) for before, after, reason in taken]
    reached = {after for (_, after), _ in steps}
    nodes = [
        Node(status, _left(status), NODE_TOP, status == current, status in reached)
        for status in InventoryStatus
    ]
    # A correction or a take-over may have gone where no ordinary step leads.
    shown = [*TRANSITIONS, *{step for step, _ in steps if step not in TRANSITIONS}]
    edges = [_edge(step, [reason for done, reason in steps if done == step]) for step in shown]
    return Drawing(nodes, edges, _describe(current, len(steps)))


def _step(before: str | None, after: str) -> Step:
    return (InventoryStatus(before) if before else None, InventoryStatus(after))


def _describe(current: str, changes: int) -> str:
    order = ", ".join(InventoryStatus)
    return f"A unit's life: {order}. This one is {current}, after {changes} changes of status."


def _left(status: InventoryStatus) -> int:
    return FIRST_LEFT + PITCH * list(InventoryStatus).index(status)


def _edge(step: Step, reasons: list[ChangeReason]) -> Edge:
    path, arrow, label_x, label_y = _line(step)
    label = STEP_NAMES.get(step, "corrected")
    allowed = sorted(EVENTS[reason] for reason in TRANSITIONS.get(step, frozenset()))
    explanation = "; ".join(dict.fromkeys(EVENTS[reason] for reason in reasons)) or (
        "Possible: " + "; ".join(allowed)
    )
    times = f" ×{len(reasons)}" if len(reasons) > 1 else ""
    return Edge(path, arrow, label + times, label_x, label_y, explanation, len(reasons))


def _line(step: Step) -> tuple[str, str, int, int]:
    """Path, arrow head, and where the label stands in the middle."""
    before, after = step
    middle = NODE_TOP + NODE_HEIGHT // 2
    if before is None:
        end = _left(after)
        start = end - 62 if after == InventoryStatus.AVAILABLE else end - 40
        return _straight(start, end, middle)
    order = list(InventoryStatus)
    distance = order.index(after) - order.index(before)
    if distance == 1:
        return _straight(_left(before) + NODE_WIDTH, _left(after), middle)
    return _arc(before, after, distance > 0)


def _straight(start: int, end: int, y: int) -> tuple[str, str, int, int]:
    return f"M{start} {y}H{end - 9}", _arrow_right(end, y), (start + end - 6) // 2, y - 9


def _arrow_right(x: int, y: int) -> str:
    return f"{x - 1},{y} {x - 11},{y - 5} {x - 11},{y + 5}"


def _arc(before: InventoryStatus, after: InventoryStatus, above: bool) -> tuple[str, str, int, int]:
    side = -1 if above else 1
    edge = NODE_TOP if above else NODE_TOP + NODE_HEIGHT
    offset = 18 if above else -18
    start = _left(before) + NODE_WIDTH // 2 + offset
    end = _left(after) + NODE_WIDTH // 2 - offset
    bend = edge + side * (58 if abs(start - end) < PITCH + 60 else 76)
    path = f"M{start} {edge}C{start} {bend} {end} {bend} {end} {edge + side * 9}"
    arrow = f"{end},{edge + side} {end - 5},{edge + side * 11} {end + 5},{edge + side * 11}"
    depth = edge + side * round(abs(bend - edge) * 0.75)
    return path, arrow, (start + end) // 2, depth + (-7 if above else 17)
