"""What is wrong with a definition: errors, warnings, and what the service refuses to store."""

from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from ...clock import SECOND, to_ns
from ...errors import invalid_request
from ...expressions.parser import parse
from ...expressions.periods import Period, parse_period
from ...expressions.template import ExpressionError
from ...fields import MASK, MAXIMUM_KEY_LENGTH, MAXIMUM_VALUE_LENGTH, masked, timestamp
from ...texts import shorten
from .. import catalog
from ..definition import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ...fields import Field
    from ..catalog import ObjectType, Slot
    from ..definition import Definition, Parameter, PipelineObject, Resolved

_Read = TypeVar("_Read")

MAXIMUM_PARAMETERS = 50
MAXIMUM_FIELDS = 50
MAXIMUM_OBJECT_BYTES = 15_360
SHORTEST_PERIOD = 15 * 60 * SECOND
LONGEST_PERIOD = (3 * 365 + 1) * 86_400 * SECOND  # one of three years may be a leap year
SHORTEST_RETRY_DELAY = 120 * SECOND
# A text of the model's shape validationMessage has at most so many characters.
MAXIMUM_MESSAGE_LENGTH = 10_000
MAXIMUM_CYCLE_TOLD = 20
# Secret values of fewer characters occur in any text.
SHORTEST_SECRET = 4

ONDEMAND_PERIOD = "ONDEMAND_PERIOD"
ONDEMAND_ACTIVATION_TIME = "ONDEMAND_ACTIVATION_TIME"

# Integer fields with bounds: the least and the greatest value.
RANGES: dict[str, tuple[int, int | None]] = {
    "maximumRetries": (0, 5),
    "maxActiveInstances": (1, 5),
    "occurrences": (1, None),
}
# Of each of these an object has one at most.
EXCLUSIVE = (
    ("startDateTime", "startAt"),
    ("endDateTime", "occurrences"),
    ("command", "scriptUri"),
)

# -- texts ----------------------------------------------------------------------------------------

# The service's own texts, to the letter.
NOT_LITERAL = "INVALID_FIELD_VALUE:  'startDateTime' value must be a literal datetime value."
NO_LOG_URI = (
    "'pipelineLogUri'is missing. It is recommended to set this value on Default object for better "
    "troubleshooting."
)
NO_CASCADE = (
    " It is recommended to set 'failureAndRerunMode'  to 'cascade' on Default object to enable "
    "cascade failure mode for Activity, Datanode, Precondition and Resource objects of a pipeline."
)
NO_TERMINATE_AFTER = (
    "'terminateAfter' is missing. It is recommended to set this to avoid leaving resource running "
    "for long duration."
)
BACKFILL = (
    "{name} has 'failureAndRerunMode' field set to 'cascade' and you are about to create a "
    "backfill with scheduleStartTime {start}. This can result in rapid creation of pipeline "
    "objects in case of failures."
)
# The number after the @ was different each time: it told where in its memory the error lay.
FATAL = (
    "Could not save the pipeline definition due to FATAL errors: "
    "[com.amazon.setl.webservice.ValidationError@3f2a1c07] Please call Validate to validate your "
    "pipeline"
)
TOO_MANY_FIELDS = "May only specify up to '{maximum}' fields per object"
TERMINATES = "'{field}' is not allowed to have values of of type 'Terminate'"  # as it is written
NO_PARAMETER_VALUE = "Value is missing for this parameter"
TOO_MANY_OBJECTS = "Exceeded maximum number of objects allowed per pipeline"

