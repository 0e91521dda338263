"""How long loops that get nowhere may go on, and the errors that end them.

Each limit has one text, for runners in threads and in coroutines alike.
"""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .._service.clock import SECOND, to_datetime
from ..errors import RunnerUnwound, Stuck, Unwinding, told_by_message
from .unwinding import Unwinder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._service.clock import VirtualClock

__tracebackhide__ = told_by_message

# How much virtual time a loop that is driven may take, and a wait for something that need not come.
MAX_TIME = timedelta(days=7)
# Longest wait for threads that stay active, in multiples of the setting `settle`.
AT_MOST = 20
# Sleeps in virtual time, one after the other, before it is asked what they are for: how long they
# have taken. So many of them are never for anything; it takes about ten real seconds.
_SLEEPS_IN_A_ROW = 1_000
_SLEEPS_AT_MOST = 200_000
# Longest time for which the fake's clock may stand still while others do go on in real time, and
# longest for all real sleeps of a loop that is driven, in multiples of the setting `patience`.
STANDING_STILL = 6
# Consecutive calls on the test's thread that change nothing while time stands still; about ten
# real seconds.
_CALLS_AT_A_STANDSTILL = 20_000


@dataclass
class Patience:
    """How long to wait for others. The first two are real seconds, the third is virtual.

    Attributes:
        stalled: a wait this long with nothing happening ends in an error.
        settle: a thread that was let go and is silent for this long is taken to be busy elsewhere,
            and time goes on without it.
        idle: virtual time in which nothing happens but empty polls, before the loop that makes
            them is stopped.
    """

    stalled: float = 10.0
    settle: float = 0.25
    idle: float = 86_400.0


class Exceeded(NamedTuple):
    """A limit that a loop is over: the message, and its id in the catalog of messages."""

    problem: str
    about: str


@dataclass(eq=False)
class Drive:
    """A runner's loop that `run` drives, and its limits.

    Attributes:
        finished: whether what it is driven for has come.
        deadline: in nanoseconds since 1970.
        ours: whether `finished` asks the fake alone. Code of a test may wait for a lock that a
            runner holds over a call, so it is asked only when time has moved.
        error: what `run` is to raise when the loop has been left.
    """

    finished: Callable[[], bool]
    max_calls: int
    deadline: int
    ours: bool = False
    calls: int = 0
    unwinder: Unwinder = field(default_factory=Unwinder)
    error: BaseException | None = None

    def is_over(self) -> bool:
        """Whether it is to end. An error of the test's own predicate ends it as well: raised where
        it is looked at, in a call of the runner's, it would be for that to handle."""
        if self.error is None:
            try:
                return self.finished()
            except (Exception, Unwinding) as error:
                self.error = error
        return True

    def exceeded(self, now: int, calls: int = 1) -> Exceeded | None:
        """Count a call, unless it is a sleep; which limit the loop is over, if any."""
        self.calls += calls
        if self.calls > self.max_calls:
            return Exceeded(
                f"The loop made {self.max_calls} calls (max_calls) in run(). Give it work that "
                "ends, an until= that comes true, or a higher max_calls.",
                about="max-calls-reached",
            )
        if now > self.deadline:
            return Exceeded(
                "The loop ran into max_time, the limit of virtual time "
                f"({to_datetime(self.deadline).isoformat()}), in run(). Give it work that ends, an "
                "until= that comes true, or a higher max_time.",
                about="max-time-reached",
            )
        return None


class MakesStuck(Protocol):
    """Makes the error of a text."""

    def __call__(self, problem: str, *, about: str) -> Stuck: ...


