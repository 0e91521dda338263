"""Rules about one field of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...expressions.parser import parse
from ...expressions.template import ExpressionError
from ...fields import MAXIMUM_KEY_LENGTH, MAXIMUM_VALUE_LENGTH
from .. import catalog
from ..definition import DEFAULT
from .subject import PARAMETER
from .texts import NOT_LITERAL, own_text
from .values import ONDEMAND_PERIOD, accepts, byte_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ...fields import Field
    from .subject import Subject

# Integer fields with bounds: the least and the greatest value.
RANGES: dict[str, tuple[int, int | None]] = {
    "maximumRetries": (0, 5),
    "maxActiveInstances": (1, 5),
    "occurrences": (1, None),
}
_REFUSALS = {
    "B": "bad boolean",
    "D": "bad double",
    "E": "bad enumeration",
    "I": "bad integer",
    "P": "bad period",
    "T": "bad datetime",
}


def _reserved_name(_: Subject, own: Field) -> Iterator[str]:
    if own.key.startswith("@"):
        yield own_text("reserved", field=own.key)


def _empty(_: Subject, own: Field) -> Iterator[str]:
    if not own.value:
        yield own_text("empty field", field=own.key)


def _field_sizes(_: Subject, own: Field) -> Iterator[str]:
    for rule, text, maximum in (
        ("key bytes", own.key, MAXIMUM_KEY_LENGTH),
        ("field bytes", own.value, MAXIMUM_VALUE_LENGTH),
    ):
        # No character has more than four bytes: most fields need no count.
        if len(text) * 4 > maximum and (count := byte_count(text)) > maximum:
            yield own_text(rule, field=own.key, count=count, maximum=maximum)


def _reference(subject: Subject, own: Field) -> Iterator[str]:
    if not own.is_ref or not own.value:
        return
    slot = subject.slot(own.key)
    if own.key == "type" or (slot is not None and not slot.is_reference):
        yield own_text("string wanted", field=own.key, value=own.value)
        return
    definition = subject.context.definition
    if own.value not in definition.by_id:
        yield own_text("missing target", field=own.key, value=own.value)
        return
    if slot is None or not slot.families:
        return
    target = definition.type_of(own.value)
    family = None if target is None else catalog.family_of(target)
    # A target of an unknown type has an error of its own.
    if family in slot.families or (target is not None and family is None):
        return
    what = "without a type" if target is None else f"of type '{target}'"
    allowed = " or ".join(f"a {name}" for name in slot.families).replace("a a", "an a")
    yield own_text("wrong family", field=own.key, value=own.value, what=what, allowed=allowed)


def _string_for_reference(subject: Subject, own: Field) -> Iterator[str]:
    slot = subject.slot(own.key)
    if own.is_ref or not own.value or slot is None or not slot.is_reference or "#{" in own.value:
        return
    yield own_text("reference wanted", field=own.key, value=own.value)


def _value(subject: Subject, own: Field) -> Iterator[str]:
    slot = subject.slot(own.key)
    if own.is_ref or not own.value or slot is None or "S" in slot.kind or slot.is_reference:
        return
    for value in subject.literals(own.value):
        if own.key == "period" and value.upper() == ONDEMAND_PERIOD:
            continue
        if accepts(slot, value):
            yield from _out_of_range(own.key, value)
        elif own.key == "startDateTime":
            yield NOT_LITERAL
        else:
            allowed = ", ".join(slot.values)
            rule = _REFUSALS[slot.kind[0]]
            yield own_text(rule, field=own.key, value=value, allowed=allowed)


def _out_of_range(key: str, value: str) -> Iterator[str]:
    if key not in RANGES:
        return
    least, greatest = RANGES[key]
    if int(value) < least or (greatest is not None and int(value) > greatest):
        bounds = f"at least {least}" if greatest is None else f"from {least} to {greatest}"
        yield own_text("out of range", field=key, value=value, range=bounds)


def _start_is_literal(subject: Subject, own: Field) -> Iterator[str]:
    # Parameters are filled in before anything else, so what they leave is a literal.
    if own.key == "startDateTime" and subject.slot(own.key) is not None and not own.is_ref:
        without = PARAMETER.sub("", own.value)
        if "#{" in without:
            yield NOT_LITERAL


def _expression(subject: Subject, own: Field) -> Iterator[str]:
    if own.is_ref or "#{" not in own.value or own.key == "type":
        return
    try:
        template = parse(own.value)
    except ExpressionError as error:
        yield own_text("expression", field=own.key, problem=error)
        return
    for name in sorted(template.names):
        if name.lstrip("*").startswith("my") and not _is_known(subject, name):
            yield own_text("parameter unknown", field=own.key, id=name)


def _is_known(subject: Subject, name: str) -> bool:
    context = subject.context
    definition = context.definition
    # A secret's name has a star, which those who use it may forget.
    names = {name, name.lstrip("*"), f"*{name}"}
    known = (subject.fields, definition.parameters, definition.values)
    if any(not names.isdisjoint(held) for held in known):
        return True
    # What is inherited is evaluated where it ends up, with the fields of that object.
    inherited = subject.id == DEFAULT or subject.id in context.parents
    return inherited and not names.isdisjoint(context.user_fields)


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
