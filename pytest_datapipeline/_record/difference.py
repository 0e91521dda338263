"""Where a call's parameters are not what a matcher asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import FakeUsageError, explained, told_by_message
from .rendering import shown
from .secrets import Secrets

if TYPE_CHECKING:
    from .secrets import Hide

__tracebackhide__ = told_by_message


class _Nothing:
    """Stands for what a call or a matcher does not have."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()


class Hiding(Protocol):
    """A call, as far as it knows the secrets of its record."""

    def hide(self) -> Hide: ...


@dataclass(frozen=True)
class Difference:
    """Where a call is not what a matcher asks for."""

    path: str
    expected: object
    actual: object
    call: Hiding | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        hide = Secrets().hide() if self.call is None else self.call.hide()
        return f"{self.path}: expected {shown(self.expected, hide)}, got {shown(self.actual, hide)}"


def compare(path: str, expected: Any, actual: Any, found: list[Difference]) -> None:
    """Add everything in which a value is not what is expected."""
    if isinstance(expected, Mapping):
        if _is_fields(actual):
            actual = _by_key(actual)
            for key, value in expected.items():
                held = actual.get(key, NOTHING)
                # On the wire, a list of one is no different from the one.
                single = isinstance(value, list) and held is not NOTHING
                held = [held] if single and not isinstance(held, list) else held
                compare(f"{path}[{key!r}]", value, held, found)
            return
        if isinstance(actual, Mapping):
            for key in [*expected, *(key for key in actual if key not in expected)]:
                inner = f"{path}.{key}"
                if key not in expected:
                    found.append(Difference(inner, NOTHING, actual[key]))
                else:
                    compare(inner, expected[key], actual.get(key, NOTHING), found)
            return
    elif isinstance(expected, (list, tuple)) and isinstance(actual, list):
        for index in range(max(len(expected), len(actual))):
            inner = f"{path}[{index}]"
            if index >= len(expected):
                found.append(Difference(inner, NOTHING, actual[index]))
            elif index >= len(actual):
                found.append(Difference(inner, expected[index], NOTHING))
            else:
                compare(inner, expected[index], actual[index], found)
        return
    if not _fits(expected, actual):
        found.append(Difference(path, expected, actual))


def _fits(expected: Any, actual: Any) -> bool:
    if actual is NOTHING:
        return False
    if isinstance(expected, re.Pattern):
        return isinstance(actual, str) and expected.search(actual) is not None
    if isinstance(expected, type):
        # dirty-equals' classes are equal to values without being made.
        if own_equality(type(expected)):
            return bool(expected == actual)
        return isinstance(actual, expected)
    if callable(expected) and not own_equality(type(expected)):
        try:
            return bool(expected(actual))
        except Exception as error:
            name = getattr(expected, "__name__", repr(expected))
            raise FakeUsageError(
                explained(
                    f"The predicate {name} fails with {type(error).__name__}: {error}. It was "
                    f"given {shown(actual)}.",
                    about="predicate-fails",
                )
            ) from error
    return bool(expected == actual)


def own_equality(kind: type) -> bool:
    """Whether a class says itself what its objects are equal to."""
    equality: object = kind.__eq__
    return equality is not object.__eq__ and equality is not type.__eq__


def _is_fields(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, Mapping) and "key" in item for item in value
    )


def _by_key(fields: list[dict[str, Any]]) -> dict[str, Any]:
    from .._service.fields import Ref

    found: dict[str, Any] = {}
    for held in fields:
        value = Ref(held["refValue"]) if "refValue" in held else held.get("stringValue")
        key = held["key"]
        if key not in found:
            found[key] = value
        elif isinstance(found[key], list):
            found[key].append(value)
        else:
            found[key] = [found[key], value]
    return found
