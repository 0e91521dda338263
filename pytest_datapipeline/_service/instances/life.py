"""The life of a task: handed out, acknowledged, reported on, finished, taken back, tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..clock import SECOND, Timer, VirtualClock
from ..errors import invalid_request, task_not_found
from ..settings import ACKNOWLEDGE_SECONDS, ServiceSettings
from .instance import (
    CANCELED,
    ENDED,
    FAILED,
    FINISHED,
    RUNNING,
    USER_MANAGED_PRECONDITIONS,
    WAITING_FOR_RUNNER,
    Attempt,
    Instance,
    Progress,
)
from .queues import WorkerGroups

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..fields import Field
    from ..protocol.ids import Ids
    from ..protocol.task_object import TaskObject


class Tasks:
    """All instances that runners work on, and the rules of who holds which."""

    def __init__(
        self,
        clock: VirtualClock,
        settings: ServiceSettings,
        ids: Ids,
        on_event: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self.ids = ids
        self._on_event = on_event
        # Told when the runner of a canceled attempt has learnt of it.
        self.on_informed: Callable[[Attempt], None] = lambda _: None
        # Told when an instance has ended.
        self.on_ended: Callable[[Instance], None] = lambda _: None
        # Told when a task is taken from a runner who is late with what.
        self.on_taken_back: Callable[[Attempt, str], None] = lambda _attempt, _why: None
        # Told when an attempt waits in its queue.
        self.on_offered: Callable[[Attempt], None] = lambda _: None
        self._known: dict[str, Attempt] = {}
        self._final_calls: dict[str, str] = {}
        self.queues: WorkerGroups[Attempt] = WorkerGroups(_waits_for_runner)
        self.open: int = 0
        # Instances that a disturbance has canceled, and when: nothing else can be expected of them.
        self.disturbed: dict[Instance, int] = {}
        # Whether a test has a deadline pass without its time.
        self.expiring: bool = False
        # Attempts whose holder is known: the deadlines that time must not pass while he works.
        self.held: dict[Attempt, None] = {}
        # Attempts that were canceled while runners had them, until a status is set.
        self.canceled: dict[Attempt, None] = {}
        # What became ready while its component was paused.
        self._paused: list[Instance] = []
        # When preconditions that are not met yet have failed.
        self._expiring: dict[Instance, Timer] = {}

    # -- what makes a task ready ------------------------------------------------------------------

    def add(self, instance: Instance, ready_at: int) -> None:
        """Take an instance in; it becomes ready for a runner at `ready_at`."""
        self.opened()
        if ready_at > self._clock.now:
            self._later(instance, ready_at, lambda: self._start(instance))
        else:
            self._start(instance)

    def opened(self) -> None:
        """Count an instance that has not ended."""
        self.open += 1
        self._on_event()

    def happened(self) -> None:
        """Say that something has happened that is no empty poll."""
        self._on_event()

    def _start(self, instance: Instance) -> None:
        if instance.component.paused:
            self._paused.append(instance)
            return
        instance.actual_start = self._clock.now
        if instance.component.type in USER_MANAGED_PRECONDITIONS:
            self.await_precondition(instance)
        self.begin(instance)

    def start_again(self, instance: Instance) -> None:
        """Offer an instance anew that was opened again, unless its component is paused."""
        if instance.component.paused:
            self._paused.append(instance)
        else:
            self.begin(instance)

    def start_resumed(self) -> None:
        """Start the instances that became ready while their components were paused."""
        held, self._paused = self._paused, []
        for instance in held:
            self._start(instance)

    def begin(self, instance: Instance) -> None:
        """Offer the next attempt of an instance to runners."""
        self._next_attempt(instance)

    def _next_attempt(self, instance: Instance) -> None:
        instance.tries_left -= 1
        attempt = Attempt(instance, len(instance.attempts) + 1, self._clock.now)
        instance.attempts.append(attempt)
        instance.status = WAITING_FOR_RUNNER
        self._offer(attempt)

    def _offer(self, attempt: Attempt) -> None:
        self._on_event()
        instance = attempt.instance
        component = instance.component
        group = component.worker_group_of(instance)
        poll = self.queues.offer(group, component.region, attempt)
        if poll is not None:
            if poll.timer is not None:
                self._clock.cancel(poll.timer)
            holder = None if poll.abandoned else poll.holder
            poll.resolve(self.hand_over(attempt, poll.hostname, holder))
        else:
            self.on_offered(attempt)

    # -- what runners do --------------------------------------------------------------------------

    def hand_over(
        self, attempt: Attempt, hostname: str | None, holder: object
    ) -> TaskObject | dict[str, Any]:
        """Make the attempt the caller's, until the acknowledgement falls due; its task object."""
        self._on_event()
        instance = attempt.instance
        now = self._clock.now
        component = instance.component
        task_id = component.task_id_of(attempt) or self.ids.task_id()
        attempt.task_id = task_id
        attempt.task_ids.append(task_id)
        attempt.hostname = hostname
        attempt.holder = holder
        attempt.handed_over = now
        self._known[task_id] = attempt
        if holder is not None:
            self.held[attempt] = None
        task_object = component.task_object(
            attempt, task_id, self._settings.task_objects == "reachable"
        )
        if self._settings.running_from == "hand-over":
            attempt.status = instance.status = RUNNING
        self._later(
            instance,
            now + ACKNOWLEDGE_SECONDS * SECOND,
            lambda: self._not_acknowledged(attempt),
        )
        limit = component.policy.attempt_timeout
        if limit is not None and attempt.timeout is None:
            attempt.timeout = self._clock.call_later(limit, lambda: self._timed_out(attempt))
        return task_object.to_dict(self.ids) if self._settings.shuffle else task_object

    def report(self, task_id: str, fields: tuple[Field, ...], holder: object) -> bool:
        """Acknowledge a task, or say that it is still being worked; whether it is canceled."""
        attempt = self.attempt_of(task_id)
        reserved = [field.key for field in fields if field.key.startswith("@")]
        if reserved:
            # Our choice: documented is only that such fields are set by the service alone.
            raise invalid_request("Invalid field", f"{reserved[0]} is set by the web service only")
        self._on_event()
        now = self._clock.now
        attempt.progress.append(Progress(now, fields))
        if attempt.canceled:
            self.on_informed(attempt)
            return True
        instance = attempt.instance
        if attempt.acknowledged is None:
            attempt.acknowledged = now
        attempt.status = instance.status = RUNNING
        if holder is not None:
            attempt.holder = holder
            self.held[attempt] = None
        self._later(
            instance,
            now + instance.component.policy.report_progress_timeout,
            lambda: self._stalled(attempt),
        )
        return False

    def set_status(
        self,
        task_id: str,
        status: str,
        *,
        error_id: str | None = None,
        error_message: str | None = None,
        error_stack_trace: str | None = None,
        invocation_id: str = "",
    ) -> None:
        """End an attempt as its runner says."""
        if self._settings.accept_repeated_final_status:
            if invocation_id and self._final_calls.get(task_id) == invocation_id:
                return
            self._final_calls[task_id] = invocation_id
        attempt = self.attempt_of(task_id)
        instance = attempt.instance
        precondition = instance.component.type in USER_MANAGED_PRECONDITIONS
        self._on_event()
        if attempt.canceled:
            self._forget(attempt)
            self.on_informed(attempt)
            return
        if status == "FALSE" and precondition:
            self._forget(attempt)
            self._check_again(attempt)
            return
        attempt.error_id = error_id
        attempt.error_message = error_message
        attempt.error_stack_trace = error_stack_trace
        self._forget(attempt)
        if status == FINISHED:
            attempt.status = FINISHED
            attempt.ended = self._clock.now
            self.end(instance, FINISHED)
        else:
            self._fail(attempt)

    # -- what time does ---------------------------------------------------------------------------

    def _not_acknowledged(self, attempt: Attempt) -> None:
        # Our choice: the same attempt goes back to its queue, and its next hand-over has a new id.
        self.on_taken_back(attempt, "acknowledgement")
        self._forget(attempt)
        attempt.status = attempt.instance.status = WAITING_FOR_RUNNER
        self._offer(attempt)

    def _stalled(self, attempt: Attempt) -> None:
        self.on_taken_back(attempt, "progress")
        limit = attempt.instance.component.policy.report_progress_timeout // SECOND
        attempt.error_message = f"No progress was reported for {limit} seconds."
        self._forget(attempt)
        self._fail(attempt)

    def _timed_out(self, attempt: Attempt) -> None:
        attempt.timeout = None
        attempt.error_message = "The attempt did not end within attemptTimeout."
        # Its runner learns of it from its next report, so the service keeps the id.
        if attempt.task_id is not None:
            self._take_away(attempt)
        self._fail(attempt)

    def _check_again(self, attempt: Attempt) -> None:
        # Our choice, after the older documentation: the same attempt, until preconditionTimeout.
        instance = attempt.instance
        again = self._clock.now + instance.component.policy.retry_delay
        attempt.status = instance.status = WAITING_FOR_RUNNER
        self._later(instance, again, lambda: self._offer(attempt))

    def await_precondition(self, instance: Instance) -> None:
        """Documented: so long after its start a precondition that is not met has failed."""
        limit = instance.component.policy.precondition_timeout
        if limit is not None and instance not in self._expiring:
            self._expiring[instance] = self._clock.call_later(
                limit, lambda: self._not_met(instance)
            )

    def _not_met(self, instance: Instance) -> None:
        del self._expiring[instance]
        instance.tries_left = 0
        attempt = instance.attempt
        if attempt is None or attempt.status in ENDED:
            self.end(instance, FAILED)
        else:
            self.fail(instance, "The precondition was not met within preconditionTimeout.")

    def _fail(self, attempt: Attempt) -> None:
        instance = attempt.instance
        attempt.status = FAILED
        attempt.ended = self._clock.now
        self._stop_attempt_timeout(attempt)
        self._on_event()
        if instance.tries_left <= 0:
            self.end(instance, FAILED)
            return
        instance.status = WAITING_FOR_RUNNER
        self._later(
            instance,
            self._clock.now + instance.component.policy.retry_delay,
            lambda: self._next_attempt(instance),
        )

    # -- what the test and the scheduler do -----------------------------------------------------

    def cancel(self, instance: Instance) -> None:
        """Cancel an instance; its runner learns of it from its next ReportTaskProgress."""
        attempt = instance.attempt
        if attempt is not None and attempt.status not in ENDED:
            attempt.status = CANCELED
            attempt.ended = self._clock.now
            self._take_away(attempt)
        self.end(instance, CANCELED)

    def finish(self, instance: Instance) -> None:
        """Mark an instance finished without running it; its runner has to cancel."""
        attempt = instance.attempt
        if attempt is not None and attempt.status not in ENDED:
            attempt.status = FINISHED
            attempt.ended = self._clock.now
            self._take_away(attempt)
        self.end(instance, FINISHED)

    def fail(self, instance: Instance, reason: str) -> None:
        """Fail the attempt under way; its runner has to cancel."""
        attempt = instance.attempt
        if attempt is None or attempt.status in ENDED:
            return
        attempt.error_message = reason
        if attempt.task_id is not None:
            self._take_away(attempt)
        self._fail(attempt)

    @staticmethod
    def is_waiting(attempt: Attempt) -> bool:
        """Whether an attempt waits in its queue."""
        return _waits_for_runner(attempt)

    def handed_out(self) -> list[Attempt]:
        """The attempts that runners hold."""
        return list(dict.fromkeys(self._known.values()))

    def knows(self, task_id: str) -> bool:
        """Whether a task id stands for an attempt."""
        return task_id in self._known

    def attempt_of(self, task_id: str) -> Attempt:
        """The attempt that a task id stands for.

        Raises:
            ServiceError: TaskNotFoundException, for one that stands for none (any more).
        """
        attempt = self._known.get(task_id)
        if attempt is None:
            raise task_not_found()
        return attempt

    def expire(self, instance: Instance) -> None:
        """Have what the service would do next by itself done now."""
        timer = _next_timer(instance)
        if timer is not None and timer.callback is not None:
            callback = timer.callback
            self._clock.cancel(timer)
            self.expiring = True
            try:
                callback()
            finally:
                self.expiring = False

    @staticmethod
    def deadline(instance: Instance) -> int | None:
        """When the service acts on the instance by itself."""
        timer = _next_timer(instance)
        return None if timer is None else timer.when

    # -- helpers ----------------------------------------------------------------------------------

    def _later(self, instance: Instance, when: int, callback: Callable[[], None]) -> None:
        if instance.timer is not None:
            self._clock.cancel(instance.timer)
        instance.timer = self._clock.call_at(when, callback)

    def _take_away(self, attempt: Attempt) -> None:
        """Cancel the attempt; if a runner has it, that is to stop."""
        attempt.canceled = True
        self.held.pop(attempt, None)
        if attempt.task_id is not None:
            self.canceled[attempt] = None

    def _forget(self, attempt: Attempt) -> None:
        """Take the attempt from its runner."""
        self.canceled.pop(attempt, None)
        if attempt.task_id is not None:
            self._known.pop(attempt.task_id, None)
            attempt.task_id = None
        attempt.holder = None
        self.held.pop(attempt, None)

    def end(self, instance: Instance, status: str) -> None:
        """Call an instance ended, and tell its component."""
        if not instance.ended:
            self.open -= 1
            instance.ended = True
        instance.status = status
        instance.actual_end = self._clock.now
        if self._paused and instance in self._paused:
            self._paused.remove(instance)
        if self._expiring and instance in self._expiring:
            self._clock.cancel(self._expiring.pop(instance))
        if instance.timer is not None:
            self._clock.cancel(instance.timer)
            instance.timer = None
        if instance.attempt is not None:
            self._stop_attempt_timeout(instance.attempt)
        self._on_event()
        self.on_ended(instance)

    def _stop_attempt_timeout(self, attempt: Attempt) -> None:
        if attempt.timeout is not None:
            self._clock.cancel(attempt.timeout)
            attempt.timeout = None


def _next_timer(instance: Instance) -> Timer | None:
    attempt = instance.attempt
    timers = (instance.timer, attempt.timeout if attempt is not None else None)
    pending = [timer for timer in timers if timer is not None and timer.callback is not None]
    return min(pending, key=lambda timer: timer.when, default=None)


def _waits_for_runner(attempt: Attempt) -> bool:
    return attempt.status == WAITING_FOR_RUNNER and attempt.task_id is None
