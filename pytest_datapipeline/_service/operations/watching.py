"""The operations by which one watches pipelines: they list, describe, query and evaluate."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..clock import SECOND
from ..components.component import PipelineComponent
from ..errors import (
    invalid_request,
    task_not_found,
)
from ..expressions.parser import parse
from ..expressions.template import ExpressionError
from ..fields import timestamp
from ..settings import (
    LIST_PAGE,
    LISTING_SECONDS,
    MAXIMUM_DESCRIBED_OBJECTS,
    MAXIMUM_DESCRIBED_PIPELINES,
    MAXIMUM_QUERY_LIMIT,
)
from . import descriptions, queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..clock import VirtualClock
    from ..components.pipeline import Pipeline
    from ..components.scope import ObjectScope
    from ..instances.instance import Attempt, Instance
    from ..protocol.ids import Ids
    from ..settings import ServiceSettings
    from .registry import Registry


# A position among attempts is that of the instance times this, and the number of the attempt: to
# count all that come before would take longer from page to page.
_ATTEMPTS = 1_000_000


class Watching:
    """Shows pipelines and their objects, page by page."""

    def __init__(
        self,
        clock: VirtualClock,
        settings: ServiceSettings,
        ids: Ids,
        registry: Registry,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._ids = ids
        self._registry = registry
        self.operations = {
            "ListPipelines": self.list_pipelines,
            "DescribePipelines": self.describe_pipelines,
            "DescribeObjects": self.describe_objects,
            "QueryObjects": self.query_objects,
            "EvaluateExpression": self.evaluate_expression,
        }

    def list_pipelines(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """The ids and names of all pipelines of the region, a page of them."""
        call = ["ListPipelines", region]
        begin = queries.Markers.read(call, parameters.get("marker"))
        listed = self._registry.living(region)
        if self._settings.consistency != "immediate":
            listed = [held for held in listed if self._is_listed(held)]
        page = listed[begin : begin + LIST_PAGE]
        names = [{"name": held.name, "id": held.id} for held in page]
        self._shuffle(names)
        return {
            "pipelineIdList": names,
            **self._more(call, begin + LIST_PAGE, begin + LIST_PAGE < len(listed)),
        }

    def _is_listed(self, pipeline: Pipeline) -> bool:
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
        found = [self._registry.find(pipeline_id, region) for pipeline_id in ids]
        described = [
            descriptions.describe_pipeline(held, self._clock.now, self._settings) for held in found
        ]
        for held in described:
            self._shuffle_fields(held["fields"])
        self._shuffle(described)
        return {"pipelineDescriptionList": described}

    def describe_objects(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """The fields of components, instances and attempts."""
        pipeline = self._registry.find(parameters["pipelineId"], region)
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
            for given in pipeline.given:
                if given.id == object_id:
                    return descriptions.given_component(pipeline, given)
        except ExpressionError as error:
            raise invalid_request(
                "Expression cannot be evaluated", f"{object_id}: {error}"
            ) from None
        return None

    def query_objects(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """The ids of the objects of a sphere that fulfil conditions."""
        pipeline = self._registry.find(parameters["pipelineId"], region)
        sphere = queries.check_sphere(parameters["sphere"])
        wanted = queries.condition(parameters.get("query"))
        limit = parameters.get("limit")
        limit = MAXIMUM_QUERY_LIMIT if limit is None else min(limit, MAXIMUM_QUERY_LIMIT)
        if limit <= 0:
            raise invalid_request("Invalid limit", f"{parameters['limit']} is less than 1")
        call = ["QueryObjects", pipeline.id, sphere, parameters.get("query")]
        position = queries.Markers.read(call, parameters.get("marker"))
        ids: list[str] = []
        more = False
        for here, object_id, values in self._queryable(pipeline, sphere, position):
            if wanted(values()):
                if len(ids) == limit:
                    position, more = here, True
                    break
                ids.append(object_id)
        self._shuffle(ids)
        return {**self._more(call, position, more), "ids": ids}

    def _queryable(
        self, pipeline: Pipeline, sphere: str, begin: int
    ) -> Iterator[tuple[int, str, Callable[[], queries.Queryable]]]:
        """The objects of a sphere from a position on: its position, id and values."""
        if sphere == "COMPONENT":
            own = [(held.id, held.name) for held in pipeline.definition.objects]
            components = own + [(held.id, held.id) for held in pipeline.given]
            for place, (object_id, name) in enumerate(components[begin:], begin):
                yield place, object_id, partial(_component_values, pipeline, object_id, name)
        elif sphere == "INSTANCE":
            for place, held in pipeline.instances_from(begin):
                yield place, held.id, partial(_instance_values, held)
        else:
            first, skipped = divmod(begin, _ATTEMPTS)
            for place, held in pipeline.instances_from(first):
                for number, attempt in enumerate(held.attempts):
                    if place > first or number >= skipped:
                        position = place * _ATTEMPTS + number
                        yield position, attempt.id, partial(_attempt_values, attempt)

    def evaluate_expression(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """A text with its expressions evaluated in the context of an object."""
        pipeline = self._registry.find(parameters["pipelineId"], region)
        object_id = parameters["objectId"]
        scope = self._scope(pipeline, object_id)
        try:
            text = parse(parameters["expression"]).value(scope)
        except ExpressionError as error:
            problem = scope.without_secrets(error)
            raise invalid_request(
                "Expression cannot be evaluated", f"{object_id}: {problem}"
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
        "name": (instance.name, False),
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
