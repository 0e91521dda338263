"""Who waits, and when time may move on: threads and connections on the virtual clock.

The thread that entered the fake is *home*: the test's own. A wait on it can be ended by nobody but
time, so it jumps from timer to timer. Every other wait, of a thread or of a connection from another
process, lasts until what it waits for comes, or until time is moved. Before time moves, those that
have just been let go are given the chance to come back: so they act at the moment at which they
woke up, and a test repeats itself.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from .._service.clock import SECOND, VirtualClock, duration, to_datetime
from ..errors import FakeUsageError, RunnerUnwound, Stuck, told_by_message
from . import threads
from .frozen import FrozenTime, backwards
from .unwinding import Unwinder

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Generator, Iterator

    from .._service.instances.life import Tasks
    from .._service.instances.queues import Ticket
    from .event_loop import LoopTime

__tracebackhide__ = told_by_message

Result = TypeVar("Result")

# Real seconds between two looks at threads that may end without telling.
_SLICE = 0.005
# How many of them a thread gets to come back when its test has ended.
_SLICES_AT_END = 20
# How many times the setting `settle` those get at most who are heard of all the time.
AT_MOST = 20
# Calls in a row that the test's own thread may make without anything coming of them and without
# time moving. Ten seconds or so: beyond any test that means it, and no long wait for the others.
_CALLS_AT_A_STANDSTILL = 20_000


@dataclass
class Patience:
    """How long to wait for others. The first two are real seconds, the third is virtual.

    Attributes:
        stalled: a wait this long with nothing happening ends in an error.
        settle: a thread that was let go and is not heard of for this long is taken to be busy
            elsewhere, and time goes on without it.
        idle: virtual time in which nothing happens but empty polls, before the loop that makes
            them is stopped.
    """

    stalled: float = 10.0
    settle: float = 0.25
    idle: float = 86_400.0


@dataclass
class Drive:
    """The limits of a runner loop that is driven on the home thread."""

    finished: Callable[[], bool]
    max_calls: int
    deadline: int
    calls: int = 0
    unwinder: Unwinder = field(default_factory=Unwinder)


class Actor(Protocol):
    """Who makes calls: a thread or a coroutine of this process, or a connection from elsewhere."""

    @property
    def name(self) -> str: ...
    def is_alive(self) -> bool: ...


class Closed(Exception):
    """The fake was left while a call waited."""


@dataclass
class _Block:
    actor: Actor
    wake: Callable[[], object]
    what: str


class Timekeeper:
    """Moves the clock, and makes threads wait for it. One lock guards all of a fake's state."""

    def __init__(
        self,
        clock: VirtualClock,
        tasks: Tasks,
        patience: Patience,
        last_calls: Callable[[], str],
        on_stuck: Callable[[str], None],
        something_is_to_come: Callable[[], bool] = lambda: False,
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.drive_limits: Drive | None = None
        self.last_event = clock.now
        self.frozen = FrozenTime(self._frozen_time_moved)
        self._tasks = tasks
        self._patience = patience
        self._last_calls = last_calls
        self._on_stuck = on_stuck
        self._something_is_to_come = something_is_to_come
        self._home = threading.current_thread()
        self._standstill = 0
        self._idle_since = 0
        self._unwinder = Unwinder()
        self._changed = threading.Condition(self.lock)
        self._watchers = 0
        self._activity = 0
        self._closed = False
        self._blocked: dict[Actor, _Block] = {}
        self._busy: dict[Actor, None] = {}
        # Asked before time moves: why others who are yet to come have to be waited for.
        self.expected: Callable[[], str | None] = lambda: None
        # The event loop on the home thread, if asyncio is there.
        self.loops: LoopTime | None = None
        self._rebased = 0
        # Threads that need no chance to make a first call: those older than the fake, and callers.
        self._seen: set[threading.Thread] = set(threading.enumerate())
        self._older = frozenset(self._seen)
        self._callers: set[threading.Thread] = set()

    # -- requests ---------------------------------------------------------------------------------

    @property
    def at_home(self) -> bool:
        """Whether the calling thread is the one that entered the fake."""
        return threading.current_thread() is self._home

    def knows_this_thread(self) -> bool:
        """Whether the calling thread is home or has made calls."""
        thread = threading.current_thread()
        return thread is self._home or thread in self._callers

    @property
    def home(self) -> Actor:
        """The thread that entered the fake."""
        return self._home

    def perform(
        self, steps: Generator[Ticket, None, Result], what: Callable[[], str], returns: bool
    ) -> Result:
        """Run a request's steps on the calling thread, waiting where they ask for it.

        `returns`: whether the thread is expected to call again soon; one that sends heartbeats is
        not.
        """
        with self.lock:
            home = self.at_home
            if home:
                self.sync()
                if self.drive_limits is not None:
                    self._check_drive(count=True)
                self._standstill += 1
                if self._standstill > _CALLS_AT_A_STANDSTILL:
                    raise self._at_a_standstill()
            else:
                self._check_open()
                self._callers.add(threading.current_thread())
                self._arrive(threading.current_thread())
                self.sync()
            try:
                ticket = next(steps)
                while True:
                    if not ticket.resolved:
                        if home:
                            self._jump(ticket, what)
                        else:
                            self._block(ticket, what())
                    ticket = steps.send(None)
            except StopIteration as done:
                result: Result = done.value
                return result
            finally:
                if not home:
                    self._depart(threading.current_thread(), returns)

    async def perform_for(
        self,
        actor: Actor,
        steps: Generator[Ticket, None, Result],
        what: Callable[[], str],
        returns: bool,
    ) -> Result:
        """Run the steps of a request of a coroutine or a connection, awaiting where they ask.

        If the awaiting task is cancelled, the steps are closed: the call is given up.

        Raises:
            Closed: the fake was left meanwhile.
        """
        import asyncio  # a suite without it does not pay for it

        loop = asyncio.get_running_loop()
        with self.lock:
            if self._closed:
                raise Closed
            if _at(self._home, actor):
                self._standstill += 1
                if self._standstill > _CALLS_AT_A_STANDSTILL:
                    raise self._at_a_standstill()
            elif (thread := _thread_of(actor)) is not None:
                self._callers.add(thread)
            self._arrive(actor)
            self.sync()
            try:
                ticket = next(steps)
            except StopIteration as done:
                self._depart(actor, returns)
                result: Result = done.value
                return result
        try:
            while True:
                await self._await(ticket, actor, what(), loop)
                with self.lock:
                    if self._closed:
                        raise Closed
                    try:
                        ticket = steps.send(None)
                    except StopIteration as done:
                        answer: Result = done.value
                        return answer
        finally:
            with self.lock:
                steps.close()
                self._depart(actor, returns)

    async def _await(
        self, ticket: Ticket, actor: Actor, what: str, loop: asyncio.AbstractEventLoop
    ) -> None:
        with self.lock:
            if ticket.resolved:
                return
            over: asyncio.Future[None] = loop.create_future()

            def end() -> None:
                if not over.done():
                    over.set_result(None)

            def wake() -> None:
                loop.call_soon_threadsafe(end)

            def let_go() -> None:
                self._blocked.pop(actor, None)
                self._expect(actor)
                wake()

            self._blocked[actor] = _Block(actor, wake, what)
            self._busy.pop(actor, None)
            ticket.on_resolved = let_go
            self._stir()
            watch = self._watch(actor, over, loop)
        try:
            await over
        finally:
            if watch is not None:
                watch.cancel()
            with self.lock:
                self._blocked.pop(actor, None)
                ticket.on_resolved = None

    def _watch(
        self, actor: Actor, over: asyncio.Future[None], loop: asyncio.AbstractEventLoop
    ) -> asyncio.TimerHandle | None:
        """End the wait of a coroutine if nothing happens for long. A connection's client has its
        own patience, and the loop on the home thread moves time itself."""
        thread = _thread_of(actor)
        if thread is None or (self.loops is not None and self.loops.adopt(loop)):
            return None
        before = self._activity

        def expire() -> None:
            with self.lock:
                if over.done():
                    return
                if self._activity != before:
                    self._watch(actor, over, loop)
                    return
                hint = (
                    "The loop that runs here is not one of asyncio's own, such as uvloop's, and "
                    "can not move time: use asyncio's in tests, or call clock.advance(seconds)."
                    if thread is self._home
                    else "From the test's own thread call clock.advance(seconds), or "
                    "wait_until(...), which moves time while all runners wait."
                )
                over.set_exception(
                    self._stuck(
                        f"Nobody has moved time for {self._patience.stalled:g} real seconds, and "
                        f"these wait for it: {self.who_waits()}. {hint}",
                        forget=False,
                    )
                )

        return loop.call_later(self._patience.stalled, expire)

    def sleep(self, seconds: float, what: Callable[[], str]) -> None:
        """Let virtual time pass for the calling thread."""
        self.perform(self.sleeping(seconds), what, returns=True)

    def back_off(self, seconds: float, what: Callable[[], str]) -> None:
        """The same before a call is tried again, which is no sign that anything comes of it."""
        with self._keeping_count():
            self.perform(self.sleeping(seconds, idle=True), what, returns=True)

    @contextlib.contextmanager
    def _keeping_count(self) -> Iterator[None]:
        """Take what moves time for nothing that has come of a call."""
        standstill = self._standstill if self.at_home else 0
        yield
        if standstill:
            self._standstill = standstill + 1

    async def back_off_for(self, actor: Actor, seconds: float, what: Callable[[], str]) -> None:
        """The same for a coroutine."""
        with self._keeping_count():
            steps = self.sleeping(seconds, idle=True)
            await self.perform_for(actor, steps, what, returns=True)

    def sleeping(self, seconds: float, idle: bool = False) -> Generator[Ticket, None, None]:
        """The steps of a sleep. `idle`: whether it counts as nothing, as an empty poll does."""
        from .._service.instances.queues import Ticket

        ticket = Ticket()
        self.clock.call_later(duration(seconds), ticket.resolve)
        if not idle:
            self.happened()
        yield ticket

    def happened(self) -> None:
        """Something other than an empty poll has happened."""
        self.last_event = self.clock.now
        self._standstill = 0

    # -- moving time ------------------------------------------------------------------------------

    def now(self) -> int:
        with self.lock:
            self.sync()
            return self.clock.now

    def advance(self, delta: int) -> None:
        """Move time on by nanoseconds, firing what falls due on the way, each at its own moment."""
        with self.lock:
            self.sync()
            self._move_to(self.clock.now + delta)

    def move_to(self, target: int) -> None:
        """Move time to a moment."""
        with self.lock:
            self.sync()
            if target < self.clock.now:
                raise backwards(self.clock.now, target)
            self._move_to(target)

    def sync(self) -> None:
        """Take over freezegun's time, if time is frozen."""
        factory = self.frozen.current()
        entered = self.frozen.entered(factory)
        if factory is None:
            return
        target = self.frozen.read(factory)
        now = self.clock.now
        if target > now:
            self._move_to(target)
        elif target < now:
            if not entered:
                self.frozen.push(now)
                raise backwards(now, target)
            # Time was frozen at an earlier moment: that is what the test calls now. What was
            # already under way keeps its distance.
            self.clock.rebase(target)
            self.last_event += target - now
            self._rebased += target - now

    @property
    def elapsed(self) -> int:
        """Nanoseconds by which time has moved on, whatever it was called meanwhile."""
        return self.clock.now - self._rebased

    def _frozen_time_moved(self) -> None:
        with self.lock:
            self.sync()

    def _move_to(self, target: int) -> None:
        while True:
            self._settle()
            upcoming = self.clock.next_at()
            if upcoming is None or upcoming > target:
                break
            self._fire()
        if target > self.clock.now:
            self.clock.now = target
        self.frozen.push(self.clock.now)
        self.happened()
        self._stir()

    def _fire(self) -> None:
        self._standstill = 0
        upcoming = self.clock.next_at()
        if upcoming is not None:
            self.frozen.push(upcoming)
            self.clock.fire_next()

    # -- waiting at home --------------------------------------------------------------------------

    def _jump(self, ticket: Ticket, what: Callable[[], str]) -> None:
        while not ticket.resolved:
            self._settle()
            if ticket.resolved:
                break
            obstacle = self._obstacle()
            if obstacle is not None:
                self._await_change(
                    f"{what()} of the test itself waits, but {obstacle}",
                    "Have that runner go on or end, move time on with clock.advance(seconds), or "
                    "raise the setting patience.",
                )
                continue
            self._fire()
            self._check_drive()
        self._check_idle()

    def wait_until(
        self,
        condition: Callable[[], bool],
        what: str,
        move_time: bool,
        *,
        endless: bool = True,
        ours: bool = False,
    ) -> None:
        """Wait until the condition holds, letting time pass if it may.

        `endless`: whether it may never hold, so that a wait in which nothing happens is stopped.
        `ours`: whether it is about the service alone, which only calls and time can change.
        """
        if not self.at_home:
            raise FakeUsageError(
                "wait_until() is for the thread that entered the fake, which is "
                f"{self._home.name!r}; this is {threading.current_thread().name!r}."
            )
        with self.lock:
            if any(_at(self._home, actor) for actor in self._blocked):
                raise FakeUsageError(
                    "wait_until() would block the event loop in which "
                    f"{self.who_waits()}. In a coroutine use `await datapipeline_fake.until(...)`."
                )
            self.sync()
            while not condition():
                if move_time:
                    self._settle(condition)
                    if condition():
                        return
                    obstacle = self._obstacle()
                    if obstacle is None:
                        self._fire()
                        self._check_drive()
                        if endless:
                            self._check_idle()
                        continue
                else:
                    waiting = self.who_waits() or "no poll waits"
                    obstacle = f"time is not to move ({waiting})"
                why = f"wait_until() waits for {what}, but {obstacle}"
                if ours and not self._others():
                    raise self._stuck(
                        f"Nothing is going to change: {why}. Start a runner, drive one with "
                        "run(...), or have work(...) play one."
                    )
                remedy = (
                    "Start a runner, or raise the setting patience if one needs longer."
                    if move_time
                    else "Move time on with clock.advance(seconds), leave out move_time=False, or "
                    "raise the setting patience if a runner needs longer."
                )
                self._await_change(why, remedy, condition)

    def _obstacle(self) -> str | None:
        """Why time may not move to the next timer; None if it may."""
        upcoming = self.clock.next_at()
        if upcoming is None:
            return "nothing is going to happen: no poll waits, and no task has a deadline"
        for attempt in self._tasks.held:
            holder: Actor = attempt.holder  # type: ignore[assignment]  # what held holds has one
            deadline = self._tasks.deadline(attempt.instance)
            if (
                deadline is not None
                and upcoming >= deadline
                and holder not in self._blocked
                and holder.is_alive()
                # Where all of the loop waits, its coroutines wait for time, and are late.
                and not _at(self._home, holder)
            ):
                return (
                    f"{_called(holder)} still works on {attempt.id}, which would be taken "
                    f"from it at {to_datetime(deadline):%H:%M:%S}"
                )
        return self.expected()

    def _await_change(
        self, why: str, remedy: str, enough: Callable[[], bool] | None = None
    ) -> None:
        """Wait in real time for another thread to do something, or until it is enough."""
        before = self._activity
        alive = threading.active_count()
        self._watchers += 1
        try:
            for _ in range(max(1, round(self._patience.stalled / (4 * _SLICE)))):
                self._changed.wait(4 * _SLICE)
                if self._activity != before or threading.active_count() != alive:
                    return
                # Threads also do things that the fake does not see: write a file, set an event.
                if enough is not None and enough():
                    return
        finally:
            self._watchers -= 1
        raise self._stuck(
            f"Nothing happened for {self._patience.stalled:g} real seconds: {why}. {remedy}"
        )

    def _others(self) -> bool:
        """Whether another thread is there that could do something."""
        me = threading.current_thread()
        return any(
            thread is not me and (thread in self._callers or thread not in self._older)
            for thread in threading.enumerate()
        )

    def _settle(self, enough: Callable[[], bool] | None = None) -> None:
        """Let the threads that were let go come back before time moves on."""
        me = threading.current_thread()
        quiet = 0.0
        in_all = 0.0
        self._watchers += 1
        try:
            while self._unsettled(me):
                settle = self._patience.settle
                if quiet > settle or in_all > AT_MOST * settle:
                    self.take_as_settled()
                    return
                if enough is not None and enough():
                    return
                before = self._activity
                self._changed.wait(_SLICE)
                in_all += _SLICE
                quiet = quiet + _SLICE if self._activity == before else 0.0
        finally:
            self._watchers -= 1

    def _unsettled(self, me: threading.Thread, idle: Collection[threading.Thread] = ()) -> bool:
        for actor in self._busy:
            if actor is not me and actor.is_alive() and actor not in idle:
                return True
        # A thread that a test has just started is on its way to its first call.
        return any(
            thread not in self._seen
            and thread is not me
            and thread not in self._blocked
            and thread not in idle
            for thread in threading.enumerate()
        )

    # -- what the loop on the home thread asks, which waits in its own way -------------------------

    @property
    def activity(self) -> int:
        """Changes whenever somebody does something."""
        return self._activity

    @property
    def settle_seconds(self) -> float:
        """Real seconds that others get to come back before time moves on."""
        return self._patience.settle

    @property
    def stalled_seconds(self) -> float:
        """Real seconds without anything happening after which a wait is an error."""
        return self._patience.stalled

    def someone_waits(self, at_home: bool) -> bool:
        """Whether a thread waits for time to move on, or, `at_home`, a coroutine there."""
        return any(
            isinstance(actor, threading.Thread) or (at_home and _at(self._home, actor))
            for actor in self._blocked
        )

    def blocked_threads(self) -> set[threading.Thread]:
        """The threads that wait for an answer."""
        return {actor for actor in self._blocked if isinstance(actor, threading.Thread)}

    def unsettled(self, idle: Collection[threading.Thread]) -> bool:
        """Whether somebody is on his way; `idle` are threads that are not."""
        return self._unsettled(self._home, idle)

    def take_as_settled(self) -> None:
        """Go on without those who are on their way."""
        self._seen.update(threading.enumerate())
        self._busy.clear()

    def others(self) -> bool:
        """Whether another thread or a connection could do something."""
        return self._others() or any(
            _thread_of(actor) is None and actor.is_alive() for actor in self._busy
        )

    def obstacle(self) -> str | None:
        """Why time may not move to the next timer of the service; None if it may."""
        return self._obstacle()

    def jump(self, target: int | None) -> None:
        """Move time to a moment before which nothing happens, or to the service's next timer."""
        if target is None:
            self._fire()
        else:
            self.clock.now = target
            self.frozen.push(target)
        self._standstill = 0
        self._stir()

    def check_idle(self) -> None:
        """Raise Stuck if nothing but empty polls has happened for very long."""
        self._check_idle()

    def stuck(self, problem: str) -> Stuck:
        """The error for a wait that nobody ends."""
        return self._stuck(problem)

    # -- waiting elsewhere ------------------------------------------------------------------------

    def _arrive(self, actor: Actor) -> None:
        if isinstance(actor, threading.Thread):
            self._seen.add(actor)
        self._expect(actor)
        self._stir()

    def _expect(self, actor: Actor) -> None:
        # A coroutine on the home thread goes on as soon as that thread does not move time.
        if not _at(self._home, actor):
            self._busy[actor] = None

    def _depart(self, actor: Actor, returns: bool) -> None:
        if returns:
            self._expect(actor)
        else:
            self._busy.pop(actor, None)
        self._stir()

    def forget(self, actor: Actor) -> None:
        """Take note that a connection has ended."""
        with self.lock:
            self._busy.pop(actor, None)
            self._stir()

    def overlook(self, thread: threading.Thread) -> None:
        """Take note that a thread serves others, and makes no calls of its own."""
        with self.lock:
            self._seen.add(thread)

    def _stir(self) -> None:
        self._activity += 1
        if self._watchers:
            self._changed.notify_all()
        if self.loops is not None:
            self.loops.wake()

    def _check_open(self) -> None:
        if self._closed:
            # The test that the thread belonged to is over.
            threads.end_thread()

    def _block(self, ticket: Ticket, what: str) -> None:
        thread = threading.current_thread()
        event = threading.Event()
        self._blocked[thread] = _Block(thread, event.set, what)
        self._busy.pop(thread, None)

        def let_go() -> None:
            self._blocked.pop(thread, None)
            self._busy[thread] = None
            event.set()

        ticket.on_resolved = let_go
        self._stir()
        try:
            while not ticket.resolved:
                before = self._activity
                self.lock.release()
                try:
                    woken = event.wait(self._patience.stalled)
                finally:
                    self.lock.acquire()
                self._check_open()
                if not woken and self._activity == before:
                    raise self._stuck(
                        f"Nobody has moved time for {self._patience.stalled:g} real seconds, and "
                        f"these wait for it: {self.who_waits()}. From the test's own thread call "
                        "clock.advance(seconds), or wait_until(...), which moves time while all "
                        "runners wait; or raise the setting patience."
                    )
        finally:
            self._blocked.pop(thread, None)
            ticket.on_resolved = None

    def who_waits(self) -> str:
        """The waits of all threads, for messages."""
        return "; ".join(
            f"{_called(block.actor)} in {block.what}" for block in self._blocked.values()
        )

    def open(self) -> None:
        """Begin: the calling thread is home."""
        self._home = threading.current_thread()

    def close(self) -> None:
        """Let go of every thread that waits, and end it; likewise those that come back soon."""
        with self.lock:
            self._closed = True
            self.frozen.unwatch()
            for block in self._blocked.values():
                with contextlib.suppress(RuntimeError):  # of a loop that was closed before
                    block.wake()
            ending = [
                actor
                for actor in (*self._blocked, *self._busy)
                if isinstance(actor, threading.Thread)
            ]
        # A runner between two calls would otherwise make its next one in the next test.
        grace = min(self._patience.settle, _SLICES_AT_END * _SLICE)
        for thread in ending:
            if thread is not threading.current_thread():
                thread.join(grace)
                # One grace for all of them: the others have had theirs by now.
                grace = 0.0 if thread.is_alive() else grace
        threads.leave_behind(self._callers)

    # -- loops that get nowhere -------------------------------------------------------------------

    def _check_drive(self, count: bool = False) -> None:
        drive = self.drive_limits
        if drive is None or not self.at_home:
            return
        if drive.finished():
            raise drive.unwinder.prepared(RunnerUnwound("what run() was to wait for has come"))
        if not count:
            return
        drive.calls += 1
        if drive.calls > drive.max_calls:
            raise drive.unwinder.prepared(
                self._stuck(
                    f"The loop made {drive.max_calls} calls (max_calls) in run(). Give it work "
                    "that ends, an until= that comes true, or a higher max_calls."
                )
            )
        if self.clock.now > drive.deadline:
            raise drive.unwinder.prepared(
                self._stuck(
                    "The loop ran into max_time, the limit of virtual time, in run(). Give it "
                    "work that ends, an until= that comes true, or a higher max_time."
                )
            )

    def _at_a_standstill(self) -> Stuck:
        if self._standstill == _CALLS_AT_A_STANDSTILL + 1:
            self._unwinder.swallowed = 0  # something has come of a call since the last one
        return self._unwinder.prepared(
            self._stuck(
                f"Nothing came of {_CALLS_AT_A_STANDSTILL} calls in a row: this would go on for "
                "ever. If the loop swallows an error, mend what the error "
                "tells of; if it looks for something that comes with time, have it sleep (the "
                "setting virtual_sleep) or call clock.advance(seconds)."
            )
        )

    def _check_idle(self) -> None:
        if self.clock.now - self.last_event > self._patience.idle * SECOND:
            if self._something_is_to_come():
                return
            idle = timedelta(seconds=self._patience.idle)
            if self.last_event != self._idle_since:
                self._unwinder.swallowed = 0  # something has happened since the last one
            # Whoever swallows it meets it again, and sooner.
            self.last_event = self.clock.now - round(self._patience.idle * SECOND * 0.9)
            self._idle_since = self.last_event
            raise self._unwinder.prepared(
                self._stuck(
                    f"Nothing but empty polls for {idle} of virtual time: this would go on for "
                    "ever. Enqueue a task, end the loop, or raise the setting idle_limit."
                )
            )

    def _stuck(self, problem: str, forget: bool = True) -> Stuck:
        """The error. Unless it is raised in the test itself, the test hears of it at its end."""
        text = f"{problem}\n{self._last_calls()}"
        if not (self.at_home and forget):
            self._on_stuck(text)
        return Stuck(text)


def _called(actor: Actor) -> str:
    if isinstance(actor, threading.Thread):
        return f"thread {actor.name!r}"
    kind = "" if _thread_of(actor) is None else "coroutine "
    return f"{kind}{actor.name!r}"


def _thread_of(actor: Actor) -> threading.Thread | None:
    """The thread that a thread is, or in which a coroutine runs; None for a connection."""
    thread: threading.Thread | None = getattr(actor, "thread", None)
    return actor if isinstance(actor, threading.Thread) else thread


def _at(home: threading.Thread, actor: Actor) -> bool:
    """Whether it is a coroutine of the home thread."""
    return getattr(actor, "thread", None) is home
