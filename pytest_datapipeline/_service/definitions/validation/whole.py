"""Rules about a whole definition: ids, circles, parameters, changes after the activation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...expressions.periods import Period
from ...fields import MASK, MAXIMUM_KEY_LENGTH, parse_datetime
from .. import catalog
from ..definition import DEFAULT
from .cycles import cycles
from .subject import Context, Subject
from .texts import NO_LOG_URI, NO_PARAMETER_VALUE, own_text
from .values import byte_count, is_double, is_integer, try_parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..definition import Definition, Parameter, PipelineObject

MAXIMUM_PARAMETERS = 50
_PARAMETER_ID = re.compile(r"\*?my.*", re.DOTALL)


def _duplicates(context: Context) -> Iterator[tuple[str, str]]:
    counts: dict[str, int] = {}
    for pipeline_object in context.definition.objects:
        counts[pipeline_object.id] = counts.get(pipeline_object.id, 0) + 1
    for object_id, count in counts.items():
        if count > 1:
            yield object_id, own_text("duplicate id", id=object_id)


def _parent_cycles(context: Context) -> Iterator[tuple[str, str]]:
    definition = context.definition
    graph: dict[str, list[str]] = {}
    for object_id in definition.by_id:
        parent = definition.parent_of(object_id)
        graph[object_id] = [parent] if parent in definition.by_id and parent is not None else []
    yield from cycles(graph, "parent")


def _dependency_cycles(context: Context) -> Iterator[tuple[str, str]]:
    yield from cycles(_dependencies(context.definition), "dependsOn")


# The fields that have an object wait for another, or another for it.
_WAITING = frozenset({"dependsOn", "input", "output", "precondition"})


def _dependencies(definition: Definition) -> dict[str, list[str]]:
    """The objects that each one waits for."""
    graph: dict[str, list[str]] = {object_id: [] for object_id in definition.by_id}
    for object_id, waits_for in graph.items():
        fields = definition.resolved(object_id)
        if _WAITING.isdisjoint(fields):
            continue
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
        object_id: waits_for and [name for name in dict.fromkeys(waits_for) if name in graph]
        for object_id, waits_for in graph.items()
    }


def _parameters(context: Context) -> Iterator[tuple[str, str]]:
    definition = context.definition
    for place, declared in enumerate(definition.declared):
        if place == MAXIMUM_PARAMETERS:
            yield declared.id, own_text("parameters", id=declared.id, maximum=MAXIMUM_PARAMETERS)
        if _PARAMETER_ID.fullmatch(declared.id) is None:
            yield declared.id, own_text("parameter id", id=declared.id)
        count = byte_count(declared.id)
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


_PARAMETER_TYPES = {"Integer": is_integer, "Double": is_double}


def _changes(context: Context) -> Iterator[tuple[str, str]]:
    """Changes that are not allowed after the first activation."""
    if context.active is None or _is_same(context.active, context.definition):
        return
    before = Context(context.active, context.now, None, activating=False)
    for object_id, pipeline_object in context.active.by_id.items():
        new = context.definition.by_id.get(object_id)
        if new is None:
            yield object_id, own_text("activated object removed", id=object_id)
            continue
        for text in _changed(Subject(before, pipeline_object), Subject(context, new)):
            yield object_id, text
    for object_id, pipeline_object in context.definition.by_id.items():
        if object_id in context.active.by_id:
            continue
        for field in pipeline_object.fields:
            if field.key == "output" and field.is_ref and field.value in context.active.by_id:
                yield object_id, own_text("activated output", value=field.value)


def _is_same(one: Definition, other: Definition) -> bool:
    return one.values == other.values and [
        (pipeline_object.id, pipeline_object.fields) for pipeline_object in one.objects
    ] == [(pipeline_object.id, pipeline_object.fields) for pipeline_object in other.objects]


def _changed(old: Subject, new: Subject) -> Iterator[str]:
    references = [_references(subject.object) for subject in (old, new)]
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


def _references(pipeline_object: PipelineObject) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for field in pipeline_object.fields:
        if field.is_ref:
            found.setdefault(field.key, []).append(field.value)
    return {key: sorted(targets) for key, targets in found.items()}


def _same(read: Callable[[str], Any], subject: Subject, key: str) -> Any:
    """The parsed value of a field, for which different spellings are equal."""
    text = subject.literal(key) or subject.fields.first(key)
    parsed = try_parse(read, text)
    return parsed if parsed is not None or text is None else text.lower()


ERRORS: tuple[Callable[[Context], Iterable[tuple[str, str]]], ...] = (
    _duplicates,
    _parent_cycles,
    _dependency_cycles,
    _parameters,
    _changes,
)


def _log_uri(context: Context) -> Iterator[tuple[str, str]]:
    definition = context.definition
    if DEFAULT in definition.by_id:
        is_missing = "pipelineLogUri" not in definition.resolved(DEFAULT)
    else:
        # Without Default any other object may set it.
        is_missing = bool(definition.objects) and not any(
            field.key == "pipelineLogUri"
            for pipeline_object in definition.objects
            for field in pipeline_object.fields
        )
    if is_missing:
        yield DEFAULT, NO_LOG_URI


def _undeclared_values(context: Context) -> Iterator[tuple[str, str]]:
    for name in context.definition.values:
        if name not in context.definition.parameters:
            yield name, own_text("undeclared value", id=name)


def _missing_values(context: Context) -> Iterator[tuple[str, str]]:
    for declared in context.definition.declared:
        if context.activating or declared.id in context.used:
            continue
        if _lacks_value(context.definition, declared):
            yield declared.id, own_text("parameter missing", id=declared.id)


def _unexpected_lists(context: Context) -> Iterator[tuple[str, str]]:
    for declared in context.definition.declared:
        values = context.definition.value_of(declared.id) or []
        if len(values) > 1 and declared.attribute("isArray").lower() != "true":
            yield declared.id, own_text("parameter array", id=declared.id, count=len(values))


WARNINGS: tuple[Callable[[Context], Iterable[tuple[str, str]]], ...] = (
    _missing_values,
    _unexpected_lists,
    _undeclared_values,
    _log_uri,
)
