"""Advice on names that are probably misspelt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._service.definitions import catalog
from ..._service.definitions.definition import DEFAULT
from ..._service.definitions.validation.objects import unknown_fields
from ..._service.definitions.validation.subject import PARAMETER
from ..._service.texts import did_you_mean
from .matter import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._service.definitions.validation.subject import Subject
    from .matter import Matter

# So alike two names have to be, by difflib's measure: "abcd" and "acbd" are. Below it are names
# that have only a part in common.
_ALIKE = 0.75


def misspelt(matter: Matter) -> Iterator[Advice]:
    for subject in matter.subjects:
        for field, what, wrong, right in _unknown(matter, subject):
            meant = did_you_mean(wrong, right, _ALIKE)
            if meant:
                yield Advice(subject.id, field, f"There is no {what} {wrong!r}.{meant}")


def _unknown(matter: Matter, subject: Subject) -> Iterator[tuple[str, str, str, list[str]]]:
    """Names that are not known: where, of what kind, and those that could be meant."""
    if subject.type is not None and subject.type != DEFAULT and subject.kind is None:
        yield "type", "type", subject.type, list(catalog.TYPES)
    slots = (
        catalog.ANY_SLOTS
        if subject.type_of_fields is None
        else catalog.TYPES[subject.type_of_fields].slots
    )
    own = {field.key for field in subject.object.fields}
    for key in unknown_fields(subject):
        yield key, "field", key, [name for name in slots if name not in own]
    objects = matter.definition.by_id
    declared = [held.id for held in matter.definition.declared]
    for field in subject.object.fields:
        if field.is_ref and field.value not in objects:
            yield field.key, "object", field.value, list(objects)
        elif not field.is_ref:
            for name in PARAMETER.findall(field.value):
                if name not in declared and name not in subject.fields:
                    yield field.key, "parameter", name, declared
