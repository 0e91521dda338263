"""The life of a task: handed out, acknowledged, reported on, finished, taken back, tried again.

An `Instance` is one run of an activity. It is worked in attempts; an `Attempt` is what a runner
holds, and may be handed out more than once if its runner does not acknowledge it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..clock import SECOND, Timer, VirtualClock, to_datetime
from .errors import invalid_request, task_not_found
from .queue import WorkerGroups
from .settings import (
    ACKNOWLEDGE_SECONDS,
    MAXIMUM_RETRIES,
    REPORT_PROGRESS_SECONDS,
    RETRY_DELAY_SECONDS,
    ServiceSettings,
)
from .taskobject import TaskObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from .fields import Field
    from .ids import Ids

WAITING_ON_DEPENDENCIES = "WAITING_ON_DEPENDENCIES"
WAITING_FOR_RUNNER = "WAITING_FOR_RUNNER"
RUNNING = "RUNNING"
FINISHED = "FINISHED"
FAILED = "FAILED"
CANCELED = "CANCELED"
ENDED = frozenset({FINISHED, FAILED, CANCELED})

# Documented: the preconditions that a task runner checks, the only tasks that FALSE is meant for.
USER_MANAGED_PRECONDITIONS = frozenset({"Exists", "ShellCommandPrecondition"})

# Our choice: nobody published the interval of a task that belongs to no schedule of its own.
INTERVAL = 3600 * SECOND

_ATTEMPT_SUFFIX = re.compile(r"_Attempt=\d+\Z")


def timestamp(ns: int) -> str:
    """A time as fields hold it: UTC, whole seconds, no zone."""
    return _second(ns // SECOND)


@lru_cache(maxsize=256)  # the tasks of one moment share their times
def _second(seconds: int) -> str:
    return to_datetime(seconds * SECOND).replace(tzinfo=None).isoformat()


@dataclass(frozen=True)
class Policy:
    """How often and how long an activity is tried. Durations are in nanoseconds."""

    maximum_retries: int = MAXIMUM_RETRIES
    retry_delay: int = RETRY_DELAY_SECONDS * SECOND
    report_progress_timeout: int = REPORT_PROGRESS_SECONDS * SECOND
    attempt_timeout: int | None = None
    precondition_timeout: int | None = None


@dataclass(frozen=True)
class Progress:
    """One ReportTaskProgress: when, and the fields that came with it."""

    at: int
    fields: tuple[Field, ...]


class Attempt:
    """One try of an instance. Times are in nanoseconds since 1970, None until they happen."""

    __slots__ = (
        "acknowledged",
        "canceled",
        "ended",
        "error_id",
        "error_message",
        "error_stack_trace",
        "handed_over",
        "holder",
        "hostname",
        "instance",
        "number",
        "progress",
        "status",
        "task_id",
        "task_ids",
        "timeout",
    )

    def __init__(self, instance: Instance, number: int) -> None:
        self.instance = instance
        self.number = number
        self.status = WAITING_FOR_RUNNER
        self.task_id: str | None = None
        self.task_ids: list[str] = []
        self.hostname: str | None = None
        self.holder: object | None = None
        self.handed_over: int | None = None
        self.acknowledged: int | None = None
        self.ended: int | None = None
        self.progress: list[Progress] = []
        self.canceled = False
        self.error_id: str | None = None
        self.error_message: str | None = None
        self.error_stack_trace: str | None = None
        self.timeout: Timer | None = None

    @property
    def id(self) -> str:
        return self.instance.attempt_id(self.number)


class Instance:
    """One run of an activity or user-managed precondition of a worker group."""

    __slots__ = (
        "actual_end",
        "actual_start",
        "attempts",
        "component_id",
        "ended",
        "fields",
        "first_attempt_id",
        "first_task_id",
        "objects",
        "pipeline_id",
        "policy",
        "region",
        "scheduled_end",
        "scheduled_start",
        "status",
        "system_fields",
        "timer",
        "tries_left",
        "type",
        "worker_group",
    )

    def __init__(
        self,
        *,
        pipeline_id: str,
        component_id: str,
        type: str,
        worker_group: str,
        region: str | None,
        fields: tuple[Field, ...],
        scheduled_start: int,
        policy: Policy,
        objects: tuple[dict[str, Any], ...] = (),
        system_fields: tuple[Field, ...] = (),
        first_attempt_id: str | None = None,
        first_task_id: str | None = None,
    ) -> None:
        self.pipeline_id = pipeline_id
        self.component_id = component_id
        self.type = type
        self.worker_group = worker_group
        self.region = region
        self.fields = fields
        self.objects = objects
        self.system_fields = system_fields
        self.first_attempt_id = first_attempt_id
        self.first_task_id = first_task_id
        self.scheduled_start = scheduled_start
        self.scheduled_end = scheduled_start + INTERVAL
        self.policy = policy
        self.tries_left = policy.maximum_retries + 1
        self.status = WAITING_ON_DEPENDENCIES
        self.attempts: list[Attempt] = []
        self.actual_start: int | None = None
        self.actual_end: int | None = None
        self.timer: Timer | None = None
        self.ended = False

    @property
    def id(self) -> str:
        return f"@{self.component_id}_{timestamp(self.scheduled_start)}"

    def attempt_id(self, number: int, own_id: str | None = None) -> str:
        if self.first_attempt_id is None:
            return f"{own_id or self.id}_Attempt={number}"
        if number == 1:
            return self.first_attempt_id
        return f"{_ATTEMPT_SUFFIX.sub('', self.first_attempt_id)}_Attempt={number}"

    @property
    def attempt(self) -> Attempt | None:
        """The latest attempt."""
        return self.attempts[-1] if self.attempts else None


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
        self._ids = ids
        self._on_event = on_event
        self._known: dict[str, Attempt] = {}
        self._final_calls: dict[str, str] = {}
        self.queues: WorkerGroups[Attempt] = WorkerGroups(_waits_for_runner)
        self.open = 0
        # Attempts whose holder is known: the deadlines that time must not pass while he works.
        self.held: dict[Attempt, None] = {}

    # -- what makes a task ready ------------------------------------------------------------------

    def add(self, instance: Instance, ready_at: int) -> None:
        """Take an instance in; it becomes ready for a runner at `ready_at`."""
        self.open += 1
        self._on_event()
        if ready_at > self._clock.now:
            self._later(instance, ready_at, lambda: self._start(instance))
        else:
            self._start(instance)

    def _start(self, instance: Instance) -> None:
        instance.actual_start = self._clock.now
        self._next_attempt(instance)

    def _next_attempt(self, instance: Instance) -> None:
        instance.tries_left -= 1
        attempt = Attempt(instance, len(instance.attempts) + 1)
        instance.attempts.append(attempt)
        instance.status = WAITING_FOR_RUNNER
        self._offer(attempt)

    def _offer(self, attempt: Attempt) -> None:
        self._on_event()
        instance = attempt.instance
        poll = self.queues.offer(instance.worker_group, instance.region, attempt)
        if poll is not None:
            if poll.timer is not None:
                self._clock.cancel(poll.timer)
            holder = None if poll.abandoned else poll.holder
            poll.resolve(self.hand_over(attempt, poll.hostname, holder))

    # -- what runners do --------------------------------------------------------------------------

    def hand_over(
        self, attempt: Attempt, hostname: str | None, holder: object
    ) -> TaskObject | dict[str, Any]:
        """Make the attempt the caller's, until the acknowledgement falls due; its task object."""
        self._on_event()
        instance = attempt.instance
        now = self._clock.now
        if instance.first_task_id is not None and not attempt.task_ids and attempt.number == 1:
            task_id = instance.first_task_id
        else:
            task_id = self._ids.task_id()
        attempt.task_id = task_id
        attempt.task_ids.append(task_id)
        attempt.hostname = hostname
        attempt.holder = holder
        attempt.handed_over = now
        self._known[task_id] = attempt
        if holder is not None:
            self.held[attempt] = None
        task_object = self._task_object(attempt, task_id)
        if self._settings.running_from == "hand-over":
            attempt.status = instance.status = RUNNING
        self._later(
            instance,
            now + ACKNOWLEDGE_SECONDS * SECOND,
            lambda: self._not_acknowledged(attempt),
        )
        limit = instance.policy.attempt_timeout
        if limit is not None and attempt.timeout is None:
            attempt.timeout = self._clock.call_later(limit, lambda: self._timed_out(attempt))
        return task_object.to_dict(self._ids.shuffle) if self._settings.shuffle else task_object

    def report(self, task_id: str, fields: tuple[Field, ...], holder: object) -> bool:
        """Acknowledge a task, or say that it is still being worked; whether it is canceled."""
        attempt = self._attempt_of(task_id)
        reserved = [field.key for field in fields if field.key.startswith("@")]
        if reserved:
            # Our choice: documented is only that such fields are set by the service alone.
            raise invalid_request("Invalid field", f"{reserved[0]} is set by the web service only")
        self._on_event()
        now = self._clock.now
        attempt.progress.append(Progress(now, fields))
        if attempt.canceled:
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
            now + instance.policy.report_progress_timeout,
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
        attempt = self._attempt_of(task_id)
        instance = attempt.instance
        precondition = instance.type in USER_MANAGED_PRECONDITIONS
        if status == "FALSE" and not precondition and self._settings.false_for_activity == "refuse":
            raise invalid_request(
                "Invalid task status", f"FALSE is for preconditions: {attempt.id}"
            )
        self._on_event()
        if attempt.canceled:
            self._forget(attempt)
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
            self._end(instance, FINISHED)
        else:
            self._fail(attempt)

    # -- what time does ---------------------------------------------------------------------------

    def _not_acknowledged(self, attempt: Attempt) -> None:
        # Our choice: the same attempt goes back to its queue, and its next hand-over has a new id.
        self._forget(attempt)
        attempt.status = attempt.instance.status = WAITING_FOR_RUNNER
        self._offer(attempt)

    def _stalled(self, attempt: Attempt) -> None:
        limit = attempt.instance.policy.report_progress_timeout // SECOND
        attempt.error_message = f"No progress was reported for {limit} seconds."
        self._forget(attempt)
        self._fail(attempt)

    def _timed_out(self, attempt: Attempt) -> None:
        attempt.timeout = None
        attempt.error_message = "The attempt did not end within attemptTimeout."
        # The one who holds it is told at its next report, so the service goes on knowing the id.
        attempt.canceled = attempt.task_id is not None
        self.held.pop(attempt, None)
        self._fail(attempt)

    def _check_again(self, attempt: Attempt) -> None:
        # Our choice, after the older documentation: the same attempt, until preconditionTimeout.
        instance = attempt.instance
        limit = instance.policy.precondition_timeout
        again = self._clock.now + instance.policy.retry_delay
        if limit is not None and again > (instance.actual_start or 0) + limit:
            self._fail(attempt)
            return
        attempt.status = instance.status = WAITING_FOR_RUNNER
        self._later(instance, again, lambda: self._offer(attempt))

    def _fail(self, attempt: Attempt) -> None:
        instance = attempt.instance
        attempt.status = FAILED
        attempt.ended = self._clock.now
        self._stop_attempt_timeout(attempt)
        self._on_event()
        if instance.tries_left <= 0:
            self._end(instance, FAILED)
            return
        instance.status = WAITING_FOR_RUNNER
        self._later(
            instance,
            self._clock.now + instance.policy.retry_delay,
            lambda: self._next_attempt(instance),
        )

    # -- what the test does -----------------------------------------------------------------------

    def cancel(self, instance: Instance) -> None:
        """Cancel an instance; its runner is told at its next ReportTaskProgress."""
        attempt = instance.attempt
        if attempt is not None and attempt.status not in ENDED:
            attempt.canceled = True
            attempt.status = CANCELED
            attempt.ended = self._clock.now
            self.held.pop(attempt, None)
        self._end(instance, CANCELED)

    def expire(self, instance: Instance) -> None:
        """Have what the service would do next by itself done now."""
        timer = _next_timer(instance)
        if timer is not None and timer.callback is not None:
            callback = timer.callback
            self._clock.cancel(timer)
            callback()

    @staticmethod
    def deadline(instance: Instance) -> int | None:
        """When the service acts on the instance by itself."""
        timer = _next_timer(instance)
        return None if timer is None else timer.when

    # -- helpers ----------------------------------------------------------------------------------

    def _attempt_of(self, task_id: str) -> Attempt:
        attempt = self._known.get(task_id)
        if attempt is None:
            raise task_not_found()
        return attempt

    def _later(self, instance: Instance, when: int, callback: Callable[[], None]) -> None:
        if instance.timer is not None:
            self._clock.cancel(instance.timer)
        instance.timer = self._clock.call_at(when, callback)

    def _forget(self, attempt: Attempt) -> None:
        """Take the attempt from whoever holds it."""
        if attempt.task_id is not None:
            self._known.pop(attempt.task_id, None)
            attempt.task_id = None
        attempt.holder = None
        self.held.pop(attempt, None)

    def _end(self, instance: Instance, status: str) -> None:
        if not instance.ended:
            self.open -= 1
            instance.ended = True
        instance.status = status
        instance.actual_end = self._clock.now
        if instance.timer is not None:
            self._clock.cancel(instance.timer)
            instance.timer = None
        if instance.attempt is not None:
            self._stop_attempt_timeout(instance.attempt)
        self._on_event()

    def _stop_attempt_timeout(self, attempt: Attempt) -> None:
        if attempt.timeout is not None:
            self._clock.cancel(attempt.timeout)
            attempt.timeout = None

    def _task_object(self, attempt: Attempt, task_id: str) -> TaskObject:
        instance = attempt.instance
        instance_id = instance.id
        return TaskObject(
            task_id,
            instance.pipeline_id,
            instance.attempt_id(attempt.number, instance_id),
            {
                "component": instance.component_id,
                "scheduled_start": timestamp(instance.scheduled_start),
                "sphere": "ATTEMPT",
                "worker_group": instance.worker_group,
                "instance": instance_id,
                "type": instance.type,
                "status": WAITING_FOR_RUNNER,
                "version": "1",
                "schedule": "Schedule",
                "actual_start": timestamp(instance.actual_start or 0),
                "scheduled_end": timestamp(instance.scheduled_end),
                "pipeline": instance.pipeline_id,
            },
            instance.fields + instance.system_fields,
            instance.objects if self._settings.task_objects == "reachable" else (),
        )


def _next_timer(instance: Instance) -> Timer | None:
    attempt = instance.attempt
    timers = (instance.timer, attempt.timeout if attempt is not None else None)
    pending = [timer for timer in timers if timer is not None and timer.callback is not None]
    return min(pending, key=lambda timer: timer.when, default=None)


def _waits_for_runner(attempt: Attempt) -> bool:
    return attempt.status == WAITING_FOR_RUNNER and attempt.task_id is None
