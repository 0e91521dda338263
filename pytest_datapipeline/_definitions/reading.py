"""What comes out of reading a definition: the request, and where its parts stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import FakeUsageError, explained, told_by_message
from .values import is_of_definition, parameters_of, strange, with_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .place import Place
    from .tree import Path, Tree

__tracebackhide__ = told_by_message

_QUOTED = re.compile(r"'([^']+)'")


class Reading:
    """One definition, as PutPipelineDefinition takes it, with the places of its parts.

    Attributes:
        form: of the file, in words: "the AWS CLI's format".
        name: of the pipeline, where the form has one; of a template's resource otherwise.
        resource: what the template calls it; None for a form that holds one definition.
        request: the parameters of PutPipelineDefinition, apart from the pipeline's id.
    """

    def __init__(
        self, tree: Tree, form: str, name: str | None = None, resource: str | None = None
    ) -> None:
        self.form = form
        self.name = name
        self.resource = resource
        self.request: dict[str, Any] = {"pipelineObjects": []}
        self._tree = tree
        self._paths: dict[tuple[str | None, str | None], Path] = {}

    @property
    def file(self) -> str | None:
        """The file, as it was named."""
        return self._tree.file

    @property
    def title(self) -> str:
        """The file, and which of its definitions."""
        head = self.file or "the definition"
        return head if self.resource is None else f"{head} ({self.resource})"

    def place(self, object_id: str | None = None, field: str | None = None) -> Place:
        """Where an object or parameter stands, or the first value of one of its fields."""
        paths = self._paths
        path = paths.get((object_id, field)) or paths.get((object_id, None)) or ()
        known = object_id if (object_id, None) in paths or path else None
        return self._tree.place(path or paths.get((None, None), ()), known or object_id, field)

    def place_of(self, object_id: str, problem: str) -> Place:
        """Where what the service's validation finds belongs: it names the object, and the field in
        its text.
        """
        keys = {
            field["key"]
            for held in self.request["pipelineObjects"]
            if held["id"] == object_id
            for field in held["fields"]
        }
        named = next((name for name in _QUOTED.findall(problem) if name in keys), None)
        return self.place(object_id, named)

    def note(self, path: Path, object_id: str | None = None, field: str | None = None) -> None:
        """Keep where something stands; of two of one name, the first."""
        self._paths.setdefault((object_id, field), path)

    def add_object(self, object_id: str, name: str, fields: list[dict[str, str]]) -> None:
        self.request["pipelineObjects"].append({"id": object_id, "name": name, "fields": fields})

    def add_parameter(self, parameter_id: str, attributes: list[dict[str, str]]) -> None:
        self.request.setdefault("parameterObjects", []).append(
            {"id": parameter_id, "attributes": attributes}
        )

    def add_value(self, parameter_id: str, value: str) -> None:
        self.request.setdefault("parameterValues", []).append(
            {"id": parameter_id, "stringValue": value}
        )

    def strange(self, values: Mapping[str, Any]) -> dict[str, str]:
        """What there is to say of values that are for no parameter of the definition, by name."""
        found = strange(values, parameters_of(self.request), self.title)
        hint = ""
        if self.resource is not None:
            hint = " What the template asks for is given as a template parameter."
        return {
            name: text if is_of_definition(name) else f"{text}{hint}"
            for name, text in found.items()
        }

    def give(self, values: Mapping[str, Any]) -> None:
        """Set parameter values, which go before those of the file."""
        self.request = with_values(self.request, values)


def give(
    readings: Sequence[Reading], values: Mapping[str, Any], unknown: dict[str, str] | None = None
) -> None:
    """Give definitions parameter values, to each those that it has parameters for.

    Args:
        readings: the definitions, one at least.
        values: of parameters of at least one of them.
        unknown: takes, by name, what there is to say of others; without it they are refused.

    Raises:
        FakeUsageError: a value is for no parameter.
    """
    strange = [reading.strange(values) for reading in readings]
    nowhere = {
        name: text for name, text in strange[0].items() if all(name in held for held in strange)
    }
    if nowhere and unknown is None:
        raise FakeUsageError(
            explained("\n".join(nowhere.values()), about="unknown-definition-parameter")
        )
    if unknown is not None:
        unknown |= nowhere
    for reading, others in zip(readings, strange, strict=True):
        reading.give({name: value for name, value in values.items() if name not in others})
