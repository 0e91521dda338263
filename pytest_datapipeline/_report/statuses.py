"""How each status looks: a sign and a pattern, so that nobody needs to tell colours apart."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """How a status is drawn.

    Attributes:
        sign: a letter or sign that stands in the bar.
        style: the class of its colour, and of its pattern.
    """

    sign: str
    style: str


_LOOKS = {
    "FINISHED": Look("✓", "good"),
    "FAILED": Look("✗", "bad"),
    "CASCADE_FAILED": Look("⇊", "cascade"),
    "CANCELED": Look("⊘", "stopped"),
    "TIMEDOUT": Look("T", "bad"),
    "SKIPPED": Look("»", "skipped"),
    "RUNNING": Look("▶", "open"),
    "CREATING": Look("+", "open"),
    "WAITING_FOR_RUNNER": Look("…", "waiting"),
    "WAITING_ON_DEPENDENCIES": Look("…", "waiting"),
}
LATE = Look("L", "late")
_OTHER = Look("?", "open")


def look_of(status: str) -> Look:
    """How a status is drawn."""
    return _LOOKS.get(status, _OTHER)
