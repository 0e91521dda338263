"""The virtual clock: a discrete-event simulation. Nothing here waits, sleeps or reads a real clock.

Time is a number of nanoseconds since 1970 (UTC) and always a whole number of microseconds, so that
it and a `datetime` (and therefore freezegun's frozen time) can be turned into each other exactly.
"""

from __future__ import annotations

import heapq
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND = 1_000_000_000
_MICROSECOND = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def to_ns(moment: datetime) -> int:
    """Nanoseconds since 1970. A datetime without a zone is taken as UTC, as the service does."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - _EPOCH) // timedelta(microseconds=1) * _MICROSECOND


def to_datetime(ns: int) -> datetime:
    """The aware UTC datetime of a number of nanoseconds since 1970."""
    return _EPOCH + timedelta(microseconds=ns // _MICROSECOND)


def duration(seconds: float | timedelta) -> int:
    """Nanoseconds of a duration, rounded up to a microsecond, so that no timer fires early."""
    if isinstance(seconds, timedelta):
        return seconds // timedelta(microseconds=1) * _MICROSECOND
    return -(-round(seconds * SECOND) // _MICROSECOND) * _MICROSECOND


class Timer:
    """Something that happens at a moment of virtual time, unless it is canceled before."""

    __slots__ = ("callback", "when")

    def __init__(self, when: int, callback: Callable[[], None]) -> None:
        self.when: int = when
        self.callback: Callable[[], None] | None = callback


class VirtualClock:
    """The time, and the timers that fire, in order and each at its own time, as it moves."""

    def __init__(self, start: int) -> None:
        self.now: int = start
        self._heap: list[tuple[int, int, Timer]] = []
        self._order = 0
        self._cancelled = 0

    def __repr__(self) -> str:
        return f"<VirtualClock at {to_datetime(self.now).isoformat()}, {self.pending} timers>"

    @property
    def pending(self) -> int:
        """How many timers have still to fire."""
        return len(self._heap) - self._cancelled

    def call_at(self, when: int, callback: Callable[[], None]) -> Timer:
        """Have `callback` called at `when`. Timers of a moment fire in the order they were set."""
        timer = Timer(max(when, self.now), callback)
        self._order += 1
        heapq.heappush(self._heap, (timer.when, self._order, timer))
        return timer

    def call_later(self, delay: int, callback: Callable[[], None]) -> Timer:
        """Have `callback` called `delay` nanoseconds from now."""
        return self.call_at(self.now + delay, callback)

    def cancel(self, timer: Timer) -> None:
        """Keep a timer from firing. Canceling one that has fired or is canceled does nothing."""
        if timer.callback is None:
            return
        timer.callback = None
        self._cancelled += 1
        # A busy queue cancels one timer per task: without this the heap would hold them all until
        # their time came.
        if self._cancelled > 64 and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def next_at(self) -> int | None:
        """When the next timer fires; None if there is none."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
            self._cancelled -= 1
        return heap[0][0] if heap else None

    def fire_next(self) -> None:
        """Move to the next timer's moment and fire it."""
        when = self.next_at()
        if when is None:
            return
        timer = heapq.heappop(self._heap)[2]
        self.now = when
        callback, timer.callback = timer.callback, None
        if callback is not None:
            callback()

    def move_to(self, when: int) -> None:
        """Move to `when`, firing the timers on the way. Moving backwards does nothing."""
        while (upcoming := self.next_at()) is not None and upcoming <= when:
            self.fire_next()
        self.now = max(self.now, when)

    def rebase(self, now: int) -> None:
        """Call the present moment `now`: every timer keeps its distance from the present."""
        shift = now - self.now
        self.now = now
        for _, _, timer in self._heap:
            timer.when += shift
        self._heap = [(when + shift, order, timer) for when, order, timer in self._heap]