# This project's own wording: what the service says in these cases was never published. A test
# that compares with one of these compares with the fake, not with AWS.
OWN_TEXTS = {
    "activated object removed": (
        "INVALID_CHANGE:  the object '{id}' can not be removed after activation."
    ),
    "activated period": "INVALID_CHANGE:  'period' can not be changed after activation.",
    "activated start": "INVALID_CHANGE:  '{field}' can not be changed after activation.",
    "activated reference": (
        "INVALID_CHANGE:  the references of '{field}' can not be changed after activation."
    ),
    "activated output": (
        "INVALID_CHANGE:  'output' of a new object can not refer to '{value}', which was there at "
        "activation."
    ),
    "bad boolean": "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be true or false.",
    "bad datetime": (
        "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be a datetime of the form "
        "YYYY-MM-DDTHH:MM:SS."
    ),
    "bad double": "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be a number.",
    "bad enumeration": "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be one of {allowed}.",
    "bad integer": "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be an integer.",
    "bad period": (
        "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be a period such as '15 minutes' or "
        "'1 day'."
    ),
    "cycle": "CIRCULAR_REFERENCE:  '{field}' goes round in a circle: {cycle}.",
    "duplicate id": "DUPLICATE_ID:  'id' value '{id}' belongs to more than one object.",
    "empty field": "EMPTY_FIELD:  '{field}' has no value.",
    "end before start": (
        "INVALID_FIELD_VALUE:  'endDateTime' value '{value}' must be later than '{start}'."
    ),
    "exclusive": "EXCLUSIVE_FIELDS:  '{field}' and '{other}' can not both be set.",
    "expression": "INVALID_EXPRESSION:  '{field}' {problem}",
    "field bytes": (
        "LIMIT_EXCEEDED:  '{field}' has a value of {count} bytes; {maximum} are allowed."
    ),
    "key bytes": "LIMIT_EXCEEDED:  '{field}' is a name of {count} bytes; {maximum} are allowed.",
    "id bytes": "LIMIT_EXCEEDED:  'id' value has {count} bytes; {maximum} are allowed.",
    "object bytes": "LIMIT_EXCEEDED:  'fields' has {count} bytes; {maximum} are allowed.",
    "missing field": "MISSING_FIELD:  '{field}' is required on an object of type '{type}'.",
    "missing group": (
        "MISSING_FIELD:  one of {allowed} is required on an object of type '{type}'."
    ),
    "missing schedule": (
        "MISSING_FIELD:  'schedule' is required unless 'scheduleType' is 'ondemand'."
    ),
    "missing type": "MISSING_FIELD:  'type' is required.",
    "missing target": (
        "INVALID_REFERENCE:  '{field}' refers to '{value}', which is not in the definition."
    ),
    "reference wanted": (
        "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be a reference to an object."
    ),
    "string wanted": (
        "INVALID_FIELD_VALUE:  '{field}' must be a string, not a reference to '{value}'."
    ),
    "wrong family": (
        "INVALID_REFERENCE:  '{field}' refers to '{value}', which is {what}; it must refer to "
        "{allowed}."
    ),
    "ondemand elsewhere": (
        "INVALID_FIELD_VALUE:  'scheduleType' value 'ondemand' must be set on the Default object."
    ),
    "ondemand mixed": (
        "INVALID_FIELD_VALUE:  'scheduleType' value '{value}' can not be used in an on-demand "
        "pipeline."
    ),
    "ondemand schedule": (
        "INVALID_FIELD_VALUE:  'period' and 'startAt' must be 'ONDEMAND_PERIOD' and "
        "'ONDEMAND_ACTIVATION_TIME' in an on-demand pipeline."
    ),
    "ondemand missing": (
        "INVALID_FIELD_VALUE:  '{field}' value '{value}' requires 'scheduleType' 'ondemand' on "
        "the Default object."
    ),
    "out of range": "INVALID_FIELD_VALUE:  '{field}' value '{value}' must be {range}.",
    "parameter array": "INVALID_PARAMETER:  '{id}' has {count} values, but is no array.",
    "parameter id": "INVALID_PARAMETER:  '{id}' must begin with 'my' or '*my'.",
    "parameter missing": "INVALID_PARAMETER:  '{id}' has neither a value nor a default.",
    "parameter not allowed": (
        "INVALID_PARAMETER:  '{id}' value '{value}' is not among its allowedValues."
    ),
    "parameter type": "INVALID_PARAMETER:  '{id}' value '{value}' is no {type}.",
    "parameter unknown": (
        "UNDEFINED_PARAMETER:  '{field}' uses '{id}', which is neither a parameter nor a field of "
        "the object."
    ),
    "parameters": "LIMIT_EXCEEDED:  '{id}' is one parameter too many; {maximum} are allowed.",
    "period range": (
        "INVALID_FIELD_VALUE:  'period' value '{value}' must be between 15 minutes and 3 years."
    ),
    "reserved": "INVALID_FIELD:  '{field}' is reserved: names with @ are the service's.",
    "unknown type": "INVALID_FIELD_VALUE:  'type' value '{value}' is no type of object.",
    # Warnings.
    "late action": "'onLateAction' has no effect without 'lateAfterTimeout'.",
    "short retry delay": "'retryDelay' value '{value}' is shorter than the minimum of 2 minutes.",
    "undeclared value": "A value is given for '{id}', which is no parameter of the definition.",
    "unknown field": "'{field}' is no field of an object of type '{type}'.",
}


def own_text(rule: str, **values: object) -> str:
    """The text of a finding in this project's wording."""
    return OWN_TEXTS[rule].format(
        **{name: shorten(str(held)) if name in _QUOTED else held for name, held in values.items()}
    )


# What was written by whoever wrote the definition, and may be long.
_QUOTED = frozenset({"field", "id", "start", "type", "value"})


