"""CloudFormation's functions, as far as they can be told without an account."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..._service.texts import did_you_mean, shorten
from ...errors import told_by_message
from ..given import LeftOpen, NoSuchParameters
from ..place import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..place import Place
    from ..tree import Path, Tree

__tracebackhide__ = told_by_message

# Our choice: what stands for the account that there is not.
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/stack/0",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
# The property that is a resource's Ref, where it has that.
_NAMES = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::IAM::Role": "RoleName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
}
_VARIABLE = re.compile(r"\$\{(!?)([^{}]*)\}")
_MAXIMUM_DEPTH = 200


class NoValue:
    """What `AWS::NoValue` is: whatever has it is left out."""


NO_VALUE = NoValue()


class Template:
    """A template, its parameters given.

    Attributes:
        unresolved: what only a deployment would tell, with the place that asks for it first.
    """

    def __init__(self, tree: Tree, given: Mapping[str, Any]) -> None:
        self.tree = tree
        self.given = given
        self.parameters = self._section("Parameters")
        self.resources = self._section("Resources")
        self._mappings = self._section("Mappings")
        self._conditions = self._section("Conditions")
        self._known: dict[str, bool | None] = {}
        self._depth = 0
        self._asked: set[str] = set()
        self.unresolved: dict[str, Place] = {}
        self._refuse_values()

    def _section(self, name: str) -> Mapping[str, Any]:
        found = self.tree.data.get(name) or {}
        if not isinstance(found, Mapping):
            raise problem(self.tree.place((name,)), f'"{name}" must be a mapping.')
        return found

    def _refuse_values(self) -> None:
        for name, value in self.given.items():
            declared = self.parameters.get(name)
            allowed = declared.get("AllowedValues") if isinstance(declared, Mapping) else None
            if isinstance(allowed, list) and str(value) not in map(text_of, allowed):
                raise problem(
                    self.tree.place(("Parameters", name)),
                    f"the parameter {name!r} is given as {value!r}; it can be "
                    f"{', '.join(map(text_of, allowed))}.",
                )

    # -- the parts of the template ----------------------------------------------------------------

    def chosen(self, node: Any, path: Path) -> tuple[Any, Path]:
        """A part of the template with `Fn::If` decided, and where the outcome stands."""
        while isinstance(node, Mapping) and set(node) == {"Fn::If"}:
            branches = self._list(node["Fn::If"], 3, path, "Fn::If")
            side = 1 if self.condition(text_of(branches[0]), path) else 2
            node, path = branches[side], (*path, "Fn::If", side)
        if isinstance(node, Mapping) and node == {"Ref": "AWS::NoValue"}:
            return NO_VALUE, path
        return node, path

    def items(self, node: Any, path: Path, what: str) -> list[tuple[Any, Path]]:
        """The items of a list, without those that conditions leave out."""
        node, path = self.chosen(node, path)
        if node is NO_VALUE or node is None:
            return []
        if not isinstance(node, list):
            raise problem(
                self.tree.place(path), f'"{what}" is {shorten(repr(node), 100)}; it must be a list.'
            )
        chosen = [self.chosen(item, (*path, place)) for place, item in enumerate(node)]
        return [(item, at) for item, at in chosen if item is not NO_VALUE]

    def text(self, node: Any, path: Path) -> str | NoValue:
        """The text that a part of the template comes to."""
        found = self.value(node, path)
        if isinstance(found, NoValue):
            return found
        if isinstance(found, (list, Mapping)) or found is None:
            raise problem(
                self.tree.place(path), f"is {shorten(repr(found), 100)}; it must be a text."
            )
        return text_of(found)

    def value(self, node: Any, path: Path) -> Any:
        """What a part of the template comes to."""
        self._depth += 1
        try:
            if self._depth > _MAXIMUM_DEPTH:
                raise problem(self.tree.place(path), "has functions in functions without an end.")
            node, path = self.chosen(node, path)
            if isinstance(node, list):
                return [self.value(item, at) for item, at in self.items(node, path, "list")]
            if not isinstance(node, Mapping) or len(node) != 1:
                return node
            ((name, argument),) = node.items()
            if name == "Ref":
                return self._ref(text_of(argument), path)
            function = _FUNCTIONS.get(name)
            if function is not None:
                return function(self, argument, (*path, name))
            if name.startswith("Fn::"):
                raise problem(
                    self.tree.place(path),
                    f"{name} is not evaluated here.{did_you_mean(name, ('Ref', *_FUNCTIONS))} "
                    f"These are: Ref, Fn::If, {', '.join(_FUNCTIONS)}.",
                )
            return node
        finally:
            self._depth -= 1

    # -- names ------------------------------------------------------------------------------------

    def _ref(self, name: str, path: Path) -> Any:
        if self._is_given(name):
            declared = self.parameters.get(name)
            return _typed(declared, self.given[name])
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        declared = self.parameters.get(name)
        if isinstance(declared, Mapping):
            if "Default" in declared:
                return _typed(declared, declared["Default"])
            return self._missing(name, path)
        resource = self.resources.get(name)
        if isinstance(resource, Mapping):
            return self._named(name, resource, path)
        known = [*self.parameters, *self.resources, *PSEUDO]
        raise problem(
            self.tree.place(path),
            f"refers to {name!r}, which is no parameter and no resource of the template."
            f"{did_you_mean(name, known)}",
        )

    def _named(self, name: str, resource: Mapping[str, Any], path: Path) -> Any:
        """The name that a resource gives itself."""
        key = self._name_of(resource)
        if key is None:
            return self._missing(name, path)
        return self.value(resource["Properties"][key], ("Resources", name, "Properties", key))

    def _name_of(self, resource: Mapping[str, Any]) -> str | None:
        """The property that names a resource, if it has that."""
        key = _NAMES.get(text_of(resource.get("Type")))
        properties = resource.get("Properties")
        named = key is not None and isinstance(properties, Mapping) and properties.get(key)
        return key if named else None

    def _is_given(self, name: str) -> bool:
        self._asked.add(name)
        return name in self.given

    def _missing(self, name: str, path: Path) -> str:
        self.unresolved.setdefault(name, self.tree.place(path))
        return f"({name})"

    # -- conditions -------------------------------------------------------------------------------

    def condition(self, name: str, path: Path) -> bool:
        """Whether a condition of the template holds."""
        if name not in self._conditions:
            raise problem(
                self.tree.place(path),
                f"there is no condition {name!r} in the template."
                f"{did_you_mean(name, self._conditions)}",
            )
        if name in self._known:
            known = self._known[name]
            if known is None:
                raise problem(
                    self.tree.place(("Conditions", name)), f"the condition {name!r} needs itself."
                )
            return known
        self._known[name] = None
        found = self._holds(self._conditions[name], ("Conditions", name))
        self._known[name] = found
        return found

    def _holds(self, node: Any, path: Path) -> bool:
        self._depth += 1
        try:
            if self._depth > _MAXIMUM_DEPTH or not (isinstance(node, Mapping) and len(node) == 1):
                raise problem(self.tree.place(path), "is no condition.")
            ((name, argument),) = node.items()
            if name == "Condition":
                return self.condition(text_of(argument), path)
            parts = argument if isinstance(argument, list) else [argument]
            if name == "Fn::Equals" and len(parts) == 2:
                one, other = (self.value(part, (*path, name)) for part in parts)
                return bool(text_of(one) == text_of(other))
            each = [self._holds(part, (*path, name)) for part in parts if name in _LOGIC]
            if name in _LOGIC:
                return bool(_LOGIC[name](each))
            raise problem(self.tree.place(path), f"{name} is no function of conditions.")
        finally:
            self._depth -= 1

    # -- functions --------------------------------------------------------------------------------

    def _list(self, node: Any, length: int, path: Path, name: str) -> list[Any]:
        if not isinstance(node, list) or len(node) != length:
            raise problem(self.tree.place(path), f"{name} takes a list of {length} parts.")
        return node

    def sub(self, argument: Any, path: Path) -> str:
        """`Fn::Sub`."""
        extra: Mapping[str, Any] = {}
        if isinstance(argument, list):
            argument, extra = self._list(argument, 2, path, "Fn::Sub")
        if not isinstance(argument, str) or not isinstance(extra, Mapping):
            raise problem(self.tree.place(path), "Fn::Sub takes a text, and maybe a mapping.")

        def filled_in(match: re.Match[str]) -> str:
            name = match[2].strip()
            if match[1]:
                return f"${{{name}}}"
            if name in extra:
                return text_of(self.value(extra[name], path))
            found = self.get_att(name.split(".", 1), path) if "." in name else self._ref(name, path)
            return text_of(found)

        return _VARIABLE.sub(filled_in, argument)

    def join(self, argument: Any, path: Path) -> str:
        """`Fn::Join`."""
        between, parts = self._list(argument, 2, path, "Fn::Join")
        found = self.value(parts, (*path, 1))
        if not isinstance(found, list):
            raise problem(self.tree.place(path), "Fn::Join takes a text and a list of texts.")
        return text_of(between).join(text_of(part) for part in found)

    def split(self, argument: Any, path: Path) -> list[str]:
        """`Fn::Split`."""
        between, text = self._list(argument, 2, path, "Fn::Split")
        if not text_of(between):
            raise problem(self.tree.place(path), "Fn::Split needs a text to split at.")
        return text_of(self.value(text, path)).split(text_of(between))

    def select(self, argument: Any, path: Path) -> Any:
        """`Fn::Select`."""
        number, items = self._list(argument, 2, path, "Fn::Select")
        found, place = self.value(items, path), text_of(self.value(number, path))
        if not (isinstance(found, list) and place.isdecimal() and int(place) < len(found)):
            raise problem(
                self.tree.place(path), f"Fn::Select finds no item {place} in {shorten(repr(found))}"
            )
        return found[int(place)]

    def find_in_map(self, argument: Any, path: Path) -> Any:
        """`Fn::FindInMap`."""
        if not isinstance(argument, list) or len(argument) not in (3, 4):
            raise problem(self.tree.place(path), "Fn::FindInMap takes a map and two keys.")
        keys = [text_of(self.value(part, path)) for part in argument[:3]]
        if any(key == f"({name})" for name in self.unresolved for key in keys):
            # The error that names what is left open comes at the end, when all of it is known.
            return keys[-1]
        found: Any = self._mappings
        for depth, key in enumerate(keys):
            if not isinstance(found, Mapping) or key not in found:
                if len(argument) == 4 and isinstance(argument[3], Mapping):
                    return self.value(argument[3].get("DefaultValue"), path)
                known = found if isinstance(found, Mapping) else ()
                raise problem(
                    self.tree.place(path),
                    f"Fn::FindInMap finds no {key!r} in {'.'.join(['Mappings', *keys[:depth]])}."
                    f"{did_you_mean(key, known)}",
                )
            found = found[key]
        return found

    def get_att(self, argument: Any, path: Path) -> Any:
        """`Fn::GetAtt`: nobody knows before the deployment, so it has to be given."""
        parts = argument if isinstance(argument, list) else text_of(argument).split(".", 1)
        name = ".".join(text_of(self.value(part, path)) for part in parts)
        return self.given[name] if self._is_given(name) else self._missing(name, path)

    def imported(self, argument: Any, path: Path) -> Any:
        """`Fn::ImportValue`: another stack's, so it has to be given."""
        name = text_of(self.value(argument, path))
        return self.given[name] if self._is_given(name) else self._missing(name, path)

    def base64(self, argument: Any, path: Path) -> str:
        """`Fn::Base64`."""
        return base64.b64encode(text_of(self.value(argument, path)).encode()).decode()

    def zones(self, argument: Any, path: Path) -> list[str]:
        """`Fn::GetAZs`."""
        region = text_of(self.value(argument, path)) or PSEUDO["AWS::Region"]
        return [f"{region}{letter}" for letter in "abc"]

    def refuse_unknown(self) -> None:
        """Refuse names that nothing in the template asks for.

        What stands in a branch that its conditions have not chosen may be given as well.

        Raises:
            NoSuchParameters: there are such names.
        """
        if self.given.keys() <= self.parameters.keys():
            return
        asked = {*_asked(self.tree.data), *self._asked}
        left_open = sorted(name for name in asked if not self._is_told(name))
        known = [*self.parameters, *left_open]
        unknown = [name for name in self.given if name not in known and name not in PSEUDO]
        if unknown:
            raise NoSuchParameters(
                self.tree.place(("Parameters",)),
                unknown,
                known,
                "parameter of the template, and nothing that it leaves open",
            )

    def _is_told(self, name: str) -> bool:
        """Whether the template itself says what a name stands for."""
        if name in self.parameters or name in PSEUDO or name == "AWS::NoValue":
            return True
        resource = self.resources.get(name)
        return isinstance(resource, Mapping) and self._name_of(resource) is not None

    def refuse_unresolved(self) -> None:
        """Say what has to be given.

        Raises:
            LeftOpen: there is something.
        """
        if self.unresolved:
            raise unresolved(self.unresolved, "template")


