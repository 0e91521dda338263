"""What is given for what a definition leaves open: by a file of values, and how more is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .._service.texts import did_you_mean, listed, shorten
from ..errors import FakeUsageError, told_by_message
from .place import Place, problem
from .tree import json_tree
from .values import by_name, checked, is_of_definition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .tree import Tree

__tracebackhide__ = told_by_message

# The values of `daily.json` stand beside it, in `daily.values.json`.
ENDING = ".values.json"
# What it may be that has values beside it.
_DEFINITIONS = (".json", ".yaml", ".yml", ".template", ".tf", ".hcl")
VALUES = "values"
TEMPLATE = "templateParameters"
# The AWS CLI takes the values out of a file of a whole definition as well.
_OF_DEFINITIONS = frozenset({"objects", "parameters"})
_FORM = f'{{"{VALUES}": {{"myName": "value"}}, "{TEMPLATE}": {{"Stage": "value"}}}}'


class Given(NamedTuple):
    """What a file of values holds, by name."""

    values: dict[str, Any]
    template_parameters: dict[str, Any]


NOTHING = Given({}, {})


class LeftOpen(FakeUsageError):
    """A template leaves something open that is not given: `read_all` adds how to give it."""

    def __init__(self, text: str, names: Sequence[str]) -> None:
        super().__init__(text)
        self.names = names


class NoSuchParameters(FakeUsageError):
    """Something is given that a template does not ask for.

    Attributes:
        texts: what to say of each, by its name.
    """

    def __init__(self, place: Place, names: Iterable[str], known: Iterable[str], what: str) -> None:
        there = list(dict.fromkeys(known))
        self.texts = {
            name: f"{place}: {name!r} is given, which is no {what} here."
            f"{did_you_mean(name, there)} There are: {listed(there)}."
            f"{_OF_DEFINITION if is_of_definition(name) else ''}"
            for name in names
        }
        super().__init__("\n".join(self.texts.values()))


# Where a parameter of the definition is given as one of its template.
_OF_DEFINITION = " Parameters of the definition, whose names begin with my, are given as values."
# A parameter as CloudFormation and its CLI list them.
_KEY, _VALUE = "ParameterKey", "ParameterValue"


def template_parameters_of(given: object) -> dict[str, Any]:
    """Template parameters by name: of a mapping, or of the list that CloudFormation's CLI takes.

    Raises:
        FakeUsageError: it is neither.
    """
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes)):
        items = [held for held in given if isinstance(held, Mapping)]
        if len(items) == len(given) and all(set(held) == {_KEY, _VALUE} for held in items):
            given = {held[_KEY]: held[_VALUE] for held in items}
        else:
            raise FakeUsageError(
                f"template_parameters is {shorten(repr(given), 100)}; it must be a mapping of "
                f'names and values, or a list of {{"{_KEY}": ..., "{_VALUE}": ...}}.'
            )
    return by_name(given, "template_parameters")


def file_beside(file: str | Path) -> Path:
    """Where the values of a definition stand."""
    path = Path(file)
    return path.with_name(f"{path.stem}{ENDING}")


def definitions_beside(values: str) -> list[str]:
    """The definitions that a file of values is for."""
    stem = values.removesuffix(ENDING)
    return [f"{stem}{ending}" for ending in _DEFINITIONS if Path(f"{stem}{ending}").exists()]


def given_beside(file: str | Path) -> Given:
    """What stands beside a definition; nothing if there is no such file.

    Raises:
        FakeUsageError: see `given_in`.
    """
    beside = file_beside(file)
    return given_in(str(beside)) if beside.exists() else NOTHING


def given_in(name: str) -> Given:
    """What a file of values holds: that of `--parameter-values-uri`, with template parameters.

    Raises:
        FakeUsageError: it cannot be read, or is none.
    """
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise FakeUsageError(f"{name} cannot be read: {why}.") from None
    tree = json_tree(text, name)
    data = tree.data
    if not isinstance(data, Mapping):
        raise problem(Place(name), f"is no mapping; a file of values is {_FORM}.")
    keys = (VALUES, TEMPLATE)
    for key in data:
        if key not in keys and key not in _OF_DEFINITIONS:
            raise problem(
                tree.place((key,)),
                f'has the key {key!r}; a file of values has "{VALUES}", "{TEMPLATE}" or both.'
                f"{did_you_mean(key, keys)}",
            )
    if not any(key in data for key in keys):
        raise problem(
            Place(name), f'has neither "{VALUES}" nor "{TEMPLATE}"; a file of values is {_FORM}.'
        )
    values = _mapping(tree, VALUES)
    return Given(
        {key: checked(values[key], tree.place((VALUES, key), key)) for key in values},
        _mapping(tree, TEMPLATE),
    )


def _mapping(tree: Tree, key: str) -> dict[str, Any]:
    held = tree.data.get(key, {})
    if not isinstance(held, dict):
        raise problem(tree.place((key,)), f'"{key}" must be a mapping.')
    return held


# -- how to give what is left open, by who asks ---------------------------------------------------


def in_a_test(names: Sequence[str]) -> str:
    """For who calls from a test."""
    return f"Give them: template_parameters={{{_pairs(names)}}}."


def over_http(names: Sequence[str]) -> str:
    """For who asks the control API."""
    return f'Give them: {{"template_parameters": {{{_pairs(names)}}}}}.'


def on_the_command_line(names: Sequence[str]) -> str:
    """For who types a command."""
    options = " ".join(f"--template-parameter '{name}=VALUE'" for name in names)
    return f"Give them: {options}."


def in_a_file(file: str, names: Sequence[str]) -> str:
    """For who has files alone, as pytest's items do."""
    return f'Write them to {file}: {{"{TEMPLATE}": {{{_pairs(names)}}}}}.'


def _pairs(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}": ...' for name in names)
