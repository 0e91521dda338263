"""Components, their instances, and the attempts at these.

A component says to whom its tasks go, how often they are tried, and what their task objects hold.
An instance is one run of it; an attempt is one try of an instance, and what a runner holds. It may
be handed out more than once if its runner does not acknowledge it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..clock import SECOND
from ..fields import Field, timestamp
from ..protocol.task_object import TaskObject
from ..settings import MAXIMUM_RETRIES, REPORT_PROGRESS_SECONDS, RETRY_DELAY_SECONDS

if TYPE_CHECKING:
    from ..clock import Timer

# Documented: the preconditions that a task runner checks, the only tasks that FALSE is meant for.
USER_MANAGED_PRECONDITIONS = frozenset({"Exists", "ShellCommandPrecondition"})

# Our choice: nobody published the interval of a task that belongs to no schedule of its own.
INTERVAL = 3600 * SECOND

_ATTEMPT_SUFFIX = re.compile(r"_Attempt=\d+\Z")


WAITING_ON_DEPENDENCIES = "WAITING_ON_DEPENDENCIES"
WAITING_FOR_RUNNER = "WAITING_FOR_RUNNER"
CREATING = "CREATING"
RUNNING = "RUNNING"
FINISHED = "FINISHED"
FAILED = "FAILED"
CASCADE_FAILED = "CASCADE_FAILED"
CANCELED = "CANCELED"
TIMEDOUT = "TIMEDOUT"
SKIPPED = "SKIPPED"
# Those in which an attempt has ended; those by which an instance lets others go on, or fails them.
ENDED = frozenset({FINISHED, FAILED, CANCELED})
FULFILLED = frozenset({FINISHED, SKIPPED})
FAILURES = frozenset({FAILED, CASCADE_FAILED, CANCELED, TIMEDOUT})


@dataclass(frozen=True)
class Policy:
    """How often and how long an activity is tried. Durations are in nanoseconds."""

    maximum_retries: int = MAXIMUM_RETRIES
    retry_delay: int = RETRY_DELAY_SECONDS * SECOND
    report_progress_timeout: int = REPORT_PROGRESS_SECONDS * SECOND
    attempt_timeout: int | None = None
    precondition_timeout: int | None = None


# Fields that say how long, and what of a policy each sets.
PERIODS = {
    "retryDelay": "retry_delay",
    "reportProgressTimeout": "report_progress_timeout",
    "attemptTimeout": "attempt_timeout",
    "preconditionTimeout": "precondition_timeout",
}


class Component:
    """What instances are runs of."""

    __slots__ = ("id", "paused", "pipeline_id", "policy", "region", "type", "worker_group")

    def __init__(
        self,
        *,
        id: str,
        type: str,
        pipeline_id: str,
        region: str | None,
        worker_group: str,
        policy: Policy,
    ) -> None:
        self.id: str = id
        self.type: str = type
        self.pipeline_id: str = pipeline_id
        self.region: str | None = region
        self.worker_group: str = worker_group
        self.policy: Policy = policy
        self.paused: bool = False

    def instance_id(self, instance: Instance) -> str:
        return f"@{self.id}_{timestamp(instance.scheduled_start)}"

    def instance_name(self, instance: Instance) -> str:
        return self.instance_id(instance)

    def attempt_id(self, instance: Instance, number: int) -> str:
        return f"{self.instance_id(instance)}_Attempt={number}"

    def worker_group_of(self, instance: Instance) -> str:  # noqa: ARG002  # for subclasses
        """Whose runners an instance is for."""
        return self.worker_group

    def task_id_of(self, attempt: Attempt) -> str | None:  # noqa: ARG002  # for subclasses
        """The task id that an attempt must have; None for any."""
        return None

    def task_object(self, attempt: Attempt, task_id: str, with_objects: bool) -> TaskObject:
        """What a runner is handed."""
        raise NotImplementedError


class GivenComponent(Component):
    """The component of a task that was put into a queue as it is, with no pipeline behind it."""

    __slots__ = ("fields", "first_attempt_id", "first_task_id", "objects", "system_fields")

    def __init__(
        self,
        *,
        fields: tuple[Field, ...],
        objects: tuple[dict[str, Any], ...] = (),
        system_fields: tuple[Field, ...] = (),
        first_attempt_id: str | None = None,
        first_task_id: str | None = None,
        **given: Any,
    ) -> None:
        super().__init__(**given)
        self.fields = fields
        self.objects = objects
        self.system_fields = system_fields
        self.first_attempt_id = first_attempt_id
        self.first_task_id = first_task_id

    def attempt_id(self, instance: Instance, number: int) -> str:
        if self.first_attempt_id is None:
            return f"@{self.id}_{timestamp(instance.scheduled_start)}_Attempt={number}"
        if number == 1:
            return self.first_attempt_id
        return f"{_ATTEMPT_SUFFIX.sub('', self.first_attempt_id)}_Attempt={number}"

    def task_id_of(self, attempt: Attempt) -> str | None:
        return self.first_task_id if attempt.number == 1 and not attempt.task_ids else None

    def task_object(self, attempt: Attempt, task_id: str, with_objects: bool) -> TaskObject:
        instance = attempt.instance
        return TaskObject(
            task_id,
            self.pipeline_id,
            self.attempt_id(instance, attempt.number),
            {
                "component": self.id,
                "scheduled_start": timestamp(instance.scheduled_start),
                "sphere": "ATTEMPT",
                "worker_group": self.worker_group,
                "instance": self.instance_id(instance),
                "type": self.type,
                "status": "WAITING_FOR_RUNNER",
                "version": "1",
                "schedule": "Schedule",
                "actual_start": timestamp(instance.actual_start or 0),
                "scheduled_end": timestamp(instance.scheduled_end),
                "pipeline": self.pipeline_id,
            },
            self.fields + self.system_fields,
            self.objects if with_objects else (),
        )


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
        "started",
        "status",
        "task_id",
        "task_ids",
        "timeout",
    )

    def __init__(self, instance: Instance, number: int, started: int) -> None:
        self.instance: Instance = instance
        self.number: int = number
        self.started: int = started
        self.status: str = WAITING_FOR_RUNNER
        self.task_id: str | None = None
        self.task_ids: list[str] = []
        self.hostname: str | None = None
        self.holder: object | None = None
        self.handed_over: int | None = None
        self.acknowledged: int | None = None
        self.ended: int | None = None
        self.progress: list[Progress] = []
        self.canceled: bool = False
        self.error_id: str | None = None
        self.error_message: str | None = None
        self.error_stack_trace: str | None = None
        self.timeout: Timer | None = None

    @property
    def id(self) -> str:
        return self.instance.component.attempt_id(self.instance, self.number)


class Instance:
    """One run of a component. Times are in nanoseconds since 1970, None until they happen."""

    __slots__ = (
        "actual_end",
        "actual_start",
        "attempts",
        "component",
        "ended",
        "scheduled_end",
        "scheduled_start",
        "status",
        "timer",
        "tries_left",
        "version",
    )

    def __init__(
        self, component: Component, scheduled_start: int, scheduled_end: int | None = None
    ) -> None:
        self.component: Component = component
        self.scheduled_start: int = scheduled_start
        self.scheduled_end: int = (
            scheduled_start + INTERVAL if scheduled_end is None else scheduled_end
        )
        self.tries_left: int = component.policy.maximum_retries + 1
        self.status: str = WAITING_ON_DEPENDENCIES
        self.attempts: list[Attempt] = []
        self.actual_start: int | None = None
        self.actual_end: int | None = None
        # Of the pipeline, when it was created.
        self.version: int = 1
        self.timer: Timer | None = None
        self.ended: bool = False

    @property
    def id(self) -> str:
        return self.component.instance_id(self)

    @property
    def name(self) -> str:
        return self.component.instance_name(self)

    def detail(self, _name: str) -> Any:
        """What few instances have, such as the reason of a cancellation; None if it has none."""
        return None

    @property
    def attempt(self) -> Attempt | None:
        """The latest attempt."""
        return self.attempts[-1] if self.attempts else None