def unresolved(found: Mapping[str, Place], of: str) -> LeftOpen:
    """The error that names what a template leaves open."""
    asked = "\n".join(f"  {name!r}, asked for by {place}" for name, place in found.items())
    return LeftOpen(
        f"What only a deployment of the {of} would tell has to be given:\n{asked}", list(found)
    )


def _asked(node: Any) -> Iterator[str]:
    """The names that functions in a part of the template refer to."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "Fn::GetAtt" and isinstance(value, list):
                yield ".".join(map(text_of, value))
            elif key in ("Ref", "Fn::GetAtt", "Fn::ImportValue") and isinstance(value, str):
                yield value
            elif key == "Fn::Sub":
                text, own = value if isinstance(value, list) and len(value) == 2 else (value, ())
                for match in _VARIABLE.finditer(text_of(text)):
                    if not match[1] and match[2].strip() not in own:
                        yield match[2].strip()
            yield from _asked(value)
    elif isinstance(node, list):
        for item in node:
            yield from _asked(item)


def text_of(value: Any) -> str:
    """A scalar as CloudFormation makes a text of it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, NoValue) or value is None:
        return ""
    return value if isinstance(value, str) else str(value)


def _typed(declared: Any, value: Any) -> Any:
    kind = text_of(declared.get("Type")) if isinstance(declared, Mapping) else ""
    if (kind == "CommaDelimitedList" or kind.startswith("List<")) and isinstance(value, str):
        return [item.strip() for item in value.split(",")]
    return value


_LOGIC: dict[str, Any] = {
    "Fn::And": all,
    "Fn::Or": any,
    "Fn::Not": lambda each: not all(each),
}
_FUNCTIONS: dict[str, Any] = {
    "Fn::Sub": Template.sub,
    "Fn::Join": Template.join,
    "Fn::Split": Template.split,
    "Fn::Select": Template.select,
    "Fn::FindInMap": Template.find_in_map,
    "Fn::GetAtt": Template.get_att,
    "Fn::ImportValue": Template.imported,
    "Fn::Base64": Template.base64,
    "Fn::GetAZs": Template.zones,
}
