"""CloudFormation templates: each `AWS::DataPipeline::Pipeline` in one is a definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..._service.texts import shorten
from ...errors import told_by_message
from ..place import problem
from ..plain import Placed, read_api_object, read_api_parameter, read_api_value
from ..reading import Reading
from .intrinsics import NO_VALUE, Template, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..tree import Path, Tree

__tracebackhide__ = told_by_message

PIPELINE = "AWS::DataPipeline::Pipeline"


def read_template(tree: Tree, given: Mapping[str, Any]) -> list[Reading]:
    """The definitions of a template.

    Raises:
        FakeUsageError: it has none, or leaves something open that is not given.
    """
    template = Template(tree, given)
    try:
        found = list(_pipelines(template))
    finally:
        # What is left open is often what made something else fail.
        template.refuse_unknown()
        template.refuse_unresolved()
    if not found:
        types = sorted({text_of(held.get("Type")) for held in _mappings(template.resources)})
        raise problem(
            tree.place(("Resources",)),
            f"is a CloudFormation template without a resource of the type {PIPELINE}; its "
            f"resources are of {', '.join(types[:5]) or 'no type'}.",
        )
    return found


def _pipelines(template: Template) -> Iterator[Reading]:
    for name, resource in template.resources.items():
        if not isinstance(resource, Mapping) or resource.get("Type") != PIPELINE:
            continue
        path = ("Resources", name)
        condition = resource.get("Condition")
        if condition is None or template.condition(text_of(condition), path):
            yield _read(template, name, resource, path)


def _mappings(resources: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [held for held in resources.values() if isinstance(held, Mapping)]


def _read(template: Template, name: str, resource: Mapping[str, Any], path: Path) -> Reading:
    properties, path = template.chosen(resource.get("Properties") or {}, (*path, "Properties"))
    tree = template.tree
    if not isinstance(properties, Mapping):
        raise problem(tree.place(path), f"is {shorten(repr(properties))}; it must be a mapping.")
    shown = template.text(properties.get("Name", name), (*path, "Name"))
    reading = Reading(tree, "a CloudFormation template", str(shown), name)
    reading.note(path)
    readers: dict[str, Callable[[Reading, Tree, Any, Path], None]] = {
        "PipelineObjects": read_api_object,
        "ParameterObjects": read_api_parameter,
        "ParameterValues": read_api_value,
    }
    for key, reader in readers.items():
        for item, at in template.items(properties.get(key), (*path, key), key):
            reader(reading, tree, _resolved(template, item, at), at)
    return reading


def _resolved(template: Template, item: Any, path: Path) -> Any:
    """An object with its functions evaluated, and all scalars texts, as CloudFormation has them."""
    if not isinstance(item, Mapping):
        return item
    found = Placed()
    found.path = path
    for key, value in item.items():
        at = (*path, key)
        if key in ("Fields", "Attributes"):
            items = template.items(value, at, key)
            found[key] = [_resolved(template, held, held_at) for held, held_at in items]
        else:
            text = template.text(value, at)
            if text is not NO_VALUE:
                found[key] = text
    return found
