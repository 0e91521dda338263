"""Who works on a task that was canceled, and has yet to show whether he stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._service.clock import SECOND
from ..limits import Drive

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..._service.clock import Timer, VirtualClock
    from ..._service.instances.instance import Attempt, Instance
    from ..._service.instances.life import Tasks
    from ..limits import Limits
    from .participants import Actor

# So long a canceled task's runner may go on, to show whether it does: our choice.
UNTIL_SEEN = 300 * SECOND


class Cancellations:
    """Follows canceled attempts until their runners have stopped, or have shown that they do not.

    A runner has stopped when it polls again, or is no more. It has not when it has learnt of the
    cancellation from a report, and reports once more; or when it sets a status.
    """

    def __init__(self, clock: VirtualClock, tasks: Tasks, limits: Limits) -> None:
        self._clock = clock
        self._tasks = tasks
        self._limits = limits
        # Who works on a task, by its id: a loop that is driven, or who makes the calls.
        self._workers: dict[str, Actor | Drive] = {}
        # The calls from which a runner has learnt of a cancellation, by the task's id.
        self._told: dict[str, str] = {}
        self._timers: dict[Attempt, Timer] = {}

    # -- what runners do --------------------------------------------------------------------------

    def polls(self, actor: Actor, home: Actor) -> None:
        """He asks for another task."""
        if self._tasks.canceled:
            worker = self._worker(actor, home)
            for attempt in list(self._tasks.canceled):
                if self._worker_of(attempt) is worker:
                    self._drop(attempt)

    def works(self, task_id: str, actor: Actor, home: Actor) -> None:
        """A task was handed to him, or he has reported on it."""
        self._workers[task_id] = self._worker(actor, home)

    def is_told(self, task_id: str, invocation_id: str) -> None:
        """The answer to a report on a task says that it is canceled."""
        again = self._told.setdefault(task_id, invocation_id) != invocation_id
        if again and self._tasks.knows(task_id):
            self._drop(self._tasks.attempt_of(task_id))

    def ends(self, task_id: str) -> None:
        """A status was set."""
        self._workers.pop(task_id, None)
        self._told.pop(task_id, None)

    def _worker(self, actor: Actor, home: Actor) -> Actor | Drive:
        """Whoever makes a call of the test's own thread: a loop that it drives is one by itself."""
        drive = self._limits.drive
        return drive if actor is home and drive is not None else actor

    # -- what waits ask ---------------------------------------------------------------------------

    def of(self, actor: Actor | None) -> frozenset[str]:
        """The tasks that he works on now."""
        return frozenset(held for held, worker in self._workers.items() if worker is actor)

    def pending(
        self, home: Actor, instance: Instance | None = None, but: Collection[str] = ()
    ) -> bool:
        """Whether somebody has yet to show whether he stops, and still has time for it.

        Args:
            home: who asks, and cannot act meanwhile.
            instance: the task that it is about; by default any.
            but: ids of tasks that do not count.
        """
        for attempt in list(self._tasks.canceled):
            if instance is not None and attempt.instance is not instance:
                continue
            worker = self._worker_of(attempt)
            until = (attempt.ended or 0) + UNTIL_SEEN
            if worker is None or not self._lives(worker, home) or self._clock.now >= until:
                self._drop(attempt)
            elif attempt.task_id not in but:
                # So that time can move where nothing else is to happen.
                if attempt not in self._timers:
                    self._timers[attempt] = self._clock.call_at(until, lambda: None)
                return True
        return False

    def _worker_of(self, attempt: Attempt) -> Actor | Drive | None:
        return self._workers.get(attempt.task_id or "")

    def _lives(self, worker: Actor | Drive, home: Actor) -> bool:
        if isinstance(worker, Drive):
            return worker is self._limits.drive
        return worker is not home and worker.is_alive()

    def _drop(self, attempt: Attempt) -> None:
        self._tasks.canceled.pop(attempt, None)
        timer = self._timers.pop(attempt, None)
        if timer is not None:
            self._clock.cancel(timer)
