"""The texts of a definition's fields: what they become without a run, and whether they need one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..expressions.parser import parse
from ..expressions.template import ExpressionError
from .scope import Context, ObjectScope

if TYPE_CHECKING:
    from ..definitions.definition import Definition, Resolved

# What a run is told of itself that never changes.
_UNCHANGING = frozenset({"@scheduledStartTime", "@scheduledEndTime", "@pipelineId"})


def is_the_same_all_along(definition: Definition, object_id: str, text: str) -> bool:
    """Whether a text becomes the same at each moment of a run: it uses its interval, parameters
    and plain fields, and nothing of other objects.
    """
    fields = definition.resolved(object_id)
    try:
        paths = parse(text).paths
    except ExpressionError:
        return False
    for path in paths:
        name = path[0]
        if len(path) == 1 and name in _UNCHANGING:
            continue
        if name.startswith("@") or len(path) > 1:
            return False
        held = fields.get(name) or fields.get(f"*{name}")
        if held is None and definition.value_of(name) is None:
            return False
        if any(field.is_ref or "#{" in field.value for field in held or ()):
            return False
    return True


def needs_a_run(definition: Definition, object_id: str, text: str) -> bool:
    """Whether an expression uses more than parameters."""
    if "#{" not in text:
        return False
    fields = definition.resolved(object_id)
    return any(name in fields or definition.value_of(name) is None for name in parse(text).names)


def text_of(definition: Definition, object_id: str, fields: Resolved, key: str) -> str | None:
    """The value of a string field, parameters filled in; None if there is none."""
    if key not in fields:
        return None
    texts = fields.strings(key)
    if not texts:
        return None
    if "#{" not in texts[0]:
        return texts[0]
    try:
        return parse(texts[0]).value(ObjectScope(Context(definition), object_id))
    except ExpressionError:
        return texts[0]
