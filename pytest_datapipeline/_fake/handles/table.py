"""The table of a pipeline's runs."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from ..._service.fields import timestamp

if TYPE_CHECKING:
    from ..._service.instances.instance import Instance

# How many rows `table()` shows: the latest ones.
TABLE_ROWS = 100


def table_of(instances: list[Instance], last: int | None) -> str:
    """The latest runs as `aws datapipeline list-runs` shows them; None for all."""
    shown = sorted(_latest(instances, last), key=lambda held: (held.scheduled_start, held.id))
    if last is not None:
        shown = shown[-last:]
    cells = [("Name", "Scheduled Start", "Status", "ID", "Started", "Ended")]
    cells += [
        (
            held.component.id,
            timestamp(held.scheduled_start),
            held.status,
            held.id,
            "" if held.actual_start is None else timestamp(held.actual_start),
            "" if held.actual_end is None else timestamp(held.actual_end),
        )
        for held in shown
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    if len(shown) < len(instances):
        lines.insert(1, f"... {len(instances) - len(shown):,} earlier; table(last=None) has all")
    return "\n".join(lines)


def _latest(instances: list[Instance], last: int | None) -> list[Instance]:
    """As many as that, and those of the same interval as the first of them. Ids decide between
    these, and are not cheap enough to be made for all.
    """
    if last is None or len(instances) <= last:
        return instances
    first = heapq.nlargest(last, [held.scheduled_start for held in instances])[-1]
    return [held for held in instances if held.scheduled_start >= first]
