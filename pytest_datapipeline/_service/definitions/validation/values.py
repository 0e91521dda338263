"""The literals that fields of each kind accept."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, TypeVar

from ...expressions.periods import Period
from ...fields import parse_datetime

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..catalog import Slot

_Read = TypeVar("_Read")

ONDEMAND_PERIOD = "ONDEMAND_PERIOD"
_INTEGER = re.compile(r"\s*-?\d+\s*", re.ASCII)
_DOUBLE = re.compile(r"\s*-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


def accepts(slot: Slot, value: str) -> bool:
    """Whether a literal is of one of the kinds that a field takes."""
    return any(
        _is_one_of(slot.values, value) if kind == "E" else _ACCEPTS[kind](value)
        for kind in slot.kind
    )


def _is_one_of(known: tuple[str, ...], value: str) -> bool:
    return not known or value.strip().lower() in {name.lower() for name in known}


def _is_boolean(value: str) -> bool:
    return value.strip().lower() in ("true", "false")


def is_integer(value: str) -> bool:
    # Python's int() refuses thousands of digits.
    return len(value) < 100 and _INTEGER.fullmatch(value) is not None


def is_double(value: str) -> bool:
    return _DOUBLE.fullmatch(value) is not None and math.isfinite(float(value))


def _is_period(value: str) -> bool:
    return try_parse(Period.parse, value) is not None


def _is_datetime(value: str) -> bool:
    return try_parse(parse_datetime, value) is not None


_ACCEPTS: dict[str, Callable[[str], bool]] = {
    "B": _is_boolean,
    "D": is_double,
    "I": is_integer,
    "P": _is_period,
    "T": _is_datetime,
}


def byte_count(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def try_parse(read: Callable[[str], _Read], text: str | None) -> _Read | None:
    """What `read` makes of a text; None if there is none or it is malformed."""
    if text is None:
        return None
    try:
        return read(text)
    except (ValueError, OverflowError):
        return None
