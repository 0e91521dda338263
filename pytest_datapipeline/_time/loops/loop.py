"""What loops of coroutines have in common: how one on the test's own thread has time move.

When nothing in it can act, the clock jumps to the next timer of the loop or of the service,
whichever is first, unless somebody else is still to act. Imports neither asyncio nor trio.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..._service.clock import duration
from ...errors import Stuck, Unwinding, told_by_message
from ..limits import AT_MOST, real_time

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Coroutine, Iterator
    from typing import NoReturn, Protocol

    from ..._service.instances.queues import Ticket
    from ..actors.participants import Actor
    from ..limits import Drive
    from ..timekeeper import Timekeeper

    class Loops(Protocol):
        """What the coroutines of one library need of a fake, in whatever thread they run."""

        def adopt_running(self) -> bool: ...
        async def before_call(self) -> None: ...
        async def die(self) -> None: ...
        async def leave(self) -> NoReturn: ...
        async def wait(self, ticket: Ticket, actor: Actor, what: str, /) -> None: ...
        async def run(self, runner: Coroutine[Any, Any, Any], limits: Drive) -> Any: ...
        async def until(
            self, condition: Callable[[], bool], what: Callable[[], str], endless: bool
        ) -> None: ...


__tracebackhide__ = told_by_message

# Real seconds between two looks at what a loop waits for.
SLICE = 0.01
# Real seconds of a wait that the operating system takes.
LONGEST = 3600.0

RUN_TO_END = "run() to end its runner"
CHILD = "a child process is running"
FUNCTION = "a function runs in a thread or process of the loop's"


@dataclass(eq=False)
class Goal:
    """Something that a coroutine waits for, other than an answer.

    Attributes:
        condition: looked at whenever the loop has nothing to do.
        reached: called once it holds.
        failed: called if it cannot come to hold.
        what: for messages.
        endless: whether it may never hold, so that a wait in which nothing happens is stopped.
    """

    condition: Callable[[], bool]
    reached: Callable[[], object]
    failed: Callable[[BaseException], None]
    what: Callable[[], str]
    endless: bool = True


class DrivenTask:
    """A task runner that is a coroutine, under `DataPipelineFake.run`. `cancel` unwinds it."""

    def __init__(self, limits: Drive) -> None:
        self.limits = limits
        self.cancel: Callable[[], object] = lambda: None
        self.ended = False
        self.calls_after_end = 0
        self.error: BaseException | None = None

    def end(self, error: BaseException | None = None) -> None:
        """Unwind it."""
        if not self.ended:
            self.ended = True
            self.error = error
            self.cancel()


# The tasks that a driven one creates inherit it.
driven: ContextVar[DrivenTask | None] = ContextVar("pytest_datapipeline_driven", default=None)


class LoopOnFakeTime:
    """The decisions of a loop on the test's thread. `virtual`: whether its timers go by the fake.

    Subclasses see the moments at which the loop has nothing to do, and ask here what is next.
    """

    _TIMERS: str

    def __init__(self, keeper: Timekeeper, virtual: bool) -> None:
        self._keeper = keeper
        self._virtual = virtual
        # True once code in this loop has called the fake.
        self._called = False
        # Of the present wait: how long, and how it stood with everybody when it began.
        self._waited = 0.0
        self._activity = -1
        # Since when, in real time, others are on their way.
        self._settling: float | None = None
        # Connections that stayed silent for `settle` seconds.
        self._quiet: dict[int, Any] = {}
        self.goals: list[Goal] = []
        # Whether a loop is taken over when it first runs, and not when it first matters.
        self.eager: bool = False

    def on_aiobotocore(self, _: object) -> None:
        """Take over a loop when it first runs, and not when it first matters."""
        self.eager = True

    @contextmanager
    def aiming_at(self, goal: Goal) -> Iterator[None]:
        """Look at a goal whenever the loop has nothing to do."""
        self.goals.append(goal)
        try:
            yield
        finally:
            if goal in self.goals:
                self.goals.remove(goal)

    # -- what the loop waits for ------------------------------------------------------------------

    def _busy(self) -> str | None:
        """What the loop waits for in real time."""
        raise NotImplementedError

    def _sockets(self) -> dict[int, Any]:
        """The connections from which something may come; or nothing ever, if they are kept alive.
        A value tells whether it is still the same one.
        """
        raise NotImplementedError

    def _workers(self) -> Collection[threading.Thread]:
        """The loop's own threads, of whose work it tells otherwise."""
        raise NotImplementedError

    # -- when the loop has nothing to do ----------------------------------------------------------

    def _reach_goals(self) -> bool:
        return bool([goal for goal in list(self.goals) if self._is_over(goal)])

    def _is_over(self, goal: Goal) -> bool:
        try:
            if not goal.condition():
                return False
        except (Exception, Unwinding) as error:
            # To who waits for it: here, it would be an error of the loop's.
            self.goals.remove(goal)
            goal.failed(error)
        else:
            self.goals.remove(goal)
            goal.reached()
        return True

    def _decide(self, due: float | None, involved: bool) -> str | None:
        """Move time by one step and return None, or tell what is to be waited for; "" if the loop
        may sleep by itself. `due`: seconds to the loop's next timer."""
        keeper = self._keeper
        if self._activity != keeper.activity:
            self._activity = keeper.activity
            self._waited = 0.0
        busy = self._busy()
        if busy is not None:
            return busy if involved else ""
        sockets = self._sockets()
        self._quiet = {
            fd: owner
            for fd, owner in sockets.items()
            if fd in self._quiet and self._quiet[fd] is owner
        }
        if not involved and (due is None or not self._virtual or (sockets and not self._called)):
            return ""
        others, obstacles = keeper.participants, keeper.obstacles
        if obstacles.unsettled(others.home, self._workers()) or len(self._quiet) < len(sockets):
            if self._may_settle():
                return "others are on their way"
            obstacles.take_as_settled()
            self._quiet = sockets
        self._settling = None
        upcoming = keeper.clock.next_at()
        timer = None
        if due is not None:
            if not self._virtual:
                return f"{self._TIMERS} timers are real (the setting asyncio_timers)"
            timer = self._moment(due)
        if timer is not None and (upcoming is None or timer < upcoming):
            self._check_sleeps()
            self._jump(timer)
            return None
        obstacle = obstacles.in_the_way()
        if obstacle is not None:
            if upcoming is None and not others.others():
                nothing = "Nothing is going to change: no poll waits, and no task has a deadline."
                self._fail(nothing, about="nothing-will-change")
                return None
            return obstacle
        self._jump(None)
        self._check(keeper.limits.check_idle)
        return None

    def _may_settle(self) -> bool:
        """Whether those who are on their way get more time."""
        now, settle = real_time(), self._keeper.settle_seconds
        if self._settling is None:
            self._settling = now
        return self._waited <= settle and now - self._settling <= AT_MOST * settle

    def _moment(self, due: float) -> int:
        """When a timer of the loop is due, on the fake's clock."""
        return self._keeper.clock.now + duration(due)

    def _jump(self, target: int | None) -> None:
        self._keeper.jump(target)

    def _check_sleeps(self) -> None:
        clocks_go = self._keeper.frozen.current() is not None
        self._check(lambda: self._keeper.limits.check_sleeps(clocks_go))

    def _check(self, limit: Callable[[], None]) -> None:
        """End what waits if a limit is reached, unless it comes to an end by itself."""
        if self.goals and not any(goal.endless for goal in self.goals):
            return
        try:
            limit()
        except Stuck as stuck:
            self._give_up(stuck)

    def _fail(self, problem: str, *, about: str) -> None:
        waits = self._waits()
        self._give_up(self._keeper.stuck(f"{problem} {waits[:1].upper()}{waits[1:]}.", about=about))

    def _give_up(self, stuck: Stuck) -> None:
        goals, self.goals = self.goals, []
        for goal in goals:
            goal.failed(stuck)
        if not goals:
            self._end(stuck)

    def _end(self, stuck: Stuck) -> None:
        """Raise it in the test that runs in the loop."""
        raise NotImplementedError

    def _waits(self) -> str:
        waits = [f"a coroutine waits for {goal.what()}" for goal in self.goals]
        return "; ".join(filter(None, (self._keeper.who_waits(), *waits)))

    def _check_patience(self, obstacle: str) -> None:
        """Fail what waits if nothing has happened for long, or for very long nothing but calls."""
        patience = self._keeper.stalled_seconds
        still = self._keeper.obstacles.held_up_by_work(obstacle, self._keeper.elapsed)
        if still is not None:
            self._fail(f"{still}: {obstacle}.", about="runner-still-works")
        if self._waited > patience:
            self._waited = 0.0
            self._fail(
                f"Nothing happened for {patience:g} real seconds: {obstacle}.",
                about=self._keeper.obstacles.why_nothing_happens(obstacle),
            )

    # -- calls ------------------------------------------------------------------------------------

    def _ends_before_call(self) -> bool:
        """Enforce run()'s limits on the coroutine that is about to call; whether it is over."""
        drive = driven.get()
        if drive is None:
            return False
        with self._keeper.lock:
            limits = drive.limits
            if not drive.ended:
                if limits.is_over():
                    drive.end(limits.error)
                else:
                    limit = limits.exceeded(self._keeper.clock.now)
                    if limit is not None:
                        drive.end(self._keeper.stuck(limit.problem, about=limit.about))
        return drive.ended
