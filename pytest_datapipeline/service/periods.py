"""Durations as fields write them: "10 minutes", "1 Hour", "15 Minutes"."""

from __future__ import annotations

import re

from ..clock import SECOND

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_PERIOD = re.compile(rf"\s*(\d+)\s*({'|'.join(_UNITS)})s?\s*", re.IGNORECASE)


def parse_period(text: str) -> int:
    """Nanoseconds of a period; case and plural are free.

    Raises:
        ValueError: the text is no period of a fixed length.
    """
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is no duration: write a number and seconds, minutes, hours, days or weeks, "
            "as in '10 minutes'"
        )
    return int(match[1]) * _UNITS[match[2].lower()] * SECOND
