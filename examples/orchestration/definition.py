"""A definition file, as the AWS CLI takes it, and what PutPipelineDefinition takes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class InvalidDefinition(Exception):
    """A file that holds no definition."""


@dataclass(frozen=True)
class Definition:
    """Objects and parameters in the API's form."""

    objects: list[dict[str, Any]]
    parameters: list[dict[str, Any]]
    values: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Definition:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                [_object(held) for held in content["objects"]],
                [_parameter(held) for held in content.get("parameters", [])],
                content.get("values", {}),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidDefinition(f"{path} holds no pipeline definition: {error!r}") from error

    def with_values(self, values: Mapping[str, str]) -> Definition:
        return Definition(self.objects, self.parameters, {**self.values, **values})

    @property
    def value_list(self) -> list[Any]:
        return [{"id": name, "stringValue": value} for name, value in self.values.items()]


def _object(held: dict[str, Any]) -> dict[str, Any]:
    fields = []
    for key, value in held.items():
        if key in ("id", "name"):
            continue
        # A list is the same key again.
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                fields.append({"key": key, "refValue": item["ref"]})
            else:
                fields.append({"key": key, "stringValue": str(item)})
    return {"id": held["id"], "name": held.get("name", held["id"]), "fields": fields}


def _parameter(held: dict[str, Any]) -> dict[str, Any]:
    attributes = [
        {"key": key, "stringValue": str(value)} for key, value in held.items() if key != "id"
    ]
    return {"id": held["id"], "attributes": attributes}
