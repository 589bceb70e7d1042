"""Bar charts as geometry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, BOTTOM, TOP = 44, 16, 22, 8
LABELS_MAX = 8


@dataclass(frozen=True)
class Bar:
    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Column:
    """All that happened in one period; ``title`` is read out and shown on hovering."""

    title: str
    x: float
    label: str
    bars: list[Bar]


@dataclass(frozen=True)
class Chart:
    columns: list[Column]
    grid: list[tuple[float, str]]
    kinds: list[str]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


@dataclass(frozen=True)
class ChartShare:
    kind: str
    quantity: int
    percent: float
    x: float
    width: float


def stacked_columns(
    periods: Sequence[tuple[str, str, Mapping[str, int]]], kinds: Sequence[str]
) -> Chart:
    """``periods`` holds (short label, long label, quantity per kind)."""
    most = max((sum(quantities.values()) for _, _, quantities in periods), default=0)
    ceiling = round_up(most)
    scale = (HEIGHT - BOTTOM - TOP) / ceiling
    pitch = (WIDTH - LEFT - RIGHT) / max(len(periods), 1)
    every = -(-len(periods) // LABELS_MAX)
    columns = []
    for number, (short, long, quantities) in enumerate(periods):
        x = LEFT + number * pitch
        # Counted from the newest period, which always has its label.
        label = short if (len(periods) - 1 - number) % every == 0 else ""
        columns.append(
            Column(
                _title(long, quantities, kinds),
                x + pitch / 2,
                label,
                _stack(quantities, kinds, x + pitch * 0.15, pitch * 0.7, scale),
            )
        )
    marks = (0, ceiling / 2, ceiling)
    grid = [(HEIGHT - BOTTOM - mark * scale, _short(mark)) for mark in marks]
    return Chart(columns, grid, list(kinds))


def _stack(
    quantities: Mapping[str, int], kinds: Sequence[str], x: float, width: float, scale: float
) -> list[Bar]:
    bars, y = [], float(HEIGHT - BOTTOM)
    for kind in kinds:
        height = quantities.get(kind, 0) * scale
        if height:
            y -= height
            bars.append(Bar(kind, x, y, width, height))
    return bars


def _title(long: str, quantities: Mapping[str, int], kinds: Sequence[str]) -> str:
    parts = [f"{quantities[kind]:,} {kind}" for kind in kinds if quantities.get(kind)]
    return f"{long}: {', '.join(parts) or 'nothing'}"


def round_up(number: int) -> int:
    """The next even number that is easy to read on an axis."""
    if number <= 4:
        return 4
    size = 10 ** (len(str(number)) - 1)
    return next(
        int(size * factor) for factor in (1, 1.2, 1.6, 2, 3, 4, 6, 8, 10) if size * factor >= number
    )


def _short(number: float) -> str:
    if number >= 1_000_000:
        return f"{number / 1_000_000:g}m"
    return f"{number / 1000:g}k" if number >= 1000 else f"{number:g}"


def shares(quantities: Mapping[str, int], width: int = WIDTH) -> list[ChartShare]:
    """Parts of a whole, side by side; none of them so thin that it cannot be seen."""
    total = sum(quantities.values())
    result, x = [], 0.0
    for kind, quantity in quantities.items():
        part = quantity / total if total else 0
        wide = max(part * width, 3) if quantity else 0
        result.append(ChartShare(kind, quantity, 100 * part, x, wide))
        x += wide
    return result
