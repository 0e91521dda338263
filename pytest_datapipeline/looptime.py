"""asyncio's event loop on the fake's clock: when nothing in it can act, time moves on.

Only the loop that runs on the test's own thread does so: from the start where aiobotocore has been
imported, else while a thread waits that it has started. At the point at which it would sleep until
a timer of its own or until something comes from outside, the clock jumps instead: to the next timer
of the loop or of the service, whichever is first. So `asyncio.sleep`, `asyncio.timeout` and a held
poll all take virtual time, in order.

A loop that waits for a child process or for a function in its executor sleeps for real.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from asyncio.base_events import BaseEventLoop
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .clock import SECOND, duration, to_datetime
from .errors import Stuck, told_by_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .timekeeping import Drive, Timekeeper

__tracebackhide__ = told_by_message

# Real seconds between two looks at what the loop waits for.
_SLICE = 0.01
# Real seconds of a wait that the operating system takes.
_LONGEST = 3600.0


class Coroutine:
    """A task of asyncio, as one that makes calls."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task
        self.thread = threading.current_thread()

    @property
    def name(self) -> str:
        """asyncio's name of the task."""
        return self._task.get_name()

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return not self._task.done()


_coroutines: WeakKeyDictionary[asyncio.Task[Any], Coroutine] = WeakKeyDictionary()


def current_coroutine() -> Coroutine:
    """Who makes the present call."""
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a call outside of any task")
    found = _coroutines.get(task)
    if found is None:
        found = _coroutines[task] = Coroutine(task)
    return found


@dataclass(eq=False)
class Goal:
    """Something that a coroutine waits for, other than an answer.

    Attributes:
        condition: looked at whenever the loop has nothing to do.
        reached: called once it holds.
        failed: called if it can not come to hold.
        what: for messages.
        endless: whether it may never hold, so that a wait in which nothing happens is stopped.
    """

    condition: Callable[[], bool]
    reached: Callable[[], None]
    failed: Callable[[BaseException], None]
    what: str
    endless: bool = True


class DrivenTask:
    """A task runner that is a coroutine, under `DataPipelineFake.run`."""

    def __init__(self, limits: Drive) -> None:
        self.limits = limits
        self.task: asyncio.Task[Any] | None = None
        self.ended = False
        self.error: BaseException | None = None

    def end(self, error: BaseException | None = None) -> None:
        """Unwind it."""
        if not self.ended:
            self.ended = True
            self.error = error
            if self.task is not None:
                self.task.cancel()


# The tasks that a driven one creates inherit it.
driven: ContextVar[DrivenTask | None] = ContextVar("pytest_datapipeline_driven", default=None)


