"""Definitions as a test gives them: the AWS CLI's file format, or the API's, to the API's."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._service.fields import Ref
from ..errors import FakeUsageError, told_by_message

__tracebackhide__ = told_by_message

_FILE_KEYS = {"objects", "parameters", "values"}
_API_KEYS = {"pipelineObjects", "parameterObjects", "parameterValues"}

DefinitionSource = "str | os.PathLike[str] | Mapping[str, Any] | Sequence[Mapping[str, Any]]"


def request_of(source: Any, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The parameters of PutPipelineDefinition, apart from the pipeline's id.

    Args:
        source: the path of a file as the AWS CLI takes it, its contents, a list of objects in that
            format, or the parameters of put_pipeline_definition.
        values: parameter values; they go before those of the source.

    Raises:
        FakeUsageError: the source can not be read, or is none of these.
    """
    where = "the definition"
    if isinstance(source, (str, os.PathLike)):
        where = f"the definition {os.fspath(source)!r}"
        source = _read(Path(source), where)
    if isinstance(source, Mapping):
        if set(source) & _API_KEYS:
            request = {key: source[key] for key in _API_KEYS if key in source}
            return _with_values(request, values)
        unknown = set(source) - _FILE_KEYS
        if unknown or "objects" not in source:
            raise FakeUsageError(
                f"{where} has {', '.join(map(repr, sorted(source))) or 'no keys'}; a definition "
                'has "objects", and may have "parameters" and "values", as a file of the AWS CLI.'
            )
        objects = source["objects"]
        parameters, given = source.get("parameters") or (), source.get("values") or {}
    elif isinstance(source, Sequence):
        objects, parameters, given = source, (), {}
    else:
        raise FakeUsageError(
            f"{where} is {source!r}; it can be a path, a mapping or a list of objects."
        )
    request = {"pipelineObjects": [_object(held, where) for held in objects]}
    if parameters:
        request["parameterObjects"] = [_parameter(held, where) for held in parameters]
    if not isinstance(given, Mapping):
        raise FakeUsageError(f'{where}: "values" is {given!r}; it must be a mapping.')
    return _with_values(request, {**given, **(values or {})})


def values_request(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """`parameterValues` of the API from a mapping; a list's values repeat the id."""
    return [
        {"id": name, "stringValue": _string(value, f"the value of {name}")}
        for name, held in values.items()
        for value in (held if isinstance(held, (list, tuple)) else [held])
    ]


def _read(path: Path, where: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FakeUsageError(f"{where} can not be read: {error.strerror}.") from None
    except ValueError as error:
        raise FakeUsageError(f"{where} is no JSON: {error}.") from None


def _with_values(request: dict[str, Any], values: Mapping[str, Any] | None) -> dict[str, Any]:
    if values:
        given = values_request(values)
        kept = [held for held in request.get("parameterValues", ()) if held["id"] not in values]
        request["parameterValues"] = [*kept, *given]
    return request


def _object(held: Any, where: str) -> dict[str, Any]:
    if not isinstance(held, Mapping):
        raise FakeUsageError(f"{where} has an object {held!r}; it must be a mapping.")
    if "id" not in held:
        raise FakeUsageError(f'{where}: Missing "id" key of element: {dict(held)!r}')
    if isinstance(held.get("fields"), (list, tuple)):
        return {"name": held["id"], **held}
    place = f"{where}, object {held['id']!r}"
    fields = [
        field
        for key in sorted(set(held) - {"id", "name"})
        for field in _fields(key, held[key], f"{place}[{key!r}]")
    ]
    return {"id": held["id"], "name": held.get("name", held["id"]), "fields": fields}


def _fields(key: str, value: Any, where: str) -> list[dict[str, str]]:
    values = value if isinstance(value, (list, tuple)) else [value]
    found = []
    for item in values:
        if isinstance(item, Ref):
            found.append({"key": key, "refValue": item.id})
        elif isinstance(item, Mapping) and set(item) == {"ref"}:
            found.append({"key": key, "refValue": item["ref"]})
        else:
            found.append({"key": key, "stringValue": _string(item, where)})
    return found


def _parameter(held: Any, where: str) -> dict[str, Any]:
    if not isinstance(held, Mapping) or "id" not in held:
        raise FakeUsageError(f'{where}: Missing "id" key of element: {held!r}')
    return {
        "id": held["id"],
        "attributes": [
            {"key": key, "stringValue": _string(value, f"{where}, parameter {held['id']!r}")}
            for key in sorted(set(held) - {"id"})
            for value in (held[key] if isinstance(held[key], (list, tuple)) else [held[key]])
        ],
    }


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise FakeUsageError(
            f"{where} is {value!r}, of type {type(value).__name__}: the service takes strings, "
            "and so does the AWS CLI. Quote it."
        )
    return value
