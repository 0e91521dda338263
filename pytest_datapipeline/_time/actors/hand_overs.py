"""Tasks that one polls for and another works on, such as the threads of a pool.

If who was handed a task polls again, or is gone, either somebody else works on it or nobody does,
and neither can be seen. So time gives the other a chance: a short one to say something of the task,
and a longer one before the task is taken back.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..._service.clock import to_datetime
from ..limits import AT_MOST, Patience, real_time
from ..threads import idles, idles_in_pool, is_of_pool
from .participants import Actor, Participants, called, thread_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from ..._service.instances.instance import Attempt
    from ..._service.instances.life import Tasks


# So many tasks may be lost one after the other, with no word of any, before time gives nobody a
# first chance any more: about two seconds.
_LOST_AT_MOST = 8


@dataclass(slots=True)
class _Sign:
    """The last call about a task that a runner has.

    Attributes:
        actor: who made it.
        reported: whether it, or one before, was more than the poll.
        by_several: whether others have made calls about this task as well.
        since: since when, in real time, time has been held up for the task's sake.
        awaited: who else may work on it, and kept time from its end.
    """

    actor: Actor
    reported: bool
    by_several: bool
    since: float | None = None
    awaited: tuple[threading.Thread, ...] = ()


class HandOvers:
    """Who has spoken last of each task that a runner has. The caller holds the fake's lock.

    Attributes:
        told: what was told last to stand in the way of time.
    """

    def __init__(
        self, tasks: Tasks, patience: Patience, participants: Callable[[], Participants]
    ) -> None:
        self.told: str | None = None
        self._tasks = tasks
        self._patience = patience
        self._participants = participants
        self._signs: dict[str, _Sign] = {}
        # Those after which time has not moved yet.
        self._fresh: dict[str, _Sign] = {}
        # Who waits for another task, or for what others do.
        self._idle: set[Actor] = set()
        # Who has kept time from the end of a task that was lost then: threads, until they speak of
        # one; and whether it was a client elsewhere.
        self._in_vain: set[threading.Thread] = set()
        self._in_vain_elsewhere = False
        # How many tasks were lost since one was reported on.
        self._lost = 0

    # -- what happens -----------------------------------------------------------------------------

    @contextmanager
    def waits_for_others(self, actor: Actor) -> Iterator[None]:
        """An actor does not itself work on the tasks that it has."""
        self._idle.add(actor)
        try:
            yield
        finally:
            self._idle.discard(actor)

    def heard(self, task_id: str, actor: Actor, *, reported: bool) -> None:
        """A task was handed to an actor, or one has reported on it."""
        before = self._signs.get(task_id)
        by_several = before is not None and (before.by_several or before.actor is not actor)
        if isinstance(actor, threading.Thread):
            self._in_vain.discard(actor)
        elif by_several:
            self._in_vain_elsewhere = False
        if reported:
            self._lost = 0
        self._signs[task_id] = self._fresh[task_id] = _Sign(actor, reported, by_several)

    def ends(self, task_id: str) -> None:
        """Nobody works on it any more."""
        self._signs.pop(task_id, None)
        self._fresh.pop(task_id, None)

    def lost(self, task_id: str) -> None:
        """It is taken back, as nobody has spoken of it."""
        sign = self._signs.get(task_id)
        if sign is not None:
            self._lost += 1
            self._in_vain.update(sign.awaited)
            if sign.since is not None and thread_of(sign.actor) is None:
                self._in_vain_elsewhere = True
        self.ends(task_id)

    def dies(self, actor: Actor) -> None:
        """The test has an actor die, and nobody takes over what it had."""
        for task_id in [held for held, sign in self._signs.items() if sign.actor is actor]:
            self.ends(task_id)

    def clear(self) -> None:
        """A world begins, in which nobody has a task."""
        self._signs.clear()
        self._fresh.clear()
        self._idle.clear()
        self._in_vain.clear()
        self._in_vain_elsewhere = False
        self._lost = 0

    # -- what time asks ---------------------------------------------------------------------------

    def unsettled(self, idle: Collection[threading.Thread] = ()) -> bool:
        """Whether somebody may be about to speak of a task that another was handed; `idle` are
        threads that are not.
        """
        if self._lost >= _LOST_AT_MOST:
            return False
        return self._first_of_another(self._fresh, idle) is not None

    def take_as_settled(self) -> None:
        """Go on without those."""
        self._fresh.clear()

    def in_the_way(self, upcoming: int) -> str | None:
        """Which task would be lost by whoever works on it instead of who was handed it."""
        held = self._first_of_another(self._signs, before=upcoming)
        self.told = None
        if held is not None:
            attempt, actor, deadline = held
            self.told = (
                f"somebody may still work on {attempt.id}, which {called(actor)} has given away or "
                f"lost, and which would be taken back at {to_datetime(deadline):%H:%M:%S}"
            )
        return self.told

    def _first_of_another(
        self,
        signs: dict[str, _Sign],
        idle: Collection[threading.Thread] = (),
        before: int | None = None,
    ) -> tuple[Attempt, Actor, int] | None:
        """A task that another may work on than who has spoken of it last, and the end of its time.

        Args:
            before: of those alone that would be taken back until then, and for which time has not
                been held up for long. Threads that idle are not waited for then, but for those that
                may just have been given the task.
        """
        threads: dict[bool, tuple[threading.Thread, ...]] = {}
        for task_id, sign in list(signs.items()):
            if before is None and not self._is_away(sign.actor):
                continue
            attempt = self._attempt_of(task_id)
            deadline = None if attempt is None else self._tasks.deadline(attempt.instance)
            if attempt is None or deadline is None:
                continue
            if before is not None and (deadline > before or not self._waits(sign.actor)):
                continue
            if thread_of(sign.actor) is None:
                if not self._may_come_over_another(sign, at_end=before is not None):
                    continue
            else:
                also_idle = before is None or self._may_wake_up(sign)
                if also_idle not in threads:
                    threads[also_idle] = self._who_may_work(idle, also_idle)
                others = tuple(held for held in threads[also_idle] if held is not sign.actor)
                if not others:
                    continue
                if not also_idle:
                    sign.awaited = others
            if before is None or self._has_time_left(sign):
                return attempt, sign.actor, deadline
        return None

    def _attempt_of(self, task_id: str) -> Attempt | None:
        """The attempt, if the service expects to hear of it."""
        attempt = self._tasks.attempt_of(task_id) if self._tasks.knows(task_id) else None
        if attempt is None or attempt.canceled:
            self.ends(task_id)
            return None
        return attempt

    def _is_away(self, actor: Actor) -> bool:
        """Whether it has turned to something else than its tasks."""
        return actor in self._idle or not actor.is_alive()

    def _waits(self, actor: Actor) -> bool:
        """Whether it does nothing itself, now that somebody wants time to move."""
        participants = self._participants()
        return (
            self._is_away(actor)
            or actor is participants.home
            or actor in participants.waiting
            or participants.is_at_home(actor)
            or (isinstance(actor, threading.Thread) and idles_in_pool(actor))
        )

    def _may_come_over_another(self, sign: _Sign, at_end: bool) -> bool:
        """Whether a client elsewhere may speak of the task over another connection, or a new one.
        One that has made all calls about it over a connection that it has closed is gone.
        """
        if at_end and self._in_vain_elsewhere:
            return False
        return sign.actor.is_alive() or sign.by_several or not sign.reported

    def _held_up_for(self, sign: _Sign) -> float:
        now = real_time()
        if sign.since is None:
            sign.since = now
        return now - sign.since

    def _may_wake_up(self, sign: _Sign) -> bool:
        """Whether a thread that idles may do so because it has yet to wake up."""
        return self._lost < _LOST_AT_MOST and self._held_up_for(sign) <= self._patience.settle

    def _has_time_left(self, sign: _Sign) -> bool:
        longest = min(AT_MOST * self._patience.settle, self._patience.stalled / 2)
        return self._held_up_for(sign) <= longest

    def _who_may_work(
        self, idle: Collection[threading.Thread], also_idle: bool
    ) -> tuple[threading.Thread, ...]:
        """The threads that may work on a task that somebody else was handed."""
        participants = self._participants()
        frames = sys._current_frames()
        not_these = {
            *(participants.home, threading.current_thread()),
            *participants.waiting_threads(),
            *idle,
        }
        return tuple(
            thread
            for thread in threading.enumerate()
            if thread not in not_these
            and (frame := frames.get(thread.ident or 0)) is not None
            and (also_idle or not (thread in self._in_vain or idles(frame)))
            and (participants.may_work(thread) or is_of_pool(frame))
        )
