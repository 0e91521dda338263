"""Pipelines and their objects of all spheres, as the operations that describe show them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..components import pipeline as states
from ..components.component import (
    ACTIVITY,
    NODE,
    RESOURCE,
    PipelineComponent,
    Run,
)
from ..components.neighbours import needs_of, running_on
from ..components.scope import Context, ObjectScope, evaluated
from ..components.texts import text_of
from ..definitions.definition import DEFAULT, Definition, PipelineObject, field_of
from ..fields import MASK, Field, timestamp
from ..instances.instance import WAITING_ON_DEPENDENCIES, Attempt, GivenComponent, Instance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..components.pipeline import Pipeline
    from ..settings import ServiceSettings

# Who owns every pipeline of the fake.
ACCOUNT = "123456789012"
USER = "AIDAJQABLZS4A3QDU576Q"

# References between the instances of a run, as far as they are an activity's own.
_LINKS = {
    "input": "input",
    "output": "output",
    # Observed: what the definition calls runsOn has another name here.
    "runsOn": "@resource",
    "dependsOn": "dependsOn",
}


def wire(object_id: str, name: str, fields: Iterable[Field]) -> dict[str, Any]:
    """An object in the wire's form."""
    return {"fields": [field.to_wire() for field in fields], "id": object_id, "name": name}


def without_secrets(fields: Iterable[Field]) -> list[Field]:
    """Fields with the values of those with * hidden, and those that went into others."""
    return [
        Field(field.key, MASK, field.is_ref)
        if field.key.startswith("*")
        else Field(field.key, field.value if field.shown is None else field.shown, field.is_ref)
        for field in fields
    ]


# -- pipelines ------------------------------------------------------------------------------------


def describe_pipeline(pipeline: Pipeline, now: int, settings: ServiceSettings) -> dict[str, Any]:
    """One entry of the answer to DescribePipelines."""
    fields = list(_pipeline_fields(pipeline, now, settings))
    answer: dict[str, Any] = {
        "pipelineId": pipeline.id,
        "name": pipeline.name,
        "fields": [field.to_wire() for field in fields],
    }
    if pipeline.description is not None:
        answer["description"] = pipeline.description
    answer["tags"] = [{"key": key, "value": value} for key, value in pipeline.tags.items()]
    return answer


def _pipeline_fields(pipeline: Pipeline, now: int, settings: ServiceSettings) -> Iterable[Field]:
    yield Field("@creationTime", timestamp(pipeline.created))
    yield Field("@id", pipeline.id)
    yield Field("@sphere", "PIPELINE")
    yield Field("name", pipeline.name)
    yield Field("uniqueId", pipeline.unique_id)
    yield Field("pipelineCreator", USER)
    yield Field("@accountId", ACCOUNT)
    yield Field("@userId", USER)
    yield Field("@pipelineState", pipeline_state(pipeline, now, settings))
    if pipeline.description is not None:
        yield Field("description", pipeline.description)
    if pipeline.tags:
        tags = [{"key": key, "value": value} for key, value in pipeline.tags.items()]
        yield Field("*tags", json.dumps(tags, separators=(",", ":"), ensure_ascii=False))
    # Observed: right after the activation only the first of these is there.
    yield from _times(("@firstActivationTime", pipeline.first_activation))
    if pipeline.version:
        yield from _times(
            ("@lastActivationTime", pipeline.last_activation),
            ("@finishedTime", pipeline.finished),
            ("@lastDeactivatedTime", pipeline.last_deactivated),
        )
        yield Field("@version", str(pipeline.version))
        yield from _schedule_fields(pipeline)
    yield from _times(("@deletionRequestTime", pipeline.deletion_requested))


def pipeline_state(pipeline: Pipeline, now: int, settings: ServiceSettings) -> str:
    """The state that a description tells, which may lag."""
    requested = pipeline.deletion_requested
    if requested is not None and settings.consistency == "eventual" and requested == now:
        # Observed: the old state is described for a moment.
        return pipeline.state_before_deletion
    return pipeline.state


