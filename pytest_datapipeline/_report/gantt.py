"""A chart of bars over time: where each bar, tick and sign goes. Nothing here knows what ran."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._service.clock import SECOND, to_datetime
from .statuses import Look, look_of

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW = 30
HEAD = 34
_LEAST, _MOST = 900, 24_000
_MARGIN = 12
# How wide a usual bar should be, and the least that is seen.
_USUAL, _THIN = 22, 3
# Not wider than so much for each bar of a lane: short work with long nights between is no chart.
_EACH = 200
# Between the labels of ticks.
_BETWEEN = 96
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STEPS = (
    *(1, 5, 15, 30, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR, 3 * _HOUR, 6 * _HOUR),
    *(12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 30 * _DAY, 91 * _DAY, 365 * _DAY),
)


@dataclass(frozen=True)
class Bar:
    """Something that lasts. Times are nanoseconds since 1970.

    Attributes:
        lane: its row, by number.
        status: from which its look follows.
        title: what a reader gets who points at it, or has it read out.
        faint: whether nothing was done in it, as while something waits.
        late: whether it is marked as late.
    """

    lane: int
    begin: int
    end: int
    status: str
    title: str
    faint: bool = False
    late: bool = False


@dataclass(frozen=True)
class Box:
    """A bar where it is drawn."""

    x: float
    y: float
    width: float
    height: float
    look: Look
    bar: Bar

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)

    @property
    def has_sign(self) -> bool:
        """Whether its sign is drawn: always where something went wrong, else if there is room."""
        return not self.bar.faint and (self.look.style != "good" or self.width >= _USUAL - 6)


@dataclass
class Gantt:
    """A chart, as it is drawn.

    Attributes:
        lanes: the labels of the rows, each with a smaller one.
        ticks: places and labels on the axis of time.
    """

    lanes: Sequence[tuple[str, str]]
    width: float
    height: float
    boxes: list[Box] = field(default_factory=list)
    ticks: list[tuple[float, str, str]] = field(default_factory=list)
    row: int = ROW
    head: int = HEAD


def gantt(lanes: Sequence[tuple[str, str]], bars: Sequence[Bar], start: int, end: int) -> Gantt:
    """Place bars on a chart from one moment to another."""
    end = max([end, start + SECOND, *(bar.end for bar in bars)])
    start = min([start, *(bar.begin for bar in bars)])
    width = _width(bars, end - start)
    scale = (width - 2 * _MARGIN) / (end - start)

    def at(moment: int) -> float:
        return round(_MARGIN + (moment - start) * scale, 1)

    chart = Gantt(lanes, width, HEAD + ROW * len(lanes) + 6)
    for bar in bars:
        height = 8 if bar.faint else ROW - 10
        y = HEAD + bar.lane * ROW + (ROW - height) / 2
        length = max(round((bar.end - bar.begin) * scale, 1), _THIN)
        chart.boxes.append(Box(at(bar.begin), y, length, height, look_of(bar.status), bar))
    # What waits lies below what works.
    chart.boxes.sort(key=lambda box: not box.bar.faint)
    ticks = _ticks(start, end, width)
    chart.ticks = [(at(moment), *_label(moment, step)) for moment, step in ticks]
    return chart


def _width(bars: Sequence[Bar], length: int) -> int:
    """Wide enough that usual bars can be told apart."""
    lengths = sorted(bar.end - bar.begin for bar in bars if not bar.faint and bar.end > bar.begin)
    if not lengths:
        return _LEAST
    usual = lengths[len(lengths) // 2]
    most = min(_EACH * max(Counter(bar.lane for bar in bars).values()), _MOST)
    return round(max(min(_USUAL * length / usual, most), _LEAST))


def _ticks(start: int, end: int, width: float) -> list[tuple[int, int]]:
    room = max(int(width / _BETWEEN), 1)
    length = (end - start) // SECOND
    step = next((held for held in _STEPS if length / held <= room), _STEPS[-1])
    while length / step > room:
        step *= 2
    first = -(-start // (step * SECOND)) * step * SECOND
    return [(moment, step) for moment in range(first, end + 1, step * SECOND)]


def _label(moment: int, step: int) -> tuple[str, str]:
    """The time of a tick, and its date below."""
    when = to_datetime(moment)
    date = f"{when:%Y-%m-%d}"
    if step >= _DAY:
        return date, ""
    return (f"{when:%H:%M:%S}" if step < _MINUTE else f"{when:%H:%M}"), date
