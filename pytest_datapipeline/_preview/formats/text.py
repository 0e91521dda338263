"""A preview as `aws datapipeline list-runs` prints runs, and what it does beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._service.fields import timestamp
from ..._service.texts import shorten
from ..preview import shown

if TYPE_CHECKING:
    from ..preview import Preview, Ran

_HEAD = ("Name", "Scheduled Start", "Status", "Started", "Ended", "On", "What")
_LONGEST = 100


def as_table(preview: Preview) -> str:
    """The runs in the order in which they begin to work, each in a line."""
    cells = [_HEAD, *(_cells(row) for row in preview.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEAD))]
    lines = [f"{preview.title}: {preview.bound}", ""]
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    told = [f"{row.id}: {note}" for row in preview.rows for note in notes(row)]
    if told:
        lines += ["", *told]
    for moment, action, instance, subject in preview.alarms:
        lines.append(f"{timestamp(moment)}: {action} tells of {instance}: {subject}")
    lines += ["", f"{counts(preview)} The pipeline is {preview.state}."]
    return "\n".join(lines)


def _cells(row: Ran) -> tuple[str, ...]:
    return (
        row.component,
        timestamp(row.scheduled_start),
        row.status + (" (late)" if row.late else ""),
        shown(row.begun) or "",
        shown(row.ended) or "",
        row.on,
        shorten(" ".join(row.telling.split()), _LONGEST),
    )


def notes(row: Ran) -> list[str]:
    """What there is to say of a run that did not simply finish."""
    found = []
    if row.late:
        found.append("it was late: it had not begun lateAfterTimeout after it was due")
    if len(row.attempts) > 1:
        tried = ", ".join(
            f"{held.status} at {timestamp(held.ended)}" if held.ended else held.status
            for held in row.attempts
        )
        found.append(f"{len(row.attempts)} attempts: {tried}")
    if row.reason and row.status != "FINISHED":
        found.append(f"{row.status}: {row.reason}")
    if row.waits_for:
        found.append(f"waits for {', '.join(row.waits_for)}")
    return found


def counts(preview: Preview) -> str:
    """How many runs have which status."""
    found: dict[str, int] = {}
    for row in preview.rows:
        found[row.status] = found.get(row.status, 0) + 1
    told = ", ".join(f"{count:,} {status}" for status, count in found.items())
    return f"{len(preview.rows):,} {'run' if len(preview.rows) == 1 else 'runs'}: {told or 'none'}."