def _schedule_fields(pipeline: Pipeline) -> Iterable[Field]:
    # Observed: while it is SCHEDULING none of them is there.
    if pipeline.state == states.SCHEDULING:
        return
    components = pipeline.components.values()
    latest = max((held.latest for held in components if held.latest is not None), default=None)
    scheduled = [held for held in components if held.schedule is not pipeline.on_demand]
    if scheduled:
        yield from _next_run(scheduled[0], latest)
    yield from _times(("@latestRunTime", latest))
    health = pipeline_health(pipeline)
    if health is not None:
        yield Field("@healthStatus", health[0])
        yield from _times(("@healthStatusUpdatedTime", health[1]))


def _next_run(first: PipelineComponent, latest: int | None) -> Iterable[Field]:
    if not first.exhausted:
        index = first.next_index
        yield from _times(
            ("@nextRunTime", first.schedule.start_of(index)),
            ("@scheduledStartTime", first.schedule.start_of(index)),
            ("@scheduledEndTime", first.schedule.end_of(index)),
        )
    elif latest is not None:
        index = max(first.next_index - 1, 0)
        yield from _times(
            ("@scheduledStartTime", first.schedule.start_of(index)),
            ("@scheduledEndTime", first.schedule.end_of(index)),
        )
    schedule = first.definition.resolved(first.schedule.id)
    period = text_of(first.definition, first.schedule.id, schedule, "period")
    if period is not None:
        yield Field("@scheduledPeriod", period)


def pipeline_health(pipeline: Pipeline) -> tuple[str, int] | None:
    """Documented: ERROR if a component is in ERROR, else HEALTHY. With the time of the change."""
    known = [held.health for held in pipeline.components.values() if held.health is not None]
    if not known:
        return None
    bad = [health for health in known if health[0] == "ERROR"]
    chosen = max(bad or known, key=lambda health: health[2])
    return chosen[0], chosen[2]


def _times(*given: tuple[str, int | None]) -> Iterable[Field]:
    for key, moment in given:
        if moment is not None:
            yield Field(key, timestamp(moment))


# -- components -----------------------------------------------------------------------------------


def component_status(pipeline: Pipeline, object_id: str) -> str:
    if any(held.paused for held in pipeline.running(object_id)):
        return "PAUSED"
    if pipeline.active is None or object_id not in pipeline.active.by_id:
        return states.PENDING
    return {
        states.INACTIVE: states.INACTIVE,
        states.DEACTIVATING: states.INACTIVE,
        states.FINISHED: states.FINISHED,
    }.get(pipeline.state, states.SCHEDULED)


def component_scope(pipeline: Pipeline, object_id: str) -> ObjectScope:
    """The scope of an object of the definition by itself."""
    runtime: dict[str, list[str]] = {}
    for field in _runtime_of(pipeline, object_id):
        runtime.setdefault(field.key, []).append(field.value)
    return ObjectScope(Context(pipeline.definition, runtime=runtime), object_id)


def _runtime_of(pipeline: Pipeline, object_id: str) -> Iterable[Field]:
    for key, value in _runtime_of_any(pipeline, object_id).items():
        yield Field(key, value)
    if pipeline.definition.type_of(object_id) == "Schedule":
        yield from _times(("@firstActivationTime", pipeline.first_activation))
    component = pipeline.components.get(object_id)
    if component is not None:
        yield from _runtime_of_component(pipeline, component)


def _runtime_of_any(pipeline: Pipeline, object_id: str) -> dict[str, str]:
    return {
        "@sphere": "COMPONENT",
        "@pipelineId": pipeline.id,
        "@version": str(pipeline.version or 1),
        "@status": component_status(pipeline, object_id),
    }


def component_object(
    pipeline: Pipeline, held: PipelineObject, evaluate: bool
) -> tuple[str, str, list[Field]]:
    """Id, name and fields of a component.

    Raises:
        ExpressionError: `evaluate`, and an expression needs what is known at run time only.
    """
    fields: list[Field] = list(held.fields)
    if evaluate:
        scope = component_scope(pipeline, held.id)
        fields = [value for field in fields for value in evaluated(field, scope)]
    if held.id != DEFAULT and all(field.key != "parent" for field in fields):
        # Documented: the service adds the parent that it takes for granted.
        fields.append(Field("parent", DEFAULT, True))
    # Observed: the service's own fields come before those of the definition, @sphere first.
    return held.id, held.name, [*_runtime_of(pipeline, held.id), *fields]


