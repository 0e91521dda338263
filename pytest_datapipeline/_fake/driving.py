"""Driving runners on the test's thread, and waiting for those that work elsewhere."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .. import checks
from .._record.call import CallMatcher, not_called
from .._record.callers import place_of, user_location
from .._service.clock import SECOND, to_datetime, to_ns
from .._time.actors.loose_ends import UNTIL_SEEN
from .._time.limits import MAX_TIME, Drive
from .._time.loops.callers import running_coroutine
from .._time.sleep import real_sleep_limited
from .._time.unwinding import boundary
from ..errors import FakeUsageError, RunnerUnwound, UnmetExpectations, explained, told_by_message
from .handles.tasks import Task

if TYPE_CHECKING:
    from typing_extensions import TypedDict

    from .._record.callers import Location
    from .._record.calls import Calls
    from .._service.clock import VirtualClock
    from .._service.service import Service
    from .._time.actors.loose_ends import LooseEnds
    from .._time.loops.loop import Loops
    from .._time.timekeeper import Timekeeper
    from .faults import FaultPlan, PlannedFault

    class RunOptions(TypedDict, total=False):
        """The keyword arguments of `DataPipelineFake.run`."""

        until: Condition | Task | datetime | timedelta | None
        max_calls: int
        max_time: float | timedelta
        die_at: str | CallMatcher | None


__tracebackhide__ = told_by_message

Returned = TypeVar("Returned")
Condition = Callable[[], object]


class Driving:
    """Runs the loops of task runners, and waits for conditions, until limits are reached."""

    def __init__(
        self,
        service: Service,
        clock: VirtualClock,
        time: Timekeeper,
        calls: Calls,
        faults: FaultPlan,
        loose_ends: LooseEnds,
        has_tasks: Callable[[], bool],
        loops: Callable[[], Loops],
        on_unwound: Callable[[], None] = lambda: None,
    ) -> None:
        self._service = service
        self._clock = clock
        self._time = time
        self._calls = calls
        self._faults = faults
        self._loose_ends = loose_ends
        self._has_tasks = has_tasks
        self._loops = loops
        self._to_be_awaited: list[_ToBeAwaited] = []
        self._on_unwound = on_unwound
        # Whether a runner that dies at a planned fault is started again, as in production.
        self.restarts = False
        self.restarted: int = 0

    @boundary
    def run(
        self,
        runner_loop: Callable[[], Any],
        until: Condition | Task | datetime | timedelta | None,
        max_calls: int,
        max_time: float | timedelta,
        die_at: str | CallMatcher | None,
    ) -> Any:
        """`DataPipelineFake.run`."""
        _check_runner(runner_loop)
        if not self._time.at_home:
            raise FakeUsageError("run() is for the thread that entered the fake.")
        if self._time.limits.drive is not None:
            raise FakeUsageError(
                explained("run() cannot be called from within run().", about="run-within-run")
            )
        until = self._moment(until)
        finished = self._condition(until)
        if not isinstance(until, datetime):
            finished = self._when_calls_are_over(finished)
        if until is None:
            self._check_something_to_run()
        limit = self._clock.now + checks.seconds("max_time", max_time)
        max_calls = checks.count("max_calls", max_calls, 1)
        if die_at is not None and not isinstance(die_at, (str, CallMatcher)):
            raise FakeUsageError(
                explained(
                    f"die_at must be an operation's name or a matcher, not {not_called(die_at)}.",
                    about="die-at-takes-a-matcher",
                )
            )
        before = self._calls._made
        returned = None
        deaths = None
        namespace = getattr(runner_loop, "__globals__", {})
        with self._stops(until, die_at) as fault, real_sleep_limited(self._time, namespace):
            while deaths is None or (self.restarts and deaths < self._faults.deaths):
                self.restarted += deaths is not None
                deaths = self._faults.deaths
                drive = Drive(finished, max_calls, limit, ours=not callable(until))
                self._time.limits.drive = drive
                try:
                    returned = runner_loop()
                except RunnerUnwound:
                    self._on_unwound()
                finally:
                    self._time.limits.drive = None
                if drive.error is not None:
                    raise drive.error
        if inspect.iscoroutine(returned):
            running = self._run_coroutines(runner_loop, returned, drive, until, die_at)
            return self._is_to_be_awaited("datapipeline_fake.run", running, returned)
        if inspect.isgenerator(returned) or inspect.isasyncgen(returned):
            raise _no_loop(returned)
        self._check_died(fault, before)
        return returned

    def _check_died(self, fault: PlannedFault | None, before: int) -> None:
        if fault is None or fault.met:
            return
        made = Counter(self._calls._since(before).operations)
        counted = ", ".join(f"{operation} ({count})" for operation, count in made.items())
        raise UnmetExpectations(
            explained(
                f"The runner did not die: no call of its was {fault.matcher!r}, at which it was "
                f"to. It made {counted or 'no call'}.",
                about="runner-did-not-die",
            )
        )

    @contextmanager
    def _stops(
        self, until: object, die_at: str | CallMatcher | None = None
    ) -> Iterator[PlannedFault | None]:
        """Have time stop at a moment, and a runner die at a call."""
        fault = None if die_at is None else self._faults.plan(die_at, "runner_dies", optional=True)
        timer = None
        if isinstance(until, datetime):
            # So that a poll that waits beyond it does not make time jump over it.
            timer = self._clock.call_at(to_ns(until), lambda: None)
        try:
            yield fault
        finally:
            if timer is not None:
                self._clock.cancel(timer)
            if fault is not None:
                self._faults.planned.remove(fault)

    async def _run_coroutines(
        self,
        runner_loop: Callable[[], Coroutine[Any, Any, Returned]],
        runner: Coroutine[Any, Any, Returned],
        drive: Drive,
        until: object,
        die_at: str | CallMatcher | None,
    ) -> Returned | None:
        """Run the coroutine of a runner, and another one where that dies and is started again."""
        # The end of a drive is set to come at once where its runner dies.
        finished, deaths = drive.finished, self._faults.deaths
        returned = await self._run_coroutine(runner, drive, until, die_at)
        while self.restarts and deaths < self._faults.deaths:
            deaths = self._faults.deaths
            self.restarted += 1
            again = Drive(finished, drive.max_calls, drive.deadline, drive.ours)
            returned = await self._run_coroutine(runner_loop(), again, until, die_at)
        return returned

    async def _run_coroutine(
        self,
        runner: Coroutine[Any, Any, Returned],
        drive: Drive,
        until: object,
        die_at: str | CallMatcher | None,
    ) -> Returned | None:
        try:
            loops = self._running_loops("run()")
        except FakeUsageError:
            runner.close()
            raise
        before = self._calls._made
        with self._stops(until, die_at) as fault:
            returned: Returned | None = await loops.run(runner, drive)
        self._check_died(fault, before)
        return returned

    def _running_loops(self, what: str) -> Loops:
        loops = self._loops()
        if not loops.adopt_running():
            raise FakeUsageError(
                explained(
                    f"{what} in a coroutine needs a loop of asyncio's own (not uvloop's) or trio, "
                    "on the thread that entered the fake.",
                    about="needs-asyncios-loop",
                )
            )
        return loops

    def until(
        self,
        condition: Condition | Task | datetime | timedelta | None,
        max_time: float | timedelta,
    ) -> Coroutine[Any, Any, None]:
        """`DataPipelineFake.until`."""
        waiting = self._until(condition, max_time)
        return self._is_to_be_awaited("datapipeline_fake.until", waiting)

    def until_held(
        self, enough: Callable[[], object], what: Callable[[], str]
    ) -> Coroutine[Any, Any, None]:
        """`Gate.until`."""
        waiting = self._until(enough, MAX_TIME, "gate.until()", what)
        return self._is_to_be_awaited("gate.until", waiting)

    def wait_held(self, enough: Callable[[], object], what: Callable[[], str]) -> None:
        """`Gate.wait`."""
        limit = checks.seconds("max_time", MAX_TIME)
        self.wait(enough, what, True, ours=True, limit=limit, who="gate.wait()")

    def _is_to_be_awaited(
        self, call: str, *coroutines: Coroutine[Any, Any, Any]
    ) -> Coroutine[Any, Any, Any]:
        """The first of some coroutines, which are of no use unless the test awaits that."""
        # Where it is collected, Python warns of it by its name.
        first: Any = coroutines[0]
        first.__qualname__ = call
        self._to_be_awaited = [held for held in self._to_be_awaited if not held.has_begun]
        self._to_be_awaited.append(_ToBeAwaited(call, coroutines, user_location()))
        return coroutines[0]

    def never_awaited(self) -> list[str]:
        """What was to be awaited and was not, and is not going to be."""
        forgotten = [held for held in self._to_be_awaited if not held.has_begun]
        self._to_be_awaited.clear()
        return [held.told() for held in forgotten]

    async def _until(
        self,
        condition: Condition | Task | datetime | timedelta | None,
        max_time: float | timedelta,
        who: str = "until()",
        what: Callable[[], str] | None = None,
    ) -> None:
        limit = checks.seconds("max_time", max_time)
        loops = self._running_loops(who)
        condition = self._moment(condition)
        what = what or (lambda: _told(condition))
        endless = not isinstance(condition, datetime)
        holds = self._condition(condition)
        if endless:
            holds = self._within(limit, holds, who, what)
        with self._stops(condition):
            await loops.until(holds, what, endless)

    def wait_until(
        self,
        condition: Condition | Task | datetime | timedelta | None,
        move_time: bool,
        max_time: float | timedelta,
    ) -> None:
        """`DataPipelineFake.wait_until`."""
        limit = checks.seconds("max_time", max_time)
        condition = self._moment(condition)
        ours = condition is None or isinstance(condition, Task)
        self.wait(condition, lambda: _told(condition), move_time, ours=ours, limit=limit)

    def wait(
        self,
        condition: Condition | Task | datetime | None,
        what: Callable[[], str],
        move_time: bool,
        *,
        ours: bool,
        limit: int | None = None,
        who: str = "wait_until()",
    ) -> None:
        """Wait on the test's thread.

        Args:
            what: tells what is waited for, for messages.
            ours: whether the condition is about tasks.
            limit: how much virtual time it may take, in nanoseconds, unless it is for a moment.
            who: the method that waits, for messages.
        """
        endless = not isinstance(condition, datetime)
        holds = self._condition(condition, until_seen=move_time)
        if endless and limit is not None:
            holds = self._within(limit, holds, who, what)
        with self._stops(condition):
            self._time.waits.until(
                holds,
                what,
                move_time,
                endless=endless,
                ours=ours,
                coroutine=running_coroutine(),
                who=who,
            )

    def _check_something_to_run(self) -> None:
        if not self._service.pipelines.idle or self.restarts:
            return  # where runs are disturbed, that may have ended all that there was
        found = "all of them have already" if self._has_tasks() else "none was enqueued"
        raise FakeUsageError(
            explained(
                f"run() ends the loop when every task has ended, but {found}: it would end at "
                "once. Enqueue a task, or give until=.",
                about="nothing-to-run",
            )
        )

    def _check_an_end(self) -> None:
        endless = next(self._service.pipelines.endless, None)
        if endless is not None:
            name = self._service.pipelines.all[endless.pipeline_id].name
            raise FakeUsageError(
                explained(
                    f"The schedule of {endless.id} has no end: {name!r} never finishes. Say until "
                    "when: a task, a moment, a span of time or a predicate.",
                    about="schedule-never-ends",
                )
            )

    def _moment(
        self, condition: Condition | Task | datetime | timedelta | None
    ) -> Condition | Task | datetime | None:
        """A condition with a span of time, which begins now, as the moment of its end."""
        if isinstance(condition, timedelta):
            return to_datetime(self._time.now() + checks.seconds("the span", condition))
        return condition

    def _condition(
        self, condition: Condition | Task | datetime | None, *, until_seen: bool = True
    ) -> Callable[[], bool]:
        """`until_seen`: a task that was canceled is over for the test when its runner has shown
        whether it stops.
        """
        if condition is None:
            self._check_an_end()
        if condition is None or isinstance(condition, Task):
            # Who waits cannot act meanwhile.
            ours = self._loose_ends.of(running_coroutine())
            instance = None if condition is None else condition._instance
            ended = self._all_ended if condition is None else lambda: condition.ended
            if not until_seen:
                return ended
            return self._when_calls_are_over(
                lambda: (
                    ended() and not self._loose_ends.pending(self._time.home, instance, but=ours)
                )
            )
        if isinstance(condition, datetime):
            target = checks.moment("the moment", condition)
            return lambda: self._clock.now >= target
        if callable(condition):
            predicate = condition
            return lambda: bool(predicate())
        span = ""
        if isinstance(condition, (int, float)) and not isinstance(condition, bool):
            span = f" Seconds are timedelta(seconds={condition!r})."
        raise FakeUsageError(
            explained(
                f"{condition!r} is nothing to wait for: give a task, a predicate, a datetime or a "
                f"timedelta.{span}",
                about="nothing-to-wait-for",
            )
        )

    def _within(
        self, limit: int, holds: Callable[[], bool], who: str, what: Callable[[], str]
    ) -> Callable[[], bool]:
        """The condition, which is to hold before so much virtual time has passed."""
        elapsed = self._time.elapsed

        def within() -> bool:
            if holds():
                return True
            if self._time.elapsed - elapsed > limit:
                gone = self._time.participants.who_has_ended()
                why = self._time.limits.why_empty() or "Find out why it does not come."
                more = "" if who.startswith("gate") else " Or give a higher max_time."
                raise self._time.stuck(
                    f"{who} waits for {what()}, and ran into max_time, the limit of virtual time "
                    f"({timedelta(seconds=limit // SECOND)}), in which others went on without "
                    f"that coming.{gone} {why}{more}",
                    about="max-time-reached",
                )
            return False

        return within

    def _when_calls_are_over(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        """The condition, and that those calls are over that were to be tried again when it first
        held: a test is to see what their runners make of that.
        """
        awaited: set[str] | None = None

        def over() -> bool:
            nonlocal awaited
            if not condition():
                awaited = None
                return False
            under_way = self._time.retries.under_way(self._time.participants)
            awaited = under_way if awaited is None else awaited & under_way
            return not awaited

        return over

    def _all_ended(self) -> bool:
        """Whether every task has ended, and runners had time to see that a disturbance did it."""
        return self._service.pipelines.idle and all(
            self._clock.now >= canceled + UNTIL_SEEN
            for canceled in self._service.tasks.disturbed.values()
        )


def _told(condition: Condition | Task | datetime | None) -> str:
    """What is waited for, for messages."""
    code = getattr(condition, "__code__", None)
    if code is not None:
        return f"the predicate at {place_of(code.co_filename, code.co_firstlineno)}"
    return "every task to end" if condition is None else repr(condition)


class _ToBeAwaited(NamedTuple):
    """A coroutine that a test was given, with that of its runner, and where."""

    call: str
    coroutines: tuple[Coroutine[Any, Any, Any], ...]
    location: Location | None

    @property
    def has_begun(self) -> bool:
        return inspect.getcoroutinestate(self.coroutines[0]) != inspect.CORO_CREATED

    def told(self) -> str:
        """What to tell of it. It can be awaited no more."""
        for coroutine in self.coroutines:
            coroutine.close()
        place = "" if self.location is None else f" at {self.location.place}"
        return explained(
            f"{self.call.rpartition('.')[2]}(...){place} was never awaited, so nothing of it has "
            f"run. In a coroutine write `await {self.call}(...)`, in a function "
            f"`asyncio.run({self.call}(...))`.",
            about="never-awaited",
        )


def _check_runner(runner_loop: object) -> None:
    if inspect.iscoroutine(runner_loop):
        runner_loop.close()
        raise FakeUsageError(
            explained(
                "run() takes the function of a runner, not its coroutine: leave out the "
                "parentheses, or use a lambda.",
                about="runner-is-a-coroutine",
            )
        )
    if not callable(runner_loop):
        raise FakeUsageError(
            explained(
                f"run() takes the function of a runner, not {runner_loop!r}. `run(runner())` calls "
                "it first, and gives what it returned: leave out the parentheses.",
                about="not-a-runner",
            )
        )
    if inspect.isgeneratorfunction(runner_loop) or inspect.isasyncgenfunction(runner_loop):
        raise _no_loop(runner_loop)


def _no_loop(found: object) -> FakeUsageError:
    return FakeUsageError(
        explained(
            f"run() was given {getattr(found, '__name__', found)}, which is a generator: calling "
            "it runs none of it. Give a function that goes through it, as in `lambda: list(...)`.",
            about="runner-is-a-generator",
        )
    )
