"""Advice on schedules, time-outs and dates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..._service.clock import to_datetime
from ..._service.components.intervals import OnDemand
from ..._service.definitions.catalog import ACTIVITY, RESOURCE
from ..._service.definitions.validation.values import try_parse
from ..._service.expressions.periods import parse_period
from ..._service.fields import timestamp
from .matter import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._service.components.intervals import Schedule
    from .matter import Matter

# Our choice: from so many runs on a backfill is worth a word.
MANY_RUNS = 100
_LIMITS = ("attemptTimeout", "lateAfterTimeout", "reportProgressTimeout")
# The pattern of a call of format(), and of the method of that name.
_FORMAT = re.compile(r"""format\s*\([^#{}]*?(['"])([^'"]*)\1\s*\)""")
_LETTERS = re.compile(r"'[^']*'|([A-Za-z])\1*")


def timeout_beyond_period(matter: Matter) -> Iterator[Advice]:
    for subject in matter.of_family(ACTIVITY, RESOURCE):
        component = matter.components.get(subject.id)
        if component is None or isinstance(component.schedule, OnDemand):
            continue
        period = component.schedule.period.longest
        for key in (*_LIMITS, "terminateAfter"):
            text = subject.literal(key)
            limit = try_parse(parse_period, text)
            if limit is not None and limit > period:
                yield Advice(
                    subject.id,
                    key,
                    f"{key} {text!r} is longer than the period of {component.schedule.id!r}: runs "
                    "that hang pile up before one of them ends.",
                )


def long_backfill(matter: Matter) -> Iterator[Advice]:
    schedules: dict[str, Schedule] = {}
    for component in matter.components.values():
        if not isinstance(component.schedule, OnDemand):
            schedules.setdefault(component.schedule.id, component.schedule)
    for object_id, schedule in schedules.items():
        past = schedule.index_at(matter.now)
        runs = past if schedule.count is None else min(past, schedule.count)
        if runs >= MANY_RUNS:
            yield Advice(
                object_id,
                "startDateTime",
                f"An activation at {timestamp(matter.now)} would run {runs:,} intervals at once, "
                f"since {timestamp(schedule.start)}. Activate it with --start-timestamp, or begin "
                "later.",
            )


def date_pattern(matter: Matter) -> Iterator[Advice]:
    for subject in matter.subjects:
        for field in subject.object.fields:
            if field.is_ref or "#{" not in field.value:
                continue
            for match in _FORMAT.finditer(field.value):
                for problem in pattern_problems(match[2]):
                    yield Advice(subject.id, field.key, f"The pattern {match[2]!r} has {problem}")


def pattern_problems(pattern: str) -> Iterator[str]:
    """What is probably meant otherwise in a pattern of Joda-Time's."""
    runs = [match[0] for match in _LETTERS.finditer(pattern) if not match[0].startswith("'")]
    letters = {run[0] for run in runs}
    hours = {"H", "h", "k", "K"}
    dates = {"Y", "y", "x", "d", "D"}
    for place, run in enumerate(runs):
        before = runs[place - 1][0] if place else ""
        after = runs[place + 1][0] if place + 1 < len(runs) else ""
        if run[0] == "m" and before not in hours | {"s"} and (before in dates or after in dates):
            yield f"{run!r}, the minute, where a month seems to be meant: write 'MM'."
        if run[0] == "M" and before in hours:
            yield f"{run!r}, the month, after the hour: write 'mm' for the minute."
        if run[0] == "D" and letters & {"M", "Y", "y"} and "M" in letters:
            yield f"{run!r}, the day of the year, beside a month: write 'dd'."
        if run[0] == "x" and "w" not in letters:
            yield (
                f"{run!r}, the year of the week: on "
                f"{to_datetime(1_483_228_800 * 10**9):%Y-%m-%d} that is 2016. Write 'YYYY'."
            )
        if run[0] in "hK" and "a" not in letters:
            yield f"{run!r}, the hour of the half day, without 'a': 02 is 14 as well. Write 'HH'."
        if run[0] == "S" and before != "s":
            yield f"{run!r}, the fraction of a second, without seconds: write 'ss'."