def _runtime_of_component(pipeline: Pipeline, component: PipelineComponent) -> Iterable[Field]:
    for run in component.open.values():
        yield Field("@activeInstances", run.id, True)
    if component.health is not None:
        health, instance_id, at = component.health
        yield Field("@healthStatus", health)
        yield Field("@healthStatusFromInstanceId", instance_id)
        yield Field("@healthStatusUpdatedTime", timestamp(at))
    yield from _times(
        ("@latestRunTime", component.latest),
        ("@latestCompletedRunTime", component.latest_completed),
        ("@finishedTime", component.finished_at),
        ("@lastDeactivatedTime", pipeline.last_deactivated),
    )
    if not component.exhausted and pipeline.working:
        yield from _times(("@nextRunTime", component.schedule.start_of(component.next_index)))


def given_component(pipeline: Pipeline, component: GivenComponent) -> tuple[str, str, list[Field]]:
    """A component that a task was enqueued for."""
    fields = [
        Field("@sphere", "COMPONENT"),
        Field("@pipelineId", pipeline.id),
        Field("@version", "1"),
        Field("@status", "PAUSED" if component.paused else "SCHEDULED"),
        *component.fields,
        Field("type", component.type),
        Field("workerGroup", component.worker_group),
        Field("parent", DEFAULT, True),
    ]
    return component.id, component.id, fields


# -- instances and attempts -----------------------------------------------------------------------


def instance_object(
    pipeline: Pipeline, instance: Instance, evaluate: bool
) -> tuple[str, str, list[Field]]:
    """Id, name and fields of an instance.

    Raises:
        ExpressionError: `evaluate`, and an expression cannot be evaluated.
    """
    component = instance.component
    fields = [
        Field("@componentParent", component.id, True),
        Field("@scheduledStartTime", timestamp(instance.scheduled_start)),
        Field("parent", component.id, True),
        Field("@sphere", "INSTANCE"),
        Field("type", component.type),
        Field("@version", str(instance.version)),
        Field("@status", instance.status),
        *_times(
            ("@actualEndTime", instance.actual_end), ("@actualStartTime", instance.actual_start)
        ),
        Field("@scheduledEndTime", timestamp(instance.scheduled_end)),
        Field("@pipelineId", pipeline.id),
    ]
    attempt = instance.attempt
    if attempt is not None:
        fields += [
            Field("@attemptCount", str(len(instance.attempts))),
            Field("@triesLeft", str(max(instance.tries_left, 0))),
            Field("@headAttempt", attempt.id, True),
        ]
        if attempt.hostname is not None:
            fields.append(Field("hostname", attempt.hostname))
    if isinstance(instance, Run):
        fields += _links(instance)
        fields += _details(instance)
    if evaluate:
        fields += _evaluated(instance, {field.key for field in fields})
    return instance.id, instance.name, fields


def _links(run: Run) -> Iterable[Field]:
    """Observed: the instances of a run refer to each other, both ways."""
    component = run.of
    if component.family == ACTIVITY:
        for key in _LINKS:
            yield from _links_of(run, key)
    elif component.family == NODE:
        for activity in dict.fromkeys(component.leaders):
            if activity.family != ACTIVITY:
                continue
            for key, reverse in (("input", "output"), ("output", "input")):
                if component.id in activity.fields.refs(key):
                    linked = activity.runs.get(run.index)
                    if linked is not None and linked.scheduled_start == run.scheduled_start:
                        yield Field(reverse, linked.id, True)
    elif component.family == RESOURCE:
        for user in running_on(run):
            yield Field("input", user.id, True)
    elif component.node is not None:
        guarded = component.node.runs.get(run.index)
        if guarded is not None:
            yield Field("node", guarded.id, True)


def _links_of(run: Run, key: str) -> Iterable[Field]:
    for object_id in run.of.fields.refs(key):
        other = run.of.run_of(object_id, run)
        if other is not None:
            yield Field(_LINKS[key], other.id, True)


def _details(run: Run) -> Iterable[Field]:
    for key, name in (
        ("cancellationReason", "cancellation_reason"),
        ("@failureReason", "failure_reason"),
        ("@resourceId", "resource_id"),
        ("@resourceRegion", "resource_region"),
        ("@error", "error"),
    ):
        value = run.detail(name)
        if value is not None:
            yield Field(key, value)
    failed_on = run.detail("cascade_failed_on")
    if failed_on is not None:
        yield Field("@cascadeFailedOn", failed_on, True)
    tried = run.detail("retry_count")
    if tried is not None:
        yield Field("currentRetryCount", str(tried))
        yield from _times(("lastRetryTime", run.detail("last_retry")))
    if run.status == WAITING_ON_DEPENDENCIES:
        for needed in needs_of(run):
            yield Field("@waitingOn", needed, True)


