"""Durations and periods in the format of fields: "10 minutes", "1 Hour", "15 months"."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from ..clock import SECOND, to_datetime, to_ns

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MONTHS = {"month": 1, "year": 12}
# Our choice: the lengths of months and years in durations such as time-outs.
_DURATIONS = {"month": 30 * 86_400, "year": 365 * 86_400}
_PERIOD = re.compile(rf"\s*(\d+)\s*({'|'.join((*_UNITS, *_MONTHS))})s?\s*", re.IGNORECASE)
# The longest month, for comparisons.
_MONTH_NS = 31 * 86_400 * SECOND


def parse_period(text: str) -> int:
    """Nanoseconds of a duration; units may be singular or plural, in any case.

    Raises:
        ValueError: the text is no duration.
    """
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is no duration: write a number and seconds, minutes, hours, days, weeks, "
            "months or years, as in '10 minutes'"
        )
    count, unit = int(match[1]), match[2].lower()
    return count * (_UNITS.get(unit) or _DURATIONS[unit]) * SECOND


def plus_period(moment: datetime, text: str) -> datetime:
    """`moment` plus a period such as "1 day". Days and longer units keep the local time of day.

    Raises:
        ValueError: the text is no period, or the year would be before 1 or after 9999.
        OverflowError: the latter, by far.
    """
    count, unit = _amount(text)
    if unit in _MONTHS:
        return plus_months(moment, count * _MONTHS[unit])
    length = timedelta(seconds=count * _UNITS[unit])
    if unit in ("day", "week"):
        return moment + length
    return (moment.astimezone(timezone.utc) + length).astimezone(moment.tzinfo)


class Period(NamedTuple):
    """The period of a schedule: nanoseconds of a fixed length, or a number of months."""

    nanoseconds: int
    months: int = 0

    @classmethod
    def parse(cls, text: str) -> Period:
        """The period that a text gives.

        Raises:
            ValueError: the text is no period.
        """
        count, unit = _amount(text)
        if unit in _MONTHS:
            return cls(0, count * _MONTHS[unit])
        return cls(count * _UNITS[unit] * SECOND)

    @property
    def longest(self) -> int:
        """Its greatest length in nanoseconds."""
        return self.nanoseconds + self.months * _MONTH_NS

    def after(self, start: int, times: int = 1) -> int:
        """`start` plus `times` periods, clamped to the last day of the month."""
        if not self.months:
            return start + times * self.nanoseconds
        return _months_after(start, times * self.months)


def _amount(text: str) -> tuple[int, str]:
    """The number and the unit of a period."""
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is no period: write a number and minutes, hours, days, weeks, months or "
            "years, as in '1 day'"
        )
    return int(match[1]), match[2].lower()


@lru_cache(maxsize=4096)
def _months_after(start: int, months: int) -> int:
    return to_ns(plus_months(to_datetime(start), months))


def plus_months(moment: datetime, months: int) -> datetime:
    """`moment` plus `months`, at the same time of day, clamped to the month's last day.

    Raises:
        ValueError: the year would be before 1 or after 9999.
        OverflowError: the same, by far.
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError(f"year {year} is out of range")
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
