"""Rules about one field of an object."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from ...expressions.parser import parse
from ...expressions.template import ExpressionError
from ...fields import MAXIMUM_KEY_LENGTH, MAXIMUM_VALUE_LENGTH, Field
from .. import catalog
from ..definition import DEFAULT
from .subject import PARAMETER, Subject
from .texts import NO_SCHEDULE, NOT_LITERAL, own_text
from .values import ONDEMAND_PERIOD, accepts, byte_count

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    if not field.value:
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


def _string_for_reference(subject: Subject, field: Field) -> Iterator[str]:
    if not field.value or "#{" in field.value:
        return
    slot = subject.slot(field.key)
    if slot is not None and slot.families == (catalog.SCHEDULE,):
        yield NO_SCHEDULE.format(field=field.key, type="String")
    else:
        yield own_text("reference wanted", field=field.key, value=field.value)


def _value(subject: Subject, field: Field) -> Iterator[str]:
    slot = subject.slot(field.key)
    if slot is None or not field.value:
        return
    for value in subject.literals(field.value):
        if field.key == "period" and value.upper() == ONDEMAND_PERIOD:
            continue
        if accepts(slot, value):
            yield from _out_of_range(field.key, value)
        elif field.key == "startDateTime":
            yield NOT_LITERAL
        else:
            # A duration that may be a number too is more often a period.
            kind = "P" if "P" in slot.kind else slot.kind[0]
            yield own_text(_REFUSALS[kind], field=field.key, value=value)


def _out_of_range(key: str, value: str) -> Iterator[str]:
    if key not in RANGES:
        return
    least, greatest = RANGES[key]
    if int(value) < least or (greatest is not None and int(value) > greatest):
        bounds = f"at least {least}" if greatest is None else f"from {least} to {greatest}"
        yield own_text("out of range", field=key, value=value, range=bounds)


def _start_is_literal(_: Subject, field: Field) -> Iterator[str]:
    # Parameters are filled in first: one of them makes a literal.
    if "#{" in PARAMETER.sub("", field.value):
        yield NOT_LITERAL


def _expression(subject: Subject, field: Field) -> Iterator[str]:
    if "#{" not in field.value:
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


# -- warnings -------------------------------------------------------------------------------------


def _enumeration(subject: Subject, field: Field) -> Iterator[str]:
    # No error: definitions in use have values that no page lists.
    slot = subject.slot(field.key)
    if slot is None or not field.value:
        return
    for value in subject.literals(field.value):
        if not accepts(slot, value):
            allowed = ", ".join(slot.values)
            yield own_text("enumeration", field=field.key, value=value, allowed=allowed)


def _string_as_an_example_has_it(_: Subject, field: Field) -> Iterator[str]:
    if field.value and "#{" not in field.value:
        yield own_text("string for reference", field=field.key, value=field.value)


# -- which of them a field needs ------------------------------------------------------------------

_Rule = Callable[[Subject, Field], Iterable[str]]


@lru_cache(maxsize=4096)
def rules_for(
    type_name: str | None, key: str, is_ref: bool
) -> tuple[tuple[_Rule, ...], tuple[_Rule, ...]]:
    """The rules that a field can break: those of errors, and those of warnings.

    Found out once for all fields of that name: most have but a few, and a definition thousands of
    fields.

    Args:
        type_name: of the object; None if its fields can be those of any type.
        key: the field's name.
        is_ref: whether it refers to an object.
    """
    slot = catalog.slot_of(type_name, key)
    is_text_for_reference = not is_ref and slot is not None and slot.is_reference
    is_enumeration = not is_ref and slot is not None and "E" in slot.kind
    is_free = slot is None or slot.is_reference or is_enumeration or "S" in slot.kind
    errors: dict[_Rule, bool] = {
        _reserved_name: key.startswith("@"),
        _empty: True,
        _field_sizes: True,
        _reference: is_ref,
        _string_for_reference: is_text_for_reference and key not in _ALSO_STRINGS,
        _start_is_literal: not is_ref and slot is not None and key == "startDateTime",
        _value: not is_ref and not is_free,
        _expression: not is_ref and key != "type",
    }
    warnings: dict[_Rule, bool] = {
        _enumeration: is_enumeration,
        _string_as_an_example_has_it: is_text_for_reference and key in _ALSO_STRINGS,
    }
    return (
        tuple(rule for rule, applies in errors.items() if applies),
        tuple(rule for rule, applies in warnings.items() if applies),
    )
