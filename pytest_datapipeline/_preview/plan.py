"""What a preview is to assume: when it begins and ends, what fails, how long work takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import checks
from .._service.clock import SECOND
from .._service.expressions.periods import parse_period
from .._service.fields import timestamp
from .._service.texts import did_you_mean
from ..errors import FakeUsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .preview import Preview

# Our choices, where nothing is asked for.
RUNS = 3
TAKES = 5 * 60 * SECOND

EVERY = "*"
_SHOWN = 5
OUTCOMES = ("FINISHED", "FAILED", "FALSE")
_SHORT = re.compile(r"\s*(\d+)\s*([smhdw])\s*")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass
class Plan:
    """What is assumed. Times are nanoseconds, moments since 1970.

    Attributes:
        start: the activation; None for the first start of a schedule, or now.
        resume: `startTimestamp` of ActivatePipeline: intervals before it are skipped.
        until: when to stop, if it is given.
        runs: how many intervals of each schedule are shown, if no moment is given.
        fails: activities that fail: id, and the scheduled start, or None for each run.
        takes: how long activities work, by id; `*` for all others.
        outcomes: of resources and preconditions, by id or type.
        now: the present, where nothing else says when it starts.
    """

    start: int | None = None
    resume: int | None = None
    until: int | None = None
    length: int | None = None
    runs: int | None = None
    fails: list[tuple[str, int | None]] = field(default_factory=list)
    takes: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    now: int = 0

    @property
    def is_bounded(self) -> bool:
        """Whether somebody said when to stop."""
        return not (self.until is None and self.length is None and self.runs is None)

    def fails_at(self, component: str, scheduled_start: int) -> bool:
        """Whether a run of an activity is to fail."""
        return any(
            name in (component, EVERY) and moment in (None, scheduled_start)
            for name, moment in self.fails
        )

    def takes_of(self, component: str) -> int:
        """How long a run of an activity works."""
        found = self.takes.get(component, self.takes.get(EVERY))
        return TAKES if found is None else found

    def check_moments(self, preview: Preview) -> None:
        """Refuse to have a run fail that there is not."""
        for name, moment in self.fails:
            starts = [row.scheduled_start for row in preview.rows if name in (row.component, EVERY)]
            if moment is not None and moment not in starts:
                there = ", ".join(map(timestamp, starts[:_SHOWN])) or "none"
                more = ", ..." if len(starts) > _SHOWN else ""
                raise FakeUsageError(
                    f"--fail has a run of {name!r} at {timestamp(moment)}, which is not among "
                    f"those that are shown: {there}{more}."
                )

    def check_names(self, activities: Collection[str], others: Collection[str]) -> None:
        """Refuse names that the definition does not have.

        Args:
            activities: the ids of what workers do.
            others: the ids and types of what the service does by itself.
        """
        for option, names in (
            ("--fail", [name for name, _ in self.fails]),
            ("--take", self.takes),
        ):
            for name in names:
                if name != EVERY and name not in activities:
                    raise _unknown(option, name, activities, "activity", others, "--outcome")
        for name in self.outcomes:
            if name not in others:
                raise _unknown(
                    "--outcome", name, others, "resource or precondition", activities, "--fail"
                )


def _unknown(
    option: str,
    name: str,
    known: Collection[str],
    what: str,
    elsewhere: Collection[str],
    other: str,
) -> FakeUsageError:
    hint = f" {other} is for that." if name in elsewhere else did_you_mean(name, known)
    return FakeUsageError(
        f"{option} has {name!r}, which is no {what} of the definition.{hint} There are: "
        f"{', '.join(sorted(known)) or 'none'}."
    )


def duration(option: str, text: str) -> int:
    """Nanoseconds of `20m`, `7d`, or a period as fields have it, `2 hours`.

    Raises:
        FakeUsageError: it is none.
    """
    short = _SHORT.fullmatch(text)
    try:
        if short is not None:
            return int(short[1]) * _UNITS[short[2]] * SECOND
        return parse_period(text)
    except (ValueError, OverflowError):
        raise FakeUsageError(
            f"{option} is {text!r}; it must be a duration such as 30s, 20m, 12h, 7d, 2w or "
            "'3 months'."
        ) from None


def moment(option: str, text: str) -> int:
    """Nanoseconds since 1970 of a moment.

    Raises:
        FakeUsageError: it is none.
    """
    return checks.moment(option, text)


def failing(texts: Iterable[str], known: Collection[str]) -> list[tuple[str, int | None]]:
    """What `--fail` says: `Activity`, or `Activity@TIME`.

    `known`: the ids of the definition, which may hold an @ themselves.
    """
    found: list[tuple[str, int | None]] = []
    for text in texts:
        name, at, when = text.rpartition("@")
        if text in known or not at:
            found.append((text, None))
        else:
            found.append((name, moment("--fail", when)))
    return found


def shown_bound(plan: Plan, start: int, end: int, on_demand: bool) -> str:
    """In words, when a preview began and ended."""
    if on_demand and plan.until is None and plan.length is None:
        return f"one run on demand, activated at {timestamp(start)}"
    if plan.until is None and plan.length is None:
        runs = RUNS if plan.runs is None else plan.runs
        what = "the first run" if runs == 1 else f"the first {runs:,} runs"
        return f"{what} of each schedule, activated at {timestamp(start)}"
    return f"activated at {timestamp(start)}, until {timestamp(end)}"
