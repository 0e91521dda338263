"""Who has yet to show what he makes of the end of his task."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from ..._service.clock import SECOND
from ..limits import Drive
from ..threads import idles_in_pool

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ..._service.clock import Timer, VirtualClock
    from ..._service.instances.instance import Instance
    from ..._service.instances.life import Tasks
    from ..limits import Limits
    from .participants import Actor

# So long a runner may go on to show it: our choice.
UNTIL_SEEN = 300 * SECOND


class _Work(NamedTuple):
    # A loop that is driven, or who makes the calls.
    by: Actor | Drive
    instance: Instance


class _LooseEnd(NamedTuple):
    task_id: str
    instance: Instance
    # In nanoseconds since 1970.
    ended: int


class LooseEnds:
    """Follows those whose task has ended in a way that shows whether they are right.

    A canceled task's runner has stopped when it polls again, or is no more. It has not when it has
    learnt of the cancellation from a report, and reports once more; or when it sets a status.

    One that set a final status and got no answer may try that again, and is told that the task is
    not found. It has survived that when it polls again.
    """

    def __init__(self, clock: VirtualClock, tasks: Tasks, limits: Limits) -> None:
        self._clock = clock
        self._tasks = tasks
        self._limits = limits
        # What is worked on, by the task's id.
        self._work: dict[str, _Work] = {}
        # The calls from which a runner has learnt of a cancellation, by the task's id.
        self._told: dict[str, str] = {}
        # The final statuses whose runner has got no answer, by the task's id.
        self._unanswered: dict[str, _LooseEnd] = {}
        self._timers: dict[str, Timer] = {}

    # -- what runners do --------------------------------------------------------------------------

    def polls(self, actor: Actor, home: Actor) -> None:
        """He asks for another task."""
        if self._tasks.canceled or self._unanswered:
            worker = self._worker(actor, home)
            for end in self._all():
                if self._worker_of(end) is worker:
                    self._drop(end.task_id)

    def works(self, task_id: str, actor: Actor, home: Actor) -> None:
        """A task was handed to him, or he has reported on it."""
        if self._tasks.knows(task_id):
            instance = self._tasks.attempt_of(task_id).instance
            self._work[task_id] = _Work(self._worker(actor, home), instance)

    def is_told(self, task_id: str, invocation_id: str) -> None:
        """The answer to a report on a task says that it is canceled."""
        again = self._told.setdefault(task_id, invocation_id) != invocation_id
        if again and self._tasks.knows(task_id):
            self._drop(task_id)

    def ends(self, task_id: str, *, lost: bool) -> None:
        """A status was set. `lost`: its runner gets no answer."""
        self._told.pop(task_id, None)
        if lost and task_id in self._work:
            instance = self._work[task_id].instance
            self._unanswered[task_id] = _LooseEnd(task_id, instance, self._clock.now)
        else:
            self._drop(task_id)
            self._work.pop(task_id, None)

    def _worker(self, actor: Actor, home: Actor) -> Actor | Drive:
        """Whoever makes a call of the test's own thread: a loop that it drives is one by itself."""
        drive = self._limits.drive
        return drive if actor is home and drive is not None else actor

    # -- what waits ask ---------------------------------------------------------------------------

    def of(self, actor: Actor | None) -> frozenset[str]:
        """The tasks that he works on now."""
        return frozenset(task_id for task_id, work in self._work.items() if work.by is actor)

    def pending(
        self, home: Actor, instance: Instance | None = None, but: Collection[str] = ()
    ) -> bool:
        """Whether somebody has yet to show it, and still has time for it.

        Args:
            home: who asks, and cannot act meanwhile.
            instance: the task that it is about; by default any.
            but: ids of tasks that do not count.
        """
        for end in self._all():
            if instance is not None and end.instance is not instance:
                continue
            worker = self._worker_of(end)
            until = end.ended + UNTIL_SEEN
            if worker is None or not self._lives(worker, home) or self._clock.now >= until:
                self._drop(end.task_id)
            elif end.task_id not in but:
                # So that time can move where nothing else is to happen.
                if end.task_id not in self._timers:
                    self._timers[end.task_id] = self._clock.call_at(until, lambda: None)
                return True
        return False

    def _all(self) -> Iterator[_LooseEnd]:
        for attempt in list(self._tasks.canceled):
            yield _LooseEnd(attempt.task_id or "", attempt.instance, attempt.ended or 0)
        yield from list(self._unanswered.values())

    def _worker_of(self, end: _LooseEnd) -> Actor | Drive | None:
        work = self._work.get(end.task_id)
        return None if work is None else work.by

    def _lives(self, worker: Actor | Drive, home: Actor) -> bool:
        if isinstance(worker, Drive):
            return worker is self._limits.drive
        if worker is home or not worker.is_alive():
            return False
        # Of a thread of a pool, only the piece of work was the runner.
        return not (isinstance(worker, threading.Thread) and idles_in_pool(worker))

    def _drop(self, task_id: str) -> None:
        if self._tasks.knows(task_id):
            self._tasks.canceled.pop(self._tasks.attempt_of(task_id), None)
        if self._unanswered.pop(task_id, None) is not None:
            self._work.pop(task_id, None)
        timer = self._timers.pop(task_id, None)
        if timer is not None:
            self._clock.cancel(timer)
