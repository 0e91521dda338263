"""Fields of pipeline objects, converted from and to plain mappings and the protocol's lists.

In the protocol a field is `{"key": ..., "stringValue": ...}` or `{"key": ..., "refValue": ...}`,
and a list repeats the key. Here it is a tuple, to save memory: a queue may hold 100,000 tasks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from .clock import SECOND, to_datetime, to_ns
from .texts import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAXIMUM_KEY_LENGTH = 256
MAXIMUM_VALUE_LENGTH = 10_240
# Shown in place of a secret.
MASK = "*****"

# The pattern of nearly all strings in AWS's model, with its surrogate pairs written as Python does.
TEXT = "[\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff\r\n\t]*"


@dataclass(frozen=True)
class Ref:
    """A reference to another pipeline object, by its id."""

    id: str

    def __repr__(self) -> str:
        return f"ref({self.id!r})"


def ref(object_id: str) -> Ref:
    """A reference to the pipeline object `object_id`, for use as the value of a field."""
    return Ref(object_id)


def is_text(value: str) -> bool:
    """Whether a string has those characters alone that the service takes."""
    # Nearly all have plain ones. To compile the pattern takes longer than a small test.
    return (value.isascii() and value.isprintable()) or _text().fullmatch(value) is not None


@cache
def _text() -> re.Pattern[str]:
    return re.compile(TEXT)


class Field(NamedTuple):
    """One field: a key with a string or, if `is_ref`, the id of another object.

    `shown` is an evaluated value as descriptions show it, if secrets went into it.
    """

    key: str
    value: str
    is_ref: bool = False
    shown: str | None = None

    def to_wire(self) -> dict[str, str]:
        return {"key": self.key, "refValue" if self.is_ref else "stringValue": self.value}


def from_plain(fields: Mapping[str, Any], where: str) -> tuple[Field, ...]:
    """Fields from `{"command": "echo hi", "step": ["a", "b"], "output": ref("MyOutput")}`.

    Raises:
        ValueError: a key or value that the service could not hold; the text names the place.
    """
    found: list[Field] = []
    for key, value in fields.items():
        place = f"{where}[{shorten(str(key))!r}]"
        values = value if isinstance(value, (list, tuple)) else (value,)
        for index, item in enumerate(values):
            at = place if values is not value else f"{place}[{index}]"
            if isinstance(item, Ref):
                found.append(_checked(key, item.id, True, at))
            elif isinstance(item, str):
                found.append(_checked(key, item, False, at))
            else:
                raise ValueError(  # noqa: TRY004  # the floor above knows this one alone
                    f"{at} is {item!r}, of type {type(item).__name__}. A field holds a string, "
                    "ref(id) or a list of these: write numbers, booleans and times as the strings "
                    "that the service would hand out."
                )
    return tuple(found)


def from_wire(fields: Iterable[Mapping[str, Any]], where: str) -> tuple[Field, ...]:
    """Fields from the wire's list of `{"key", "stringValue" | "refValue"}`.

    Raises:
        ValueError: a field with both values or none, or one that the service could not hold.
    """
    found = []
    for index, field in enumerate(fields):
        at = f"{where}[{index}]"
        string, reference = field.get("stringValue"), field.get("refValue")
        if (string is None) == (reference is None):
            values = "both a stringValue and a refValue" if string is not None else "neither"
            raise ValueError(
                f"{at} (key {field.get('key')!r}) has {values}: a field has exactly one of "
                "stringValue and refValue."
            )
        value = string if string is not None else reference
        found.append(_checked(field["key"], value, reference is not None, at))
    return tuple(found)


def _checked(key: Any, value: Any, is_ref: bool, at: str) -> Field:
    for what, text, shortest, longest in (
        ("key", key, 1, MAXIMUM_KEY_LENGTH),
        ("reference" if is_ref else "value", value, int(is_ref), _longest(is_ref)),
    ):
        if not isinstance(text, str):
            raise ValueError(  # noqa: TRY004  # as above
                f"{at}: the {what} is {text!r}; it must be a string."
            )
        if not shortest <= len(text) <= longest:
            raise ValueError(
                f"{at}: the {what} {shorten(text)!r} has {len(text)} characters; the service "
                f"takes {shortest} to {longest}."
            )
        if not is_text(text):
            raise ValueError(
                f"{at}: the {what} {shorten(text)!r} holds a character that the service does not "
                "take (a control character other than tab and line ends, or half a surrogate pair)."
            )
    return Field(key, value, is_ref)


def _longest(is_ref: bool) -> int:
    return MAXIMUM_KEY_LENGTH if is_ref else MAXIMUM_VALUE_LENGTH


def masked(text: str, secrets: Iterable[str]) -> str:
    """A text with secrets replaced by `MASK`."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def timestamp(ns: int) -> str:
    """A time in the format of fields: UTC, whole seconds, no zone."""
    return _second(ns // SECOND)


@lru_cache(maxsize=4096)  # the instances of one interval share their times
def _second(seconds: int) -> str:
    return to_datetime(seconds * SECOND).replace(tzinfo=None).isoformat()


def as_mapping(fields: tuple[Field, ...]) -> dict[str, Any]:
    """Fields as a plain mapping: a repeated key is a list, a reference `ref(id)`."""
    found: dict[str, Any] = {}
    for field in fields:
        value: Any = Ref(field.value) if field.is_ref else field.value
        if field.key not in found:
            found[field.key] = value
        elif isinstance(found[field.key], list):
            found[field.key].append(value)
        else:
            found[field.key] = [found[field.key], value]
    return found


_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?", re.ASCII)


def parse_datetime(text: str) -> int:
    """Nanoseconds since 1970 of a time in the format of definitions, in UTC.

    Raises:
        ValueError: the text has another format.
    """
    if _DATETIME.fullmatch(text.strip()) is None:
        raise ValueError(f"{text!r} is no datetime of the form YYYY-MM-DDTHH:MM:SS")
    return to_ns(datetime.fromisoformat(text.strip().removesuffix("Z")))
