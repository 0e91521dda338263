"""A preview as a page: its graph, its timeline, and each run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ..._report.drawing import Shape, draw
from ..._report.gantt import Bar, gantt
from ..._report.page import render
from ..._report.statuses import look_of
from ..._service.fields import timestamp
from ..preview import shown
from .text import notes

if TYPE_CHECKING:
    from ..._report.drawing import Drawing
    from ..._report.gantt import Gantt
    from ..preview import Preview, Ran

# Beyond these a table is for programs: there is --format json.
_ROWS = 2_000


def as_html(preview: Preview) -> str:
    """The page, in one file."""
    counts = Counter(row.status for row in preview.rows)
    rows = [
        (
            row,
            notes(row),
            shown(row.begun) or "",
            shown(row.ended) or "",
            timestamp(row.scheduled_start),
        )
        for row in preview.rows[:_ROWS]
    ]
    return render(
        Path(__file__).parent,
        "preview.html.j2",
        preview=preview,
        counts=counts.most_common(),
        late_count=sum(row.late for row in preview.rows),
        drawing=_drawing(preview),
        chart=_chart(preview),
        rows=rows,
        left_out=max(len(preview.rows) - _ROWS, 0),
        alarms=[(timestamp(held[0]), *held[1:]) for held in preview.alarms],
    )


def _drawing(preview: Preview) -> Drawing:
    counts: dict[str, Counter[str]] = {}
    for row in preview.rows:
        counts.setdefault(row.component, Counter())[row.status] += 1
    shapes = []
    for node in preview.graph.nodes:
        found = counts.get(node.id, Counter())
        shapes.append(
            Shape(
                node.id,
                node.type,
                node.family.replace(" ", ""),
                " ".join(f"{look_of(status).sign}{count}" for status, count in found.items()),
                ", ".join(f"{count} {status}" for status, count in found.items()),
            )
        )
    return draw(shapes, preview.graph.edges)


def _chart(preview: Preview) -> Gantt:
    places: dict[str, int] = {}
    lanes: list[tuple[str, str]] = []
    bars: list[Bar] = []
    for row in preview.rows:
        if row.component not in places:
            places[row.component] = len(lanes)
            lanes.append((row.component, row.type))
        bars += _bars(row, places[row.component], preview.end)
    return gantt(lanes, bars, preview.start, preview.end)


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
