"""trio's runs on the fake's clock: when no task can act, time moves on.

A run asks its clock how long it may sleep, and does so only when no task can go on: that is the
moment at which virtual time jumps. So the clock of the run on the test's own thread, be it trio's
own or a MockClock, is made to answer by the fake: the methods of `trio.abc.Clock` are replaced on
its class, for that one clock. trio tells which clock it is, so a test passes nothing to `trio.run`.

trio shuffles the tasks that can go on at the same moment, and the fake cannot prevent it.
"""

from __future__ import annotations

import contextlib
import math
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import outcome  # trio's own way to say what a task is to get
import trio

from ..._service.clock import SECOND, duration
from ...errors import RunnerUnwound, Stuck, explained, told_by_message
from .. import threads
from ..actors.participants import Wait
from ..limits import real_time
from . import trio_pending
from .loop import (
    CHILD,
    FUNCTION,
    LONGEST,
    RUN_TO_END,
    SLICE,
    DrivenTask,
    Goal,
    LoopOnFakeTime,
    driven,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import NoReturn

    from ..._service.instances.queues import Ticket
    from ..actors.participants import Actor
    from ..limits import Drive
    from ..timekeeper import Timekeeper

__tracebackhide__ = told_by_message

# Calls after its end in which a runner gets trio's own Cancelled.
_TOLERATED = 10


class TrioTask:
    """A task of trio's, as one that makes calls."""

    def __init__(self, task: trio.lowlevel.Task) -> None:
        self._coroutine = task.coro
        self.name = _name_of(task)
        self.thread = threading.current_thread()

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return getattr(self._coroutine, "cr_frame", None) is not None

    def was_canceled(self) -> bool:
        """Whether somebody may have ended it: trio does not say why a task is over."""
        return not self.is_alive()


_tasks: WeakKeyDictionary[trio.lowlevel.Task, TrioTask] = WeakKeyDictionary()
# How often a name was given in a run: trio names tasks by their functions, and many have the same.
_names: WeakKeyDictionary[trio.lowlevel.TrioToken, dict[str, int]] = WeakKeyDictionary()


def current_task() -> TrioTask:
    """Who makes the present call."""
    task = trio.lowlevel.current_task()
    found = _tasks.get(task)
    if found is None:
        found = _tasks[task] = TrioTask(task)
    return found


def _name_of(task: trio.lowlevel.Task) -> str:
    function = getattr(task.coro, "__qualname__", "")
    # One that was given stays as it is.
    name = function.rpartition(".")[2] if task.name.endswith(f".{function}") else task.name
    used = _names.setdefault(trio.lowlevel.current_trio_token(), {})
    used[name] = number = used.get(name, 0) + 1
    return name if number == 1 else f"{name}-{number}"


class TrioTime(LoopOnFakeTime):
    """Runs trio on the fake's clock while it is started."""

    _TIMERS = "trio's"

    def __init__(self, keeper: Timekeeper, virtual: bool) -> None:
        super().__init__(keeper, virtual)
        # What the methods of the classes of clocks were.
        self._originals: dict[type, dict[str, Any]] = {}
        # The clock of the run on the test's thread, once it goes by the fake.
        self._clock: Any = None
        self._base = 0.0
        self._start = 0
        # The run's next deadline, and the latest to which time was moved: in trio's float seconds,
        # which our nanoseconds may miss by a fraction.
        self._deadline = math.inf
        self._reached = -math.inf
        self._token: trio.lowlevel.TrioToken | None = None
        self._asleep = False
        # How the tasks waited when the run was last asked, and whether it has slept since.
        self._seen = trio_pending.Waits()
        self._slept = False
        self._slept_at = 0.0
        # When, in real time, a deadline of the run is up, and how far time was then.
        self._up: dict[float, float] = {}
        self._up_at = 0
        # An error that is to end the test, until somebody waits or calls.
        self._failure: Stuck | None = None

    # -- coming and going -------------------------------------------------------------------------

    def start(self) -> None:
        """Take over the idle moments of runs."""
        self._home = threading.get_ident()
        core: Any = getattr(trio, "_core", None)
        for name in ("SystemClock", "MockClock"):
            # Not there, they are met at the first call of a run.
            kind = getattr(core, name, None) or getattr(getattr(core, "_run", None), name, None)
            if isinstance(kind, type):
                self._take_over(kind)

    def _take_over(self, kind: type) -> None:
        if kind in self._originals:
            return
        clocks: Any = kind
        start_clock = clocks.start_clock
        current_time = clocks.current_time
        sleep_time = clocks.deadline_to_sleep_time
        jump: Any = getattr(clocks, "jump", None)

        def _start_clock(clock: Any) -> None:
            start_clock(clock)
            at_home = threading.get_ident() == self._home
            if self.eager and at_home and not trio_pending.is_guest_of_asyncio():
                self._adopt(clock, fresh=True)

        def _current_time(clock: Any) -> float:
            if clock is self._clock and self._virtual:
                return self._time()
            return float(current_time(clock))

        def _sleep_time(clock: Any, deadline: float) -> float:
            if threading.get_ident() != self._home or trio_pending.is_guest_of_asyncio():
                return float(sleep_time(clock, deadline))
            return self._before_sleep(clock, deadline, lambda: float(sleep_time(clock, deadline)))

        def _jump(clock: Any, seconds: float) -> None:
            if clock is not self._clock or not self._virtual or not seconds > 0:
                jump(clock, seconds)
            else:
                self._keeper.advance(duration(seconds))

        replaced = {
            "start_clock": _start_clock,
            "current_time": _current_time,
            "deadline_to_sleep_time": _sleep_time,
        }
        if jump is not None:
            replaced["jump"] = _jump
        self._originals[kind] = {name: vars(kind).get(name) for name in replaced}
        for name, replacement in replaced.items():
            setattr(clocks, name, replacement)

    def stop(self) -> None:
        """Leave trio as it was."""
        clock, virtual, now = self._clock, self._clock is not None and self._virtual, 0.0
        if virtual:
            now = self._time()
        self._give_back()
        self._token = None
        while self._originals:
            kind, replaced = self._originals.popitem()
            for name, original in replaced.items():
                if original is None:
                    delattr(kind, name)
                else:
                    setattr(kind, name, original)
        if virtual:
            _set_forward(clock, now)

    def _give_back(self) -> None:
        self._clock = None
        self._called = self._asleep = self._slept = False
        self._failure = None
        self._quiet.clear()
        self._up.clear()
        self._seen = trio_pending.Waits()

    def adopt_running(self) -> bool:
        """Put the run on the fake's clock, if it is on the test's own thread."""
        if not self._keeper.at_home or threading.get_ident() != self._home:
            return False
        clock = trio.lowlevel.current_clock()
        if clock is not self._clock:
            self._take_over(type(clock))
            self._adopt(clock)
        self._called = True
        return True

    def _adopt(self, clock: Any, *, fresh: bool = False) -> None:
        """`fresh`: whether its run has no deadline yet."""
        if clock is self._clock:
            return
        self._give_back()
        base = float(clock.current_time())
        # Whole seconds, so that sums with them are exact.
        self._base = self._reached = float(int(base) + 1) if fresh else base
        self._start = self._keeper.elapsed
        self._clock = clock

    def _time(self) -> float:
        return max(self._reached, self._base + (self._keeper.elapsed - self._start) / SECOND)

    def wake(self) -> None:
        """Have the run look again, if it sleeps: somebody else has done something."""
        if self._asleep and self._token is not None:
            self._asleep = False
            _tell(self._token, _nothing)

    # -- when no task can go on -------------------------------------------------------------------

    def _before_sleep(self, clock: Any, deadline: float, by_itself: Callable[[], float]) -> float:
        """How long the run may sleep, in real seconds, until it asks again."""
        self._token = trio.lowlevel.current_trio_token()
        self._deadline = deadline
        self._asleep = False
        with self._keeper.lock:
            sleep = self._at_rest(clock, by_itself)
            # From here on any activity wakes the run.
            self._asleep = sleep > 0
        return sleep

    def _at_rest(self, clock: Any, by_itself: Callable[[], float]) -> float:
        """Do what is to be done while no task can go on; how long the run may sleep then."""
        participants = self._keeper.participants
        if self.eager:
            self._adopt(clock)
        waits = participants.someone_waits(clock is self._clock)
        involved = waits or bool(self.goals)
        if clock is not self._clock and not involved:
            return by_itself()
        if self._reach_goals():
            return 0.0
        if waits:
            self._adopt(clock)
            self._called = True
            self._raise_in_a_wait()
        if trio.lowlevel.current_statistics().run_sync_soon_queue_size:
            # What others have told the run comes first.
            return 0.0
        found = trio_pending.waits()
        if found.watched:
            # A task that goes on once all others wait is still to act.
            return by_itself()
        if not found.same_as(self._seen):
            self._seen = found
            self._waited, self._slept = 0.0, False
            # What has come from outside is taken in first.
            return 0.0
        # Not by the length of the sleeps: a MockClock that jumps by itself cuts them short.
        self._waited += real_time() - self._slept_at if self._slept else 0.0
        self._slept = False
        by_test = self._by_test(clock)
        if by_test and not involved:
            return by_itself()
        if not by_test and self._keep_up():
            return 0.0
        obstacle = self._decide(self._due(), involved)
        if obstacle is None:
            return 0.0
        if obstacle:
            self._check_patience(obstacle)
            self._slept, self._slept_at = True, real_time()
        longest = SLICE if obstacle else min(by_itself(), LONGEST)
        return longest if by_test else min(longest, self._up_in())

    @staticmethod
    def _by_test(clock: Any) -> bool:
        """Whether the test moves the run's clock, as a MockClock's."""
        return hasattr(clock, "jump")

    def _due(self) -> float | None:
        """Seconds to the run's next deadline; None if it has none."""
        return (
            None if self._deadline == math.inf else max(0.0, self._deadline - trio.current_time())
        )

    def _busy(self) -> str | None:
        if self._seen.child:
            return CHILD
        blocked = self._keeper.participants.waiting_threads() & trio_pending.workers()
        # Those beyond the ones that wait for the fake.
        return FUNCTION if self._seen.functions > len(blocked) else None

    def _sockets(self) -> dict[int, Any]:
        return self._seen.connections

    def _workers(self) -> set[threading.Thread]:
        return trio_pending.workers()

    def _jump(self, target: int | None) -> None:
        self._up.clear()
        self._move(target)

    def _move(self, target: int | None) -> None:
        if target is not None:
            self._reached = max(self._reached, self._deadline)
        self._keeper.jump(target)

    def _keep_up(self) -> bool:
        """Move time to a deadline that is up in real time too, whatever stands in its way. So a
        child process is timed out."""
        keeper, deadline = self._keeper, self._deadline
        if self._up_at != keeper.elapsed:
            self._up.clear()
        now = real_time()
        if deadline not in self._up or self._up[deadline] > now:
            return False
        target = keeper.clock.now + duration(max(0.0, deadline - self._time()))
        upcoming = keeper.clock.next_at()
        if upcoming is None or upcoming > target:
            self._move(target)
        elif keeper.obstacles.in_the_way() is None:
            self._move(None)
        else:
            return False
        # As much has passed in real time, for the other deadlines as well.
        self._up_at = keeper.elapsed
        return True

    def _up_in(self) -> float:
        """Real seconds until the run's next deadline is up in real time."""
        deadline = self._deadline
        if deadline == math.inf:
            return LONGEST
        left: float = deadline - trio.current_time()
        if not self._virtual:
            return left
        now = real_time()
        # A later one may be up before, if this one was set meanwhile.
        up = min([now + left, *(moment for at, moment in self._up.items() if at >= deadline)])
        self._up[deadline] = up
        self._up_at = self._keeper.elapsed
        return max(SLICE, up - now)

    def _end(self, stuck: Stuck) -> None:
        # From a clock, it would be an internal error of trio's.
        self._failure = stuck
        self._raise_in_a_wait()
        for task in trio_pending.asleep():
            if self._failure is not None:
                trio.lowlevel.reschedule(task, outcome.Error(self._failure))
                self._failure = None

    def _check_sleeps(self) -> None:
        if self.goals or any(trio_pending.asleep()):  # those are told
            super()._check_sleeps()

    def _raise_in_a_wait(self) -> None:
        """Raise an error where somebody waits, in a task or in a thread, or as soon as one does."""
        for wait in self._keeper.participants.waiting.values():
            if self._failure is not None and wait.fail is not None:
                wait.fail(self._failure)
                self._failure = None

    # -- calls ------------------------------------------------------------------------------------

    async def before_call(self) -> None:
        """A checkpoint, as a call over the network is one; and enforce run()'s limits."""
        drive = driven.get()
        if drive is not None and drive.ended:
            # A loop that swallows trio's Cancelled would swallow it at each call.
            drive.calls_after_end += 1
            if drive.calls_after_end > _TOLERATED:
                raise drive.limits.unwinder.prepared(_unwound())
        await trio.lowlevel.checkpoint()
        if self._failure is not None and self._keeper.at_home:
            failure, self._failure = self._failure, None
            raise failure
        if self._ends_before_call():
            await self._unwind()

    async def die(self) -> None:
        """End the runner that calls, if `run` drives it."""
        drive = driven.get()
        if drive is not None:
            drive.end()
            await self._unwind()

    @staticmethod
    async def _unwind() -> NoReturn:
        await trio.lowlevel.checkpoint()
        # In a scope that is shielded from `run`'s end.
        raise _unwound()

    async def leave(self) -> NoReturn:
        """End the task that calls: the test that it belonged to is over."""
        if not self._keeper.at_home:
            threads.end_thread()
        # Only a scope of the test's can cancel it, and most tests leave their nurseries next. In
        # real time: the run's own may be the fake's.
        over, token = trio.Event(), trio.lowlevel.current_trio_token()
        timer = threading.Timer(self._keeper.stalled_seconds, _tell, (token, over.set))
        timer.daemon = True
        timer.start()
        try:
            await over.wait()
        finally:
            timer.cancel()
        raise Stuck(
            explained(
                f"A call of task {current_task().name!r} still waited when the fake was left, and "
                f"nobody has canceled it for {self._keeper.stalled_seconds:g} seconds. Cancel its "
                "nursery, or have the fake around the nursery.",
                about="call-outlives-fake",
            )
        )

    async def wait(self, ticket: Ticket, actor: Actor, what: str, /) -> None:
        """Wait for a ticket."""
        keeper = self._keeper
        token = trio.lowlevel.current_trio_token()
        over = trio.Event()
        failures: list[BaseException] = []

        def wake() -> None:
            _tell(token, over.set)

        def fail(error: BaseException) -> None:
            failures.append(error)
            wake()

        with keeper.lock:
            if not keeper.starts_to_wait(ticket, Wait(actor, wake, what, fail)):
                return
        try:
            if self.adopt_running():
                await over.wait()
            else:
                await self._wait_elsewhere(over)
        finally:
            keeper.waits_no_longer(ticket, actor)
        if failures:
            raise failures[0]

    async def _wait_elsewhere(self, over: trio.Event) -> None:
        """Wait in a thread that cannot move time."""
        keeper = self._keeper
        before, since = keeper.activity, real_time()
        while not over.is_set():
            with trio.move_on_after(keeper.stalled_seconds):
                await over.wait()
                return
            if keeper.activity != before:
                before, since = keeper.activity, real_time()
            elif real_time() - since >= keeper.stalled_seconds:
                raise keeper.nobody_moves_time()

    # -- driving, and waiting for conditions -------------------------------------------------------

    async def run(self, runner: Coroutine[Any, Any, Any], limits: Drive) -> Any:
        """Run the coroutine of a runner in a scope of its own, and cancel that at its end; None if
        it was canceled."""
        under_way = DrivenTask(limits)
        goal = Goal(limits.finished, under_way.end, under_way.end, lambda: RUN_TO_END)
        returned = None
        with trio.CancelScope() as scope, self.aiming_at(goal):
            under_way.cancel = scope.cancel
            outer = driven.set(under_way)
            try:
                returned = await runner
            except trio.Cancelled:
                raise
            except BaseException as error:
                if not (under_way.ended and _only(error, (RunnerUnwound, trio.Cancelled))):
                    raise
            finally:
                driven.reset(outer)
        if under_way.error is not None:
            raise under_way.error
        return returned

    async def until(
        self, condition: Callable[[], bool], what: Callable[[], str], endless: bool
    ) -> None:
        """Wait until a condition holds."""
        over = trio.Event()
        failures: list[BaseException] = []

        def failed(error: BaseException) -> None:
            failures.append(error)
            over.set()

        with self.aiming_at(Goal(condition, over.set, failed, what, endless)):
            await over.wait()
        if failures:
            raise failures[0]


def _set_forward(clock: Any, now: float) -> None:
    """Have a clock that goes by itself again go on from a moment, so that the deadlines that are
    under way keep their distance."""
    ahead = now - clock.current_time()
    if hasattr(clock, "jump"):
        clock.jump(max(0.0, ahead))
    elif hasattr(clock, "offset"):
        object.__setattr__(clock, "offset", clock.offset + ahead)


def _tell(token: trio.lowlevel.TrioToken, function: Callable[[], object]) -> None:
    """Have a run call a function, from whatever thread, unless it is over."""
    with contextlib.suppress(trio.RunFinishedError):
        token.run_sync_soon(function, idempotent=True)


def _nothing() -> None:
    pass


def _only(error: BaseException, kinds: tuple[type[BaseException], ...]) -> bool:
    """Whether it is of these kinds, or a group of nothing else."""
    within = getattr(error, "exceptions", None)
    return isinstance(error, kinds) if within is None else all(_only(it, kinds) for it in within)


def _unwound() -> RunnerUnwound:
    return RunnerUnwound("the runner has come to its end")
