"""What a test enqueues: checked, taken in by the service, and kept as handles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ... import checks
from ..._service.fields import MAXIMUM_VALUE_LENGTH
from ..._service.instances.instance import Policy
from ..._service.operations.arrivals import Arrival, Refused
from ..._service.settings import MAXIMUM_ID_LENGTH, MAXIMUM_WORKER_GROUP_LENGTH
from ..._service.texts import shorten
from ...errors import FakeUsageError, explained, told_by_message
from ..handles.tasks import Task
from .task_objects import Defaults, instance_of, objects_of, secrets_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from typing_extensions import TypedDict

    from ..._record.secrets import Secrets
    from ..._service.clock import VirtualClock
    from ..._service.service import Service
    from ..._time.timekeeper import Timekeeper

    class TaskOptions(TypedDict, total=False):
        """The keyword arguments of `DataPipelineFake.enqueue`."""

        id: str | None
        type: str
        pipeline_id: str | None
        region: str | None
        objects: Mapping[str, Any] | None
        delay: float | timedelta | None
        at: datetime | str | None
        maximum_retries: int | None
        retry_delay: float | timedelta | None
        report_progress_timeout: float | timedelta | None
        attempt_timeout: float | timedelta | None


__tracebackhide__ = told_by_message


class Queueing:
    """Enqueues what a test gives, and keeps the handles of it.

    Attributes:
        tasks: the handles, in the order in which they were enqueued.
    """

    def __init__(
        self, service: Service, clock: VirtualClock, time: Timekeeper, secrets: Secrets
    ) -> None:
        self.tasks: list[Task] = []
        self._service = service
        self._clock = clock
        self._time = time
        self._secrets = secrets
        self._pipeline_id = service.ids.pipeline_id()

    def enqueue(
        self,
        worker_group: str,
        tasks: Sequence[Mapping[str, Any]],
        *,
        id: str | None,
        type: str,
        pipeline_id: str | None,
        region: str | None,
        objects: Mapping[str, Any] | None,
        delay: float | timedelta | None,
        at: datetime | str | None,
        policy: Policy,
    ) -> list[Task]:
        """`DataPipelineFake.enqueue`. The caller holds the fake's lock."""
        check_worker_group(worker_group)
        checks.text("type", type, MAXIMUM_VALUE_LENGTH)
        for name, value in (("id", id), ("pipeline_id", pipeline_id), ("region", region)):
            if value is not None:
                checks.text(name, value, MAXIMUM_ID_LENGTH)
        ready_at = self._ready_at(delay, at)
        further = objects_of(objects)
        if self._service.pipelines.is_deleted(self._pipeline_id):
            self._pipeline_id = self._service.ids.pipeline_id()
        given = []
        for index, task in enumerate(tasks):
            defaults = Defaults(
                worker_group=worker_group,
                region=region,
                pipeline_id=pipeline_id or self._pipeline_id,
                component_id=id or f"Activity{len(self.tasks) + index + 1}",
                type=type,
                scheduled_start=ready_at,
                policy=policy,
                objects=further,
            )
            where = "task" if len(tasks) == 1 else f"tasks[{index}]"
            given.append(instance_of(task, defaults, where))
        arrivals = [Arrival(each.instance, region, ready_at, each.scheduled) for each in given]
        try:
            self._service.arrivals.enqueue(arrivals)
        except Refused as refused:
            raise _refusal(refused, given[refused.index].where) from None
        handles = [Task(each.instance, self._service, self._time) for each in given]
        for each in given:
            self._secrets.add(secrets_of(each.instance))
        self.tasks += handles
        return handles

    def _ready_at(self, delay: float | timedelta | None, at: datetime | str | None) -> int:
        if delay is not None and at is not None:
            raise FakeUsageError("enqueue() takes delay= or at=, not both.")
        if delay is not None:
            return self._clock.now + checks.seconds("delay", delay)
        return self._clock.now if at is None else checks.moment("at", at)


def _refusal(refused: Refused, where: str) -> FakeUsageError:
    value = refused.value
    if refused.kind == "pipeline":
        return FakeUsageError(f"{where}: the pipeline {value} has been deleted.")
    if refused.kind == "interval":
        return FakeUsageError(
            f"{where}: {value} is enqueued already, and a component has one instance for each "
            "interval: change @scheduledStartTime, or the component (id=, or @componentParent of a "
            "whole task object)."
        )
    return FakeUsageError(
        f"{where}[{refused.kind!r}] {shorten(value)!r} is enqueued already: give each task object "
        "a taskId and an attemptId of its own."
    )


def check_worker_group(worker_group: object) -> str:
    """The name, if a worker group can have it.

    Raises:
        FakeUsageError: it is empty, too long, no text, or has characters the service refuses.
    """
    if isinstance(worker_group, Mapping):
        raise FakeUsageError(
            explained(
                f"The worker group is {shorten(repr(worker_group))}; it must be a string, and "
                'comes before the task: enqueue("reports", {...}).',
                about="worker-group-first",
            )
        )
    return checks.text("The worker group", worker_group, MAXIMUM_WORKER_GROUP_LENGTH)


def policy_of(
    maximum_retries: int | None,
    retry_delay: float | timedelta | None,
    report_progress_timeout: float | timedelta | None,
    attempt_timeout: float | timedelta | None,
) -> Policy:
    """The policy that the arguments of `enqueue` give.

    Raises:
        FakeUsageError: a number that is negative or no number.
    """
    values: dict[str, int] = {}
    if maximum_retries is not None:
        values["maximum_retries"] = checks.count("maximum_retries", maximum_retries, 0)
    for name, value in (
        ("retry_delay", retry_delay),
        ("report_progress_timeout", report_progress_timeout),
        ("attempt_timeout", attempt_timeout),
    ):
        if value is not None:
            values[name] = checks.seconds(name, value)
    return replace(Policy(), **values)
