"""How long something took, as people say it."""

from __future__ import annotations

from .._service.clock import SECOND

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def span(ns: int) -> str:
    """A duration in its two largest units: "90 s", "2 h 5 min", "1.5 s"."""
    seconds = ns / SECOND
    if seconds < 0.001:
        return "0 s" if ns <= 0 else "under 1 ms"
    if seconds < 10:
        return f"{round(seconds, 3):g} s"
    whole = round(seconds)
    if whole <= 120 or whole == 900:
        return f"{whole} s"
    parts = []
    for unit, size in _UNITS:
        number, whole = divmod(whole, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2])
