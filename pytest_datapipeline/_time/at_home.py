"""How the thread that entered the fake waits: it moves time itself, once nobody else could act."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from ..errors import FakeUsageError, explained, told_by_message
from .actors.participants import called
from .limits import AT_MOST

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._service.instances.queues import Ticket
    from ..errors import Stuck
    from .actors.obstacles import Obstacles
    from .actors.participants import Actor, Participants
    from .limits import Limits, Patience

__tracebackhide__ = told_by_message

# Real seconds between two looks at threads that may end without telling.
SLICE = 0.005


class Keeper(Protocol):
    """What such waits ask of who keeps time."""

    @property
    def activity(self) -> int: ...
    @property
    def elapsed(self) -> int: ...
    def sync(self) -> None: ...
    def fire(self) -> None: ...
    def stuck(self, problem: str, *, about: str) -> Stuck: ...


class WaitsAtHome:
    """The waits of the test's own thread, where it runs no loop.

    Args:
        changed: on the fake's lock; told when somebody does something.
    """

    def __init__(
        self,
        keeper: Keeper,
        changed: threading.Condition,
        limits: Limits,
        obstacles: Obstacles,
        participants: Callable[[], Participants],
        patience: Patience,
    ) -> None:
        self._keeper = keeper
        self._changed = changed
        self._limits = limits
        self._obstacles = obstacles
        self._participants = participants
        self._patience = patience
        self._watchers = 0

    def stir(self) -> None:
        """Somebody has done something."""
        if self._watchers:
            self._changed.notify_all()

    def jump(self, ticket: Ticket, what: Callable[[], str]) -> None:
        """Have time move until a ticket of the test's own is resolved.

        Args:
            what: the call that waits, for messages.
        """
        drive = self._limits.drive
        # Others may do what the loop is driven for.
        over = drive.is_over if drive is not None and drive.ours else None
        while not ticket.resolved:
            if self.settle(over):
                self._limits.check_drive()
            if ticket.resolved:
                break
            obstacle = self._step()
            if obstacle is not None:
                self._await_change(
                    f"{what()} of the test itself waits, but {obstacle}",
                    "Have that runner go on or end, move time on with clock.advance(seconds), or "
                    "raise the setting patience.",
                    lambda: self._may_step() or (over is not None and over()),
                )
                if over is not None:
                    self._limits.check_drive()
        self._limits.check_idle()

    def _step(self) -> str | None:
        """Move time to the next timer of the service, or say what stands in the way."""
        obstacle = self._obstacles.in_the_way()
        if obstacle is None:
            self._keeper.fire()
            self._limits.check_drive()
        return obstacle

    def _may_step(self) -> bool:
        return self._obstacles.in_the_way() is None

    def until(
        self,
        condition: Callable[[], bool],
        what: Callable[[], str],
        move_time: bool,
        *,
        endless: bool = True,
        ours: bool = False,
        coroutine: Actor | None = None,
        who: str = "wait_until()",
    ) -> None:
        """Wait until the condition holds, letting time pass if it may.

        Args:
            endless: whether it may never hold, so that a wait in which nothing happens is stopped.
            ours: whether it is about the service alone, which only calls and time can change.
            coroutine: who calls, if that is a coroutine: the others of its loop cannot go on.
            who: the method that waits, for messages.
        """
        keeper = self._keeper
        participants = self._participants()
        if threading.current_thread() is not participants.home:
            raise FakeUsageError(
                explained(
                    "wait_until() is for the thread that entered the fake, which is "
                    f"{participants.home.name!r}; this is {threading.current_thread().name!r}.",
                    about="wait-off-the-test-thread",
                )
            )
        with self._changed, self._obstacles.hand_overs.waits_for_others(participants.home):
            in_the_loop = [
                f"{called(wait.actor)} waits in {wait.what}"
                for wait in participants.waiting.values()
                if participants.is_at_home(wait.actor)
            ]
            if in_the_loop:
                raise _would_block(f"in which {'; '.join(in_the_loop)}")
            keeper.sync()
            self._obstacles.begins_to_wait()
            while not condition():
                if move_time:
                    self.settle(condition)
                    if condition():
                        return
                    obstacle = self._step()
                    if obstacle is None:
                        if endless:
                            self._limits.check_idle()
                        continue
                else:
                    waiting = participants.who_waits() or "no poll waits"
                    obstacle = f"time is not to move ({waiting})"
                why = f"{who} waits for {what()}, but {obstacle}"
                self._check_others(obstacle, why, ours, coroutine)
                remedy = (
                    self._remedy(why)
                    if move_time
                    else "Move time on with clock.advance(seconds), leave out move_time=False, or "
                    "raise the setting patience if a runner needs longer."
                )
                still = self._obstacles.held_up_by_work(obstacle, keeper.elapsed)
                if still is not None:
                    raise keeper.stuck(f"{still}: {why}. {remedy}", about="runner-still-works")
                self._await_change(
                    why, remedy, lambda: condition() or (move_time and self._may_step())
                )

    def _remedy(self, why: str) -> str:
        if self._obstacles.why_nothing_happens(why) == "runner-still-works":
            return (
                "Have that runner report, end or go on; let the test move time all the same, with "
                "clock.advance(seconds); or raise the setting patience if it needs longer."
            )
        return "Start a runner, or raise the setting patience if one needs longer."

    def _check_others(self, obstacle: str, why: str, ours: bool, coroutine: Actor | None) -> None:
        """Stop a wait, which `why` describes, if nobody is there who could change anything."""
        participants = self._participants()
        if obstacle == self._obstacles.hand_overs.told or participants.other_threads():
            return
        if coroutine is not None and self._obstacles.expected() is None:
            raise _would_block(f"of {called(coroutine)}, and {obstacle}")
        if ours:
            raise self._keeper.stuck(
                f"Nothing is going to change: {why}.{participants.who_has_ended()} Start a runner, "
                "drive one with run(...), or have work(...) play one.",
                about="nothing-will-change",
            )

    def _await_change(
        self, why: str, remedy: str, enough: Callable[[], bool] | None = None
    ) -> None:
        """Wait in real time for another thread to do something, or until it is enough."""
        before = self._keeper.activity
        alive = threading.active_count()
        self._watchers += 1
        try:
            for _ in range(max(1, round(self._patience.stalled / (4 * SLICE)))):
                self._changed.wait(4 * SLICE)
                if self._keeper.activity != before or threading.active_count() != alive:
                    return
                # Threads also do things that the fake does not see: write a file, set an event.
                if enough is not None and enough():
                    return
        finally:
            self._watchers -= 1
        raise self._keeper.stuck(
            f"Nothing happened for {self._patience.stalled:g} real seconds: {why}. {remedy}",
            about=self._obstacles.why_nothing_happens(why),
        )

    def settle(self, enough: Callable[[], bool] | None = None) -> bool:
        """Let the threads that were let go come back before time moves on. Whether it is enough,
        so that it need not move."""
        me = threading.current_thread()
        quiet = 0.0
        in_all = 0.0
        self._watchers += 1
        try:
            while self._obstacles.unsettled(me):
                settle = self._patience.settle
                if quiet > settle or in_all > AT_MOST * settle:
                    self._obstacles.take_as_settled()
                    break
                if enough is not None and enough():
                    return True
                before = self._keeper.activity
                self._changed.wait(SLICE)
                in_all += SLICE
                quiet = quiet + SLICE if self._keeper.activity == before else 0.0
        finally:
            self._watchers -= 1
        return False


def _would_block(which: str) -> FakeUsageError:
    return FakeUsageError(
        explained(
            f"wait_until() would block the event loop {which}. In a coroutine use `await "
            "datapipeline_fake.until(...)`.",
            about="wait-in-a-coroutine",
        )
    )
