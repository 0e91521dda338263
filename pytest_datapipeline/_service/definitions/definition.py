"""Pipeline definitions: objects, inheritance, parameters and their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import invalid_request
from ..fields import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DEFAULT = "Default"
# Fields that are never inherited.
_OWN = frozenset({"id", "name", "parent", "type"})


class Resolved(dict[str, tuple[Field, ...]]):
    """The fields of an object by key, inherited ones included; a list has several under one key."""

    def first(self, key: str) -> str | None:
        """The first value of a field, string or reference; None if it is not set."""
        fields = self.get(key)
        return fields[0].value if fields else None

    def strings(self, key: str) -> list[str]:
        """The string values of a field."""
        return [field.value for field in self.get(key, ()) if not field.is_ref]

    def refs(self, key: str) -> list[str]:
        """The ids that a field refers to."""
        return [field.value for field in self.get(key, ()) if field.is_ref]

    def flat(self) -> list[Field]:
        """All fields, in order; those of a list follow one another."""
        return [field for fields in self.values() for field in fields]


class PipelineObject:
    """One object as it was put, without inherited fields."""

    __slots__ = ("fields", "id", "name")

    def __init__(self, id: str, name: str, fields: tuple[Field, ...]) -> None:
        self.id = id
        self.name = name
        self.fields = fields

    def to_wire(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "fields": [field.to_wire() for field in self.fields],
        }


class Parameter:
    """A declared parameter: its id and attributes, each with all its values.

    `given` are the attributes as they were put.
    """

    __slots__ = ("attributes", "given", "id")

    def __init__(self, id: str, given: Iterable[Mapping[str, Any]]) -> None:
        self.id = id
        self.given = list(given)
        self.attributes = _grouped(self.given, "key")

    def attribute(self, key: str, default: str = "") -> str:
        return self.attributes.get(key, [default])[0]

    @property
    def is_optional(self) -> bool:
        """Whether it may be left without a value."""
        return self.attribute("optional").lower() == "true"


class Definition:
    """What PutPipelineDefinition stores.

    Attributes:
        objects: the objects in the order given.
        by_id: the same by id; of two with one id, the first.
        parameters: the declared parameters by id.
        values: the parameter values, a list's as a list.
        given_values: the same as they were put.
    """

    def __init__(
        self,
        objects: Iterable[PipelineObject] = (),
        parameters: Iterable[Parameter] = (),
        values: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        self.objects: list[PipelineObject] = list(objects)
        self.by_id: dict[str, PipelineObject] = {}
        for pipeline_object in self.objects:
            self.by_id.setdefault(pipeline_object.id, pipeline_object)
        self.declared: list[Parameter] = list(parameters)
        self.parameters: dict[str, Parameter] = {held.id: held for held in self.declared}
        self.given_values: list[Mapping[str, Any]] = list(values)
        self.values: dict[str, list[str]] = _grouped(self.given_values, "id")
        self._resolved: dict[str, Resolved] = {}
        self._own: dict[str, dict[str, tuple[Field, ...]]] = {}

    def secrets(self) -> Iterator[str]:
        """The values of fields, parameters and their defaults whose names begin with *."""
        for defined in self.objects:
            for field in defined.fields:
                if field.key.startswith("*") and not field.is_ref:
                    yield field.value
        for name, values in self.values.items():
            if name.startswith("*"):
                yield from values
        for parameter in self.declared:
            if parameter.id.startswith("*"):
                yield from parameter.attributes.get("default", ())

    @classmethod
    def of_request(cls, request: Mapping[str, Any]) -> Definition:
        """The definition in a request of PutPipelineDefinition or ValidatePipelineDefinition."""
        return cls(
            [
                PipelineObject(
                    given["id"], given["name"], tuple(field_of(field) for field in given["fields"])
                )
                for given in request.get("pipelineObjects") or ()
            ],
            [
                Parameter(given["id"], given["attributes"])
                for given in request.get("parameterObjects") or ()
            ],
            request.get("parameterValues") or (),
        )

    def to_response(self) -> dict[str, Any]:
        """The answer to GetPipelineDefinition, without keys for what was not given."""
        response: dict[str, Any] = {
            "pipelineObjects": [pipeline_object.to_wire() for pipeline_object in self.objects]
        }
        if self.declared:
            response["parameterObjects"] = [
                {
                    "id": parameter.id,
                    "attributes": [_pair(given, "key") for given in parameter.given],
                }
                for parameter in self.declared
            ]
        if self.given_values:
            response["parameterValues"] = [_pair(given, "id") for given in self.given_values]
        return response

    def with_values(self, values: Iterable[Mapping[str, Any]]) -> Definition:
        """The same objects and parameters with other values."""
        return Definition(self.objects, self.declared, values)

    def runs_as(self, other: Definition) -> bool:
        """Whether another definition says the same."""
        return self is other or self._contents() == other._contents()

    def _contents(self) -> tuple[Any, ...]:
        return (
            [
                (pipeline_object.id, pipeline_object.name, pipeline_object.fields)
                for pipeline_object in self.objects
            ],
            [(parameter.id, parameter.attributes) for parameter in self.declared],
            self.values,
        )

    def parent_of(self, object_id: str) -> str | None:
        """The parent of an object: that of its field `parent`, else Default."""
        pipeline_object = self.by_id.get(object_id)
        if pipeline_object is None or object_id == DEFAULT:
            return None
        for field in pipeline_object.fields:
            if field.key == "parent":
                return field.value
        return DEFAULT if DEFAULT in self.by_id else None

    def resolved(self, object_id: str) -> Resolved:
        """The fields of an object, its own before the inherited ones."""
        found = self._resolved.get(object_id)
        if found is None:
            found = self._resolved[object_id] = self._resolve(object_id)
        return found

    def _resolve(self, object_id: str) -> Resolved:
        found = Resolved()
        for current in self._ancestry(object_id):
            given = self._fields_of(current)
            if current == object_id:
                found.update(given)
                continue
            for key, fields in given.items():
                if key not in found and key not in _OWN:
                    found[key] = fields
        return found

    def _fields_of(self, object_id: str) -> dict[str, tuple[Field, ...]]:
        """The fields of an object by key, without inherited ones. Kept, as many inherit them."""
        found = self._own.get(object_id)
        if found is None:
            grouped: dict[str, list[Field]] = {}
            for field in self.by_id[object_id].fields:
                grouped.setdefault(field.key, []).append(field)
            found = {key: tuple(fields) for key, fields in grouped.items()}
            self._own[object_id] = found
        return found

    def _ancestry(self, object_id: str) -> Iterator[str]:
        """The ids of an object and its ancestors, each once even if they form a circle."""
        seen: set[str] = set()
        current: str | None = object_id
        while current is not None and current not in seen and current in self.by_id:
            seen.add(current)
            yield current
            current = self.parent_of(current)

    def source_of(self, object_id: str, key: str) -> str | None:
        """The object or ancestor that sets a field; None if none does."""
        for current in self._ancestry(object_id):
            if any(field.key == key for field in self.by_id[current].fields):
                return current
        return None

    def type_of(self, object_id: str) -> str | None:
        """The type of an object; None if it has none."""
        return self.resolved(object_id).first("type")

    def value_of(self, parameter: str) -> list[str] | None:
        """The values of a parameter: those given, else its default; None if it has neither."""
        if parameter in self.values:
            return self.values[parameter]
        declared = self.parameters.get(parameter)
        if declared is None or "default" not in declared.attributes:
            return None
        return declared.attributes["default"]


def field_of(given: Mapping[str, Any]) -> Field:
    """A field of a request.

    Raises:
        ServiceError: it has both a string and a reference.
    """
    reference = given.get("refValue")
    if reference is None:
        return Field(given["key"], given.get("stringValue") or "")
    if given.get("stringValue") is not None:
        # Our choice: the documentation says only that a field has one of them.
        raise invalid_request(
            "Invalid field", f"{given['key']} has both a stringValue and a refValue"
        )
    return Field(given["key"], reference, True)


def _pair(given: Mapping[str, Any], key: str) -> dict[str, str]:
    return {key: given[key], "stringValue": given.get("stringValue") or ""}


def _grouped(given: Iterable[Mapping[str, Any]], key: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in given:
        found.setdefault(pair[key], []).append(pair.get("stringValue") or "")
    return found
