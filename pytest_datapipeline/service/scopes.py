"""In which context an expression is evaluated: an object of a definition, or one of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..clock import to_datetime
from .expressions import ExpressionError, parse
from .fields import Field

if TYPE_CHECKING:
    from collections.abc import Callable

    from .definition import Definition
    from .expressions import Value
    from .task import Instance

# Fields may refer to fields that refer to fields: beyond this they go round in a circle.
_MAXIMUM_DEPTH = 40


class Context:
    """What is known when an expression is evaluated.

    Attributes:
        definition: the objects, parameters and values.
        instance_of: the run of an object that belongs to the run under evaluation.
        start, end: the interval of that run in nanoseconds; None for a component by itself.
    """

    __slots__ = ("definition", "depth", "end", "instance_of", "start")

    def __init__(
        self,
        definition: Definition,
        instance_of: Callable[[str], Instance | None] = lambda _: None,
        start: int | None = None,
        end: int | None = None,
    ) -> None:
        self.definition = definition
        self.instance_of = instance_of
        self.start = start
        self.end = end
        self.depth = 0


class ObjectScope:
    """An object of a definition, at a moment of one of its runs or by itself."""

    __slots__ = ("_context", "_instance", "_node", "_object_id", "_shown_id")

    def __init__(
        self,
        context: Context,
        object_id: str,
        instance: Instance | None = None,
        shown_id: str | None = None,
        node: str | None = None,
    ) -> None:
        self._context = context
        self._object_id = object_id
        self._instance = instance
        self._shown_id = shown_id
        self._node = node

    @property
    def id(self) -> str:
        if self._shown_id is not None:
            return self._shown_id
        return self._object_id if self._instance is None else self._instance.id

    def lookup(self, name: str) -> Value:
        """The value of a field, of a runtime field or of a parameter.

        Raises:
            KeyError: there is none of that name.
        """
        if name.startswith("@"):
            return self._runtime(name)
        if name == "node" and self._node is not None:
            return self._of(self._node)
        if name == "parent" and self._object_id in self._context.definition.by_id:
            return ObjectScope(self._context, self._object_id)
        held = self._context.definition.resolved(self._object_id).get(name)
        if held is not None:
            values: list[Any] = []
            for field in held:
                values.extend([self._of(field.value)] if field.is_ref else self._text(field.value))
            return values[0] if len(values) == 1 else values
        if name in ("id", "name"):
            # An instance and an attempt are named as they are called.
            given = self._context.definition.by_id.get(self._object_id)
            own_name = name == "name" and given is not None and self.id == self._object_id
            return given.name if own_name and given is not None else self.id
        return self._parameter(name)

    def _of(self, object_id: str) -> ObjectScope:
        return ObjectScope(self._context, object_id, self._context.instance_of(object_id))

    def _text(self, text: str) -> list[Any]:
        if "#{" not in text:
            return [text]
        context = self._context
        context.depth += 1
        try:
            if context.depth > _MAXIMUM_DEPTH:
                raise ExpressionError(text, 0, f"the fields of {self.id} refer to each other")
            return list(parse(text).values(self))
        finally:
            context.depth -= 1

    def _parameter(self, name: str) -> Value:
        values = self._context.definition.value_of(name)
        if values is None:
            raise KeyError(name)
        declared = self._context.definition.parameters.get(name)
        kind = declared.attribute("type", "String") if declared is not None else "String"
        typed = [_typed(value, kind) for value in values]
        return typed[0] if len(typed) == 1 else typed

    def _runtime(self, name: str) -> Value:
        context, instance = self._context, self._instance
        if name in ("@id", "@name"):
            return self.id
        if name == "@pipelineId" and instance is not None:
            return instance.component.pipeline_id
        if name == "@status" and instance is not None:
            return instance.status
        times = {
            "@scheduledStartTime": context.start if instance is None else instance.scheduled_start,
            "@scheduledEndTime": context.end if instance is None else instance.scheduled_end,
            "@actualStartTime": None if instance is None else instance.actual_start,
            "@actualEndTime": None if instance is None else instance.actual_end,
        }
        moment = times.get(name)
        if moment is None:
            raise KeyError(name)
        return to_datetime(moment)


def evaluated(field: Field, scope: ObjectScope) -> list[Field]:
    """A field with its expressions evaluated; more than one if a list is in it.

    Raises:
        ExpressionError: it can not be evaluated.
    """
    if field.is_ref or "#{" not in field.value or field.key in ("id", "name", "type"):
        return [field]
    return [Field(field.key, value) for value in parse(field.value).values(scope)]


def _typed(value: str, kind: str) -> Any:
    try:
        return {"Integer": int, "Double": float}.get(kind, str)(value)
    except ValueError:
        return value
