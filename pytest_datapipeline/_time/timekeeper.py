"""When time may move on: threads and connections that wait on the virtual clock.

The thread that entered the fake is *home*: the test's own. A wait on it can be ended by nobody but
time, so it jumps from timer to timer. Every other wait, of a thread or of a connection from another
process, lasts until what it waits for comes, or until time is moved. Before time moves, those that
have just been let go are given the chance to come back: so they act at the moment at which they
woke up, and a test repeats itself.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .._service.clock import VirtualClock, duration
from .._service.instances.queues import Ticket
from ..errors import Stuck, explained, told_by_message
from . import threads
from .actors.obstacles import Obstacles
from .actors.participants import Actor, Participants, Wait, thread_of
from .actors.retries import Retries
from .at_home import SLICE, WaitsAtHome
from .frozen import FrozenTime, backwards
from .limits import Limits, Patience

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Generator

    from .._service.instances.life import Tasks
    from .actors.hand_overs import HandOvers

    # How a coroutine waits for a ticket; it is told who waits, and in what.
    Waiting = Callable[[Ticket, Actor, str], Awaitable[None]]

__tracebackhide__ = told_by_message

Result = TypeVar("Result")

# How many of them a thread gets to come back when its test has ended.
_SLICES_AT_END = 20


# What those do who wait in threads of their own.
_FROM_ELSEWHERE = (
    "From the test's own thread call clock.advance(seconds), or wait_until(...), which moves time "
    "while all runners wait."
)


class Closed(Exception):
    """The fake was left while a call waited."""


class Superseded(Closed):
    """The call came while the fake was reset, and is for the one that has taken its place."""


class Opening:
    """The time from an `open` to its `close`. Who waits, waits for what comes before its end."""

    __slots__ = ("goes_on", "over", "superseded")

    def __init__(self) -> None:
        self.over: bool = False
        # Whether another follows at once, of this keeper or, if it is superseded, of another.
        self.goes_on: bool = False
        self.superseded: bool = False


class HomeLoop(Protocol):
    """The event loop on the home thread, which moves time itself where it has nothing to do."""

    goals: list[Any]

    def wake(self) -> None: ...


class AsyncioLoop(HomeLoop, Protocol):
    """asyncio's."""

    def adopt(self, running: asyncio.AbstractEventLoop) -> bool: ...


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
        self.lock: threading.RLock = threading.RLock()
        self.clock = clock
        self.participants: Participants = Participants()
        self.limits: Limits = Limits(clock, patience.idle, self.stuck, something_is_to_come)
        self.frozen: FrozenTime = FrozenTime(self._frozen_time_moved)
        self._patience = patience
        self._last_calls = last_calls
        self._on_stuck = on_stuck
        self._changed = threading.Condition(self.lock)
        self._activity = 0
        self.opening: Opening = Opening()
        # Asked before time moves.
        self.obstacles: Obstacles = Obstacles(clock, tasks, patience, lambda: self.participants)
        self.hand_overs: HandOvers = self.obstacles.hand_overs
        self.waits: WaitsAtHome = WaitsAtHome(
            self,
            self._changed,
            self.limits,
            self.obstacles,
            lambda: self.participants,
            patience,
        )
        # Told to what moment the test moves time.
        self.on_moving: Callable[[int], None] = lambda _: None
        # Of the libraries that are there.
        self.loop: AsyncioLoop | None = None
        self.trio: HomeLoop | None = None
        self._rebased = 0
        self.retries: Retries = Retries()
        # Whether time.sleep takes virtual time.
        self.sleeps_are_virtual: bool = False
        # Who moves time by hand, outside of a loop that the test drives.
        self.moved_by: threading.Thread | None = None

    # -- requests ---------------------------------------------------------------------------------

    @property
    def at_home(self) -> bool:
        """Whether the calling thread is the one that entered the fake."""
        return threading.current_thread() is self.participants.home

    @property
    def busy(self) -> bool:
        """Whether the calling thread drives a loop, or is in the midst of a call: a function of the
        test's is called back."""
        if self.limits.drive is not None or any(
            loop is not None and loop.goals for loop in (self.loop, self.trio)
        ):
            return True
        try:
            self._changed.notify(0)
        except RuntimeError:  # this thread has not taken the lock
            return False
        return True

    def may_be_a_runners(self) -> bool:
        """Whether the calling thread is home, has made calls, or was started since the beginning:
        others have nothing to do with the service, such as those of who runs the tests."""
        thread = threading.current_thread()
        taking_part = self.participants
        return (
            thread is taking_part.home
            or thread in taking_part.callers
            or taking_part.is_young(thread)
        )

    @property
    def home(self) -> Actor:
        """The thread that entered the fake."""
        return self.participants.home

    def perform(
        self,
        steps: Generator[Ticket, None, Result],
        what: Callable[[], str],
        returns: bool,
        calls: int = 1,
    ) -> Result:
        """Run a request's steps on the calling thread, waiting where they ask for it.

        Args:
            returns: whether the thread is expected to call again soon; one that sends heartbeats is
                not.
            calls: 0 if it only sleeps.
        """
        with self.lock:
            home = self.at_home
            opening = self._present_opening()
            if home:
                self.sync()
                self.limits.check_drive(calls)
                self.limits.check_standstill()
            else:
                _check_open(opening)
                self.participants.callers.add(threading.current_thread())
                self._arrive(threading.current_thread())
                self.sync()
            try:
                ticket = next(steps)
                while True:
                    if not ticket.resolved:
                        if home:
                            self.waits.jump(ticket, what)
                        else:
                            self._block(ticket, what())
                    ticket = steps.send(None)
            except StopIteration as done:
                result: Result = done.value
                return result
            finally:
                if not home and not opening.over:
                    self._depart(threading.current_thread(), returns)

    async def perform_for(
        self,
        actor: Actor,
        steps: Generator[Ticket, None, Result],
        what: Callable[[], str],
        returns: bool,
        wait: Waiting,
    ) -> Result:
        """Run the steps of a request of a coroutine or a connection, awaiting where they ask.

        If the awaiting task is canceled, the steps are closed: the call is given up.

        Args:
            wait: how coroutines of this kind wait.

        Raises:
            Closed: the fake was left meanwhile.
        """
        with self.lock:
            opening = self._present_opening()
            if opening.over:
                raise Closed
            if self.participants.is_at_home(actor):
                self.limits.check_standstill()
            elif (thread := thread_of(actor)) is not None:
                self.participants.callers.add(thread)
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
                await wait(ticket, actor, what())
                with self.lock:
                    if opening.over:
                        raise Closed
                    try:
                        ticket = steps.send(None)
                    except StopIteration as done:
                        answer: Result = done.value
                        return answer
        finally:
            with self.lock:
                steps.close()
                if not opening.over:
                    self._depart(actor, returns)

    def starts_to_wait(self, ticket: Ticket, wait: Wait) -> bool:
        """Have an actor wait for a ticket; False if that has been resolved."""
        if ticket.resolved:
            return False

        def let_go() -> None:
            self.participants.is_let_go(wait.actor)
            wait.wake()

        self.participants.waits(wait)
        ticket.on_resolved = let_go
        self._stir()
        return True

    def waits_no_longer(self, ticket: Ticket, actor: Actor) -> None:
        """The end of that."""
        with self.lock:
            self.participants.waiting.pop(actor, None)
            ticket.on_resolved = None

    def nobody_moves_time(
        self, hint: str = _FROM_ELSEWHERE, *, about: str = "nobody-moves-time"
    ) -> Stuck:
        """The error of a wait that lasts for long in real time."""
        return self.stuck(
            f"Nobody has moved time for {self._patience.stalled:g} real seconds, and these wait "
            f"for it: {self.who_waits()}. {hint}",
            about=about,
            forget=False,
        )

    def sleep(self, seconds: float, what: Callable[[], str]) -> None:
        """Let virtual time pass for the calling thread."""
        self.retries.end(threading.current_thread())
        if self.at_home:
            with self.lock:
                self.limits.check_sleeps(self.frozen.current() is not None)
        elif threading.current_thread() not in self.participants.callers:
            self._sleep_along(seconds, what)
            return
        self.perform(self.sleeping(seconds), what, returns=True, calls=0)

    def _sleep_along(self, seconds: float, what: Callable[[], str]) -> None:
        """A sleep of a thread that has made no call: it may yet become a runner's, or be anybody's,
        whom the end of the fake does not end."""
        thread = threading.current_thread()
        with self.lock:
            opening = self.opening
            if opening.over:
                return
            self._arrive(thread)
            self.sync()
            (ticket,) = self.sleeping(seconds, idle=True)
            try:
                self._block(ticket, what(), stays=True)
            finally:
                if not opening.over:
                    self._depart(thread, returns=True)

    def back_off(self, seconds: float, what: Callable[[], str], invocation_id: str) -> None:
        """The same before a retry, which does not count as progress."""
        with self._no_progress(), self.retries.of(threading.current_thread(), invocation_id):
            self.perform(self.sleeping(seconds, idle=True), what, returns=True, calls=0)

    def _no_progress(self) -> contextlib.AbstractContextManager[None]:
        return self.limits.no_progress() if self.at_home else contextlib.nullcontext()

    async def back_off_for(
        self,
        actor: Actor,
        seconds: float,
        what: Callable[[], str],
        wait: Waiting,
        invocation_id: str,
    ) -> None:
        """The same for a coroutine."""
        with self._no_progress(), self.retries.of(actor, invocation_id):
            steps = self.sleeping(seconds, idle=True)
            await self.perform_for(actor, steps, what, returns=True, wait=wait)

    def sleeping(self, seconds: float, idle: bool = False) -> Generator[Ticket, None, None]:
        """The steps of a sleep. `idle`: whether it counts as nothing, as an empty poll does."""
        ticket = Ticket()
        self.clock.call_later(duration(seconds), ticket.resolve)
        if not idle:
            self.happened()
        yield ticket

    def happened(self) -> None:
        """Something other than an empty poll has happened."""
        self.limits.happened()

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
            self.on_moving(target)
            self.clock.rebase(target)
            self.limits.last_event += target - now
            self._rebased += target - now

    @property
    def elapsed(self) -> int:
        """Nanoseconds by which time has moved on, whatever it was called meanwhile."""
        return self.clock.now - self._rebased

    def _frozen_time_moved(self) -> None:
        with self.lock:
            self.sync()

    def _move_to(self, target: int) -> None:
        if self.limits.drive is None:
            self.moved_by = threading.current_thread()
        self.on_moving(target)
        try:
            while True:
                self.waits.settle()
                upcoming = self.clock.next_at()
                if upcoming is None or upcoming > target:
                    break
                self.fire()
        finally:
            self.moved_by = None
        if target > self.clock.now:
            self.clock.now = target
        self.frozen.push(self.clock.now)
        self.happened()
        self._stir()

    def skip_to(self, target: int) -> None:
        """Move time to a moment at once, in the midst of a call, with nobody to act before."""
        with self.lock:
            self.on_moving(target)
            while (upcoming := self.clock.next_at()) is not None and upcoming <= target:
                self.fire()
            self.clock.now = max(self.clock.now, target)
            self.frozen.push(self.clock.now)
            self.happened()
            self._stir()

    def fire(self) -> None:
        """Move time to the service's next timer, and have it go off."""
        self.limits.time_moves()
        upcoming = self.clock.next_at()
        if upcoming is not None:
            self.frozen.push(upcoming)
            self.clock.fire_next()

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

    def jump(self, target: int | None) -> None:
        """Move time to a moment before which nothing happens, or to the service's next timer."""
        if target is None:
            self.fire()
        else:
            self.clock.now = target
            self.frozen.push(target)
        self.limits.time_moves()
        self._stir()

    # -- waiting elsewhere ------------------------------------------------------------------------

    def _arrive(self, actor: Actor) -> None:
        self.participants.arrives(actor)
        self._stir()

    def _depart(self, actor: Actor, returns: bool) -> None:
        self.participants.departs(actor, returns)
        self._stir()

    def overlook(self, thread: threading.Thread) -> None:
        """Take note that a thread serves others, and makes no calls of its own."""
        with self.lock:
            self.participants.overlook(thread)

    def _stir(self) -> None:
        self._activity += 1
        self.waits.stir()
        if self.loop is not None:
            self.loop.wake()
        if self.trio is not None:
            self.trio.wake()

    def _block(self, ticket: Ticket, what: str, stays: bool = False) -> None:
        """Have the calling thread wait. `stays`: whether it is nobody's who ends with the fake."""
        thread = threading.current_thread()
        opening = self.opening
        event = threading.Event()
        failures: list[BaseException] = []

        def fail(error: BaseException) -> None:
            failures.append(error)
            event.set()

        self.starts_to_wait(ticket, Wait(thread, event.set, what, fail))
        try:
            while not ticket.resolved:
                before = self._activity
                self.lock.release()
                try:
                    woken = event.wait(self._patience.stalled)
                finally:
                    self.lock.acquire()
                if stays:
                    if opening.over:
                        return
                    continue
                _check_open(opening)
                if failures:
                    raise failures[0]
                if not woken and self._activity == before:
                    raise self.stuck(
                        f"Nobody has moved time for {self._patience.stalled:g} real seconds, and "
                        f"these wait for it: {self.who_waits()}. From the test's own thread call "
                        "clock.advance(seconds), or wait_until(...), which moves time while all "
                        "runners wait; or raise the setting patience.",
                        about="nobody-moves-time",
                    )
        finally:
            self.waits_no_longer(ticket, thread)

    def who_waits(self) -> str:
        """The waits of all threads, for messages."""
        return self.participants.who_waits()

    def _present_opening(self) -> Opening:
        """What a call that comes now belongs to.

        Raises:
            Superseded: another keeper has taken the place of this one.
        """
        while self.opening.over and self.opening.goes_on:
            if self.opening.superseded:
                raise Superseded
            self._changed.wait(SLICE)
        return self.opening

    def open(self, before: Participants | None = None) -> None:
        """Begin, for the first time or again: the calling thread is home, and nobody waits.

        `before`: who took part until now, where the fake goes on.
        """
        with self.lock:
            self.participants = Participants(before)
            self.opening = Opening()
            self.loop = self.trio = None
            self.retries.clear()
            if before is None:
                self.hand_overs.clear()

    def put_back(self, put_back: Callable[[], None], frozen: object) -> None:
        """Have the world, and its time, put back to what they were. It is closed meanwhile.

        `frozen`: the frozen time that held then; if it still does, it is moved back as well.
        """
        with self.lock:
            before = self.clock.now
            put_back()
            # What is measured in time that has passed, such as a loop's, never runs backwards.
            self._rebased += self.clock.now - before
            self.limits.happened()
            self.frozen.resume()
            if frozen is not None and self.frozen.current() is frozen:
                self.frozen.entered(frozen)
                self.frozen.push(self.clock.now)

    def close(self, goes_on: bool = False) -> None:
        """Let go of every thread that waits, and end it; likewise those that come back soon.

        `goes_on`: whether calls that come meanwhile are to wait for what follows at once.
        """
        with self.lock:
            self.opening.goes_on = goes_on
            self.opening.over = True
            self.frozen.unwatch()
            for wait in self.participants.waiting.values():
                with contextlib.suppress(RuntimeError):  # of a loop that was closed before
                    wait.wake()
            ending = self.participants.threads_at_end()
        # A runner between two calls would otherwise make its next one in the next test.
        grace = min(self._patience.settle, _SLICES_AT_END * SLICE)
        for thread in ending:
            if thread is not threading.current_thread():
                thread.join(grace)
                # One grace for all of them: the others have had theirs by now.
                grace = 0.0 if thread.is_alive() else grace
        left = self.participants.callers
        if not goes_on:
            left = left | self.participants.about_to_call()
        threads.leave_behind(left)

    def stuck(self, problem: str, *, about: str, forget: bool = True) -> Stuck:
        """The error. Off the test's thread it is also recorded, and fails the test at its end."""
        text = explained(f"{problem}\n{self._last_calls()}", about=about)
        if not (self.at_home and forget):
            self._on_stuck(text)
        return Stuck(text)


def _check_open(opening: Opening) -> None:
    if opening.over:
        # The test that the thread belonged to is over.
        threads.end_thread()
