"""Terraform: each `aws_datapipeline_pipeline_definition` in a file is a definition."""

from __future__ import annotations

import json
import re
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from ...errors import told_by_message
from ..given import NoSuchParameters
from ..place import Place, problem
from ..reading import Reading
from ..tree import Path, Tree
from .hcl import Block, parse_hcl
from .intrinsics import unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__tracebackhide__ = told_by_message

DEFINITION = "aws_datapipeline_pipeline_definition"
_PIPELINE = "aws_datapipeline_pipeline"
_PLAIN = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+")
_CALL = re.compile(r"([a-z]+)\((.*)\)", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_MAXIMUM_DEPTH = 50


def read_terraform(
    text: str, file: str | None, given: Mapping[str, Any], *, beside: bool = False
) -> list[Reading]:
    """The definitions in a file of Terraform's.

    `beside`: whether the files beside it belong to it.

    Raises:
        FakeUsageError: it has none, or leaves something open that is not given.
    """
    module = _Module(parse_hcl(text, file), file, given, beside)
    try:
        found = [_Definition(module, held).reading() for held in module.resources(DEFINITION)]
    finally:
        # What is left open is often what made something else fail.
        module.refuse_unknown()
        if module.unresolved:
            raise unresolved(module.unresolved, "configuration")
    if not found:
        kinds = sorted(
            {held.words[1] for held in module.root.of("resource") if len(held.words) > 1}
        )
        raise problem(
            Place(file),
            f"is a file of Terraform's without a resource {DEFINITION}; its resources are "
            f"{', '.join(kinds[:5]) or 'none'}.",
        )
    return found


class _Definition:
    def __init__(self, module: _Module, block: Block) -> None:
        self._module = module
        self._block = block
        self._lines: dict[Path, int] = {}
        self._tree = Tree(None, module.file, lambda: self._lines)

    def reading(self) -> Reading:
        block, module = self._block, self._module
        name = block.words[-1]
        reading = Reading(self._tree, "a file of Terraform's", module.name_of(block), name)
        reading.note(self._at((name,), block))
        for held in block.of("dynamic"):
            raise problem(
                Place(module.file, held.line),
                "has a dynamic block, which is not evaluated here: write the blocks out, or check "
                "what `aws datapipeline get-pipeline-definition` prints after the deployment.",
            )
        for place, held in enumerate(block.of("pipeline_object")):
            at = self._at(("pipeline_object", place), held)
            object_id = self._text(held, "id")
            reading.note(at, object_id)
            fields = []
            for number, inner in enumerate(held.of("field")):
                key = self._text(inner, "key", object_id)
                reading.note(self._at((*at, number), inner), object_id, key)
                kind = "ref_value" if "ref_value" in inner.attributes else "string_value"
                wire = "refValue" if kind == "ref_value" else "stringValue"
                fields.append({"key": key, wire: self._text(inner, kind, object_id)})
            reading.add_object(object_id, self._text(held, "name", object_id), fields)
        for place, held in enumerate(block.of("parameter_object")):
            parameter_id = self._text(held, "id")
            reading.note(self._at(("parameter_object", place), held), parameter_id)
            attributes = [
                {
                    "key": self._text(inner, "key", parameter_id),
                    "stringValue": self._text(inner, "string_value", parameter_id),
                }
                for inner in held.of("attribute")
            ]
            reading.add_parameter(parameter_id, attributes)
        for place, held in enumerate(block.of("parameter_value")):
            parameter_id = self._text(held, "id")
            reading.note(self._at(("parameter_value", place), held), parameter_id)
            reading.add_value(parameter_id, self._text(held, "string_value", parameter_id))
        return reading

    def _at(self, path: Path, block: Block) -> Path:
        if block.line is not None:
            self._lines[path] = block.line
        return path

    def _text(self, block: Block, name: str, object_id: str | None = None) -> str:
        place = Place(self._module.file, block.lines.get(name, block.line), object_id)
        if name not in block.attributes:
            raise problem(place, f'Missing "{name}" in the block {block.words[0]}.')
        found = self._module.value(block.attributes[name], place)
        if isinstance(found, (list, dict)) or found is None:
            raise problem(place, f"{name} is {found!r}; it must be a text.")
        return _text_of(found)


class _Module:
    """The files of a folder, which are one configuration to Terraform."""

    def __init__(
        self, root: Block, file: str | None, given: Mapping[str, Any], beside: bool
    ) -> None:
        self.root = root
        self.file = file
        self._given = given
        self.unresolved: dict[str, Place] = {}
        self._beside: list[Block] | None = None if beside else []
        self._depth = 0
        self._asked: set[str] = set()

    def _roots(self) -> Iterator[Block]:
        yield self.root
        if self._beside is None:
            # Variables often stand in a file of their own: read when something is not in this one.
            self._beside = []
            path = FilePath(self.file or "")
            for other in sorted(path.parent.glob("*.tf")):
                if other.name != path.name:
                    text = other.read_text(encoding="utf-8", errors="replace")
                    self._beside.append(parse_hcl(text, str(other)))
        yield from self._beside

    def refuse_unknown(self) -> None:
        """Refuse names that nothing in the files asks for.

        Raises:
            NoSuchParameters: there are such names.
        """
        unknown = [name for name in self._given if name not in self._asked]
        if not unknown:
            return
        variables = [
            held.words[1]
            for root in self._roots()
            for held in root.of("variable")
            if len(held.words) > 1
        ]
        unknown = [name for name in unknown if name.removeprefix("var.") not in variables]
        if unknown:
            raise NoSuchParameters(
                Place(self.file),
                unknown,
                [*variables, *self.unresolved],
                "variable, and nothing that the file leaves open",
            )

    def resources(self, kind: str) -> list[Block]:
        return [held for held in self.root.of("resource") if held.words[1:2] == (kind,)]

    def name_of(self, definition: Block) -> str:
        """The name of the pipeline that a definition is for."""
        reference = str(definition.attributes.get("pipeline_id", "")).strip("${}")
        parts = reference.split(".")
        if len(parts) == 3 and parts[0] == _PIPELINE:
            for root in self._roots():
                for held in root.of("resource"):
                    if held.words[1:] == (_PIPELINE, parts[1]) and "name" in held.attributes:
                        found = self.value(held.attributes["name"], Place(self.file, held.line))
                        return _text_of(found)
        return definition.words[-1]

    def value(self, written: Any, place: Place) -> Any:
        """What an attribute comes to."""
        if isinstance(written, list):
            return [self.value(item, place) for item in written]
        if not isinstance(written, str):
            return written
        if written.startswith("${") and written.endswith("}"):
            return self._expression(written[2:-1].strip(), place)
        if written.startswith('"') and written.endswith('"') and len(written) > 1:
            return self._template(written[1:-1], place)
        return written

    def _template(self, text: str, place: Place) -> str:
        parts, at = [], 0
        for begin, end in _interpolations(text):
            inner = text[begin + 2 : end - 1].strip()
            parts += [_unescaped(text[at:begin]), _text_of(self._expression(inner, place))]
            at = end
        return "".join([*parts, _unescaped(text[at:])])

    def _expression(self, text: str, place: Place) -> Any:
        self._depth += 1
        try:
            if self._depth > _MAXIMUM_DEPTH:
                raise problem(place, f"{text!r} needs itself.")
            return self._evaluated(text, place)
        finally:
            self._depth -= 1

    def _evaluated(self, text: str, place: Place) -> Any:
        if _PLAIN.fullmatch(text):
            return self._template(text[1:-1], place)
        if _NUMBER.fullmatch(text) or text in ("true", "false"):
            return text
        bare = text.removeprefix("var.")
        is_name = _NAME.fullmatch(text) is not None
        if is_name and bare == text:
            # What the files tell themselves is not to be given.
            found = self._named(text.split("."), place)
            if found is not None:
                return found
        self._asked |= {text, bare}
        for name in (text, bare):
            if name in self._given:
                return self._given[name]
        if is_name:
            found = self._named(text.split("."), place)
            if found is not None:
                return found
        call = _CALL.fullmatch(text)
        if call is not None and call[1] in _FUNCTIONS:
            arguments = [self._argument(part, place) for part in _split(call[2])]
            try:
                return _FUNCTIONS[call[1]](*arguments)
            except (TypeError, ValueError):
                pass
        self.unresolved.setdefault(bare, place)
        return f"({text})"

    def _argument(self, text: str, place: Place) -> Any:
        if text.startswith("[") and text.endswith("]"):
            return [self._expression(part, place) for part in _split(text[1:-1])]
        return self._expression(text, place)

    def _named(self, parts: list[str], place: Place) -> Any:
        """The value of a variable or local, or what a resource says of itself."""
        for root in self._roots():
            if parts[0] == "var" and len(parts) == 2:
                for held in root.of("variable"):
                    if held.words[1:] == (parts[1],) and "default" in held.attributes:
                        return self.value(held.attributes["default"], place)
            elif parts[0] == "local" and len(parts) == 2:
                for held in root.of("locals"):
                    if parts[1] in held.attributes:
                        return self.value(held.attributes[parts[1]], place)
            elif len(parts) == 3:
                for held in root.of("resource"):
                    if held.words[1:] == tuple(parts[:2]) and parts[2] in held.attributes:
                        return self.value(held.attributes[parts[2]], place)
        return None


def _interpolations(text: str) -> Iterator[tuple[int, int]]:
    """Where the `${...}` of a template begin and end."""
    at = 0
    while (begin := text.find("${", at)) >= 0:
        if text[begin - 1 : begin] == "$":
            at = begin + 2
            continue
        depth, end = 1, begin + 2
        while end < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        if depth:
            return
        yield begin, end
        at = end


def _unescaped(text: str) -> str:
    if "\\" in text:
        try:
            text = json.loads(f'"{text}"', strict=False)
        except ValueError:
            text = text.replace('\\"', '"')
    return text.replace("$${", "${").replace("%%{", "%{")


def _split(text: str) -> list[str]:
    """The arguments of a call."""
    parts, depth, quoted, begin = [], 0, False, 0
    for at, letter in enumerate(text):
        if letter == '"' and text[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted and letter in "([{":
            depth += 1
        elif not quoted and letter in ")]}":
            depth -= 1
        elif letter == "," and not quoted and not depth:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return [part for part in (*parts, text[begin:].strip()) if part]


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


_FUNCTIONS: dict[str, Any] = {
    "format": lambda pattern, *values: pattern.replace("%d", "%s") % values,
    "join": lambda between, parts: between.join(_text_of(part) for part in parts),
    "lower": lambda text: text.lower(),
    "replace": lambda text, old, new: text.replace(old, new),
    "tostring": _text_of,
    "trimspace": lambda text: text.strip(),
    "upper": lambda text: text.upper(),
}
