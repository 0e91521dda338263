"""The definition and the object that rules are applied to."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from ...expressions.parser import parse
from ...expressions.template import ExpressionError
from ...fields import MASK, parse_datetime, timestamp
from .. import catalog
from ..definition import DEFAULT
from .values import try_parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ...fields import Field
    from ..catalog import ObjectType, Slot
    from ..definition import Definition, PipelineObject, Resolved

PARAMETER = re.compile(r"#\{\s*(\*?my\w*)\s*\}")


class Secretive(str):
    """A value, maybe with a secret in it; messages show it as `shown`."""

    shown: str


def _secretive(value: str, shown: str) -> Secretive:
    made = Secretive(value)
    made.shown = shown
    return made


class Subject:
    """An object under validation, with what the rules ask about it."""

    __slots__ = ("context", "fields", "id", "kind", "object", "type")

    def __init__(self, context: Context, pipeline_object: PipelineObject) -> None:
        self.context = context
        self.object = pipeline_object
        self.id = pipeline_object.id
        self.fields: Resolved = context.definition.resolved(pipeline_object.id)
        self.type = self.fields.first("type")
        self.kind: ObjectType | None = catalog.TYPES.get(self.type or "")

    @property
    def family(self) -> str | None:
        return None if self.kind is None else self.kind.family

    @property
    def is_base(self) -> bool:
        """Whether it is there for others to inherit from, and so needs no type."""
        return self.id == DEFAULT or self.id in self.context.parents

    @property
    def type_of_fields(self) -> str | None:
        """The type that its fields belong to; None if they can be those of any."""
        return None if self.id == DEFAULT or self.kind is None else self.kind.name

    def slot(self, key: str) -> Slot | None:
        """What a field of that name holds; None if it is not known."""
        return catalog.slot_of(self.type_of_fields, key)

    def has(self, key: str) -> bool:
        return key in self.fields or (key[:1] == "*" and key[1:] in self.fields)

    def literals(self, text: str) -> list[str]:
        """A text with parameters filled in; nothing if it needs to be evaluated for a run."""
        return self.context.literals(text, self.fields)

    def literal(self, key: str) -> str | None:
        """The value of a field, if it is a single literal."""
        text = self.fields.first(key)
        values = [] if text is None else self.literals(text)
        return values[0] if len(values) == 1 else None

    def says(self, key: str, value: str) -> bool:
        """Whether a field is a literal, compared without case."""
        return (self.literal(key) or "").lower() == value


class Context:
    """A definition under validation, with what the rules ask about it.

    Attributes:
        now: nanoseconds since 1970.
        active: the definition activated last; None if there was none.
        activating: whether the definition is about to be activated.
        parents: the ids of objects that others inherit from.
        user_fields: the names of all user-defined fields.
        on_demand: whether the pipeline runs once for each activation.
    """

    def __init__(
        self, definition: Definition, now: int, active: Definition | None, activating: bool
    ) -> None:
        self.definition = definition
        self.now = now
        self.active = active
        self.activating = activating
        # Those of the schedules that were asked for: thousands of objects may share one.
        self._starts: dict[str, tuple[int, str] | None] = {}
        self.parents = {
            field.value
            for pipeline_object in definition.objects
            for field in pipeline_object.fields
            if field.key == "parent"
        }
        self.user_fields = {
            field.key
            for pipeline_object in definition.objects
            for field in pipeline_object.fields
            if field.key.lstrip("*").startswith("my")
        }
        self.on_demand = any(
            mode.lower() == "ondemand"
            for text in definition.resolved(DEFAULT).strings("scheduleType")
            for mode in self.literals(text, definition.resolved(DEFAULT))
        )

    def start_of(self, schedule: str) -> tuple[int, str] | None:
        """When a schedule starts, and how that is shown; None if only a run could tell."""
        if schedule not in self._starts:
            self._starts[schedule] = self._start_of(schedule)
        return self._starts[schedule]

    def _start_of(self, schedule: str) -> tuple[int, str] | None:
        pipeline_object = self.definition.by_id[schedule]
        text = Subject(self, pipeline_object).literal("startDateTime")
        start = try_parse(parse_datetime, text)
        if start is None:
            return None
        return start, text.shown if isinstance(text, Secretive) else timestamp(start)

    @cached_property
    def used(self) -> set[str]:
        """The ids of the declared parameters that some object uses."""
        parameters = self.definition.parameters
        found: set[str] = set()
        for pipeline_object in self.definition.by_id.values():
            hidden = self.definition.resolved(pipeline_object.id)
            for field in pipeline_object.fields:
                for name in names_in(field):
                    # Expressions may leave out the star of a secret's name.
                    known = {name, f"*{name}"} & parameters.keys()
                    found |= {known_as for known_as in known if name not in hidden}
        return found

    def literals(self, text: str, fields: Mapping[str, Any]) -> list[str]:
        if "#{" not in text:
            return [text]
        whole = PARAMETER.fullmatch(text)
        if whole is not None:
            found = self._values(whole[1], fields)
            if whole[1].startswith("*"):
                found = [_secretive(value, MASK) for value in found]
        else:
            found = [self._filled_in(text, fields)]
        return [] if any("#{" in value for value in found) else found

    def _filled_in(self, text: str, fields: Mapping[str, Any]) -> str:
        def shown(match: re.Match[str]) -> str:
            value = self._single(match, fields)
            return MASK if match[1].startswith("*") and value != match[0] else value

        filled_in = PARAMETER.sub(lambda match: self._single(match, fields), text)
        return _secretive(filled_in, PARAMETER.sub(shown, text))

    def _values(self, name: str, fields: Mapping[str, Any]) -> list[str]:
        # A field goes before a parameter of the same name, and is evaluated for each run.
        return [] if name in fields else list(self.definition.value_of(name) or ())

    def _single(self, match: re.Match[str], fields: Mapping[str, Any]) -> str:
        values = self._values(match[1], fields)
        return values[0] if len(values) == 1 else match[0]


def names_in(field: Field) -> frozenset[str]:
    """The names that the expressions of a field use; none if they are malformed."""
    if field.is_ref or "#{" not in field.value:
        return frozenset()
    try:
        return parse(field.value).names
    except ExpressionError:
        return frozenset()
