"""In which context an expression is evaluated: an object of a definition, or one of its runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..clock import to_datetime
from ..expressions.parser import parse
from ..expressions.template import ExpressionError
from ..expressions.values import literal
from ..fields import MASK, Field, masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..definitions.definition import Definition
    from ..expressions.values import Value
    from ..instances.instance import Attempt, Instance

# Fields may refer to fields that refer to fields: beyond this they go round in a circle.
_MAXIMUM_DEPTH = 40


class Context:
    """What is known when an expression is evaluated.

    Attributes:
        definition: the objects, parameters and values.
        instance_of: the run of an object that belongs to the run under evaluation.
        start, end: the interval of that run in nanoseconds; None for a component by itself.
        runtime: the values of the runtime fields of a component by itself.
        secrets: the secret values that have been looked up so far, in order.
    """

    __slots__ = ("definition", "depth", "end", "instance_of", "runtime", "secrets", "start")

    def __init__(
        self,
        definition: Definition,
        instance_of: Callable[[str], Instance | None] = lambda _: None,
        start: int | None = None,
        end: int | None = None,
        runtime: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.definition: Definition = definition
        self.instance_of: Callable[[str], Instance | None] = instance_of
        self.start: int | None = start
        self.end: int | None = end
        self.runtime: Mapping[str, list[str]] = runtime or {}
        self.depth: int = 0
        self.secrets: list[str] = []


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

    def _name(self) -> str:
        if self._instance is not None and self.id == self._instance.id:
            return self._instance.name
        given = self._context.definition.by_id.get(self._object_id)
        # Our choice: the name of an attempt is its id.
        return given.name if given is not None and self.id == self._object_id else self.id

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
        fields = self._context.definition.resolved(self._object_id)
        for known_as in _names(name):
            held = fields.get(known_as)
            if held is None:
                continue
            values: list[Any] = []
            for field in held:
                if field.is_ref:
                    values.append(self._of(field.value))
                elif "#{" not in field.value:
                    values.append(field.value)
                else:
                    with _hiding_text_of(known_as):
                        values += self._text(field.value)
            self._keep_secret(known_as, [value for value in values if isinstance(value, str)])
            return values[0] if len(values) == 1 else values
        if name == "id":
            return self.id
        if name == "name":
            return self._name()
        if self._instance is not None:
            told = _told(self._instance, name)
            if told is not None:
                return told
        return self._parameter(name)

    def without_secrets(self, error: ExpressionError, before: int = 0) -> ExpressionError:
        """An error without the values that its expression works with, if that looked up a secret.

        `before`: how many had been looked up before it.
        """
        if len(self._context.secrets) == before:
            return error
        return ExpressionError(error.expression, error.position, error.hidden)

    def shows(self, text: str) -> tuple[list[str], list[str]]:
        """What a text becomes, and the same with the secrets in it masked.

        Raises:
            ExpressionError: it cannot be evaluated.
        """
        template = parse(text)
        before = seen = len(self._context.secrets)
        try:
            values = template.values(self)
        except ExpressionError as error:
            raise self.without_secrets(error, before) from None
        if len(self._context.secrets) == before:
            return values, values

        def shown(value: Value) -> Value:
            # Only what an expression has looked up itself can be in its value.
            nonlocal seen
            secrets = self._context.secrets[seen:]
            seen = len(self._context.secrets)
            return _without(value, secrets) if secrets else value

        seen = len(self._context.secrets)
        return values, template.values(self, shown=shown)

    def _of(self, object_id: str) -> ObjectScope:
        return ObjectScope(self._context, object_id, self._context.instance_of(object_id))

    def _text(self, text: str) -> list[Any]:
        context = self._context
        context.depth += 1
        try:
            if context.depth > _MAXIMUM_DEPTH:
                raise ExpressionError(text, 0, f"the fields of {self.id} refer to each other")
            return list(parse(text).values(self))
        finally:
            context.depth -= 1

    def _parameter(self, name: str) -> Value:
        definition = self._context.definition
        for known_as in _names(name):
            values = definition.value_of(known_as)
            declared = definition.parameters.get(known_as)
            if values is None and declared is not None and declared.is_optional:
                # Our choice: what need not be given is nothing.
                values = [""]
            if values is None:
                continue
            self._keep_secret(known_as, values)
            kind = declared.attribute("type", "String") if declared is not None else "String"
            typed = [_typed(value, kind) for value in values]
            return typed[0] if len(typed) == 1 else typed
        raise KeyError(name)

    def _keep_secret(self, name: str, values: list[str]) -> None:
        if name.startswith("*"):
            self._context.secrets += values

    def _runtime(self, name: str) -> Value:
        context, instance = self._context, self._instance
        if name == "@id":
            return self.id
        if name == "@name":
            return self._name()
        if name == "@resource" and instance is not None:
            for object_id in context.definition.resolved(self._object_id).refs("runsOn"):
                if context.instance_of(object_id) is not None:
                    return self._of(object_id)
        if instance is None:
            if name in context.runtime:
                held = context.runtime[name]
                return held[0] if len(held) == 1 else held
            moment = {"@scheduledStartTime": context.start, "@scheduledEndTime": context.end}
            found = moment.get(name)
        else:
            attempt = None
            if self._shown_id is not None:
                ids = (held for held in instance.attempts if held.id == self._shown_id)
                attempt = next(ids, None)
            if name in _RUNTIME_TEXTS:
                text = _RUNTIME_TEXTS[name](instance, attempt)
                if text is None:
                    raise KeyError(name)
                return text
            found = _MOMENTS[name](instance, attempt)
        if found is None:
            raise KeyError(name)
        return to_datetime(found)


@contextmanager
def _hiding_text_of(key: str) -> Iterator[None]:
    """Keep the text of a secret field out of an error's."""
    try:
        yield
    except ExpressionError as error:
        if not key.startswith("*"):
            raise
        raise ExpressionError(MASK, 0, error.hidden) from None


