"""What rules of advice look at: a definition, and what it would run."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._service.clock import SECOND
from ..._service.components.compile import compile_plan
from ..._service.components.component import PipelineComponent, Run
from ..._service.components.pipeline import Pipeline
from ..._service.components.scope import evaluated
from ..._service.definitions.definition import Definition
from ..._service.definitions.validation.subject import Context, Subject
from ..._service.errors import ServiceError
from ..._service.expressions.template import ExpressionError
from ..._service.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._service.fields import Field

_DAY = 86_400 * SECOND


class Advice(NamedTuple):
    """What a rule says, and of what."""

    object_id: str | None
    field: str | None
    text: str


class Matter:
    """A definition under advice.

    Attributes:
        now: nanoseconds since 1970.
        subjects: its objects, with what validation asks about them.
    """

    def __init__(self, request: dict[str, Any], now: int) -> None:
        self.now = now
        try:
            self.definition = Definition.of_request(request)
        except ServiceError:
            # A field with two values: there is nothing to advise on before that is mended.
            self.definition = Definition()
        self.context = Context(self.definition, now, None, False)
        self.subjects = [Subject(self.context, held) for held in self.definition.by_id.values()]

    def of_family(self, *families: str) -> Iterator[Subject]:
        """The objects whose types are of some families."""
        return (held for held in self.subjects if held.family in families)

    def source_of(self, subject: Subject, key: str) -> str:
        """The object that sets a field: the object itself, or one from which it inherits."""
        return self.definition.source_of(subject.id, key) or subject.id

    @cached_property
    def components(self) -> dict[str, PipelineComponent]:
        """What runs; nothing where the definition has mistakes that forbid to tell."""
        pipeline = Pipeline("df-0", "checked", "1", None, self.now)
        pipeline.first_activation = self.now
        # Two activations, a day apart.
        pipeline.on_demand.starts += [self.now, self.now + _DAY]
        try:
            found = compile_plan(pipeline, self.definition, ServiceSettings())
            for component in found:
                for index in (0, 1):
                    if component.schedule.has(index):
                        component.runs[index] = Run(component, index, 1)
        except (ExpressionError, ValueError, OverflowError):
            # A schedule that leads beyond the year 9999 among them.
            return {}
        pipeline.guards = [held for held in found if held.node is not None]
        pipeline.components = {held.id: held for held in found if held.node is None}
        return pipeline.components

    def values(self, component: PipelineComponent, field: Field, index: int) -> list[str]:
        """What a field comes to in an interval; nothing if it cannot be evaluated."""
        run = component.runs.get(index)
        if run is None:
            return []
        try:
            return [held.shown or held.value for held in evaluated(field, component.scope(run))]
        except ExpressionError:
            return []
