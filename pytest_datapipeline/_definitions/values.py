"""Parameter values: as mappings, and as `name=value` on a command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._service.texts import did_you_mean, listed, shorten
from ..errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .place import Place

__tracebackhide__ = told_by_message

_EXPRESSION = re.compile(r"#\{[^}]*\}")
_NAME = re.compile(r"\*?[A-Za-z_]\w*")
# What the names of a definition's parameters begin with; those of a template's need not.
_BEGIN = ("my", "*my")


def by_name(given: object, what: str) -> dict[str, Any]:
    """What was given, as a mapping of names; `what` is the argument.

    Raises:
        FakeUsageError: it is none.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping) and all(isinstance(name, str) for name in given):
        return dict(given)
    raise FakeUsageError(
        f"{what} is {shorten(repr(given), 100)}; it must be a mapping of names and values."
    )


def is_of_definition(name: str) -> bool:
    """Whether a name is such as parameters of definitions have."""
    return name.startswith(_BEGIN)


def parameters_of(request: Mapping[str, Any]) -> list[str]:
    """The parameters of a definition: those that it declares, or has a value or a use of."""
    declared = [
        held["id"]
        for key in ("parameterObjects", "parameterValues")
        for held in request.get(key, ())
    ]
    used = [
        name
        for held in request["pipelineObjects"]
        for field in held["fields"]
        for expression in _EXPRESSION.findall(field.get("stringValue") or "")
        for name in _NAME.findall(expression)
        if is_of_definition(name)
    ]
    # `#{myX}` is `*myX` where there is that.
    return list(dict.fromkeys([*declared, *(name for name in used if f"*{name}" not in declared)]))


def is_known(name: str, known: Sequence[str]) -> bool:
    """Whether a value of that name is for one of these parameters."""
    return name in known or name.removeprefix("*") in known


def strange(values: Iterable[str], known: Sequence[str], whose: str) -> dict[str, str]:
    """What there is to say of values that are for none of the `known` parameters, by name."""
    return {
        name: f"{whose}: a value is given for {name!r}, which is no parameter of the definition."
        f"{did_you_mean(name, known)} There are: {listed(known)}."
        for name in values
        if not is_known(name, known)
    }


def values_request(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """`parameterValues` of the API from a mapping; a list's values repeat the id."""
    return [
        {"id": name, "stringValue": string(value, f"the value of {name}")}
        for name, held in values.items()
        for value in (held if isinstance(held, (list, tuple)) else [held])
    ]


def with_values(request: dict[str, Any], values: Mapping[str, Any] | None) -> dict[str, Any]:
    """A request with other values of the parameters that are named."""
    if not values:
        return request
    kept = [held for held in request.get("parameterValues", ()) if held["id"] not in values]
    return {**request, "parameterValues": [*kept, *values_request(values)]}


def string(value: Any, where: object) -> str:
    """A value that has to be a text.

    Raises:
        FakeUsageError: it is none.
    """
    if not isinstance(value, str):
        raise FakeUsageError(
            f"{where} is {value!r}, of type {type(value).__name__}: the service takes strings, "
            "and so does the AWS CLI. Quote it."
        )
    return value


def checked(value: Any, place: Place) -> Any:
    """A parameter's value: a text, or a list of texts."""
    if isinstance(value, list):
        return [string(item, place) for item in value]
    return string(value, place)


def pairs(texts: Sequence[str], option: str) -> dict[str, Any]:
    """The mapping of `NAME=VALUE` texts; a name that comes again makes a list.

    Raises:
        FakeUsageError: one has no `=`.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise FakeUsageError(f"{option} is {text!r}; it must be NAME=VALUE.")
        if name in found:
            before = found[name]
            found[name] = [*(before if isinstance(before, list) else [before]), value]
        else:
            found[name] = value
    return found
