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
import math
import threading
from asyncio import selector_events
from asyncio.base_events import BaseEventLoop
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..._service.clock import SECOND, duration
from ...errors import told_by_message
from ..limits import real_time
from . import pending
from .asyncio_wait import wait_in_asyncio
from .loop import LONGEST, RUN_TO_END, SLICE, DrivenTask, Goal, LoopOnFakeTime, driven

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Coroutine as AnyCoroutine
    from typing import NoReturn

    from ..._service.instances.queues import Ticket
    from ...errors import Stuck
    from ..actors.participants import Actor
    from ..limits import Drive
    from ..timekeeper import Timekeeper

__tracebackhide__ = told_by_message

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

    def was_canceled(self) -> bool:
        """Whether somebody has ended it."""
        return self._task.cancelled()


_coroutines: WeakKeyDictionary[asyncio.Task[Any], Coroutine] = WeakKeyDictionary()


def current_coroutine() -> Coroutine:
    """Who makes the present call.

    Raises:
        RuntimeError: no task of asyncio's.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a call outside of any task")
    found = _coroutines.get(task)
    if found is None:
        found = _coroutines[task] = Coroutine(task)
    return found


class LoopTime(LoopOnFakeTime):
    """Runs a loop on the fake's clock while it is started."""

    _TIMERS = "asyncio's"

    def __init__(self, keeper: Timekeeper, virtual: bool) -> None:
        super().__init__(keeper, virtual)
        self._original: Any = None
        self._writers: list[tuple[str, Any]] = []
        self._jobs = pending.Jobs()
        self._loop: Any = None
        self._hooked: Any = None
        self._asleep = False
        self._base = 0.0
        self._start = 0
        self._resolution = 0.0
        # When, in real time, each of the loop's timers is up, and how far time was then.
        self._up: dict[int, tuple[Any, float]] = {}
        self._up_at = 0

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
            loop._clock_resolution = self._resolution
            shift = loop.time() - virtual
            for handle in loop._scheduled:
                handle._when += shift

    def adopt(self, running: asyncio.AbstractEventLoop) -> bool:
        """Put the loop on the fake's clock, if it is the test's own.

        Returns:
            whether its idle moments can be seen: not so in other threads, nor with uvloop.
        """
        if not self._adopt(running):
            return False
        self._called = True
        return True

    def adopt_running(self) -> bool:
        """The same for the loop that runs in this thread."""
        return self.adopt(asyncio.get_running_loop())

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
            self._resolution = loop._clock_resolution
        self._loop = loop
        return True

    def _time(self, later: int = 0) -> float:
        return self._base + (self._keeper.elapsed + later - self._start) / SECOND

    def _moment(self, due: float) -> int:
        moment = super()._moment(due)
        loop = self._hooked
        if self._virtual and loop is self._loop:
            # Not a little before, as floats add up: the loop would wait for the rest of it.
            when = loop.time() + due
            while (missing := when - self._time(moment - self._keeper.clock.now)) > 0:
                moment += max(1, duration(missing))
        return moment

    def wake(self) -> None:
        """Have the loop look again, if it sleeps: somebody else has done something."""
        if self._asleep and self._hooked is not None:
            self._asleep = False
            self._hooked.call_soon_threadsafe(lambda: None)

    # -- when the loop has nothing to do ----------------------------------------------------------

    def _before_sleep(self, loop: Any) -> bool:
        """Do what is to be done while the loop has nothing to do; whether it is to go on itself."""
        self._hooked = loop
        self._look(loop, 0)
        if loop._ready:
            return True
        if self._virtual and loop is self._loop:
            # A loop adds it to its time, and fires what is due before that. To very high floats, as
            # of frozen time, which counts from 1970, its own makes no difference.
            loop._clock_resolution = max(self._resolution, math.ulp(loop.time()))
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
            obstacle = self._decide(self._due_in(loop), waits or bool(self.goals))
            if obstacle is None:
                return False
            due = self._up_in(loop)
            # From here on any activity wakes the loop.
            self._asleep = True
        if obstacle == "":
            self._sleep_for_real(loop, None if due is None else min(due, LONGEST))
        else:
            self._wait(loop, obstacle)
        return False

    def _busy(self) -> str | None:
        loop = self._hooked
        blocked = self._keeper.participants.waiting_threads()
        if pending.child_runs(loop):
            return pending.CHILD
        if self._jobs.at_work(loop, blocked) or any(
            busy for thread, busy in pending.anyio_workers(loop).items() if thread not in blocked
        ):
            return pending.FUNCTION
        return None

    def _sockets(self) -> dict[int, Any]:
        return pending.sockets(self._hooked)

    def _workers(self) -> set[threading.Thread]:
        return self._jobs.threads | set(pending.anyio_workers(self._hooked))

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
        now = real_time()
        # One that has fired is no longer scheduled.
        up = [
            (moment, handle._when)
            for handle, moment in self._up.values()
            if moment <= now and handle._scheduled and not handle._cancelled
        ]
        if not up:
            return False
        _, when = min(up)
        target = self._moment(when - loop.time())
        upcoming = keeper.clock.next_at()
        if upcoming is None or upcoming > target:
            keeper.jump(target)
        elif keeper.obstacles.in_the_way() is None:
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
        now, time = real_time(), loop.time()
        # Held here, so that no other timer gets the id of one of them.
        self._up = {
            id(handle): self._up.get(id(handle), (handle, now + handle._when - time))
            for handle in loop._scheduled
            if not handle._cancelled
        }
        self._up_at = self._keeper.elapsed
        if not self._up:
            return None
        return max(SLICE, min(moment for _, moment in self._up.values()) - now)

    def _end(self, stuck: Stuck) -> None:
        # Out of the loop, and out of the test that runs in it.
        raise stuck

    def _wait(self, loop: Any, obstacle: str) -> None:
        self._sleep_for_real(loop, SLICE)
        self._waited += SLICE
        if loop._ready:
            self._waited = 0.0
        else:
            self._check_patience(obstacle)

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

    async def before_call(self) -> None:
        """Enforce run()'s limits on the coroutine that is about to call."""
        if self._ends_before_call():
            drive = driven.get()
            error = asyncio.CancelledError()
            raise error if drive is None else drive.limits.unwinder.prepared(error)

    async def die(self) -> None:
        """End the runner that calls, if `run` drives it."""
        drive = driven.get()
        if drive is not None:
            drive.end()
            raise asyncio.CancelledError

    async def leave(self) -> NoReturn:
        """End the coroutine that calls: the test that it belonged to is over."""
        raise asyncio.CancelledError

    async def wait(self, ticket: Ticket, actor: Actor, what: str, /) -> None:
        """Wait for a ticket."""
        await wait_in_asyncio(self._keeper, ticket, actor, what)

    # -- driving, and waiting for conditions -------------------------------------------------------

    async def run(self, runner: AnyCoroutine[Any, Any, Any], limits: Drive) -> Any:
        """Run the coroutine of a runner in a task of its own, and cancel it at its end; None if it
        was canceled."""
        under_way = DrivenTask(limits)
        goal = Goal(limits.finished, under_way.end, under_way.end, lambda: RUN_TO_END)
        outer = driven.set(under_way)
        task = asyncio.get_running_loop().create_task(runner)
        driven.reset(outer)
        under_way.cancel = task.cancel
        returned = None
        with self.aiming_at(goal):
            try:
                returned = await task
            except asyncio.CancelledError:
                if not under_way.ended:
                    raise
        if under_way.error is not None:
            raise under_way.error
        return returned

    async def until(
        self, condition: Callable[[], bool], what: Callable[[], str], endless: bool
    ) -> None:
        """Wait until a condition holds."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def reached() -> None:
            if not over.done():
                over.set_result(None)

        def failed(error: BaseException) -> None:
            if not over.done():
                over.set_exception(error)

        with self.aiming_at(Goal(condition, reached, failed, what, endless)):
            await over


def _is_due(loop: Any) -> bool:
    """Whether asyncio would fire a timer now. Compared in its float seconds: in our nanoseconds
    each could wait for the other."""
    end_time = loop.time() + loop._clock_resolution
    return any(handle._when < end_time for handle in loop._scheduled if not handle._cancelled)