def _names(name: str) -> tuple[str, ...]:
    """What a name may stand for: who uses a secret may leave its star out."""
    return (name,) if name.startswith("*") else (name, f"*{name}")


# The runtime fields of an instance, or of an attempt at it; None where it has none of that name.
_RUNTIME_TEXTS: dict[str, Callable[[Instance, Attempt | None], str | None]] = {
    "@sphere": lambda _, attempt: "INSTANCE" if attempt is None else "ATTEMPT",
    "@status": lambda run, attempt: run.status if attempt is None else attempt.status,
    "@pipelineId": lambda run, _: run.component.pipeline_id,
    "@version": lambda run, _: str(run.version),
    "@componentParent": lambda run, _: run.component.id,
    "@instanceParent": lambda run, attempt: None if attempt is None else run.id,
    "@headAttempt": lambda run, _: None if run.attempt is None else run.attempt.id,
    "@attemptCount": lambda run, _: str(len(run.attempts)) if run.attempts else None,
    "@triesLeft": lambda run, _: str(max(run.tries_left, 0)) if run.attempts else None,
    "@cascadeFailedOn": lambda run, _: run.detail("cascade_failed_on"),
    "@failureReason": lambda run, _: run.detail("failure_reason"),
    "@resourceId": lambda run, _: run.detail("resource_id"),
    "@error": lambda run, _: run.detail("error"),
}
_MOMENTS: dict[str, Callable[[Instance, Attempt | None], int | None]] = {
    "@scheduledStartTime": lambda run, _: run.scheduled_start,
    "@scheduledEndTime": lambda run, _: run.scheduled_end,
    "@actualStartTime": lambda run, at: run.actual_start if at is None else at.started,
    "@actualEndTime": lambda run, at: run.actual_end if at is None else at.ended,
}


def _told(instance: Instance, name: str) -> str | None:
    """What runners have reported of an instance, or the service has noted at its end."""
    if name == "cancellationReason":
        reason: str | None = instance.detail("cancellation_reason")
        return reason
    pick = _TOLD.get(name)
    if pick is None:
        return None
    told = (getattr(attempt, pick) for attempt in reversed(instance.attempts))
    return next((value for value in told if value is not None), None)


_TOLD = {
    "hostname": "hostname",
    "errorId": "error_id",
    "errorMessage": "error_message",
    "errorStackTrace": "error_stack_trace",
}


def evaluated(field: Field, scope: ObjectScope) -> list[Field]:
    """A field with its expressions evaluated; more than one if a list is in it.

    Raises:
        ExpressionError: it cannot be evaluated.
    """
    if field.is_ref or "#{" not in field.value or field.key in ("id", "name", "type"):
        return [field]
    if field.key.startswith("*"):
        with _hiding_text_of(field.key):
            values, shown = scope.shows(field.value)
    else:
        values, shown = scope.shows(field.value)
    return [
        Field(field.key, value, False, None if seen == value else seen)
        for value, seen in zip(values, shown, strict=True)
    ]


def _without(value: Value, secrets: list[str]) -> Value:
    if isinstance(value, list):
        return [_without(item, secrets) for item in value]
    return masked(literal(value), secrets)


def _typed(value: str, kind: str) -> Any:
    try:
        return {"Integer": int, "Double": float}.get(kind, str)(value)
    except ValueError:
        return value