class LoopTime:
    """Runs a loop on the fake's clock while it is started."""

    def __init__(self, keeper: Timekeeper, virtual: bool) -> None:
        self._keeper = keeper
        self._virtual = virtual
        self._original: Any = None
        self._loop: Any = None
        self._hooked: Any = None
        self._asleep = False
        self._base = 0.0
        self._start = 0
        # Real seconds that the loop has spent waiting for what no clock governs.
        self._worked = 0.0
        # Of the present wait: how long, and how it stood with everybody when it began.
        self._waited = 0.0
        self._activity = -1
        self._quiet: set[int] = set()
        self.goals: list[Goal] = []
        self.eager = False

    # -- coming and going -------------------------------------------------------------------------

    def start(self) -> None:
        """Take over the loop's idle moments."""
        original = self._original = getattr(BaseEventLoop, "_run_once", None)
        home = threading.get_ident()
        if original is None:
            return

        def _run_once(loop: Any) -> None:
            if threading.get_ident() != home:
                original(loop)
                return
            if self.eager and loop is not self._loop:
                self.adopt(loop)
            if loop._ready or loop._stopping or self._before_sleep(loop):
                original(loop)

        patched: Any = BaseEventLoop
        patched._run_once = _run_once

    def stop(self) -> None:
        """Leave asyncio as it was; timers that are under way keep their distance."""
        if self._original is not None:
            patched: Any = BaseEventLoop
            patched._run_once = self._original
        loop, self._loop = self._loop, None
        if loop is not None and "time" in loop.__dict__:
            virtual = loop.time()
            del loop.time
            shift = loop.time() - virtual
            for handle in loop._scheduled:
                handle._when += shift

    def on_aiobotocore(self, _: object) -> None:
        """Take over a loop when it first runs, and not when it first matters."""
        self.eager = True

    def adopt(self, running: asyncio.AbstractEventLoop) -> bool:
        """Put the loop on the fake's clock, if it is the test's own.

        Returns:
            whether its idle moments can be seen: not so in other threads, nor with uvloop.
        """
        loop: Any = running
        if loop is self._loop:
            return True
        if not self._keeper.at_home or self._original is None:
            return False
        if not isinstance(running, BaseEventLoop) or not hasattr(loop, "_selector"):
            return False
        if self._virtual:
            # Whole seconds, so that sums with them are exact.
            self._base = float(int(loop.time()) + 1)
            self._start = self._keeper.elapsed
            shift = self._base - loop.time()
            loop.time = self._time
            for handle in loop._scheduled:
                handle._when += shift
        self._loop = loop
        return True

    def _time(self) -> float:
        return self._base + (self._keeper.elapsed - self._start) / SECOND + self._worked

    def wake(self) -> None:
        """Have the loop look again, if it sleeps: somebody else has done something."""
        if self._asleep and self._hooked is not None:
            self._asleep = False
            self._hooked.call_soon_threadsafe(lambda: None)

    @contextmanager
    def aiming_at(self, goal: Goal) -> Iterator[None]:
        """Look at a goal whenever the loop has nothing to do."""
        self.goals.append(goal)
        try:
            yield
        finally:
            if goal in self.goals:
                self.goals.remove(goal)

    # -- when the loop has nothing to do ----------------------------------------------------------

    def _before_sleep(self, loop: Any) -> bool:
        """Do what is to be done while the loop has nothing to do; whether it is to go on itself."""
        self._hooked = loop
        self._look(loop, 0)
        if loop._ready:
            return True
        due = self._due_in(loop)
        if due is not None and due <= 0:
            return True
        keeper = self._keeper
        with keeper.lock:
            waits = keeper.someone_waits(loop is self._loop)
            if not waits and not self.goals and loop is not self._loop:
                # So that one who begins to wait can wake it.
                self._asleep = True
                return True
            if self._reach_goals():
                return False
            if waits:
                self.adopt(loop)
            obstacle = self._decide(loop, due, waits or bool(self.goals))
            if obstacle is None:
                return False
            # From here on whoever does something wakes the loop.
            self._asleep = True
        if obstacle == "":
            self._sleep_for_real(loop, None if due is None else min(due, _LONGEST))
        else:
            self._wait(loop, obstacle)
        return False

    def _reach_goals(self) -> bool:
        reached = [goal for goal in self.goals if goal.condition()]
        for goal in reached:
            self.goals.remove(goal)
            goal.reached()
        return bool(reached)

    def _decide(self, loop: Any, due: float | None, involved: bool) -> str | None:
        """Move time by one step and return None, or tell what is to be waited for; "" if the loop
        may sleep by itself."""
        keeper = self._keeper
        work = _work(loop, keeper.blocked_threads())
        if work is not None:
            return work if involved else ""
        sockets = _sockets(loop)
        if not involved and (sockets or due is None or not self._virtual):
            return ""
        if keeper.unsettled(_idle_workers(loop)) or not sockets <= self._quiet:
            if self._waited <= keeper.settle_seconds:
                return "others are on their way"
            keeper.take_as_settled()
            self._quiet |= sockets
        upcoming = keeper.clock.next_at()
        timer = None
        if due is not None:
            if not self._virtual:
                return "asyncio's timers are real (the setting asyncio_timers)"
            timer = keeper.clock.now + duration(due)
        if timer is not None and (upcoming is None or timer < upcoming):
            keeper.jump(timer)
            return None
        obstacle = keeper.obstacle()
        if obstacle is not None:
            if upcoming is None and not keeper.others():
                self._fail(f"Nothing is going to change: {obstacle}.")
                return None
            return obstacle
        keeper.jump(None)
        self._check_limits()
        return None

    def _check_limits(self) -> None:
        if self.goals and not any(goal.endless for goal in self.goals):
            return
        try:
            self._keeper.check_idle()
        except Stuck as stuck:
            self._give_up(stuck)

    def _fail(self, problem: str) -> None:
        self._give_up(self._keeper.stuck(f"{problem} {self._waits()}"))

    def _give_up(self, stuck: Stuck) -> None:
        goals, self.goals = self.goals, []
        if not goals:
            # Out of the loop, and out of the test that runs in it.
            raise stuck
        for goal in goals:
            goal.failed(stuck)

    def _waits(self) -> str:
        waits = [f"a coroutine waits for {goal.what}" for goal in self.goals]
        return "; ".join(filter(None, (self._keeper.who_waits(), *waits)))

    def _wait(self, loop: Any, obstacle: str) -> None:
        keeper = self._keeper
        if self._activity != keeper.activity:
            self._activity = keeper.activity
            self._waited = 0.0
        self._sleep_for_real(loop, _SLICE)
        self._waited += _SLICE
        if loop._ready:
            self._waited = 0.0
        elif self._waited > keeper.stalled_seconds:
            self._waited = 0.0
            self._fail(f"Nothing happened for {keeper.stalled_seconds:g} real seconds: {obstacle}.")

    def _look(self, loop: Any, seconds: float | None) -> None:
        """Take in what has come from outside, or comes within so many real seconds."""
        events = loop._selector.select(seconds)
        if events:
            self._waited = 0.0
            # Windows' loop has taken them in already, and tells of them otherwise.
            self._quiet -= {event[0].fd for event in events if isinstance(event, tuple)}
            loop._process_events(events)

    def _sleep_for_real(self, loop: Any, seconds: float | None) -> None:
        """Wait for what comes from outside. The loop's own time passes meanwhile."""
        before = _real()
        try:
            self._look(loop, seconds)
        finally:
            self._asleep = False
            self._worked += _real() - before

    @staticmethod
    def _due_in(loop: Any) -> float | None:
        """Seconds to the loop's next timer; None if it has none."""
        waiting = [handle._when for handle in loop._scheduled if not handle._cancelled]
        return float(min(waiting) - loop.time()) if waiting else None

    # -- calls ------------------------------------------------------------------------------------

    def before_call(self) -> None:
        """Check the limits of the runner that calls, and end it where it is to end."""
        drive = driven.get()
        if drive is None:
            return
        with self._keeper.lock:
            limits = drive.limits
            if not drive.ended:
                if limits.finished():
                    drive.end()
                else:
                    limits.calls += 1
                    if limits.calls > limits.max_calls:
                        text = f"The loop made {limits.max_calls} calls (max_calls) in run()"
                        drive.end(self._keeper.stuck(text))
                    elif self._keeper.clock.now > limits.deadline:
                        text = (
                            "The loop ran into max_time, the limit of virtual time "
                            f"({to_datetime(limits.deadline).isoformat()}), in run()"
                        )
                        drive.end(self._keeper.stuck(text))
        if drive.ended:
            raise asyncio.CancelledError

    def die(self) -> None:
        """End the runner that calls, if `run` drives it."""
        drive = driven.get()
        if drive is not None:
            drive.end()
            raise asyncio.CancelledError


