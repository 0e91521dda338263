"""The AWS CLI's format, and the API's: what holds one definition and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._service.fields import Ref
from .._service.texts import shorten
from ..errors import told_by_message
from .place import Place, problem
from .reading import Reading
from .values import checked, string, values_request

if TYPE_CHECKING:
    from .tree import Path, Tree

__tracebackhide__ = told_by_message

CLI_KEYS = frozenset({"objects", "parameters", "values"})
API_KEYS = frozenset({"pipelineObjects", "parameterObjects", "parameterValues"})
# As CloudFormation and some SDKs write them.
CAPITALS = {f"{key[0].upper()}{key[1:]}": key for key in API_KEYS}


class Placed(dict[str, Any]):
    """A mapping that does not stand where its place in the list would have it."""

    path: Path


def read_cli(tree: Tree) -> Reading:
    """The definition in a file of the AWS CLI, or of the list of its objects."""
    reading = Reading(tree, "the AWS CLI's format")
    data, at = tree.data, (("objects",) if isinstance(tree.data, Mapping) else ())
    whole = data if isinstance(data, Mapping) else {"objects": data}
    for place, held in enumerate(_list(whole["objects"], tree.place(at), "objects")):
        _read_object(reading, tree, held, (*at, place))
    declared = _list(whole.get("parameters") or [], tree.place(("parameters",)), "parameters")
    for place, held in enumerate(declared):
        _read_parameter(reading, tree, held, ("parameters", place))
    values = whole.get("values") or {}
    if not isinstance(values, Mapping):
        raise problem(
            tree.place(("values",)), f'"values" is {_shown(values)}; it must be a mapping.'
        )
    for name in values:
        value = checked(values[name], tree.place(("values", name), name))
        reading.note(("values", name), name)
        for given in values_request({name: value}):
            reading.add_value(given["id"], given["stringValue"])
    return reading


def _read_object(reading: Reading, tree: Tree, held: Any, path: Path) -> None:
    object_id = _id(held, tree.place(path))
    reading.note(path, object_id)
    if isinstance(held.get("fields"), (list, tuple)):
        # The API's form of an object, in a list of the AWS CLI's.
        read_api_object(reading, tree, {"name": object_id, **held}, path)
        return
    fields: list[dict[str, str]] = []
    # The AWS CLI sorts them, and so the service gets them.
    for key in sorted(set(held) - {"id", "name"}):
        reading.note((*path, key), object_id, key)
        place = tree.place((*path, key), object_id, key)
        value = held[key]
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(item, Ref):
                fields.append({"key": key, "refValue": item.id})
            elif isinstance(item, Mapping) and set(item) == {"ref"}:
                fields.append({"key": key, "refValue": string(item["ref"], place)})
            else:
                fields.append({"key": key, "stringValue": string(item, place)})
    name = held.get("name", object_id)
    reading.add_object(object_id, string(name, tree.place((*path, "name"), object_id)), fields)


def _read_parameter(reading: Reading, tree: Tree, held: Any, path: Path) -> None:
    parameter_id = _id(held, tree.place(path))
    reading.note(path, parameter_id)
    reading.add_parameter(
        parameter_id,
        [
            {"key": key, "stringValue": string(value, tree.place((*path, key), parameter_id, key))}
            for key in sorted(set(held) - {"id"})
            for value in (held[key] if isinstance(held[key], (list, tuple)) else [held[key]])
        ],
    )


def read_api(tree: Tree) -> Reading:
    """The parameters of PutPipelineDefinition, or the answer to GetPipelineDefinition."""
    reading = Reading(tree, "the API's form")
    keys = {CAPITALS.get(key, key): key for key in tree.data}

    def listed(name: str) -> list[tuple[Any, Path]]:
        key = keys.get(name)
        if key is None or tree.data[key] is None:
            return []
        items = _list(tree.data[key], tree.place((key,)), key)
        return [(item, (key, place)) for place, item in enumerate(items)]

    for item, path in listed("pipelineObjects"):
        read_api_object(reading, tree, item, path)
    for item, path in listed("parameterObjects"):
        read_api_parameter(reading, tree, item, path)
    for item, path in listed("parameterValues"):
        read_api_value(reading, tree, item, path)
    return reading


def read_api_object(reading: Reading, tree: Tree, given: Any, path: Path) -> None:
    """One of `pipelineObjects`."""
    held = _lower(given, tree.place(path))
    object_id = _id(held, tree.place(path))
    reading.note(path, object_id)
    name = _needed(held, "name", tree.place(path, object_id))
    fields = []
    listed = _list(held.get("fields"), tree.place(path, object_id), "fields")
    for item, at in listed_at(listed, given, "fields", path):
        place = tree.place(at, object_id)
        field = _lower(item, place)
        key = _needed(field, "key", place)
        place = tree.place(at, object_id, key)
        reading.note(at, object_id, key)
        kinds = [kind for kind in ("stringValue", "refValue") if field.get(kind) is not None]
        if not kinds:
            raise problem(
                place,
                f"is {_shown(dict(field))}; a field has a key and a stringValue or a refValue.",
            )
        fields.append({"key": key, **{kind: string(field[kind], place) for kind in kinds}})
    reading.add_object(object_id, name, fields)


def read_api_parameter(reading: Reading, tree: Tree, given: Any, path: Path) -> None:
    """One of `parameterObjects`."""
    held = _lower(given, tree.place(path))
    parameter_id = _id(held, tree.place(path))
    reading.note(path, parameter_id)
    attributes = []
    listed = _list(held.get("attributes"), tree.place(path, parameter_id), "attributes")
    for item, at in listed_at(listed, given, "attributes", path):
        place = tree.place(at, parameter_id)
        attribute = _lower(item, place)
        key = _needed(attribute, "key", place)
        value = string(attribute.get("stringValue"), tree.place(at, parameter_id, key))
        attributes.append({"key": key, "stringValue": value})
    reading.add_parameter(parameter_id, attributes)


def read_api_value(reading: Reading, tree: Tree, given: Any, path: Path) -> None:
    """One of `parameterValues`."""
    held = _lower(given, tree.place(path))
    parameter_id = _id(held, tree.place(path))
    reading.note(path, parameter_id)
    reading.add_value(parameter_id, string(held.get("stringValue"), tree.place(path, parameter_id)))


def listed_at(
    items: Sequence[Any], given: Mapping[str, Any], name: str, path: Path
) -> list[tuple[Any, Path]]:
    """The items of a list within an object, each with its path."""
    key = name if name in given else f"{name[0].upper()}{name[1:]}"
    return [
        (item, item.path if isinstance(item, Placed) else (*path, key, place))
        for place, item in enumerate(items)
    ]


def _lower(held: Any, place: Place) -> dict[str, Any]:
    """A mapping with keys as the API writes them, whose first letter is small."""
    if not isinstance(held, Mapping):
        raise problem(place, f"is {_shown(held)}; it must be a mapping.")
    return {f"{key[:1].lower()}{key[1:]}": value for key, value in held.items()}


def _id(held: Any, place: Place) -> str:
    if not isinstance(held, Mapping):
        raise problem(place, f"has an object {_shown(held)}; it must be a mapping.")
    if "id" not in held:
        raise problem(place, f'Missing "id" key of element: {_shown(dict(held))}')
    return string(held["id"], f"{place}: the id")


def _needed(held: Mapping[str, Any], key: str, place: Place) -> str:
    if held.get(key) is None:
        raise problem(place, f'Missing "{key}" key of element: {_shown(dict(held))}')
    return string(held[key], f"{place}: {key}")


def _list(held: Any, place: Place, name: str) -> Sequence[Any]:
    if isinstance(held, (str, bytes, Mapping)) or not isinstance(held, Sequence):
        raise problem(place, f'"{name}" is {_shown(held)}; it must be a list.')
    return held


def _shown(value: Any) -> str:
    return shorten(repr(value), 200)
