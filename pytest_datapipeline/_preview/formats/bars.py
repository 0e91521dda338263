"""The bars of a chart over time, of what ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._report.gantt import Bar
from .text import notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..preview import Ran


def lanes_and_bars(rows: Sequence[Ran], end: int) -> tuple[list[tuple[str, str]], list[Bar]]:
    """A lane for each object, in the order in which they begin, and the bars of all runs.

    `end`: how far what has not ended yet is drawn.
    """
    places: dict[str, int] = {}
    lanes: list[tuple[str, str]] = []
    bars: list[Bar] = []
    for row in rows:
        if row.component not in places:
            places[row.component] = len(lanes)
            lanes.append((row.component, row.type))
        bars += _bars(row, places[row.component], end)
    return lanes, bars


def _bars(row: Ran, lane: int, end: int) -> list[Bar]:
    head = f"{row.id}: {row.status}"
    told = "; ".join(notes(row))
    title = f"{head}\n{told}" if told else head
    first = row.attempts[0].started if row.attempts else row.ended
    bars = []
    if row.started is not None and (end if first is None else first) > row.started:
        waited = end if first is None else first
        bars.append(
            Bar(lane, row.started, waited, row.status, f"{row.id} waits", faint=True, late=row.late)
        )
    for held in row.attempts:
        done = end if held.ended is None else held.ended
        what = f"{title}\nattempt {held.number}: {held.status}" + (
            f", {held.error}" if held.error else ""
        )
        bars.append(Bar(lane, held.started, done, held.status, what, late=row.late and not bars))
    if not row.attempts:
        if row.status == "SKIPPED":
            # Nothing happened at any moment: the whole interval was left out.
            begin, done = row.scheduled_start, row.scheduled_end
        else:
            begin = done = row.scheduled_start if row.ended is None else row.ended
        bars.append(Bar(lane, begin, done, row.status, title))
    elif row.ended is not None and row.status != row.attempts[-1].status:
        # As for one that was canceled between two tries.
        bars.append(Bar(lane, row.ended, row.ended, row.status, title))
    return bars
