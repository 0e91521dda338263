"""A timeline as lines of text, in ASCII, for terminals and logs.

    2026-11-23
      09:00:00  test            enqueues Nightly in 'reports'
    > 09:00:00  MainThread      poll_for_task(workerGroup='reports') -> <Nightly>
    ! 09:02:00  task Nightly    Nightly was not acknowledged within 120 s: ...

The first character says what kind of line it is, and colours go by it.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from .._record.rendering import cut
from .._service.clock import SECOND
from .spans import span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .event import Event

_WRONG, _WELL, _HANDED, _MOVED, _ADVISED, _FOLDED, _PLAIN = "!+>~?. "
# So many quiet events in a row are told in one line; fewer, one by one.
_FEW = 3
_LANE_WIDTH = 28
_DAY = 86_400 * SECOND
# A line of a failed test's report is at most so long.
LONGEST_LINE = 180
# So many lines of the end are shown before anything else is chosen.
_AT_END = 12
# ANSI's colours, by the first character of a line.
_COLOURS = {_WRONG: "31", _WELL: "32", _HANDED: "36", _MOVED: "35", _FOLDED: "2"}


class _Row(NamedTuple):
    """One event, or a row of quiet ones that is folded."""

    events: Sequence[Event]

    @property
    def first(self) -> Event:
        return self.events[0]


def whole(events: Sequence[Event], dropped: int = 0) -> list[str]:
    """All of it, with quiet stretches folded."""
    lines = [f". ({dropped} earlier calls are not kept)"] if dropped else []
    return [*lines, *_lines(_rows(events))]


def excerpt(events: Sequence[Event], most: int, dropped: int = 0) -> list[str]:
    """At most so many lines of it: the end, what has gone wrong, and what is around that."""
    lines = whole(events, dropped)
    if len(lines) <= most:
        return [cut(line, LONGEST_LINE) for line in lines]
    rows = list(_rows(events))
    kept = _chosen(rows, most)
    return [cut(line, LONGEST_LINE) for line in _lines(_with_gaps(rows, kept))]


def _chosen(rows: Sequence[_Row], most: int) -> set[int]:
    """The places of the rows that are shown."""
    kept: set[int] = set()
    for place in _by_weight(rows):
        more = kept | {place}
        if _height(rows, more) > most:
            continue  # what fills a gap may still fit
        kept = more
        if len(kept) >= most:
            break
    return kept


def _height(rows: Sequence[_Row], kept: set[int]) -> int:
    """How many lines it takes to show some rows, with their gaps and days."""
    shown = []
    after = 0
    for place in sorted(kept):
        shown += [place] if place == after else [after, place]
        after = place + 1
    if after < len(rows):
        shown.append(after)
    days = [rows[place].first.when_ns // _DAY for place in shown]
    return len(shown) + sum(
        1 for day, before in zip(days, [None, *days], strict=False) if day != before
    )


def _by_weight(rows: Sequence[_Row]) -> Iterator[int]:
    """The places of rows, what matters first."""
    count = len(rows)
    yield from range(count - 1, max(count - 1 - _AT_END, -1), -1)
    wrong = [place for place in range(count - 1, -1, -1) if rows[place].first.wrong]
    yield from wrong[:20]
    for place in wrong[:10]:
        yield from (near for near in (place - 1, place + 1, place - 2) if 0 <= near < count)
    yield from range(count - 1 - _AT_END, max(count - 60, -1), -1)


def _with_gaps(rows: Sequence[_Row], kept: set[int]) -> Iterator[_Row]:
    """The rows that are shown, with each gap as one folded row."""
    for shown, places in groupby(range(len(rows)), kept.__contains__):
        if shown:
            yield from (rows[place] for place in places)
        else:
            yield _Row([event for place in places for event in rows[place].events])


def _rows(events: Iterable[Event]) -> Iterator[_Row]:
    for quiet, group in groupby(events, lambda event: event.quiet):
        held = list(group)
        if quiet and len(held) > _FEW:
            # The last one shows to what it has led.
            yield _Row(held[:-1])
            yield _Row(held[-1:])
        else:
            yield from (_Row([event]) for event in held)


def _lines(rows: Iterable[_Row]) -> Iterator[str]:
    rows = list(rows)
    shown = [_lane(row) for row in rows]
    width = min(_LANE_WIDTH, max(map(len, shown), default=0))
    day = None
    for row, lane in zip(rows, shown, strict=True):
        first = row.first
        if first.when.date() != day:
            day = first.when.date()
            yield f"{day}"
        text = first.text if len(row.events) == 1 else _folded(row.events)
        yield f"{_mark(row)} {_moment(first)}  {_short(lane, width):<{width}}  {text}"


def _short(text: str, width: int) -> str:
    """Without its middle: runs of a task differ in their ends."""
    return text if len(text) <= width else f"{text[: width - 14]}..{text[-12:]}"


def _moment(event: Event) -> str:
    return f"{event.when:%H:%M:%S}"


def _lane(row: _Row) -> str:
    if len(row.events) > 1:
        lanes = {event.lane for event in row.events}
        if len(lanes) > 1:
            return "..."
    kind, _, name = row.first.lane.partition(" ")
    return name if kind == "runner" else row.first.lane


def _mark(row: _Row) -> str:
    event = row.first
    if len(row.events) > 1:
        return _FOLDED
    if event.wrong:
        return _WRONG
    if event.kind == "hand-over":
        return _HANDED
    if event.kind == "clock":
        return _MOVED
    if event.kind == "advice":
        return _ADVISED
    ended = event.kind in ("status", "end") and " is FINISHED" in event.text
    return _WELL if ended else _PLAIN


def _folded(events: Sequence[Event]) -> str:
    counts = Counter(event.kind for event in events)
    told = ", ".join(f"{number} x {kind}" for kind, number in counts.most_common(4))
    if len(counts) > 4:
        told += f", {sum(number for _, number in counts.most_common()[4:])} more"
    lasted = events[-1].when_ns - (events[0].since_ns or events[0].when_ns)
    return f"... {told}, in {span(lasted)}"


def coloured(text: str) -> str:
    """The same text for a terminal that has colours."""
    return "\n".join(_coloured(line) for line in text.split("\n"))


def _coloured(line: str) -> str:
    colour = _COLOURS.get(line[:1]) if line[1:2] == " " else None
    return line if colour is None else f"\x1b[{colour}m{line}\x1b[0m"