class Limits:
    """Counts what goes on without anything coming of it, and ends it.

    Args:
        stuck: makes the error of a text.
        something_is_to_come: whether a pipeline's next interval is, so that no wait is for nothing.

    Attributes:
        drive: the loop that is driven on the test's own thread, if one is.
        why_idle: asked what explains that all polls are empty, and what to do about it.
        why_empty: the same, if it lies in the worker groups.
        last_event: when something other than an empty poll happened, in nanoseconds since 1970.
    """

    def __init__(
        self,
        clock: VirtualClock,
        idle: float,
        stuck: MakesStuck,
        something_is_to_come: Callable[[], bool],
    ) -> None:
        self.drive: Drive | None = None
        self.why_idle: Callable[[], str] = lambda: "Enqueue a task, or end the loop."
        self.why_empty: Callable[[], str | None] = lambda: None
        self.last_event: int = clock.now
        self._clock = clock
        self._idle = idle
        self._stuck = stuck
        self._something_is_to_come = something_is_to_come
        self._standstill = 0
        self._sleeps = 0
        self._sleeps_since = 0
        self._idle_since = 0
        self._unwinder = Unwinder()

    def happened(self) -> None:
        """Something other than an empty poll has happened."""
        self.last_event = self._clock.now
        self._standstill = 0

    def time_moves(self) -> None:
        """What is called from now on may find something new."""
        self._standstill = 0

    @contextlib.contextmanager
    def no_progress(self) -> Iterator[None]:
        """A back-off moves time but does not reset the count of calls at a standstill."""
        standstill = self._standstill
        yield
        if standstill:
            self._standstill = standstill + 1

    def check_standstill(self) -> None:
        """Count a call of the test's own thread.

        Raises:
            Stuck: too many were made with nothing coming of them.
        """
        self._standstill += 1
        if self._standstill <= _CALLS_AT_A_STANDSTILL:
            return
        if self._standstill == _CALLS_AT_A_STANDSTILL + 1:
            self._unwinder.swallowed = 0  # a call has changed something since the last one
        raise self._unwinder.prepared(
            self._stuck(
                f"Nothing came of {_CALLS_AT_A_STANDSTILL} calls in a row: this would go on "
                "forever. If the loop swallows an error, mend what the error "
                "tells of; if it looks for something that comes with time, have it sleep (the "
                "setting virtual_sleep) or call clock.advance(seconds).",
                about="nothing-comes-of-calls",
            )
        )

    def calls_again(self) -> None:
        """A request has come."""
        self._sleeps = 0

    def check_sleeps(self, clocks_go: bool) -> None:
        """Count a sleep of the test's own thread in virtual time.

        Args:
            clocks_go: whether the clocks that code looks at go with the fake's.

        Raises:
            Stuck: there were too many, and no call.
        """
        if not self._sleeps:
            self._sleeps_since = self._clock.now
        self._sleeps += 1
        slept = self._clock.now - self._sleeps_since
        if clocks_go or self._sleeps <= _SLEEPS_IN_A_ROW:
            return
        if self._sleeps <= _SLEEPS_AT_MOST and slept <= self._idle * SECOND:
            return
        span = timedelta(seconds=slept // SECOND)
        raise self._unwinder.prepared(
            self._stuck(
                f"The code slept {self._sleeps} times in a row without a call, {span} of virtual "
                "time: this may go on forever. If it waits for a moment of time.time() or "
                "time.monotonic(), these stand still: set freeze=True, so that they go with the "
                "fake's clock. If it ends by itself, raise the setting idle_limit.",
                about="sleeps-without-calls",
            )
        )

    def too_long_asleep(self, seconds: float, still: bool) -> Stuck:
        """The error of a driven loop that sleeps in real time, to be raised by the caller. `still`:
        whether the fake's clock has stood still meanwhile."""
        stood = f", while the fake's clock stood still at {to_datetime(self._clock.now):%H:%M:%S}"
        error = self._stuck(
            f"The loop has slept for {seconds:g} real seconds in run(){stood * still}. Set "
            "virtual_sleep=True, so that its sleeps move the clock; or raise the setting patience, "
            "if it waits for work that is done in real time.",
            about="sleeps-in-real-time",
        )
        return error if self.drive is None else self.drive.unwinder.prepared(error)

    def check_drive(self, calls: int | None = None) -> None:
        """Look at the loop that is driven. `calls`: how many it makes now, if it acts.

        Raises:
            RunnerUnwound: what it was driven for has come.
            Stuck: it is over a limit.
        """
        drive = self.drive
        if drive is None:
            return
        if drive.is_over():
            raise drive.unwinder.prepared(RunnerUnwound("what run() was to wait for has come"))
        limit = None if calls is None else drive.exceeded(self._clock.now, calls)
        if limit is not None:
            raise drive.unwinder.prepared(self._stuck(limit.problem, about=limit.about))

    def check_idle(self) -> None:
        """Raise Stuck if nothing but empty polls has happened for very long."""
        now, limit = self._clock.now, self._idle * SECOND
        if now - self.last_event <= limit or self._something_is_to_come():
            return
        if self.last_event != self._idle_since:
            self._unwinder.swallowed = 0  # something has happened since the last one
        # Code that swallows it meets it again, and sooner.
        self.last_event = self._idle_since = now - round(limit * 0.9)
        raise self._unwinder.prepared(
            self._stuck(
                f"Nothing but empty polls for {timedelta(seconds=self._idle)} of virtual time: "
                f"this would go on forever. {self.why_idle()} If there is to be something later, "
                "raise the setting idle_limit.",
                about="only-empty-polls",
            )
        )


def real_time() -> float:
    """Real seconds, whatever freezegun and time-machine have frozen."""
    if sys.platform == "win32":
        return time.perf_counter()
    return time.clock_gettime(time.CLOCK_MONOTONIC)
