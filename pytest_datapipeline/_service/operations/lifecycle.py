"""The operations on pipelines: create, define, activate, watch, change, delete."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..clock import SECOND
from ..components import pipeline as states
from ..components.compile import is_on_demand, schedule_of
from ..components.component import PipelineComponent
from ..components.pipeline import Pipeline
from ..definitions.definition import Definition
from ..definitions.validation.walk import refuse_empty, refuse_too_many, validate
from ..errors import (
    ServiceError,
    invalid_request,
    pipeline_deleted,
    pipeline_not_found,
    task_not_found,
)
from ..expressions.parser import parse
from ..expressions.template import ExpressionError
from ..fields import timestamp
from ..instances.instance import GivenComponent
from ..scheduling.ending import gone
from ..settings import (
    LIST_PAGE,
    LISTING_SECONDS,
    MAXIMUM_DESCRIBED_OBJECTS,
    MAXIMUM_DESCRIBED_PIPELINES,
    MAXIMUM_QUERY_LIMIT,
    MAXIMUM_TAGS,
)
from . import descriptions, queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..clock import VirtualClock
    from ..components.scope import ObjectScope
    from ..instances.instance import Attempt, Instance
    from ..instances.life import Tasks
    from ..protocol.ids import Ids
    from ..scheduling.engine import Engine
    from ..settings import ServiceSettings

_ID = re.compile(r"df-0[0-9]{6,9}[A-Z0-9]+")
_DAY = 86_400 * SECOND

# What SetStatus can do, to components and to instances. "CANCEL" is what older documentation says.
_TO_COMPONENTS = frozenset({"PAUSE", "RESUME"})
_TO_INSTANCES = frozenset({"TRY_CANCEL", "CANCEL", "RERUN", "MARK_FINISHED"})


class Pipelines:
    """All pipelines, and what can be done with them. Each belongs to a region."""

    def __init__(
        self,
        clock: VirtualClock,
        settings: ServiceSettings,
        ids: Ids,
        tasks: Tasks,
        engine: Engine,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._ids = ids
        self._tasks = tasks
        self.engine = engine
        self.all: dict[str, Pipeline] = {}
        self.any_deleted = False
        self.operations = {
            "CreatePipeline": self.create_pipeline,
            "PutPipelineDefinition": self.put_pipeline_definition,
            "ValidatePipelineDefinition": self.validate_pipeline_definition,
            "GetPipelineDefinition": self.get_pipeline_definition,
            "ActivatePipeline": self.activate_pipeline,
            "DeactivatePipeline": self.deactivate_pipeline,
            "DeletePipeline": self.delete_pipeline,
            "ListPipelines": self.list_pipelines,
            "DescribePipelines": self.describe_pipelines,
            "DescribeObjects": self.describe_objects,
            "QueryObjects": self.query_objects,
            "EvaluateExpression": self.evaluate_expression,
            "SetStatus": self.set_status,
            "AddTags": self.add_tags,
            "RemoveTags": self.remove_tags,
        }

    # -- finding ----------------------------------------------------------------------------------

    def find(self, pipeline_id: str, region: str) -> Pipeline:
        """The pipeline of an id.

        Raises:
            ServiceError: it is deleted, or there is none. Observed: an id of the right form is
                said to be deleted, whether or not it ever was there.
        """
        pipeline = self.all.get(pipeline_id)
        if pipeline is None or pipeline.region not in (None, region):
            if _ID.fullmatch(pipeline_id) is None:
                raise pipeline_not_found(pipeline_id)
            raise pipeline_deleted(pipeline_id)
        if gone(pipeline, self._clock.now, self._settings):
            raise pipeline_deleted(pipeline_id)
        return pipeline

    def is_deleted(self, pipeline_id: str) -> bool:
        """Whether a pipeline has been deleted, or is about to be."""
        pipeline = self.all.get(pipeline_id)
        return pipeline is not None and pipeline.deletion_requested is not None

    def existing(self) -> list[Pipeline]:
        """The pipelines of all regions that have not been deleted."""
        now = self._clock.now
        return [held for held in self.all.values() if not gone(held, now, self._settings)]

    def secrets(self) -> Iterator[str]:
        """The secret values of all definitions, however they came."""
        for pipeline in list(self.all.values()):
            yield from pipeline.definition.secrets()

    def forget(self, pipeline_id: str) -> None:
        """Undo the creation of a pipeline."""
        del self.all[pipeline_id]

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do: no instance is open, and no schedule with an end has one
        to come.
        """
        return self._tasks.open == 0 and not any(
            held.activating
            or (
                held.working
                and any(
                    not component.exhausted
                    and component.schedule.count is not None
                    and not component.paused
                    for component in held.components.values()
                )
            )
            for held in self.all.values()
        )

    def _living(self, region: str) -> list[Pipeline]:
        now = self._clock.now
        return [
            held
            for held in self.all.values()
            if held.region in (None, region) and not gone(held, now, self._settings)
        ]

    def adopt(self, pipeline_id: str, region: str | None, instance: Instance) -> None:
        """Have an instance that was put into a queue directly live in a pipeline."""
        pipeline = self.all.get(pipeline_id)
        if pipeline is not None and instance.component.id in pipeline.paused:
            instance.component.paused = True
        if pipeline is None:
            now = self._clock.now
            pipeline = Pipeline(pipeline_id, "enqueued-tasks", pipeline_id, region, now)
            pipeline.state = states.SCHEDULED
            pipeline.first_activation = pipeline.last_activation = now
            pipeline.version = 1
            self.all[pipeline_id] = pipeline
        elif pipeline.enqueued and pipeline.region != region:
            # Tasks of several regions are in it by now: it is seen from everywhere.
            pipeline.region = None
        pipeline.enqueued.append(instance)

    # -- create, define ---------------------------------------------------------------------------

    def create_pipeline(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """A new, empty pipeline; the one that is there if name and uniqueId are known."""
        name, unique_id = parameters["name"], parameters["uniqueId"]
        living = self._living(region)
        for held in living:
            if (held.name, held.unique_id) == (name, unique_id) and held.state != states.DELETING:
                return {"pipelineId": held.id}
        limit = self._settings.maximum_pipelines
        if len(living) >= limit:
            raise invalid_request(
                "Web service limit exceeded",
                f"Exceeded maximum number of pipelines allowed per account: {limit}",
            )
        made = Pipeline(
            self._ids.pipeline_id(),
            name,
            unique_id,
            region,
            self._clock.now,
            parameters.get("description"),
            {tag["key"]: tag["value"] for tag in parameters.get("tags") or ()},
        )
        self.all[made.id] = made
        self._tasks.happened()
        return {"pipelineId": made.id}

    def put_pipeline_definition(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Store a definition, unless an error is fatal."""
        pipeline = self.find(parameters["pipelineId"], region)
        if pipeline.state == states.FINISHED:
            raise invalid_request(
                "Pipeline definition has errors", "A FINISHED pipeline can not be changed"
            )
        definition = Definition.of_request(parameters)
        refuse_too_many(definition, self._settings.maximum_objects)
        refuse_empty(definition)
        findings = validate(definition, self._clock.now, pipeline.active)
        pipeline.definition = definition
        pipeline.errored = findings.errored
        self._tasks.happened()
        return findings.to_response()

    def validate_pipeline_definition(
        self, parameters: dict[str, Any], region: str
    ) -> dict[str, Any]:
        """What is wrong with a definition; stores nothing."""
        pipeline = self.find(parameters["pipelineId"], region)
        definition = Definition.of_request(parameters)
        refuse_too_many(definition, self._settings.maximum_objects)
        return validate(definition, self._clock.now, pipeline.active).to_response()

    def get_pipeline_definition(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """The definition put last, or activated last."""
        pipeline = self.find(parameters["pipelineId"], region)
        version = parameters.get("version") or "latest"
        if version == "latest":
            return pipeline.definition.to_response()
        if version == "active":
            return (pipeline.active or Definition()).to_response()
        raise invalid_request("Invalid version", f"{version} is neither latest nor active")

    # -- run --------------------------------------------------------------------------------------

    def activate_pipeline(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Validate a definition and begin, resume or renew its work."""
        pipeline = self.find(parameters["pipelineId"], region)
        if pipeline.state == states.DELETING:
            raise pipeline_deleted(pipeline.id)
        definition = pipeline.definition
        if not (definition.objects or pipeline.enqueued):
            # Known to the letter, the blank at its end included.
            raise invalid_request("Pipeline definition is empty", "")
        given = list(parameters.get("parameterValues") or ())
        if given:
            if self._settings.activation_values == "merge":
                names = {held["id"] for held in given}
                kept = [held for held in definition.given_values if held["id"] not in names]
                given = kept + given
            definition = definition.with_values(given)
        # What was put without errors has none now, unless values are given or wanted.
        if definition.declared or given or pipeline.errored:
            self._refuse_errors(definition, pipeline)
        if self._settings.backfill == "refuse":
            self._refuse_backfill(definition)
        start = parameters.get("startTimestamp")
        earlier, pipeline.definition = pipeline.definition, definition
        try:
            on_demand = is_on_demand(definition)
            moment = None if start is None or on_demand else round(float(start)) * SECOND
            if not self.engine.activate(pipeline, moment):
                pipeline.definition = earlier
        except ServiceError:
            pipeline.definition = earlier
            raise
        self._tasks.happened()
        return {}

    def _refuse_errors(self, definition: Definition, pipeline: Pipeline) -> None:
        findings = validate(definition, self._clock.now, pipeline.active, activating=True)
        if findings.errored:
            object_id, texts = next(iter(findings.errors.items()))
            raise invalid_request(
                "Pipeline definition has errors",
                "Could not activate the pipeline due to validation errors, the first of which is "
                f"on {object_id}: {texts[0].rstrip('.')}. Please call Validate to validate your "
                "pipeline",
            )

    def _refuse_backfill(self, definition: Definition) -> None:
        now = self._clock.now
        for held in definition.objects:
            if definition.type_of(held.id) != "Schedule" or is_on_demand(definition):
                continue
            schedule = schedule_of(definition, held.id, now)
            if schedule is not None and schedule.start < now - _DAY:
                raise invalid_request(
                    "Pipeline definition has errors",
                    f"{held.id} starts at {timestamp(schedule.start)}, more than a day ago",
                )

    def deactivate_pipeline(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Stop creating instances, and cancel or await those that are active."""
        pipeline = self.find(parameters["pipelineId"], region)
        if not pipeline.working and self._settings.deactivation == "refuse":
            raise invalid_request(
                "Invalid pipeline state", f"{pipeline.id} is {pipeline.state}, not SCHEDULED"
            )
        cancel_active = parameters.get("cancelActive")
        self.engine.deactivate(pipeline, cancel_active is None or bool(cancel_active))
        self._tasks.happened()
        return {}

    def delete_pipeline(self, parameters: dict[str, Any], region: str) -> None:
        """Delete a pipeline with its definition and its runs."""
        pipeline = self.find(parameters["pipelineId"], region)
        if pipeline.state != states.DELETING:
            self.engine.delete(pipeline)
            self.any_deleted = True
            self._tasks.happened()

    def check_task(self, attempt: Attempt, seconds: int) -> None:
        """Refuse what is reported on a task of a pipeline that has been deleted for so long.

        Raises:
            ServiceError: PipelineDeletedException.
        """
        pipeline = self.all.get(attempt.instance.component.pipeline_id)
        requested = None if pipeline is None else pipeline.deletion_requested
        if (
            pipeline is not None
            and requested is not None
            and self._clock.now >= requested + seconds * SECOND
        ):
            raise pipeline_deleted(pipeline.id)

    # -- watch ------------------------------------------------------------------------------------

    def list_pipelines(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """The ids and names of all pipelines of the region, a page of them."""
        call = ["ListPipelines", region]
        begin = queries.Markers.read(call, parameters.get("marker"))
        listed = [held for held in self._living(region) if self._is_listed(held)]
        page = listed[begin : begin + LIST_PAGE]
        names = [{"name": held.name, "id": held.id} for held in page]
        self._shuffle(names)
        return {
            "pipelineIdList": names,
            **self._more(call, begin + LIST_PAGE, begin + LIST_PAGE < len(listed)),
        }

    def _is_listed(self, pipeline: Pipeline) -> bool:
        if self._settings.consistency == "immediate":
            return True
        return self._clock.now >= pipeline.created + LISTING_SECONDS * SECOND

    @staticmethod
    def _more(call: Any, position: int, more: bool) -> dict[str, Any]:
        # Observed: the last page has no key for the marker.
        if not more:
            return {"hasMoreResults": False}
        return {"marker": queries.Markers.make(call, position), "hasMoreResults": True}

    def describe_pipelines(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """State, times and tags of pipelines."""
        ids = parameters["pipelineIds"]
        if len(ids) > MAXIMUM_DESCRIBED_PIPELINES:
            raise invalid_request(
                "Web service limit exceeded",
                f"{MAXIMUM_DESCRIBED_PIPELINES} pipelines can be described in one call, not "
                f"{len(ids)}",
            )
        found = [self.find(pipeline_id, region) for pipeline_id in ids]
        described = [
            descriptions.describe_pipeline(held, self._clock.now, self._settings) for held in found
        ]
        for held in described:
            self._shuffle_fields(held["fields"])
        self._shuffle(described)
        return {"pipelineDescriptionList": described}

    def describe_objects(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """The fields of components, instances and attempts."""
        pipeline = self.find(parameters["pipelineId"], region)
        ids = parameters["objectIds"]
        marker = parameters.get("marker")
        if marker:
            # One page holds all: no answer to this call ever held a marker.
            raise queries.bad_marker(marker)
        if len(ids) > MAXIMUM_DESCRIBED_OBJECTS:
            raise invalid_request(
                "Web service limit exceeded",
                f"{MAXIMUM_DESCRIBED_OBJECTS} objects can be described in one call, not {len(ids)}",
            )
        evaluate = bool(parameters.get("evaluateExpressions"))
        found = []
        for object_id in ids:
            held = self._object(pipeline, object_id, evaluate)
            if held is None:
                if self._settings.unknown_objects == "refuse":
                    raise invalid_request("Invalid object id", f"{object_id} does not exist")
                continue
            fields = held[2]
            if self._settings.secrets == "mask":
                fields = descriptions.without_secrets(fields)
            described = descriptions.wire(held[0], held[1], fields)
            self._shuffle_fields(described["fields"])
            found.append(described)
        self._shuffle(found)
        return {"hasMoreResults": False, "pipelineObjects": found}

    def _object(
        self, pipeline: Pipeline, object_id: str, evaluate: bool
    ) -> tuple[str, str, list[Any]] | None:
        try:
            component = pipeline.definition.by_id.get(object_id)
            if component is not None:
                return descriptions.component_object(pipeline, component, evaluate)
            instance = pipeline.instance(object_id)
            if instance is not None:
                return descriptions.instance_object(pipeline, instance, evaluate)
            attempt = pipeline.attempt(object_id)
            if attempt is not None:
                return descriptions.attempt_object(pipeline, attempt, evaluate)
            for given in self._given(pipeline):
                if given.id == object_id:
                    return descriptions.given_component(pipeline, given)
        except ExpressionError as error:
            raise invalid_request(
                "Expression can not be evaluated", f"{object_id}: {error}"
            ) from None
        return None

    @staticmethod
    def _given(pipeline: Pipeline) -> Iterable[GivenComponent]:
        """The components of tasks that were enqueued, each once."""
        found: dict[str, GivenComponent] = {}
        for instance in pipeline.enqueued:
            component = instance.component
            if isinstance(component, GivenComponent):
                found.setdefault(component.id, component)
        return [held for held in found.values() if held.id not in pipeline.definition.by_id]

    def query_objects(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """The ids of the objects of a sphere that fulfil conditions."""
        pipeline = self.find(parameters["pipelineId"], region)
        sphere = queries.check_sphere(parameters["sphere"])
        wanted = queries.condition(parameters.get("query"))
        limit = parameters.get("limit")
        limit = MAXIMUM_QUERY_LIMIT if limit is None else min(limit, MAXIMUM_QUERY_LIMIT)
        if limit <= 0:
            raise invalid_request("Invalid limit", f"{parameters['limit']} is less than 1")
        call = ["QueryObjects", pipeline.id, sphere, parameters.get("query")]
        position = queries.Markers.read(call, parameters.get("marker"))
        everything = self._queryable(pipeline, sphere)
        ids: list[str] = []
        if self._settings.query_pages == "after":
            page = everything[position : position + limit]
            ids = [held[0] for held in page if wanted(held[1]())]
            position += limit
            more = position < len(everything)
        else:
            more = False
            for held in everything[position:]:
                if wanted(held[1]()):
                    if len(ids) == limit:
                        more = True
                        break
                    ids.append(held[0])
                position += 1
        self._shuffle(ids)
        return {**self._more(call, position, more), "ids": ids}

    def _queryable(self, pipeline: Pipeline, sphere: str) -> list[tuple[str, Any]]:
        if sphere == "COMPONENT":
            found = [
                (held.id, lambda held=held: _component_values(pipeline, held.id, held.name))
                for held in pipeline.definition.objects
            ]
            given = [
                (held.id, lambda held=held: _component_values(pipeline, held.id, held.id))
                for held in self._given(pipeline)
            ]
            return found + given
        if sphere == "INSTANCE":
            return [
                (held.id, lambda held=held: _instance_values(held)) for held in pipeline.instances
            ]
        return [
            (attempt.id, lambda attempt=attempt: _attempt_values(attempt))
            for held in pipeline.instances
            for attempt in held.attempts
        ]

    def evaluate_expression(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """A text with its expressions evaluated in the context of an object."""
        pipeline = self.find(parameters["pipelineId"], region)
        object_id = parameters["objectId"]
        scope = self._scope(pipeline, object_id)
        try:
            with scope.keeping_secrets():
                text = parse(parameters["expression"]).value(scope)
        except ExpressionError as error:
            raise invalid_request(
                "Expression can not be evaluated", f"{object_id}: {error}"
            ) from None
        return {"evaluatedExpression": text}

    def _scope(self, pipeline: Pipeline, object_id: str) -> ObjectScope:
        if object_id in pipeline.definition.by_id:
            return descriptions.component_scope(pipeline, object_id)
        instance = pipeline.instance(object_id)
        if instance is None:
            attempt = pipeline.attempt(object_id)
            instance = None if attempt is None else attempt.instance
        if instance is None:
            for held in pipeline.enqueued:
                if held.component.id == object_id:
                    return descriptions.given_scope(held, object_id)
            if object_id.startswith("@"):
                raise task_not_found()
            raise invalid_request("Invalid object id", f"{object_id} does not exist")
        if isinstance(instance.component, PipelineComponent):
            return instance.component.scope(instance, object_id)
        return descriptions.given_scope(instance, object_id)

    # -- change -----------------------------------------------------------------------------------

    def set_status(self, parameters: dict[str, Any], region: str) -> None:
        """Pause or resume components; cancel, run again or finish instances."""
        pipeline = self.find(parameters["pipelineId"], region)
        status = parameters["status"].upper()
        ids = parameters["objectIds"]
        if not ids:
            # Our choice: the model lets an empty list pass, which asks for nothing.
            raise invalid_request("The request is missing a required value", "objectIds")
        if pipeline.state == states.FINISHED:
            raise invalid_request(
                "Invalid pipeline state", f"{pipeline.id} is FINISHED: its status can not be set"
            )
        if status not in _TO_COMPONENTS | _TO_INSTANCES:
            known = ", ".join(sorted(_TO_COMPONENTS | _TO_INSTANCES))
            raise invalid_request("Invalid status", f"{parameters['status']}; it can be {known}")
        components = [held for held in ids if self._is_component(pipeline, held)]
        instances = [held for held in map(pipeline.instance, ids) if held is not None]
        unknown = set(ids) - set(components) - {held.id for held in instances}
        for object_id in sorted(unknown):
            sphere = "an attempt" if pipeline.attempt(object_id) else "no object of the pipeline"
            raise invalid_request("Invalid object id", f"{object_id} is {sphere}")
        if components and instances:
            raise invalid_request(
                "Invalid object id",
                f"{components[0]} is a component and {instances[0].id} an instance: a call is for "
                "one kind alone",
            )
        if components:
            self._set_components(pipeline, components, status)
        else:
            self._set_instances(instances, status)
        self._tasks.happened()

    def _is_component(self, pipeline: Pipeline, object_id: str) -> bool:
        return object_id in pipeline.definition.by_id or any(
            held.id == object_id for held in self._given(pipeline)
        )

    def _set_components(self, pipeline: Pipeline, ids: list[str], status: str) -> None:
        if status not in _TO_COMPONENTS:
            raise invalid_request("Invalid status", f"{status} is for instances, {ids[0]} is none")
        for object_id in ids:
            if pipeline.running(object_id):
                continue
            if pipeline.active is None and object_id in pipeline.definition.by_id:
                why = f"{pipeline.id} was never activated"
            else:
                why = f"{object_id} does not"
            raise invalid_request("Invalid status", f"{status} is for what runs: {why}")
        for object_id in ids:
            if status == "PAUSE":
                pipeline.paused.add(object_id)
            else:
                pipeline.paused.discard(object_id)
            for component in pipeline.running(object_id):
                if status == "PAUSE":
                    self.engine.pause(component)
                else:
                    self.engine.resume(component)

    def _set_instances(self, instances: list[Instance], status: str) -> None:
        if status not in _TO_INSTANCES:
            raise invalid_request(
                "Invalid status", f"{status} is for components, {instances[0].id} is none"
            )
        for held in instances:
            if status == "RERUN" and not held.ended:
                raise invalid_request(
                    "Invalid status", f"{held.id} is {held.status}: it can not be run again"
                )
            if status in ("TRY_CANCEL", "CANCEL") and held.ended:
                raise invalid_request(
                    "Invalid status", f"{held.id} is {held.status}: it can not be canceled"
                )
        for held in instances:
            if status == "RERUN":
                self.engine.rerun(held)
            elif status == "MARK_FINISHED":
                self.engine.mark_finished(held)
            elif not held.ended:
                self.engine.cancel(held, "Canceled by SetStatus.")

    def add_tags(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Add tags, or change those that are there."""
        pipeline = self.find(parameters["pipelineId"], region)
        tags = {**pipeline.tags, **{tag["key"]: tag["value"] for tag in parameters["tags"]}}
        if len(tags) > MAXIMUM_TAGS:
            raise invalid_request(
                "Web service limit exceeded",
                f"A pipeline can have {MAXIMUM_TAGS} tags, this one would have {len(tags)}",
            )
        pipeline.tags = tags
        self._tasks.happened()
        return {}

    def remove_tags(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Remove tags; one that is not there is no error."""
        pipeline = self.find(parameters["pipelineId"], region)
        for key in parameters["tagKeys"]:
            pipeline.tags.pop(key, None)
        self._tasks.happened()
        return {}

    def _shuffle(self, items: list[Any]) -> None:
        if self._settings.shuffle:
            self._ids.shuffle(items)

    def _shuffle_fields(self, fields: list[dict[str, str]]) -> None:
        if self._settings.shuffle:
            self._ids.shuffle_fields(fields, itemgetter("key"))


# -- what conditions are about --------------------------------------------------------------------


def _component_values(pipeline: Pipeline, object_id: str, name: str) -> queries.Queryable:
    found: queries.Queryable = {
        "name": (name, False),
        "@sphere": ("COMPONENT", False),
        "@status": (descriptions.component_status(pipeline, object_id), False),
    }
    parent = pipeline.definition.parent_of(object_id)
    if parent is not None:
        found["parent"] = (parent, True)
    return found


def _instance_values(instance: Instance) -> queries.Queryable:
    component_id = instance.component.id
    return {
        "name": (instance.id, False),
        "@sphere": ("INSTANCE", False),
        "parent": (component_id, True),
        "@componentParent": (component_id, True),
        "@status": (instance.status, False),
        **_times(instance, instance.actual_start, instance.actual_end),
    }


def _attempt_values(attempt: Attempt) -> queries.Queryable:
    instance = attempt.instance
    component_id = instance.component.id
    return {
        "name": (attempt.id, False),
        "@sphere": ("ATTEMPT", False),
        "parent": (component_id, True),
        "@componentParent": (component_id, True),
        "@instanceParent": (instance.id, True),
        "@status": (attempt.status, False),
        **_times(instance, attempt.started, attempt.ended),
    }


def _times(instance: Instance, start: int | None, end: int | None) -> queries.Queryable:
    moments = {
        "@scheduledStartTime": instance.scheduled_start,
        "@scheduledEndTime": instance.scheduled_end,
        "@actualStartTime": start,
        "@actualEndTime": end,
    }
    return {key: (timestamp(at), False) for key, at in moments.items() if at is not None}
