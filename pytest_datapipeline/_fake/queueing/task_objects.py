"""Tasks as a test writes them, a few fields or a whole task object, to instances of the service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ... import checks
from ..._service.clock import SECOND, to_ns
from ..._service.expressions.periods import parse_period
from ..._service.fields import Field, from_plain, from_wire
from ..._service.instances.instance import INTERVAL, PERIODS, GivenComponent, Instance, Policy
from ..._service.protocol import model
from ..._service.settings import MAXIMUM_ID_LENGTH, MAXIMUM_TASK_ID_LENGTH
from ..._service.texts import shorten
from ...errors import FakeUsageError, explained, told_by_message, usage_errors

__tracebackhide__ = told_by_message

# The keys that the service sets for each attempt anew, whatever a whole task object says.
_PER_ATTEMPT = frozenset(
    {"@status", "@sphere", "@instanceParent", "@activeInstances", "@pipelineId", "@actualStartTime"}
)
# The interval for which a task runs.
_START, _END = "@scheduledStartTime", "@scheduledEndTime"
_SCHEDULED = frozenset({_START, _END})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
# System fields that a test may want to choose.
_SETTABLE = _SCHEDULED | {"@version"}
_MEMBERS = frozenset({"taskId", "pipelineId", "attemptId", "objects"})


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


@dataclass(frozen=True)
class Given:
    """An instance that is to be enqueued.

    Attributes:
        scheduled: whether the task says itself for which interval it runs.
        where: what messages call the task.
    """

    instance: Instance
    scheduled: bool
    where: str


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
        checks.text("objects: the id", object_id, MAXIMUM_ID_LENGTH)
        where = f"objects[{object_id!r}]"
        if not isinstance(fields, Mapping):
            raise FakeUsageError(f"{where} is {fields!r}; it must be a mapping of fields.")
        with usage_errors:
            wire = [field.to_wire() for field in from_plain(fields, where)]
        found.append({"id": object_id, "name": object_id, "fields": wire})
    return tuple(found)


def instance_of(task: object, defaults: Defaults, where: str) -> Given:
    """The instance that a plain mapping of fields or a whole task object describes.

    Raises:
        FakeUsageError: something that the service could not hand out; the text names the place.
    """
    if not isinstance(task, Mapping):
        raise FakeUsageError(
            explained(
                f"{where} is {task!r}; it must be a mapping of fields, as in "
                "{'command': 'echo hi'}, or a task object as poll_for_task returns it.",
                about="not-a-task",
            )
        )
    if not is_whole(task):
        return _plain(task, defaults, where)
    if _is_response(task):
        return _whole(task["taskObject"], defaults, f"{where}['taskObject']")
    return _whole(task, defaults, where)


def is_whole(task: Mapping[str, Any]) -> bool:
    """Whether it is a task object as `poll_for_task` returns it, and not a few fields."""
    return _is_response(task) or _is_task_object(task)


def secrets_of(instance: Instance) -> set[str]:
    """The values of its fields, and of the objects that it carries, whose names begin with *."""
    component = instance.component
    if not isinstance(component, GivenComponent):
        return set()
    found = {field.value for field in component.fields if field.key.startswith("*")}
    for held in component.objects:
        for field in held["fields"]:
            if field["key"].startswith("*"):
                found.add(field.get("stringValue", ""))
    return found


def worker_group_in(task: object) -> str | None:
    """The worker group that a task itself names."""
    if not isinstance(task, Mapping):
        return None
    if _is_response(task):
        return worker_group_in(task["taskObject"])
    if not _is_task_object(task):
        group = task.get("workerGroup")
        return group if isinstance(group, str) else None
    try:
        fields = task["objects"][task["attemptId"]]["fields"]
        groups = [field["stringValue"] for field in fields if field["key"] == "workerGroup"]
    except (KeyError, TypeError):
        return None  # said with the rest of what is wrong with it
    return groups[0] if groups else None


def _is_response(task: Mapping[str, Any]) -> bool:
    return set(task) <= {"taskObject", "ResponseMetadata"} and "taskObject" in task


def _is_task_object(task: Mapping[str, Any]) -> bool:
    known = _MEMBERS & set(task)
    return {"objects", "attemptId"} <= known or ("taskId" in known and len(known) > 1)


def _plain(task: Any, defaults: Defaults, where: str) -> Given:
    with usage_errors:
        fields = from_plain(task, where)
    kind = defaults.type
    for field in fields:
        if field.key.startswith("@") and field.key not in _SETTABLE:
            raise FakeUsageError(
                explained(
                    f"{where}[{field.key!r}]: the service sets this field by itself. Of the fields "
                    f"with @, a task can be given {', '.join(sorted(_SETTABLE))}.",
                    about="service-sets-field",
                )
            )
        if field.key == "type":
            if field.is_ref or [other.key for other in fields].count("type") > 1:
                raise FakeUsageError(f"{where}['type'] must be one string: a task has one type.")
            kind = field.value
    _check_own_group(fields, defaults, where)
    component = GivenComponent(
        pipeline_id=defaults.pipeline_id,
        id=defaults.component_id,
        type=kind,
        worker_group=defaults.worker_group,
        region=defaults.region,
        fields=tuple(
            field
            for field in fields
            if field.key not in ("type", "workerGroup") and field.key not in _SCHEDULED
        ),
        policy=_steered(defaults.policy, fields, where),
        objects=defaults.objects,
    )
    return _given(component, fields, defaults, where, where)


def _whole(task: Any, defaults: Defaults, where: str) -> Given:
    if not isinstance(task, Mapping):
        raise FakeUsageError(f"{where} is {task!r}; it must be a task object.")
    problems = model.shape_problems("TaskObject", dict(task))
    if problems:
        raise FakeUsageError(f"{where} is no task object that botocore could parse: {problems}")
    unknown = set(task) - _MEMBERS
    if unknown:
        raise FakeUsageError(f"{where} has members that a task object has not: {sorted(unknown)}.")
    missing = {"attemptId", "objects"} - set(task)
    if missing:
        raise FakeUsageError(f"{where} lacks {', '.join(sorted(missing))}.")
    attempt_id = checks.text(f"{where}['attemptId']", task["attemptId"], MAXIMUM_ID_LENGTH)
    if "pipelineId" in task:
        checks.text(f"{where}['pipelineId']", task["pipelineId"], MAXIMUM_ID_LENGTH)
    if "taskId" in task:
        checks.text(f"{where}['taskId']", task["taskId"], MAXIMUM_TASK_ID_LENGTH)
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
        with usage_errors:
            fields = from_wire(held["fields"], place)
        if object_id == attempt_id:
            own = fields
        else:
            others.append({**held, "fields": [field.to_wire() for field in fields]})
    place = f"{where}['objects'][{shorten(attempt_id)!r}]"
    _check_own_group(own, defaults, place)
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
            field
            for field in own
            if field.key.startswith("@")
            and field.key not in _PER_ATTEMPT
            and field.key not in _SCHEDULED
        ),
        policy=_steered(defaults.policy, own, where),
        objects=(*defaults.objects, *others),
        first_attempt_id=attempt_id,
        first_task_id=task.get("taskId"),
    )
    return _given(component, own, defaults, where, place)


def _check_own_group(fields: tuple[Field, ...], defaults: Defaults, place: str) -> None:
    for field in fields:
        if field.key == "workerGroup" and field.value != defaults.worker_group:
            raise FakeUsageError(
                f"{place}['workerGroup'] is {field.value!r}, but the task is enqueued in "
                f"{defaults.worker_group!r}."
            )


def _given(
    component: GivenComponent,
    fields: tuple[Field, ...],
    defaults: Defaults,
    where: str,
    place: str,
) -> Given:
    """The instance, for the interval that its fields name."""
    times: dict[str, int] = {}
    for field in fields:
        if field.key in _SCHEDULED:
            if field.key in times:
                raise FakeUsageError(f"{place}[{field.key!r}] is given twice.")
            times[field.key] = _scheduled_time(field, f"{place}[{field.key!r}]")
    if not times:
        return Given(Instance(component, defaults.scheduled_start), False, where)
    start = times[_START] if _START in times else times[_END] - INTERVAL
    end = times.get(_END, start + INTERVAL)
    if end < start:
        raise FakeUsageError(f"{place}[{_END!r}] is before {_START!r}.")
    return Given(Instance(component, start, end), True, where)


def _scheduled_time(field: Field, place: str) -> int:
    if field.is_ref:
        raise FakeUsageError(f"{place} refers to {field.value!r}; it must be a string.")
    try:
        if _TIME.fullmatch(field.value) is not None:
            return to_ns(datetime.fromisoformat(field.value))
    except ValueError:
        pass
    raise FakeUsageError(
        f"{place} is {shorten(field.value)!r}; it must be a time as the service writes it, as in "
        "'2012-12-12T00:00:00'."
    )


def _steered(policy: Policy, fields: tuple[Field, ...], where: str) -> Policy:
    """The policy that the task's own fields ask for, in the service's words."""
    values: dict[str, int] = {}
    for field in fields:
        name = "maximum_retries" if field.key == "maximumRetries" else PERIODS.get(field.key)
        if name is not None:
            values[name] = _number(field, where)
    return replace(policy, **values) if values else policy


def _number(field: Field, where: str) -> int:
    place = f"{where}[{field.key!r}]"
    if field.is_ref:
        raise FakeUsageError(f"{place} refers to {field.value!r}; it must be a string.")
    try:
        if field.key == "maximumRetries":
            if not (field.value.isascii() and field.value.isdigit()):
                raise FakeUsageError(
                    f"{place} is {shorten(field.value)!r}; it must be a whole number, as in '2'."
                )
            return int(field.value)
        return checks.seconds(place, parse_period(field.value) / SECOND)
    except FakeUsageError:
        raise
    except ValueError as error:
        raise FakeUsageError(f"{place}: {error}.") from None
