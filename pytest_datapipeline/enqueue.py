"""From what a test writes about a task to the instance that the service runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import arguments
from .clock import SECOND
from .errors import FakeUsageError, told_by_message
from .service import model
from .service.component import GivenComponent, Policy
from .service.fields import Field, from_plain, from_wire, shorten
from .service.periods import parse_period
from .service.settings import (
    MAXIMUM_ID_LENGTH,
    MAXIMUM_TASK_ID_LENGTH,
    MAXIMUM_WORKER_GROUP_LENGTH,
)
from .service.task import Instance

if TYPE_CHECKING:
    from datetime import timedelta

__tracebackhide__ = told_by_message

# Fields that steer a task, and the name of the policy that each sets.
_PERIODS = {
    "retryDelay": "retry_delay",
    "reportProgressTimeout": "report_progress_timeout",
    "attemptTimeout": "attempt_timeout",
    "preconditionTimeout": "precondition_timeout",
}

# The keys that the service sets for each attempt anew, whatever a whole task object says.
_PER_ATTEMPT = frozenset(
    {"@status", "@sphere", "@instanceParent", "@activeInstances", "@pipelineId", "@actualStartTime"}
)
# System fields that a test may want to choose.
_SETTABLE = frozenset({"@scheduledStartTime", "@scheduledEndTime", "@version"})


@dataclass(frozen=True)
class Defaults:
    """What holds for the tasks of one `enqueue` where they do not say otherwise themselves."""

    worker_group: str
    region: str | None
    pipeline_id: str
    component_id: str
    type: str
    scheduled_start: int
    policy: Policy
    objects: tuple[dict[str, Any], ...]


def check_worker_group(worker_group: object) -> str:
    """The name, if a worker group can have it.

    Raises:
        FakeUsageError: it is empty, too long, no text, or has characters the service refuses.
    """
    return arguments.text("The worker group", worker_group, MAXIMUM_WORKER_GROUP_LENGTH)


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
        values["maximum_retries"] = arguments.count("maximum_retries", maximum_retries, 0)
    for name, value in (
        ("retry_delay", retry_delay),
        ("report_progress_timeout", report_progress_timeout),
        ("attempt_timeout", attempt_timeout),
    ):
        if value is not None:
            values[name] = arguments.seconds(name, value)
    return replace(Policy(), **values)


def objects_of(given: Mapping[str, Any] | None) -> tuple[dict[str, Any], ...]:
    """Further objects of a task, from `{"MyOutput": {"type": "S3DataNode", ...}}`.

    Raises:
        FakeUsageError: an id or a field that the service could not hold.
    """
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise FakeUsageError(f"objects is {given!r}; it must be a mapping of ids to fields.")
    found = []
    for object_id, fields in given.items():
        arguments.text("objects: the id", object_id, MAXIMUM_ID_LENGTH)
        where = f"objects[{object_id!r}]"
        if not isinstance(fields, Mapping):
            raise FakeUsageError(f"{where} is {fields!r}; it must be a mapping of fields.")
        wire = [field.to_wire() for field in from_plain(fields, where)]
        found.append({"id": object_id, "name": object_id, "fields": wire})
    return tuple(found)


def instance_of(task: object, defaults: Defaults, where: str) -> Instance:
    """The instance that a plain mapping of fields or a whole task object describes.

    Raises:
        FakeUsageError: something that the service could not hand out; the text names the place.
    """
    if not isinstance(task, Mapping):
        raise FakeUsageError(
            f"{where} is {task!r}; it must be a mapping of fields, as in "
            "{'command': 'echo hi'}, or a task object as poll_for_task returns it."
        )
    if set(task) <= {"taskObject", "ResponseMetadata"} and "taskObject" in task:
        return _whole(task["taskObject"], defaults, f"{where}['taskObject']")
    if "objects" in task and "attemptId" in task:
        return _whole(task, defaults, where)
    return _plain(task, defaults, where)


def _plain(task: Any, defaults: Defaults, where: str) -> Instance:
    fields = from_plain(task, where)
    kind = defaults.type
    for field in fields:
        if field.key.startswith("@") and field.key not in _SETTABLE:
            raise FakeUsageError(
                f"{where}[{field.key!r}]: the service sets this field by itself. Of the fields "
                f"with @, a task can be given {', '.join(sorted(_SETTABLE))}."
            )
        if field.key == "type":
            if field.is_ref or [other.key for other in fields].count("type") > 1:
                raise FakeUsageError(f"{where}['type'] must be one string: a task has one type.")
            kind = field.value
        if field.key == "workerGroup" and field.value != defaults.worker_group:
            raise FakeUsageError(
                f"{where}['workerGroup'] is {field.value!r}, but the task is enqueued in "
                f"{defaults.worker_group!r}."
            )
    component = GivenComponent(
        pipeline_id=defaults.pipeline_id,
        id=defaults.component_id,
        type=kind,
        worker_group=defaults.worker_group,
        region=defaults.region,
        fields=tuple(field for field in fields if field.key not in ("type", "workerGroup")),
        policy=_steered(defaults.policy, fields, where),
        objects=defaults.objects,
    )
    return Instance(component, defaults.scheduled_start)


def _whole(task: Any, defaults: Defaults, where: str) -> Instance:
    if not isinstance(task, Mapping):
        raise FakeUsageError(f"{where} is {task!r}; it must be a task object.")
    problems = model.shape_problems("TaskObject", dict(task))
    if problems:
        raise FakeUsageError(f"{where} is no task object that botocore could parse: {problems}")
    unknown = set(task) - {"taskId", "pipelineId", "attemptId", "objects"}
    if unknown:
        raise FakeUsageError(f"{where} has members that a task object has not: {sorted(unknown)}.")
    missing = {"attemptId", "objects"} - set(task)
    if missing:
        raise FakeUsageError(f"{where} lacks {', '.join(sorted(missing))}.")
    attempt_id = arguments.text(f"{where}['attemptId']", task["attemptId"], MAXIMUM_ID_LENGTH)
    if "pipelineId" in task:
        arguments.text(f"{where}['pipelineId']", task["pipelineId"], MAXIMUM_ID_LENGTH)
    if "taskId" in task:
        arguments.text(f"{where}['taskId']", task["taskId"], MAXIMUM_TASK_ID_LENGTH)
    if attempt_id not in task["objects"]:
        raise FakeUsageError(
            f"{where}['attemptId'] is {shorten(attempt_id)!r}, but {where}['objects'] has only "
            f"{[shorten(key) for key in task['objects']]}."
        )
    others = []
    own: tuple[Field, ...] = ()
    for object_id, held in task["objects"].items():
        if held["id"] != object_id:
            raise FakeUsageError(
                f"{where}['objects'][{shorten(object_id)!r}] has the id {shorten(held['id'])!r}; "
                "the map's key and the object's id are the same."
            )
        place = f"{where}['objects'][{shorten(object_id)!r}]['fields']"
        fields = from_wire(held["fields"], place)
        if object_id == attempt_id:
            own = fields
        else:
            others.append({**held, "fields": [field.to_wire() for field in fields]})
    first = {field.key: field.value for field in reversed(own)}
    component = GivenComponent(
        pipeline_id=task.get("pipelineId", defaults.pipeline_id),
        id=first.get("@componentParent", defaults.component_id),
        type=first.get("type", defaults.type),
        worker_group=defaults.worker_group,
        region=defaults.region,
        fields=tuple(
            field
            for field in own
            if not field.key.startswith("@") and field.key not in ("type", "workerGroup")
        ),
        system_fields=tuple(
            field for field in own if field.key.startswith("@") and field.key not in _PER_ATTEMPT
        ),
        policy=_steered(defaults.policy, own, where),
        objects=(*defaults.objects, *others),
        first_attempt_id=attempt_id,
        first_task_id=task.get("taskId"),
    )
    return Instance(component, defaults.scheduled_start)


def _steered(policy: Policy, fields: tuple[Field, ...], where: str) -> Policy:
    """The policy that the task's own fields ask for, in the service's words."""
    values: dict[str, int] = {}
    for field in fields:
        name = "maximum_retries" if field.key == "maximumRetries" else _PERIODS.get(field.key)
        if name is not None:
            values[name] = _number(field, where)
    return replace(policy, **values) if values else policy


def _number(field: Field, where: str) -> int:
    place = f"{where}[{field.key!r}]"
    if field.is_ref:
        raise FakeUsageError(f"{place} refers to {field.value!r}; it must be a string.")
    try:
        if field.key == "maximumRetries":
            return arguments.count(place, int(field.value), 0)
        return arguments.seconds(place, parse_period(field.value) / SECOND)
    except FakeUsageError:
        raise
    except ValueError as error:
        raise FakeUsageError(f"{place}: {error}.") from None
