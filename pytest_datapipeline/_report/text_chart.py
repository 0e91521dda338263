"""A chart of bars over time in letters, for terminals and reports of failed tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._service.clock import SECOND
from .._service.fields import timestamp
from .._service.texts import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .gantt import Bar

_WIDTH = 64
_LANES = 30
_NAME = 24
_WAITS = "-"
_LETTERS = {
    "FINISHED": "=",
    "FAILED": "x",
    "CASCADE_FAILED": "v",
    "CANCELED": "o",
    "TIMEDOUT": "T",
    "SKIPPED": ".",
    "RUNNING": ">",
    "WAITING_FOR_RUNNER": _WAITS,
    "WAITING_ON_DEPENDENCIES": _WAITS,
}
_OTHER = "?"


def text_chart(lanes: Sequence[tuple[str, str]], bars: Sequence[Bar], start: int, end: int) -> str:
    """A line for each lane; the last says what the letters mean."""
    if not lanes:
        return ""
    end = max([end, start + SECOND, *(bar.end for bar in bars)])
    scale = (_WIDTH - 1) / (end - start)
    rows = [[" "] * _WIDTH for _ in lanes]
    used: dict[str, list[str]] = {}
    # What waits first, so that what works is written over it, and what failed over both.
    for bar in sorted(bars, key=lambda held: (not held.faint, held.status != "FINISHED")):
        letter = _WAITS if bar.faint else _LETTERS.get(bar.status, _OTHER)
        meaning = "waits" if letter == _WAITS else bar.status
        if meaning not in used.setdefault(letter, []):
            used[letter].append(meaning)
        first, last = (round((moment - start) * scale) for moment in (bar.begin, bar.end))
        for place in range(max(first, 0), max(last, first + 1)):
            if place < _WIDTH:
                rows[bar.lane][place] = letter
    names = [shorten(name, _NAME) for name, _ in lanes]
    width = max(map(len, names))
    lines = [f"{'':{width}}  {timestamp(start)}{timestamp(end):>{_WIDTH - 17}}"]
    lines += [
        f"{name:{width}} |{''.join(row)}|"
        for name, row in list(zip(names, rows, strict=True))[:_LANES]
    ]
    if len(lanes) > _LANES:
        lines.append(f"... {len(lanes) - _LANES} more")
    lines.append(", ".join(f"{letter} {' or '.join(what)}" for letter, what in used.items()))
    return "\n".join(lines)
