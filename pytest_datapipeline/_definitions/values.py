"""Parameter values: as mappings, and as `name=value` on a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .place import Place

__tracebackhide__ = told_by_message


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
