"""A preview as a page: its graph, its timeline, and each run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ..._report.drawing import Shape, draw
from ..._report.gantt import gantt
from ..._report.page import render
from ..._report.statuses import look_of
from ..._service.fields import timestamp
from ..preview import shown
from .bars import lanes_and_bars
from .text import notes

if TYPE_CHECKING:
    from ..._report.drawing import Drawing
    from ..preview import Preview

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
        chart=gantt(*lanes_and_bars(preview.rows, preview.end), preview.start, preview.end),
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