def attempt_object(
    pipeline: Pipeline, attempt: Attempt, evaluate: bool
) -> tuple[str, str, list[Field]]:
    """Id, name and fields of an attempt.

    Raises:
        ExpressionError: `evaluate`, and an expression cannot be evaluated.
    """
    instance = attempt.instance
    component = instance.component
    fields = [
        Field("@componentParent", component.id, True),
        Field("@scheduledStartTime", timestamp(instance.scheduled_start)),
        Field("parent", component.id, True),
        Field("@sphere", "ATTEMPT"),
        Field("@instanceParent", instance.id, True),
        Field("type", component.type),
        Field("@status", attempt.status),
        Field("@version", str(instance.version)),
        *_times(("@actualStartTime", attempt.started), ("@actualEndTime", attempt.ended)),
        Field("@scheduledEndTime", timestamp(instance.scheduled_end)),
        Field("@pipelineId", pipeline.id),
    ]
    for key, value in (
        ("hostname", attempt.hostname),
        ("errorId", attempt.error_id),
        ("errorMessage", attempt.error_message),
        ("errorStackTrace", attempt.error_stack_trace),
    ):
        if value is not None:
            fields.append(Field(key, value))
    if attempt.progress:
        fields += _times(("reportProgressTime", attempt.progress[-1].at))
        reported: dict[str, list[Field]] = {}
        for report in attempt.progress:
            latest: dict[str, list[Field]] = {}
            for field in report.fields:
                latest.setdefault(field.key, []).append(field)
            reported.update(latest)
        fields += [field for held in reported.values() for field in held]
    if isinstance(instance, Run):
        if instance.of.family == ACTIVITY:
            fields += _links_of(instance, "runsOn")
        reason = instance.detail("cancellation_reason")
        if reason is not None and attempt.status == "CANCELED":
            fields.append(Field("cancellationReason", reason))
        origin = instance.origin
        logs = origin.text("pipelineLogUri")
        if logs is not None and attempt.handed_over is not None:
            name = origin.definition.by_id[component.id].name
            place = "/".join([logs.rstrip("/"), pipeline.id, name, instance.id, attempt.id])
            fields.append(Field("@logLocation", f"{place}/"))
    if evaluate:
        fields += _evaluated(instance, {field.key for field in fields})
    return attempt.id, attempt.id, fields


def _evaluated(instance: Instance, present: set[str]) -> list[Field]:
    """Observed: asked to evaluate, instances and attempts show what they inherit."""
    component = instance.component
    if isinstance(component, GivenComponent):
        inherited: tuple[Field, ...] = (
            *component.fields,
            Field("workerGroup", component.worker_group),
        )
        scope = given_scope(instance)
        inherited = tuple(value for field in inherited for value in evaluated(field, scope))
    elif isinstance(component, PipelineComponent):
        inherited = component.fields_of(instance)
        if component.worker_group:
            inherited = (*inherited, Field("workerGroup", component.worker_group))
        schedule = component.fields.first("schedule")
        if schedule is not None:
            inherited = (*inherited, Field("schedule", schedule, True))
    else:
        return []
    return [field for field in inherited if field.key not in present]


def given_scope(instance: Instance, shown_id: str | None = None) -> ObjectScope:
    """The scope of an instance that a test enqueued: its own fields and the objects with it."""
    component = instance.component
    assert isinstance(component, GivenComponent)
    own = PipelineObject(
        component.id,
        component.id,
        (*component.fields, Field("type", component.type)),
    )
    others = [
        PipelineObject(
            held["id"],
            held["name"],
            tuple(field_of(field) for field in held["fields"]),
        )
        for held in component.objects
    ]
    context = Context(
        Definition([own, *others]),
        lambda object_id: instance if object_id == component.id else None,
        instance.scheduled_start,
        instance.scheduled_end,
    )
    return ObjectScope(context, component.id, instance, shown_id)
