"""When the instances of a component are due: the intervals of its schedule.

Intervals are numbered from 0 and computed when they are asked for, so that a schedule without an
end costs nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..expressions.periods import Period


class Schedule:
    """The intervals of a Schedule object.

    Attributes:
        id: of the Schedule object.
        start: nanoseconds since 1970.
        period: the length of an interval.
        count: how many intervals there are; None for no end.
    """

    def __init__(self, id: str, start: int, period: Period, count: int | None) -> None:
        self.id = id
        self.start = start
        self.period = period
        self.count = count

    @classmethod
    def until(cls, id: str, start: int, period: Period, end: int) -> Schedule:
        """The intervals that begin before `end`, which itself is excluded."""
        endless = cls(id, start, period, None)
        return cls(id, start, period, endless.index_at(end - 1) + 1 if end > start else 0)

    @property
    def end(self) -> int | None:
        """When the last interval ends; None if there is no end."""
        return None if self.count is None else self.start_of(self.count)

    def start_of(self, index: int) -> int:
        return self.period.after(self.start, index)

    def end_of(self, index: int) -> int:
        return self.period.after(self.start, index + 1)

    def has(self, index: int) -> bool:
        return index >= 0 and (self.count is None or index < self.count)

    def index_at(self, moment: int) -> int:
        """The interval that holds a moment; -1 before the first. May lie beyond the last."""
        if moment < self.start:
            return -1
        index = (moment - self.start) // self.period.longest
        while self.start_of(index + 1) <= moment:
            index += 1
        return index

    def matching(self, start: int, end: int) -> list[int]:
        """The intervals that one of another schedule depends on: the one in which it begins if
        that is longer, else all that begin within it. Our choice: nobody documents it.
        """
        around = self.index_at(start)
        if around >= 0 and self.end_of(around) - self.start_of(around) >= end - start:
            return [around] if self.has(around) else []
        found = []
        index = around if around >= 0 and self.start_of(around) == start else around + 1
        while self.has(index) and self.start_of(index) < end:
            found.append(index)
            index += 1
        return found


class OnDemand(Schedule):
    """One run for each activation, whose moment is its scheduled start and end."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.starts: list[int] = []

    @property
    def count(self) -> int:  # type: ignore[override]  # grows with each activation
        return len(self.starts)

    @property
    def end(self) -> int | None:
        return self.starts[-1] if self.starts else None

    def start_of(self, index: int) -> int:
        return self.starts[index]

    def end_of(self, index: int) -> int:
        return self.starts[index]

    def index_at(self, moment: int) -> int:
        return bisect_right(self.starts, moment) - 1
