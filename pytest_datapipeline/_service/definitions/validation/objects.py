"""Rules about one object: errors and warnings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from ...clock import SECOND
from ...expressions.periods import Period, parse_period
from ...fields import MAXIMUM_KEY_LENGTH, parse_datetime
from .. import catalog
from ..definition import DEFAULT
from .subject import Subject
from .texts import BACKFILL, NO_CASCADE, NO_TERMINATE_AFTER, TERMINATES, TOO_MANY_FIELDS, own_text
from .values import ONDEMAND_PERIOD, byte_count, try_parse

if TYPE_CHECKING:
    from collections.abc import Iterator

MAXIMUM_FIELDS = 50
MAXIMUM_OBJECT_BYTES = 15_360
SHORTEST_PERIOD = 15 * 60 * SECOND
LONGEST_PERIOD = (3 * 365 + 1) * 86_400 * SECOND  # one of three years may be a leap year
SHORTEST_RETRY_DELAY = 120 * SECOND
# The schedule that stands for none.
ON_DEMAND_SCHEDULE = {"period": ONDEMAND_PERIOD, "startAt": "ONDEMAND_ACTIVATION_TIME"}
# Pairs of fields that exclude each other.
EXCLUSIVE = (
    ("startDateTime", "startAt"),
    ("endDateTime", "occurrences"),
    ("command", "scriptUri"),
)
Rule = Callable[[Subject], Iterable[str]]

_USER_FIELD = re.compile(r"\*?my[A-Z_].*", re.DOTALL)


def _has_type(subject: Subject) -> Iterator[str]:
    if subject.type is None and not subject.is_base:
        yield own_text("missing type")


def _required_fields(subject: Subject) -> Iterator[str]:
    if subject.kind is None:
        return
    for key in subject.kind.required:
        if not subject.has(key):
            yield own_text("missing field", field=key, type=subject.type)
    for group in subject.kind.groups:
        for key in group:
            if subject.has(key):
                break
        else:
            allowed = ", ".join(f"'{key}'" for key in group)
            yield own_text("missing group", allowed=allowed, type=subject.type)


def _exclusive_fields(subject: Subject) -> Iterator[str]:
    # Only in one object: a child may replace a field of its parent by the other of the pair.
    keys = {field.key for field in subject.object.fields}
    for first, second in EXCLUSIVE:
        if first in keys and second in keys and subject.slot(first) and subject.slot(second):
            yield own_text("exclusive", field=first, other=second)


def _has_schedule(subject: Subject) -> Iterator[str]:
    if "schedule" in subject.fields:
        return
    # An activity that is `ondemand` itself gets the error for that instead.
    if not subject.context.on_demand and not subject.says("scheduleType", "ondemand"):
        yield own_text("missing schedule")


def _schedule_type(subject: Subject) -> Iterator[str]:
    if subject.id == DEFAULT or subject.slot("scheduleType") is None:
        return
    for field in subject.object.fields:
        if field.key != "scheduleType":
            continue
        for mode in subject.literals(field.value):
            if mode.lower() == "ondemand" and not subject.context.on_demand:
                yield own_text("ondemand elsewhere")
            elif mode.lower() != "ondemand" and subject.context.on_demand:
                yield own_text("ondemand mixed", value=mode)


def _schedule(subject: Subject) -> Iterator[str]:
    if subject.context.on_demand:
        return
    for key, wanted in ON_DEMAND_SCHEDULE.items():
        if subject.says(key, wanted.lower()):
            yield own_text("ondemand missing", field=key, value=subject.literal(key))
    period = subject.literal("period")
    parsed = try_parse(Period.parse, period)
    if parsed is not None and not _is_allowed(parsed):
        yield own_text("period range", value=period)


def _is_allowed(period: Period) -> bool:
    if period.months:
        return period.months <= 36
    return SHORTEST_PERIOD <= period.nanoseconds <= LONGEST_PERIOD


def _terminates(subject: Subject) -> Iterator[str]:
    """Observed for preconditions alone, although the guide allows it."""
    definition = subject.context.definition
    for key in ("onFail", "onLateAction", "onSuccess"):
        # Our choice: an action that Default sets for all objects is accepted.
        if definition.source_of(subject.id, key) == DEFAULT:
            continue
        if any(definition.type_of(name) == "Terminate" for name in subject.fields.refs(key)):
            yield TERMINATES.format(field=key)


def _end_after_start(subject: Subject) -> Iterator[str]:
    start_text, end_text = subject.literal("startDateTime"), subject.literal("endDateTime")
    start, end = try_parse(parse_datetime, start_text), try_parse(parse_datetime, end_text)
    if start is not None and end is not None and end <= start:
        yield own_text("end before start", value=end_text, start=start_text)


def _field_count(subject: Subject) -> Iterator[str]:
    # A list of strings counts once: some formats have hundreds of columns. Observed: a list of
    # references does not. Our choice: references are counted apart from names.
    fields = subject.object.fields
    if len(fields) <= MAXIMUM_FIELDS:
        return
    names = len({field.key for field in fields})
    references = sum(field.is_ref for field in fields)
    if max(names, references) > MAXIMUM_FIELDS:
        yield TOO_MANY_FIELDS.format(maximum=MAXIMUM_FIELDS)


def _object_sizes(subject: Subject) -> Iterator[str]:
    pipeline_object = subject.object
    characters = sum(len(field.key) + len(field.value) for field in pipeline_object.fields)
    # A character has at most four bytes, so that most objects need not be encoded.
    if characters * 4 <= MAXIMUM_OBJECT_BYTES and len(pipeline_object.id) * 4 <= MAXIMUM_KEY_LENGTH:
        return
    content = sum(
        byte_count(field.key) + byte_count(field.value) for field in pipeline_object.fields
    )
    for rule, count, maximum in (
        ("id bytes", byte_count(pipeline_object.id), MAXIMUM_KEY_LENGTH),
        ("object bytes", content, MAXIMUM_OBJECT_BYTES),
    ):
        if count > maximum:
            yield own_text(rule, count=count, maximum=maximum)


# With the families that they are about, and the fields of which the object has one; none: all.
_Table = tuple[tuple[Rule, tuple[str, ...], tuple[str, ...]], ...]
ERRORS: _Table = (
    (_has_type, (), ()),
    (_required_fields, (), ()),
    (_exclusive_fields, (), tuple(pair[0] for pair in EXCLUSIVE)),
    (_terminates, (catalog.PRECONDITION,), ()),
    (_has_schedule, (catalog.ACTIVITY,), ()),
    (_schedule_type, (), ("scheduleType",)),
    (_schedule, (catalog.SCHEDULE,), ()),
    (_end_after_start, (catalog.SCHEDULE,), ()),
    (_field_count, (), ()),
    (_object_sizes, (), ()),
)


# -- warnings -------------------------------------------------------------------------------------


def _cascade(subject: Subject) -> Iterator[str]:
    text = subject.fields.first("failureAndRerunMode")
    modes = [] if text is None else subject.literals(text)
    if text is None or (modes and modes[0].lower() != "cascade"):
        yield NO_CASCADE
        return
    context = subject.context
    for schedule in () if context.on_demand else subject.fields.refs("schedule"):
        if schedule in context.definition.by_id:
            start = context.start_of(schedule)
            if start is not None and start[0] < context.now:
                yield BACKFILL.format(name=subject.object.name, start=start[1])
            return


def _terminate_after(subject: Subject) -> Iterator[str]:
    if subject.type == "Ec2Resource" and "terminateAfter" not in subject.fields:
        yield NO_TERMINATE_AFTER


def _known_type(subject: Subject) -> Iterator[str]:
    # No error: what is documented may not be all that there is.
    if subject.kind is None and subject.type not in (None, DEFAULT):
        yield own_text("unknown type", value=subject.type)


def _unknown_fields(subject: Subject) -> Iterator[str]:
    rule = "unknown field" if subject.type else "unknown field of any"
    for key in unknown_fields(subject):
        yield own_text(rule, field=key, type=subject.type)


def unknown_fields(subject: Subject) -> Iterator[str]:
    """The fields that an object has by itself, and that its type does not."""
    kind = subject.kind
    # The fields of an unknown type are unknown.
    if (kind is not None and kind.open) or (kind is None and subject.type not in (None, DEFAULT)):
        return
    for key in dict.fromkeys(field.key for field in subject.object.fields):
        if not _is_known(subject.type_of_fields, key):
            yield key


@lru_cache(maxsize=4096)
def _is_known(type_name: str | None, key: str) -> bool:
    if key in ("type", "parent") or key.startswith("@") or _USER_FIELD.fullmatch(key):
        return True
    return catalog.slot_of(type_name, key.lstrip("*")) is not None


def _late_action(subject: Subject) -> Iterator[str]:
    if "onLateAction" in subject.fields and "lateAfterTimeout" not in subject.fields:
        yield own_text("late action")


def _ignored_schedule(subject: Subject) -> Iterator[str]:
    if not subject.context.on_demand:
        return
    if not all(subject.says(key, wanted.lower()) for key, wanted in ON_DEMAND_SCHEDULE.items()):
        yield own_text("ignored schedule")


def _retry_delay(subject: Subject) -> Iterator[str]:
    for field in subject.object.fields:
        if field.key != "retryDelay" or subject.slot(field.key) is None:
            continue
        for value in subject.literals(field.value):
            delay = try_parse(parse_period, value)
            if delay is not None and delay < SHORTEST_RETRY_DELAY:
                yield own_text("short retry delay", value=value)


WARNINGS: _Table = (
    (_known_type, (), ()),
    (_cascade, (catalog.ACTIVITY,), ()),
    (_terminate_after, (catalog.RESOURCE,), ()),
    (_unknown_fields, (), ()),
    (_late_action, (), ()),
    (_ignored_schedule, (catalog.SCHEDULE,), ()),
    (_retry_delay, (), ("retryDelay",)),
)
_TELLING = frozenset(key for _, _, keys in (*ERRORS, *WARNINGS) for key in keys)


def rules_for(subject: Subject) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """The rules that an object can break: those of errors, and those of warnings."""
    keys = _TELLING.intersection(field.key for field in subject.object.fields)
    return _rules_for(subject.family, keys)


@cache
def _rules_for(
    family: str | None, keys: frozenset[str]
) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    errors, warnings = (
        tuple(
            rule
            for rule, families, telling in rules
            if (not families or family in families)
            and (not telling or not keys.isdisjoint(telling))
        )
        for rules in (ERRORS, WARNINGS)
    )
    return errors, warnings
