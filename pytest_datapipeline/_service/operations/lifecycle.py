"""The operations that change what a pipeline does: its activation, end, statuses and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..clock import SECOND
from ..components import pipeline as states
from ..components.compile import is_on_demand
from ..definitions.validation.walk import validate
from ..errors import (
    ServiceError,
    invalid_request,
    pipeline_deleted,
    pipeline_not_found,
)
from ..settings import (
    MAXIMUM_TAGS,
)

if TYPE_CHECKING:
    from ..clock import VirtualClock
    from ..components.pipeline import Pipeline
    from ..definitions.definition import Definition
    from ..instances.instance import Instance
    from ..instances.life import Tasks
    from ..scheduling.engine import Engine
    from ..settings import ServiceSettings
    from .registry import Registry


# What SetStatus can do, to components and to instances. "CANCEL" is what older documentation says.
_TO_COMPONENTS = frozenset({"PAUSE", "RESUME"})
_TO_INSTANCES = frozenset({"TRY_CANCEL", "CANCEL", "RERUN", "MARK_FINISHED"})


class Lifecycle:
    """Sets pipelines and their objects to work, and stops them."""

    def __init__(
        self,
        clock: VirtualClock,
        settings: ServiceSettings,
        tasks: Tasks,
        engine: Engine,
        registry: Registry,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._tasks = tasks
        self._engine = engine
        self._registry = registry
        self.operations = {
            "ActivatePipeline": self.activate_pipeline,
            "DeactivatePipeline": self.deactivate_pipeline,
            "DeletePipeline": self.delete_pipeline,
            "SetStatus": self.set_status,
            "AddTags": self.add_tags,
            "RemoveTags": self.remove_tags,
        }

    def activate_pipeline(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Validate a definition and begin, resume or renew its work."""
        pipeline = self._registry.find(parameters["pipelineId"], region)
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
        start = parameters.get("startTimestamp")
        earlier, pipeline.definition = pipeline.definition, definition
        try:
            on_demand = is_on_demand(definition)
            moment = None if start is None or on_demand else round(float(start)) * SECOND
            if not self._engine.activate(pipeline, moment):
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

    def deactivate_pipeline(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Stop creating instances, and cancel or await those that are active."""
        pipeline = self._registry.find(parameters["pipelineId"], region)
        cancel_active = parameters.get("cancelActive")
        self._engine.deactivate(pipeline, cancel_active is None or bool(cancel_active))
        self._tasks.happened()
        return {}

    def delete_pipeline(self, parameters: dict[str, Any], region: str) -> None:
        """Delete a pipeline with its definition and its runs."""
        # Documented: this operation alone has no PipelineDeletedException.
        pipeline = self._registry.find(parameters["pipelineId"], region, pipeline_not_found)
        if pipeline.state != states.DELETING:
            self._engine.delete(pipeline)
            self._registry.deleted(pipeline)
            self._tasks.happened()

    def set_status(self, parameters: dict[str, Any], region: str) -> None:
        """Pause or resume components; cancel, run again or finish instances."""
        pipeline = self._registry.find(parameters["pipelineId"], region)
        status = parameters["status"].upper()
        ids = parameters["objectIds"]
        if not ids:
            # Our choice: the model lets an empty list pass, which asks for nothing.
            raise invalid_request("The request is missing a required value", "objectIds")
        if pipeline.state == states.FINISHED:
            raise invalid_request(
                "Invalid pipeline state", f"{pipeline.id} is FINISHED: its status cannot be set"
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
            held.id == object_id for held in pipeline.given
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
                    self._engine.pause(component)
                else:
                    self._engine.resume(component)

    def _set_instances(self, instances: list[Instance], status: str) -> None:
        if status not in _TO_INSTANCES:
            raise invalid_request(
                "Invalid status", f"{status} is for components, {instances[0].id} is none"
            )
        for held in instances:
            if status == "RERUN" and not held.ended:
                raise invalid_request(
                    "Invalid status", f"{held.id} is {held.status}: it cannot be run again"
                )
            if status in ("TRY_CANCEL", "CANCEL") and held.ended:
                raise invalid_request(
                    "Invalid status", f"{held.id} is {held.status}: it cannot be canceled"
                )
        for held in instances:
            if status == "RERUN":
                self._engine.rerun(held)
            elif status == "MARK_FINISHED":
                self._engine.mark_finished(held)
            elif not held.ended:
                self._engine.cancel(held, "Canceled by SetStatus.")

    def add_tags(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Add tags, or change those that are there."""
        pipeline = self._registry.find(parameters["pipelineId"], region)
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
        pipeline = self._registry.find(parameters["pipelineId"], region)
        for key in parameters["tagKeys"]:
            pipeline.tags.pop(key, None)
        self._tasks.happened()
        return {}
