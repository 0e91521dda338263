"""A failed test's report has a timeline as a section, in colours where the terminal has them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from .._record.rendering import cut
from .text import coloured, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from .timeline import Timeline

_TITLE = "AWS Data Pipeline: timeline"
_LINES = 40
_LONGEST_FAILURE = 120


def failure_of(call: pytest.CallInfo[None]) -> str:
    """How a test has failed, in one line."""
    told = call.excinfo.exconly(tryshort=True).strip() if call.excinfo is not None else ""
    return cut(told.partition("\n")[0] or "its report says so", _LONGEST_FAILURE)


def section(timeline: Timeline, made: int) -> tuple[str, str]:
    """The section's title and text. `made`: how many calls the test has made."""
    title = f"{_TITLE}, {made} call{'' if made == 1 else 's'}"
    return title, "\n".join(excerpt(timeline.events, _LINES, timeline.dropped))


@contextlib.contextmanager
def in_colours(reporter: pytest.TerminalReporter | None) -> Iterator[None]:
    """Have the terminal show timelines in colours, if it has any.

    Nobody else sees them: reports go to files of logs and results too, and from xdist's workers,
    which know no terminal, to it.
    """
    plain = []
    if reporter is not None and reporter.hasmarkup:
        for report in (*reporter.stats.get("failed", ()), *reporter.stats.get("error", ())):
            sections: list[tuple[str, str]] = getattr(report, "sections", [])
            for place, (title, text) in enumerate(sections):
                if title.startswith(_TITLE):
                    sections[place] = (title, coloured(text))
                    plain.append((sections, place, (title, text)))
    try:
        yield
    finally:
        for sections, place, given in plain:
            sections[place] = given
