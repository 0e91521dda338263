"""A timeline as a page of HTML: one file, with lanes that its own script draws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from .._report.page import render
from .._service.clock import to_datetime
from .event import KINDS, QUIET, WRONG
from .text import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .event import Event
    from .timeline import Timeline

_FOLDER = Path(__file__).parent / "templates"
# A page with more than that is slow to open, and tells nobody more.
_MOST = 20_000
_LINES_OF_TEXT = 400


def page(
    timeline: Timeline, *, test: str, outcome: str, failure: str, calls: int, findings: str
) -> str:
    """The page of a test.

    Raises:
        FakeUsageError: there is no Jinja2.
    """
    drawn = timeline.events[-_MOST:]
    text = excerpt(timeline.events, _LINES_OF_TEXT, timeline.dropped)
    return render(
        _FOLDER,
        "timeline.html.j2",
        test=test,
        outcome=outcome,
        failure=failure,
        calls=calls,
        count=len(timeline),
        hidden=len(timeline) - len(drawn),
        findings=findings,
        text="\n".join(text) or "nothing has happened",
        events=_data(drawn, timeline.lanes),
        look=_read("timeline.css"),
        script=_read("timeline.js"),
    )


def index(pages: Sequence[object]) -> str:
    """The page that leads to the others."""
    return render(_FOLDER, "index.html.j2", pages=pages)


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _data(events: Sequence[Event], lanes: Sequence[str]) -> str:
    """The events as the script takes them, in microseconds since the first."""
    places = {lane: place for place, lane in enumerate(lanes)}
    kinds = {kind: place for place, kind in enumerate(KINDS)}
    start = events[0].when_ns if events else 0
    rows = [
        [
            (event.when_ns - start) // 1000,
            kinds[event.kind],
            [places[lane] for lane in event.lanes],
            event.text,
            *(() if event.since_ns is None else ((event.when_ns - event.since_ns) // 1000,)),
        ]
        for event in events
    ]
    data = {
        "start": to_datetime(start).timestamp() * 1e6,
        "lanes": lanes,
        "kinds": KINDS,
        "wrong": sorted(WRONG),
        "quiet": sorted(QUIET),
        "failed": bool(events) and events[-1].kind == "failure",
        "events": rows,
    }
    # No text of a call's may end the script that holds it.
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
