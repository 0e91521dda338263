"""asyncio's event loop on the fake's clock: when nothing in it can act, time moves on.

Only the loop that runs on the test's own thread does so: from the start where aiobotocore has been
imported, else while a thread waits that it has started. At the point at which it would sleep until
a timer of its own or until something comes from outside, the clock jumps instead: to the next timer
of the loop or of the service, whichever is first. So `asyncio.sleep`, `asyncio.timeout` and a held
poll all take virtual time, in order.

A loop that waits for a child process or for a function in an executor sleeps for real, and time
stands still meanwhile. Only a timer that is up in real time as well, such as the time-out of a
child process that hangs, moves it on, and by as much as the timer was set to. So what happens, and
when, does not depend on how fast the machine is.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from asyncio import selector_events
from asyncio.base_events import BaseEventLoop
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .._service.clock import SECOND, duration
from ..errors import Stuck, told_by_message
from . import pending
from .limits import AT_MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .limits import Drive
    from .timekeeper import Timekeeper

__tracebackhide__ = told_by_message

# Real seconds between two looks at what the loop waits for.
_SLICE = 0.01
# Real seconds of a wait that the operating system takes.
_LONGEST = 3600.0
# asyncio's own connections, if this Python still calls them so.
_TRANSPORT: Any = getattr(selector_events, "_SelectorSocketTransport", object)


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
        self._writers: list[tuple[str, Any]] = []
        self._jobs = pending.Jobs()
        self._loop: Any = None
        # True once code in this loop has called the fake.
        self._called = False
        self._hooked: Any = None
        self._asleep = False
        self._base = 0.0
        self._start = 0
        # Of the present wait: how long, and how it stood with everybody when it began.
        self._waited = 0.0
        self._activity = -1
        # Since when, in real time, others are on their way.
        self._settling: float | None = None
        # Connections that stayed silent for `settle` seconds, by file descriptor.
        self._quiet: dict[int, Any] = {}
        # When, in real time, each of the loop's timers is up, and how far time was then.
        self._up: dict[int, tuple[Any, float]] = {}
        self._up_at = 0
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
                self._adopt(loop)
            if loop._ready or loop._stopping or self._before_sleep(loop):
                original(loop)

        patched: Any = BaseEventLoop
        patched._run_once = _run_once
        self._jobs.start()
        for name in ("write", "writelines"):
            if name in vars(_TRANSPORT):
                self._listen_again_after(name)

    def _listen_again_after(self, name: str) -> None:
        """Have a connection that was quiet be waited for again when something is sent over it."""
        write = vars(_TRANSPORT)[name]

        @wraps(write)
        def written(transport: Any, *args: Any) -> Any:
            if transport._loop is self._loop:
                self._quiet.pop(transport._sock_fd, None)
                self._waited = 0.0
            return write(transport, *args)

        self._writers.append((name, write))
        setattr(_TRANSPORT, name, written)

    def stop(self) -> None:
        """Leave asyncio as it was; timers that are under way keep their distance."""
        if self._original is not None:
            patched: Any = BaseEventLoop
            patched._run_once = self._original
            self._original = None
            self._jobs.stop()
        while self._writers:
            setattr(_TRANSPORT, *self._writers.pop())
        self._give_back()

    def _give_back(self) -> None:
        loop, self._loop = self._loop, None
        self._called = False
        self._quiet.clear()
        self._up.clear()
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
        if not self._adopt(running):
            return False
        self._called = True
        return True

    def _adopt(self, running: asyncio.AbstractEventLoop) -> bool:
        loop: Any = running
        if loop is self._loop:
            return True
        if not self._keeper.at_home or self._original is None:
            return False
        if not isinstance(running, BaseEventLoop) or not hasattr(loop, "_selector"):
            return False
        self._give_back()
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
        return self._base + (self._keeper.elapsed - self._start) / SECOND

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
        if _is_due(loop):
            return True
        keeper = self._keeper
        with keeper.lock:
            waits = keeper.participants.someone_waits(loop is self._loop)
            if not waits and not self.goals and loop is not self._loop:
                # So that one who begins to wait can wake it.
                self._asleep = True
                return True
            if self._reach_goals():
                return False
            if waits:
                self.adopt(loop)
            if loop is self._loop and self._keep_up(loop):
                return False
            obstacle = self._decide(loop, self._due_in(loop), waits or bool(self.goals))
            if obstacle is None:
                return False
            due = self._up_in(loop)
            # From here on any activity wakes the loop.
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
        if self._activity != keeper.activity:
            self._activity = keeper.activity
            self._waited = 0.0
        blocked = keeper.participants.waiting_threads()
        workers = pending.anyio_workers(loop)
        if pending.child_runs(loop):
            return pending.CHILD if involved else ""
        if self._jobs.at_work(loop, blocked) or any(
            busy for thread, busy in workers.items() if thread not in blocked
        ):
            return pending.FUNCTION if involved else ""
        sockets = pending.sockets(loop)
        self._quiet = {
            fd: owner
            for fd, owner in sockets.items()
            if fd in self._quiet and self._quiet[fd] is owner
        }
        if not involved and (due is None or not self._virtual or (sockets and not self._called)):
            return ""
        # Of the threads that are at work, we have been told.
        idle = self._jobs.threads | set(workers)
        others = keeper.participants
        if others.unsettled(others.home, idle) or len(self._quiet) < len(sockets):
            if self._may_settle():
                return "others are on their way"
            others.take_as_settled()
            self._quiet = sockets
        self._settling = None
        upcoming = keeper.clock.next_at()
        timer = None
        if due is not None:
            if not self._virtual:
                return "asyncio's timers are real (the setting asyncio_timers)"
            timer = keeper.clock.now + duration(due)
        if timer is not None and (upcoming is None or timer < upcoming):
            self._jump(timer)
            return None
        obstacle = keeper.obstacle()
        if obstacle is not None:
            if upcoming is None and not others.others():
                self._fail(f"Nothing is going to change: {obstacle}.")
                return None
            return obstacle
        self._jump(None)
        self._check_limits()
        return None

    def _may_settle(self) -> bool:
        """Whether those who are on their way get more time."""
        now, settle = _real(), self._keeper.settle_seconds
        if self._settling is None:
            self._settling = now
        return self._waited <= settle and now - self._settling <= AT_MOST * settle

    def _jump(self, target: int | None) -> None:
        self._up.clear()
        self._keeper.jump(target)

    def _keep_up(self, loop: Any) -> bool:
        """Move time to a timer that is up in real time too, whatever stands in its way.

        So a child process is timed out, and a connection over which something comes all the time
        keeps nobody from waking up.
        """
        keeper = self._keeper
        if self._up_at != keeper.elapsed:
            self._up.clear()
        now = _real()
        # One that has fired is no longer scheduled.
        up = [
            (moment, handle._when)
            for handle, moment in self._up.values()
            if moment <= now and handle._scheduled and not handle._cancelled
        ]
        if not up:
            return False
        _, when = min(up)
        target = keeper.clock.now + duration(when - loop.time())
        upcoming = keeper.clock.next_at()
        if upcoming is None or upcoming > target:
            keeper.jump(target)
        elif keeper.obstacle() is None:
            keeper.jump(None)
        else:
            return False
        # As much has passed in real time, for the other timers as well.
        self._up_at = keeper.elapsed
        return True

    def _up_in(self, loop: Any) -> float | None:
        """Real seconds until a timer of the loop is up in real time, if it has one."""
        if not self._virtual:
            return self._due_in(loop)
        now, time = _real(), loop.time()
        # Held here, so that no other timer gets the id of one of them.
        self._up = {
            id(handle): self._up.get(id(handle), (handle, now + handle._when - time))
            for handle in loop._scheduled
            if not handle._cancelled
        }
        self._up_at = self._keeper.elapsed
        if not self._up:
            return None
        return max(_SLICE, min(moment for _, moment in self._up.values()) - now)

    def _check_limits(self) -> None:
        if self.goals and not any(goal.endless for goal in self.goals):
            return
        try:
            self._keeper.limits.check_idle()
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
            for event in events:
                if isinstance(event, tuple):
                    self._quiet.pop(event[0].fd, None)
            loop._process_events(events)

    def _sleep_for_real(self, loop: Any, seconds: float | None) -> None:
        """Wait for what comes from outside."""
        try:
            self._look(loop, seconds)
        finally:
            self._asleep = False

    @staticmethod
    def _due_in(loop: Any) -> float | None:
        """Seconds to the loop's next timer; None if it has none."""
        waiting = [handle._when for handle in loop._scheduled if not handle._cancelled]
        return float(min(waiting) - loop.time()) if waiting else None

    # -- calls ------------------------------------------------------------------------------------

    def before_call(self) -> None:
        """Enforce run()'s limits on the coroutine that is about to call."""
        drive = driven.get()
        if drive is None:
            return
        with self._keeper.lock:
            limits = drive.limits
            if not drive.ended:
                if limits.finished():
                    drive.end()
                else:
                    problem = limits.exceeded(self._keeper.clock.now)
                    if problem is not None:
                        drive.end(self._keeper.stuck(problem))
        if drive.ended:
            raise asyncio.CancelledError

    def die(self) -> None:
        """End the runner that calls, if `run` drives it."""
        drive = driven.get()
        if drive is not None:
            drive.end()
            raise asyncio.CancelledError


def _is_due(loop: Any) -> bool:
    """Whether asyncio would fire a timer now. Compared in its float seconds: in our nanoseconds
    each could wait for the other."""
    end_time = loop.time() + loop._clock_resolution
    return any(handle._when < end_time for handle in loop._scheduled if not handle._cancelled)


def _real() -> float:
    """Real seconds, whatever freezegun and time-machine have frozen."""
    if sys.platform == "win32":
        return time.perf_counter()
    return time.clock_gettime(time.CLOCK_MONOTONIC)