# -- results --------------------------------------------------------------------------------------


@dataclass
class Findings:
    """Errors and warnings by the id of the object or parameter that they are about."""

    errors: dict[str, list[str]] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)

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
    if any(not field.value for held in definition.objects for field in held.fields):
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
    return _Validation(definition, now, active, activating).findings()


def parse_datetime(text: str) -> int:
    """Nanoseconds since 1970 of a time as definitions write it, in UTC.

    Raises:
        ValueError: the text is no such time.
    """
    if _DATETIME.fullmatch(text.strip()) is None:
        raise ValueError(f"{text!r} is no datetime of the form YYYY-MM-DDTHH:MM:SS")
    return to_ns(datetime.fromisoformat(text.strip().removesuffix("Z")))


_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?", re.ASCII)
_INTEGER = re.compile(r"\s*-?\d+\s*", re.ASCII)
_DOUBLE = re.compile(r"\s*-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_USER_FIELD = re.compile(r"\*?my[A-Z_].*", re.DOTALL)
_PARAMETER_ID = re.compile(r"\*?my.*", re.DOTALL)
_PARAMETER = re.compile(r"#\{\s*(\*?my\w*)\s*\}")


class _Subject:
    """An object under validation, with what the rules ask about it."""

    __slots__ = ("context", "fields", "held", "id", "kind", "type")

    def __init__(self, context: _Validation, held: PipelineObject) -> None:
        self.context = context
        self.held = held
        self.id = held.id
        self.fields: Resolved = context.definition.resolved(held.id)
        self.type = self.fields.first("type")
        self.kind: ObjectType | None = catalog.TYPES.get(self.type or "")

    @property
    def family(self) -> str | None:
        return None if self.kind is None else self.kind.family

    def slot(self, key: str) -> Slot | None:
        """What a field of that name holds; None if it is not known."""
        slots = catalog.ANY_SLOTS
        if self.id != DEFAULT and self.kind is not None:
            slots = self.kind.slots
        return slots.get(key) or slots.get(f"*{key}")

    def has(self, key: str) -> bool:
        return key in self.fields or (key.startswith("*") and key[1:] in self.fields)

    def literals(self, text: str) -> list[str]:
        """The values that a text has once parameters are filled in; none if that takes a run."""
        return self.context.literals(text, self.fields)

    def literal(self, key: str) -> str | None:
        """The value of a field if it is known and single."""
        text = self.fields.first(key)
        values = [] if text is None else self.literals(text)
        return values[0] if len(values) == 1 else None

    def says(self, key: str, value: str) -> bool:
        """Whether a field has a value, in any case of letters."""
        return (self.literal(key) or "").lower() == value


class _Validation:
    def __init__(
        self, definition: Definition, now: int, active: Definition | None, activating: bool
    ) -> None:
        self.definition = definition
        self.now = now
        self.active = active
        self.activating = activating
        self.parents = {
            field.value
            for held in definition.objects
            for field in held.fields
            if field.key == "parent"
        }
        self.user_fields = {
            field.key
            for held in definition.objects
            for field in held.fields
            if field.key.lstrip("*").startswith("my")
        }
        self.on_demand = any(
            mode.lower() == "ondemand"
            for text in definition.resolved(DEFAULT).strings("scheduleType")
            for mode in self.literals(text, definition.resolved(DEFAULT))
        )
        # A text may quote them. Of a shorter one it tells nothing where it stands.
        self.secrets = [
            value
            for name in (*definition.parameters, *definition.values)
            if name.startswith("*")
            for value in definition.value_of(name) or ()
            if len(value) >= SHORTEST_SECRET
        ]
        self._errors: dict[str, list[str]] = {}
        self._warnings: dict[str, list[str]] = {}

    @cached_property
    def used(self) -> set[str]:
        """The ids of the declared parameters that some object uses."""
        parameters = self.definition.parameters
        found: set[str] = set()
        for held in self.definition.by_id.values():
            hidden = self.definition.resolved(held.id)
            for own in held.fields:
                for name in _names_in(own):
                    # A secret's name has a star, which those who use it may forget.
                    known = {name, f"*{name}"} & parameters.keys()
                    found |= {known_as for known_as in known if name not in hidden}
        return found

    def findings(self) -> Findings:
        for held in self.definition.by_id.values():
            subject = _Subject(self, held)
            for own in held.fields:
                for field_rule in _FIELD_ERRORS:
                    for text in field_rule(subject, own):
                        self._file(self._errors, held.id, text)
            for rule in _OBJECT_ERRORS:
                for text in rule(subject):
                    self._file(self._errors, held.id, text)
            for rule in _OBJECT_WARNINGS:
                for text in rule(subject):
                    self._file(self._warnings, held.id, text)
        for definition_rule in _DEFINITION_ERRORS:
            for object_id, text in definition_rule(self):
                self._file(self._errors, object_id, text)
        for definition_rule in _DEFINITION_WARNINGS:
            for object_id, text in definition_rule(self):
                self._file(self._warnings, object_id, text)
        # Recorded: the warnings of an activity come before those of Default.
        return Findings(self._sorted(self._errors), self._sorted(self._warnings, last=DEFAULT))

    def literals(self, text: str, fields: Mapping[str, Any]) -> list[str]:
        if "#{" not in text:
            return [text]
        whole = _PARAMETER.fullmatch(text)
        if whole is not None:
            found = self._values(whole[1], fields)
        else:
            found = [_PARAMETER.sub(lambda match: self._single(match, fields), text)]
        return [] if any("#{" in value for value in found) else found

    def _values(self, name: str, fields: Mapping[str, Any]) -> list[str]:
        # A field hides a parameter of its name, and has to be evaluated by itself.
        return [] if name in fields else list(self.definition.value_of(name) or ())

    def _single(self, match: re.Match[str], fields: Mapping[str, Any]) -> str:
        values = self._values(match[1], fields)
        return values[0] if len(values) == 1 else match[0]

    def _file(self, where: dict[str, list[str]], object_id: str, text: str) -> None:
        shown = shorten(masked(text, self.secrets), MAXIMUM_MESSAGE_LENGTH)
        where.setdefault(object_id, []).append(shown)

    def _sorted(self, found: dict[str, list[str]], last: str | None = None) -> dict[str, list[str]]:
        order = [*self.definition.by_id, *self.definition.parameters, *found]
        if last is not None:
            order.append(last)
            order = [object_id for object_id in order if object_id != last] + [last]
        return {object_id: found[object_id] for object_id in order if object_id in found}


def _names_in(own: Field) -> frozenset[str]:
    """The names that the expressions of a field use; none if one of them can not be read."""
    if own.is_ref or "#{" not in own.value:
        return frozenset()
    try:
        return parse(own.value).names
    except ExpressionError:
        return frozenset()


# -- rules about one field of an object -----------------------------------------------------------


def _reserved_name(_: _Subject, own: Field) -> Iterator[str]:
    if own.key.startswith("@"):
        yield own_text("reserved", field=own.key)


def _empty(_: _Subject, own: Field) -> Iterator[str]:
    if not own.value:
        yield own_text("empty field", field=own.key)


def _field_sizes(_: _Subject, own: Field) -> Iterator[str]:
    for rule, text, maximum in (
        ("key bytes", own.key, MAXIMUM_KEY_LENGTH),
        ("field bytes", own.value, MAXIMUM_VALUE_LENGTH),
    ):
        # No character has more than four bytes: most fields need no count.
        if len(text) * 4 > maximum and (count := _bytes(text)) > maximum:
            yield own_text(rule, field=own.key, count=count, maximum=maximum)


def _reference(subject: _Subject, own: Field) -> Iterator[str]:
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


def _string_for_reference(subject: _Subject, own: Field) -> Iterator[str]:
    slot = subject.slot(own.key)
    if own.is_ref or not own.value or slot is None or not slot.is_reference or "#{" in own.value:
        return
    yield own_text("reference wanted", field=own.key, value=own.value)


def _value(subject: _Subject, own: Field) -> Iterator[str]:
    slot = subject.slot(own.key)
    if own.is_ref or not own.value or slot is None or "S" in slot.kind or slot.is_reference:
        return
    for value in subject.literals(own.value):
        if own.key == "period" and value.upper() == ONDEMAND_PERIOD:
            continue
        if _accepts(slot, value):
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


def _start_is_literal(subject: _Subject, own: Field) -> Iterator[str]:
    # Parameters are filled in before anything else, so what they leave is a literal.
    if own.key == "startDateTime" and subject.slot(own.key) is not None and not own.is_ref:
        without = _PARAMETER.sub("", own.value)
        if "#{" in without:
            yield NOT_LITERAL


def _expression(subject: _Subject, own: Field) -> Iterator[str]:
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


def _is_known(subject: _Subject, name: str) -> bool:
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


_FIELD_ERRORS: tuple[Callable[[_Subject, Field], Iterable[str]], ...] = (
    _reserved_name,
    _empty,
    _field_sizes,
    _reference,
    _string_for_reference,
    _start_is_literal,
    _value,
    _expression,
)


def _accepts(slot: Slot, value: str) -> bool:
    return any(
        _is_one_of(slot.values, value) if kind == "E" else _ACCEPTS[kind](value)
        for kind in slot.kind
    )


def _is_one_of(known: tuple[str, ...], value: str) -> bool:
    return not known or value.strip().lower() in {name.lower() for name in known}


def _is_boolean(value: str) -> bool:
    return value.strip().lower() in ("true", "false")


def _is_integer(value: str) -> bool:
    # Python refuses to read thousands of digits at once; so would anybody else.
    return len(value) < 100 and _INTEGER.fullmatch(value) is not None


def _is_double(value: str) -> bool:
    return _DOUBLE.fullmatch(value) is not None and math.isfinite(float(value))


def _is_period(value: str) -> bool:
    return _parsed(Period.parse, value) is not None


def _is_datetime(value: str) -> bool:
    return _parsed(parse_datetime, value) is not None


_ACCEPTS: dict[str, Callable[[str], bool]] = {
    "B": _is_boolean,
    "D": _is_double,
    "I": _is_integer,
    "P": _is_period,
    "T": _is_datetime,
}
_REFUSALS = {
    "B": "bad boolean",
    "D": "bad double",
    "E": "bad enumeration",
    "I": "bad integer",
    "P": "bad period",
    "T": "bad datetime",
}


# -- rules about one object -----------------------------------------------------------------------


def _type(subject: _Subject) -> Iterator[str]:
    if subject.type is None:
        if subject.id != DEFAULT and subject.id not in subject.context.parents:
            yield own_text("missing type")
    elif subject.kind is None:
        yield own_text("unknown type", value=subject.type)


def _required_fields(subject: _Subject) -> Iterator[str]:
    if subject.kind is None:
        return
    for key in subject.kind.required:
        if not subject.has(key):
            yield own_text("missing field", field=key, type=subject.type)
    for group in subject.kind.groups:
        if not any(subject.has(key) for key in group):
            allowed = ", ".join(f"'{key}'" for key in group)
            yield own_text("missing group", allowed=allowed, type=subject.type)


def _exclusive_fields(subject: _Subject) -> Iterator[str]:
    # Only what stands side by side: a child may well replace what its parent says.
    own = {field.key for field in subject.held.fields}
    for first, second in EXCLUSIVE:
        if first in own and second in own and subject.slot(first) and subject.slot(second):
            yield own_text("exclusive", field=first, other=second)


def _has_schedule(subject: _Subject) -> Iterator[str]:
    if subject.family != catalog.ACTIVITY or "schedule" in subject.fields:
        return
    # One that says ondemand by itself is told that this is not the place for it.
    if not subject.context.on_demand and not subject.says("scheduleType", "ondemand"):
        yield own_text("missing schedule")


def _schedule_type(subject: _Subject) -> Iterator[str]:
    if subject.id == DEFAULT or subject.slot("scheduleType") is None:
        return
    for own in subject.held.fields:
        if own.key != "scheduleType":
            continue
        for mode in subject.literals(own.value):
            if mode.lower() == "ondemand" and not subject.context.on_demand:
                yield own_text("ondemand elsewhere")
            elif mode.lower() != "ondemand" and subject.context.on_demand:
                yield own_text("ondemand mixed", value=mode)


def _schedule(subject: _Subject) -> Iterator[str]:
    if subject.family != catalog.SCHEDULE:
        return
    period, start = subject.literal("period"), subject.literal("startAt")
    special = {
        "period": (period, ONDEMAND_PERIOD),
        "startAt": (start, ONDEMAND_ACTIVATION_TIME),
    }
    are_special = [(value or "").upper() == wanted for value, wanted in special.values()]
    if subject.context.on_demand:
        if not all(are_special):
            yield own_text("ondemand schedule")
        return
    for (key, (value, _)), is_special in zip(special.items(), are_special, strict=True):
        if is_special:
            yield own_text("ondemand missing", field=key, value=value)
    parsed = _parsed(Period.parse, period)
    if parsed is not None and not _is_allowed(parsed):
        yield own_text("period range", value=period)


def _is_allowed(period: Period) -> bool:
    if period.months:
        return period.months <= 36
    return SHORTEST_PERIOD <= period.nanoseconds <= LONGEST_PERIOD


def _terminates(subject: _Subject) -> Iterator[str]:
    """Seen of preconditions alone; the guide lists it for them as for activities."""
    if subject.family != catalog.PRECONDITION:
        return
    definition = subject.context.definition
    for key in ("onFail", "onLateAction", "onSuccess"):
        # Our choice: what Default says for all objects is not held against one of them.
        if definition.source_of(subject.id, key) == DEFAULT:
            continue
        if any(definition.type_of(name) == "Terminate" for name in subject.fields.refs(key)):
            yield TERMINATES.format(field=key)


def _end_after_start(subject: _Subject) -> Iterator[str]:
    if subject.family != catalog.SCHEDULE:
        return
    start_text, end_text = subject.literal("startDateTime"), subject.literal("endDateTime")
    start, end = _parsed(parse_datetime, start_text), _parsed(parse_datetime, end_text)
    if start is not None and end is not None and end <= start:
        yield own_text("end before start", value=end_text, start=start_text)


def _field_count(subject: _Subject) -> Iterator[str]:
    # A list of strings counts once: some formats have hundreds of columns. Seen: one of references
    # does not. Our choice: they are counted apart from the names.
    fields = subject.held.fields
    names = len({own.key for own in fields})
    references = sum(own.is_ref for own in fields)
    if max(names, references) > MAXIMUM_FIELDS:
        yield TOO_MANY_FIELDS.format(maximum=MAXIMUM_FIELDS)


def _object_sizes(subject: _Subject) -> Iterator[str]:
    held = subject.held
    content = sum(_bytes(own.key) + _bytes(own.value) for own in held.fields)
    for rule, count, maximum in (
        ("id bytes", _bytes(held.id), MAXIMUM_KEY_LENGTH),
        ("object bytes", content, MAXIMUM_OBJECT_BYTES),
    ):
        if count > maximum:
            yield own_text(rule, count=count, maximum=maximum)


_OBJECT_ERRORS: tuple[Callable[[_Subject], Iterable[str]], ...] = (
    _type,
    _required_fields,
    _exclusive_fields,
    _terminates,
    _has_schedule,
    _schedule_type,
    _schedule,
    _end_after_start,
    _field_count,
    _object_sizes,
)


# -- warnings about one object --------------------------------------------------------------------


def _cascade(subject: _Subject) -> Iterator[str]:
    if subject.family != catalog.ACTIVITY:
        return
    text = subject.fields.first("failureAndRerunMode")
    modes = [] if text is None else subject.literals(text)
    if text is None or (modes and modes[0].lower() != "cascade"):
        yield NO_CASCADE
    elif modes and (start := _start_of(subject)) is not None and start < subject.context.now:
        yield BACKFILL.format(name=subject.held.name, start=timestamp(start))


def _start_of(subject: _Subject) -> int | None:
    """When the schedule of an object starts, if the definition tells."""
    context = subject.context
    if context.on_demand:
        return None
    for name in subject.fields.refs("schedule"):
        held = context.definition.by_id.get(name)
        if held is not None:
            return _parsed(parse_datetime, _Subject(context, held).literal("startDateTime"))
    return None


def _terminate_after(subject: _Subject) -> Iterator[str]:
    if subject.type == "Ec2Resource" and "terminateAfter" not in subject.fields:
        yield NO_TERMINATE_AFTER


def _unknown_fields(subject: _Subject) -> Iterator[str]:
    kind = subject.kind
    # Of an unknown type no field is known.
    if (kind is not None and kind.open) or (kind is None and subject.type is not None):
        return
    for key in dict.fromkeys(own.key for own in subject.held.fields):
        known = key in ("type", "parent") or key.startswith("@") or _USER_FIELD.fullmatch(key)
        if not known and subject.slot(key.lstrip("*")) is None:
            yield own_text("unknown field", field=key, type=subject.type or "any")


def _late_action(subject: _Subject) -> Iterator[str]:
    if "onLateAction" in subject.fields and "lateAfterTimeout" not in subject.fields:
        yield own_text("late action")


def _retry_delay(subject: _Subject) -> Iterator[str]:
    for own in subject.held.fields:
        if own.key != "retryDelay" or subject.slot(own.key) is None:
            continue
        for value in subject.literals(own.value):
            delay = _parsed(parse_period, value)
            if delay is not None and delay < SHORTEST_RETRY_DELAY:
                yield own_text("short retry delay", value=value)


_OBJECT_WARNINGS: tuple[Callable[[_Subject], Iterable[str]], ...] = (
    _cascade,
    _terminate_after,
    _unknown_fields,
    _late_action,
    _retry_delay,
)


# -- rules about the definition as a whole --------------------------------------------------------


def _duplicates(context: _Validation) -> Iterator[tuple[str, str]]:
    counts: dict[str, int] = {}
    for held in context.definition.objects:
        counts[held.id] = counts.get(held.id, 0) + 1
    for object_id, count in counts.items():
        if count > 1:
            yield object_id, own_text("duplicate id", id=object_id)


def _parent_cycles(context: _Validation) -> Iterator[tuple[str, str]]:
    definition = context.definition
    graph: dict[str, list[str]] = {}
    for object_id in definition.by_id:
        parent = definition.parent_of(object_id)
        graph[object_id] = [parent] if parent in definition.by_id and parent is not None else []
    yield from _cycles(graph, "parent")


def _dependency_cycles(context: _Validation) -> Iterator[tuple[str, str]]:
    yield from _cycles(_dependencies(context.definition), "dependsOn")


def _dependencies(definition: Definition) -> dict[str, list[str]]:
    """Which objects each one waits for."""
    graph: dict[str, list[str]] = {object_id: [] for object_id in definition.by_id}
    for object_id, waits_for in graph.items():
        fields = definition.resolved(object_id)
        family = catalog.family_of(definition.type_of(object_id) or "")
        if family not in (catalog.ACTIVITY, catalog.DATA_NODE):
            continue
        waits_for += fields.refs("dependsOn") + fields.refs("precondition")
        if family != catalog.ACTIVITY:
            continue
        outputs = fields.refs("output")
        # An activity that changes a node in place does not wait for itself.
        waits_for += [name for name in fields.refs("input") if name not in outputs]
        for name in outputs:
            if name in graph:
                graph[name].append(object_id)
    return {
        object_id: [name for name in dict.fromkeys(waits_for) if name in graph]
        for object_id, waits_for in graph.items()
    }


def _cycles(graph: dict[str, list[str]], field: str) -> Iterator[tuple[str, str]]:
    """One finding for each node that lies on a cycle, naming a shortest one."""
    told: set[str] = set()
    place = {name: number for number, name in enumerate(graph)}
    for component in _knots(graph):
        members = set(component)
        for node in sorted(component, key=place.__getitem__):
            if node in told:
                continue
            cycle = _shortest_cycle(graph, node, members)
            text = own_text("cycle", field=field, cycle=_told([*cycle, node]))
            for name in cycle:
                if name not in told:
                    told.add(name)
                    yield name, text


def _told(cycle: list[str]) -> str:
    # Each of its objects tells all of a cycle: a long one is cut, or they would tell megabytes.
    if len(cycle) > MAXIMUM_CYCLE_TOLD:
        cycle = [*cycle[: MAXIMUM_CYCLE_TOLD // 2], "...", *cycle[-MAXIMUM_CYCLE_TOLD // 2 :]]
    return " -> ".join(shorten(name) for name in cycle)


def _shortest_cycle(graph: dict[str, list[str]], start: str, within: set[str]) -> list[str]:
    """The nodes of a shortest way from a node back to itself."""
    before: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for following in graph[node]:
            if following == start:
                way = [node]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1]
            if following in within and following not in before:
                before[following] = node
                waiting.append(following)
    return [start]


def _knots(graph: dict[str, list[str]]) -> Iterator[list[str]]:
    """The sets of nodes that can all reach each other (Tarjan). Not recursive: a chain of objects
    may be longer than Python's stack.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in graph:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        path = [(root, iter(graph[root]))]
        while path:
            node, rest = path[-1]
            following = next(rest, None)
            if following is not None:
                if following not in index:
                    index[following] = low[following] = len(index)
                    stack.append(following)
                    on_stack.add(following)
                    path.append((following, iter(graph[following])))
                elif following in on_stack:
                    low[node] = min(low[node], index[following])
                continue
            path.pop()
            if path:
                low[path[-1][0]] = min(low[path[-1][0]], low[node])
            if low[node] == index[node]:
                component = []
                while True:
                    member = stack.pop()
                    on_stack.discard(member)
                    component.append(member)
                    if member == node:
                        break
                if len(component) > 1 or node in graph[node]:
                    yield component


def _parameters(context: _Validation) -> Iterator[tuple[str, str]]:
    definition = context.definition
    for place, declared in enumerate(definition.declared):
        if place == MAXIMUM_PARAMETERS:
            yield declared.id, own_text("parameters", id=declared.id, maximum=MAXIMUM_PARAMETERS)
        if _PARAMETER_ID.fullmatch(declared.id) is None:
            yield declared.id, own_text("parameter id", id=declared.id)
        count = _bytes(declared.id)
        if count > MAXIMUM_KEY_LENGTH:
            yield declared.id, own_text("id bytes", count=count, maximum=MAXIMUM_KEY_LENGTH)
        if _lacks_value(definition, declared):
            if declared.id in context.used:
                yield declared.id, NO_PARAMETER_VALUE
            elif context.activating:
                yield declared.id, own_text("parameter missing", id=declared.id)
        for text in _parameter_values(definition, declared):
            yield declared.id, text


def _lacks_value(definition: Definition, declared: Parameter) -> bool:
    return not declared.is_optional and not definition.value_of(declared.id)


def _parameter_values(definition: Definition, declared: Parameter) -> Iterator[str]:
    values = definition.value_of(declared.id) or []
    if len(values) > 1 and declared.attribute("isArray").lower() != "true":
        yield own_text("parameter array", id=declared.id, count=len(values))
    allowed = declared.attributes.get("allowedValues")
    kind = declared.attribute("type", "String")
    for value in values:
        if not value and declared.is_optional:
            continue
        shown = MASK if declared.id.startswith("*") else value
        if allowed and value not in allowed:
            yield own_text("parameter not allowed", id=declared.id, value=shown)
        if kind in _PARAMETER_TYPES and not _PARAMETER_TYPES[kind](value):
            yield own_text("parameter type", id=declared.id, value=shown, type=kind)


_PARAMETER_TYPES = {"Integer": _is_integer, "Double": _is_double}


def _changes(context: _Validation) -> Iterator[tuple[str, str]]:
    """What may not change once a pipeline has been activated."""
    if context.active is None or _is_same(context.active, context.definition):
        return
    before = _Validation(context.active, context.now, None, activating=False)
    for object_id, held in context.active.by_id.items():
        new = context.definition.by_id.get(object_id)
        if new is None:
            yield object_id, own_text("activated object removed", id=object_id)
            continue
        for text in _changed(_Subject(before, held), _Subject(context, new)):
            yield object_id, text
    for object_id, held in context.definition.by_id.items():
        if object_id in context.active.by_id:
            continue
        for own in held.fields:
            if own.key == "output" and own.is_ref and own.value in context.active.by_id:
                yield object_id, own_text("activated output", value=own.value)


def _is_same(one: Definition, other: Definition) -> bool:
    return one.values == other.values and [(held.id, held.fields) for held in one.objects] == [
        (held.id, held.fields) for held in other.objects
    ]


def _changed(old: _Subject, new: _Subject) -> Iterator[str]:
    references = [_references(subject.held) for subject in (old, new)]
    for key in dict.fromkeys((*references[0], *references[1])):
        if references[0].get(key) != references[1].get(key):
            yield own_text("activated reference", field=key)
    if old.family != catalog.SCHEDULE:
        return
    if _same(Period.parse, old, "period") != _same(Period.parse, new, "period"):
        yield own_text("activated period")
    for key in ("startDateTime", "startAt"):
        if _same(parse_datetime, old, key) != _same(parse_datetime, new, key):
            yield own_text("activated start", field=key)


def _references(held: PipelineObject) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for own in held.fields:
        if own.is_ref:
            found.setdefault(own.key, []).append(own.value)
    return {key: sorted(targets) for key, targets in found.items()}


def _same(read: Callable[[str], Any], subject: _Subject, key: str) -> Any:
    """What a field says, so that two ways of writing it are equal."""
    text = subject.literal(key) or subject.fields.first(key)
    parsed = _parsed(read, text)
    return parsed if parsed is not None or text is None else text.lower()


_DEFINITION_ERRORS: tuple[Callable[[_Validation], Iterable[tuple[str, str]]], ...] = (
    _duplicates,
    _parent_cycles,
    _dependency_cycles,
    _parameters,
    _changes,
)


def _log_uri(context: _Validation) -> Iterator[tuple[str, str]]:
    definition = context.definition
    if DEFAULT in definition.by_id:
        is_missing = "pipelineLogUri" not in definition.resolved(DEFAULT)
    else:
        # Without Default the others have to say it themselves.
        is_missing = bool(definition.objects) and not any(
            field.key == "pipelineLogUri" for held in definition.objects for field in held.fields
        )
    if is_missing:
        yield DEFAULT, NO_LOG_URI


def _undeclared_values(context: _Validation) -> Iterator[tuple[str, str]]:
    for name in context.definition.values:
        if name not in context.definition.parameters:
            yield name, own_text("undeclared value", id=name)


def _missing_values(context: _Validation) -> Iterator[tuple[str, str]]:
    for declared in context.definition.declared:
        if context.activating or declared.id in context.used:
            continue
        if _lacks_value(context.definition, declared):
            yield declared.id, own_text("parameter missing", id=declared.id)


_DEFINITION_WARNINGS: tuple[Callable[[_Validation], Iterable[tuple[str, str]]], ...] = (
    _missing_values,
    _undeclared_values,
    _log_uri,
)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _parsed(read: Callable[[str], _Read], text: str | None) -> _Read | None:
    """What a text says; None if there is no text or it says nothing."""
    if text is None:
        return None
    try:
        return read(text)
    except (ValueError, OverflowError):
        return None
