"""Validates a definition: applies all rules to it, and collects their errors and warnings."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ...errors import invalid_request
from ...texts import shorten
from ..definition import DEFAULT
from . import fields, objects, whole
from .subject import Context, Subject
from .texts import FATAL, TOO_MANY_OBJECTS

if TYPE_CHECKING:
    from ..definition import Definition

# A text of the model's shape validationMessage has at most so many characters.
MAXIMUM_MESSAGE_LENGTH = 10_000


@dataclasses.dataclass
class Findings:
    """Errors and warnings by the id of the object or parameter that they are about."""

    errors: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    warnings: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    @property
    def errored(self) -> bool:
        return bool(self.errors)

    def to_response(self) -> dict[str, Any]:
        """The answer to PutPipelineDefinition and ValidatePipelineDefinition."""
        return {
            "validationErrors": [
                {"id": object_id, "errors": list(texts)} for object_id, texts in self.errors.items()
            ],
            "validationWarnings": [
                {"id": object_id, "warnings": list(texts)}
                for object_id, texts in self.warnings.items()
            ],
            "errored": self.errored,
        }


def refuse_too_many(definition: Definition, maximum_objects: int) -> None:
    """Refuse a definition that has too many objects.

    Raises:
        ServiceError: it has; the service does not store it.
    """
    if len(definition.objects) > maximum_objects:
        raise invalid_request("Web service limit exceeded", TOO_MANY_OBJECTS)


def refuse_empty(definition: Definition) -> None:
    """Refuse a definition that has an empty field.

    Raises:
        ServiceError: it has; the service does not store it, and says to have it validated.
    """
    if any(
        not field.value
        for pipeline_object in definition.objects
        for field in pipeline_object.fields
    ):
        raise invalid_request("Pipeline definition has errors", FATAL)


def validate(
    definition: Definition,
    now: int,
    active: Definition | None = None,
    *,
    activating: bool = False,
) -> Findings:
    """Everything that is wrong with a definition.

    Args:
        definition: the definition.
        now: nanoseconds since 1970; a schedule that starts before is a backfill.
        active: the definition activated last; None if there was none.
        activating: whether it is about to be activated: a parameter that nothing uses and that has
            no value is an error then, and a warning before.
    """
    context = Context(definition, now, active, activating)
    errors, warnings = _Texts(definition), _Texts(definition)
    for pipeline_object in definition.by_id.values():
        subject = Subject(context, pipeline_object)
        object_errors, object_warnings = objects.rules_for(subject)
        type_name = subject.type_of_fields
        field_warnings: list[str] = []
        for field in pipeline_object.fields:
            of_errors, of_warnings = fields.rules_for(type_name, field.key, field.is_ref)
            for field_rule in of_errors:
                for text in field_rule(subject, field):
                    errors.add(pipeline_object.id, text)
            for field_rule in of_warnings:
                field_warnings += field_rule(subject, field)
        for rule in object_errors:
            for text in rule(subject):
                errors.add(pipeline_object.id, text)
        for rule in object_warnings:
            for text in rule(subject):
                warnings.add(pipeline_object.id, text)
        for text in field_warnings:
            warnings.add(pipeline_object.id, text)
    for whole_rule in whole.ERRORS:
        for object_id, text in whole_rule(context):
            errors.add(object_id, text)
    for whole_rule in whole.WARNINGS:
        for object_id, text in whole_rule(context):
            warnings.add(object_id, text)
    # Recorded: the warnings of an activity come before those of Default.
    return Findings(errors.in_order(), warnings.in_order(last=DEFAULT))


class _Texts:
    """Errors or warnings by the id of the object or parameter that they are about."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._found: dict[str, list[str]] = {}

    def add(self, object_id: str, text: str) -> None:
        self._found.setdefault(object_id, []).append(shorten(text, MAXIMUM_MESSAGE_LENGTH))

    def in_order(self, last: str | None = None) -> dict[str, list[str]]:
        """All of them in the definition's order, apart from what comes last."""
        definition = self._definition
        order = [*definition.by_id, *definition.parameters, *self._found]
        if last is not None:
            order = [*(object_id for object_id in order if object_id != last), last]
        return {
            object_id: self._found[object_id] for object_id in order if object_id in self._found
        }
