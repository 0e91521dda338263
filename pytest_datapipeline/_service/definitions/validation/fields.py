"""Rules about one field of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...expressions.parser import parse
from ...expressions.template import ExpressionError
from ...fields import MAXIMUM_KEY_LENGTH, MAXIMUM_VALUE_LENGTH
from .. import catalog
from ..definition import DEFAULT
from .subject import PARAMETER
from .texts import NO_SCHEDULE, NOT_LITERAL, own_text
from .values import ONDEMAND_PERIOD, accepts, byte_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ...fields import Field
    from ..catalog import Slot
    from .subject import Subject

# Integer fields with bounds: the least and the greatest value.
RANGES: dict[str, tuple[int, int | None]] = {
    "maximumRetries": (0, 5),
    "maxActiveInstances": (1, 5),
    "occurrences": (1, None),
}
# References that examples of the guide give as strings.
_ALSO_STRINGS = frozenset({"database"})
_REFUSALS = {
    "B": "bad boolean",
    "D": "bad double",
    "I": "bad integer",
    "P": "bad period",
    "T": "bad datetime",
}


def _reserved_name(_: Subject, field: Field) -> Iterator[str]:
    if field.key.startswith("@"):
        yield own_text("reserved", field=field.key)


def _empty(_: Subject, field: Field) -> Iterator[str]:
    if not field.value:
        yield own_text("empty field", field=field.key)


def _field_sizes(_: Subject, field: Field) -> Iterator[str]:
    for rule, text, maximum in (
        ("key bytes", field.key, MAXIMUM_KEY_LENGTH),
        ("field bytes", field.value, MAXIMUM_VALUE_LENGTH),
    ):
        # A character has at most four bytes, so that most fields need not be encoded.
        if len(text) * 4 > maximum and (count := byte_count(text)) > maximum:
            yield own_text(rule, field=field.key, count=count, maximum=maximum)


def _reference(subject: Subject, field: Field) -> Iterator[str]:
    if not field.is_ref or not field.value:
        return
    slot = subject.slot(field.key)
    if field.key == "type" or (slot is not None and not slot.is_reference):
        yield own_text("string wanted", field=field.key, value=field.value)
        return
    definition = subject.context.definition
    if field.value not in definition.by_id:
        yield own_text("missing target", field=field.key, value=field.value)
        return
    if slot is None or not slot.families:
        return
    target = definition.type_of(field.value)
    family = None if target is None else catalog.family_of(target)
    if family in slot.families:
        return
    if target is not None and slot.families == (catalog.SCHEDULE,):
        yield NO_SCHEDULE.format(field=field.key, type=target)
        return
    # A type that is not known is warned of on the target.
    if family is None and target not in (None, DEFAULT):
        return
    what = "without a type" if target is None else f"of type '{target}'"
    allowed = " or ".join(f"a {name}" for name in slot.families).replace("a a", "an a")
    yield own_text("wrong family", field=field.key, value=field.value, what=what, allowed=allowed)


def _is_string_for_reference(slot: Slot | None, field: Field) -> bool:
    return (
        slot is not None
        and slot.is_reference
        and not field.is_ref
        and field.value != ""
        and "#{" not in field.value
    )


def _string_for_reference(subject: Subject, field: Field) -> Iterator[str]:
    slot = subject.slot(field.key)
    if slot is None or not _is_string_for_reference(slot, field) or field.key in _ALSO_STRINGS:
        return
    if slot.families == (catalog.SCHEDULE,):
        yield NO_SCHEDULE.format(field=field.key, type="String")
    else:
        yield own_text("reference wanted", field=field.key, value=field.value)


def _value(subject: Subject, field: Field) -> Iterator[str]:
    slot = subject.slot(field.key)
    if field.is_ref or not field.value or slot is None or slot.is_reference:
        return
    if "S" in slot.kind or "E" in slot.kind:
        return
    for value in subject.literals(field.value):
        if field.key == "period" and value.upper() == ONDEMAND_PERIOD:
            continue
        if accepts(slot, value):
            yield from _out_of_range(field.key, value)
        elif field.key == "startDateTime":
            yield NOT_LITERAL
        else:
            yield own_text(_REFUSALS[slot.kind[0]], field=field.key, value=value)


def _out_of_range(key: str, value: str) -> Iterator[str]:
    if key not in RANGES:
        return
    least, greatest = RANGES[key]
    if int(value) < least or (greatest is not None and int(value) > greatest):
        bounds = f"at least {least}" if greatest is None else f"from {least} to {greatest}"
        yield own_text("out of range", field=key, value=value, range=bounds)


def _start_is_literal(subject: Subject, field: Field) -> Iterator[str]:
    # Parameters are filled in first: one of them makes a literal.
    if field.key == "startDateTime" and subject.slot(field.key) is not None and not field.is_ref:
        without = PARAMETER.sub("", field.value)
        if "#{" in without:
            yield NOT_LITERAL


def _expression(subject: Subject, field: Field) -> Iterator[str]:
    if field.is_ref or "#{" not in field.value or field.key == "type":
        return
    try:
        template = parse(field.value)
    except ExpressionError as error:
        problem = error.reason if field.key.startswith("*") else error
        yield own_text("expression", field=field.key, problem=problem)
        return
    for name in sorted(template.names):
        if name.lstrip("*").startswith("my") and not _is_known(subject, name):
            yield own_text("parameter unknown", field=field.key, id=name)


def _is_known(subject: Subject, name: str) -> bool:
    context = subject.context
    definition = context.definition
    # Expressions may leave out the star of a secret's name.
    names = {name, name.lstrip("*"), f"*{name}"}
    known = (subject.fields, definition.parameters, definition.values)
    if any(not names.isdisjoint(others) for others in known):
        return True
    # An inherited field is evaluated with the fields of the object that inherits it.
    return subject.is_base and not names.isdisjoint(context.user_fields)


ERRORS: tuple[Callable[[Subject, Field], Iterable[str]], ...] = (
    _reserved_name,
    _empty,
    _field_sizes,
    _reference,
    _string_for_reference,
    _start_is_literal,
    _value,
    _expression,
)


# -- warnings -------------------------------------------------------------------------------------


def _enumeration(subject: Subject, field: Field) -> Iterator[str]:
    # No error: definitions in use have values that no page lists.
    slot = subject.slot(field.key)
    if field.is_ref or not field.value or slot is None or "E" not in slot.kind:
        return
    for value in subject.literals(field.value):
        if not accepts(slot, value):
            allowed = ", ".join(slot.values)
            yield own_text("enumeration", field=field.key, value=value, allowed=allowed)


def _string_as_an_example_has_it(subject: Subject, field: Field) -> Iterator[str]:
    if field.key in _ALSO_STRINGS and _is_string_for_reference(subject.slot(field.key), field):
        yield own_text("string for reference", field=field.key, value=field.value)


WARNINGS: tuple[Callable[[Subject, Field], Iterable[str]], ...] = (
    _enumeration,
    _string_as_an_example_has_it,
)