def _real() -> float:
    """Real seconds, whatever freezegun and time-machine have frozen."""
    if sys.platform == "win32":
        return time.perf_counter()
    return time.clock_gettime(time.CLOCK_MONOTONIC)


# -- what a loop waits for, other than time -------------------------------------------------------


def _work(loop: Any, blocked: set[threading.Thread]) -> str | None:
    """A child process, or a function in the executor, that the loop waits for."""
    if any(thread.name.startswith(("waitpid-", "asyncio-waitpid-")) for thread in _threads()):
        return "a child process is running"
    for _, owner in _watched(loop):
        if type(owner).__module__ == "asyncio.unix_events":
            return "a child process is running"
    executor = loop._default_executor
    idle = getattr(getattr(executor, "_idle_semaphore", None), "_value", None)
    if idle is not None:
        threads = executor._threads
        if len(threads) - idle > len(blocked & threads):
            return "a function runs in the loop's executor"
    return None


def _idle_workers(loop: Any) -> set[threading.Thread]:
    """The threads of the loop's executor: those that are at work, `_work` tells of."""
    return set(getattr(loop._default_executor, "_threads", ()))


def _sockets(loop: Any) -> set[int]:
    """The connections from which something may come; or nothing ever, if they are kept alive."""
    return {fd for fd, _ in _watched(loop)}


def _watched(loop: Any) -> list[tuple[int, Any]]:
    get_map = getattr(loop._selector, "get_map", None)
    found = []
    for key in (get_map() or {}).values() if get_map is not None else ():
        for handle in key.data or ():
            if handle is not None:
                callback = handle._callback
                owner = getattr(callback, "__self__", None)
                name = getattr(callback, "__name__", "")
                if owner is not loop or name not in ("_read_from_self", "_accept_connection"):
                    found.append((key.fd, None if owner is loop else owner))
    return found


def _threads() -> list[threading.Thread]:
    return threading.enumerate()
