"""CreatePipeline, and the definition that a pipeline has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..components import pipeline as states
from ..components.pipeline import Pipeline
from ..definitions.definition import Definition
from ..definitions.validation.walk import refuse_empty, refuse_too_many, validate
from ..errors import (
    invalid_request,
)

if TYPE_CHECKING:
    from ..clock import VirtualClock
    from ..instances.life import Tasks
    from ..protocol.ids import Ids
    from ..settings import ServiceSettings
    from .registry import Registry


class Defining:
    """Creates pipelines, and stores, checks and shows their definitions."""

    def __init__(
        self,
        clock: VirtualClock,
        settings: ServiceSettings,
        ids: Ids,
        tasks: Tasks,
        registry: Registry,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._ids = ids
        self._tasks = tasks
        self._registry = registry
        self.operations = {
            "CreatePipeline": self.create_pipeline,
            "PutPipelineDefinition": self.put_pipeline_definition,
            "ValidatePipelineDefinition": self.validate_pipeline_definition,
            "GetPipelineDefinition": self.get_pipeline_definition,
        }

    def create_pipeline(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """A new, empty pipeline; the one that is there if name and uniqueId are known."""
        name, unique_id = parameters["name"], parameters["uniqueId"]
        known = self._registry.named(region, name, unique_id)
        if known is not None:
            return {"pipelineId": known.id}
        limit = self._settings.maximum_pipelines
        if self._registry.count(region) >= limit:
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
        self._registry.add(made)
        self._tasks.happened()
        return {"pipelineId": made.id}

    def put_pipeline_definition(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Store a definition, unless an error is fatal."""
        pipeline = self._registry.find(parameters["pipelineId"], region)
        if pipeline.state == states.FINISHED:
            raise invalid_request(
                "Pipeline definition has errors", "A FINISHED pipeline cannot be changed"
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
        pipeline = self._registry.find(parameters["pipelineId"], region)
        definition = Definition.of_request(parameters)
        refuse_too_many(definition, self._settings.maximum_objects)
        return validate(definition, self._clock.now, pipeline.active).to_response()

    def get_pipeline_definition(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """The definition put last, or activated last."""
        pipeline = self._registry.find(parameters["pipelineId"], region)
        version = parameters.get("version") or "latest"
        if version == "latest":
            return pipeline.definition.to_response()
        if version == "active":
            return (pipeline.active or Definition()).to_response()
        raise invalid_request("Invalid version", f"{version} is neither latest nor active")
