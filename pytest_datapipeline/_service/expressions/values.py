"""The values of expressions: their conversions, and how they are written into texts."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from ..fields import MASK

UTC = timezone.utc
# An int is at most what Java's long holds. (Also, Python refuses to print ints of 4300 digits.)
_LARGEST = 2**63 - 1
_LONGEST_INT = 19
# How many characters of a value a message shows.
SHOWN = 60


class Scope(Protocol):
    """The object that an expression is evaluated for."""

    @property
    def id(self) -> str:
        """The object's id: what a reference to it becomes in a text."""
        ...

    def lookup(self, name: str) -> Value:
        """The value of a field.

        Raises:
            KeyError: the object has no such field.
        """
        ...


Value = str | int | float | datetime | Scope | list[Any]


class Refused(Exception):
    """A value is unsuitable. Becomes an `ExpressionError` where its position is known.

    `hidden` is the same text without the values in it, which may be secret.
    """

    def __init__(self, text: str, *values: str) -> None:
        super().__init__(text.format(*values))
        self.hidden = text.format(*[MASK] * len(values))


def literal(value: Value) -> str:
    """How a value is written into a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return _java_double(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None, microsecond=0).isoformat()
    if isinstance(value, list):
        return f"[{', '.join([literal(item) for item in value])}]"
    return value.id


def _java_double(value: float) -> str:
    """A float as Java prints a double: 4.0, 0.001, 1.0E7."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    # repr has the fewest digits that tell the number from its neighbours; format would round them.
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    shift = int(exponent or 0) + len(whole) - 1 - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{shift}"


def flattened(values: list[Any]) -> list[Any]:
    """The values of a list, and of the lists in it."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, list):
            found += flattened(value)
        else:
            found.append(value)
    return found


def described(value: Value) -> str:
    """A value with its type, for messages."""
    if isinstance(value, str):
        return f"the string {value if len(value) <= SHOWN else value[:SHOWN] + '...'!r}"
    if isinstance(value, (int, float)):
        return f"the {type(value).__name__} {literal(value)}"
    if isinstance(value, datetime):
        return f"the DateTime {literal(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return f"the object {value.id!r}"


_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_DECIMAL = re.compile(r"\s*[+-]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?\s*")
_DATETIME = re.compile(
    r"\s*([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r" ?(Z|z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?\s*"
)
OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")


def to_number(value: Value) -> int | float:
    """The value as a number; strings of digits are converted."""
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        if _INTEGER.fullmatch(value):
            return read_int(value)
        if _DECIMAL.fullmatch(value):
            return in_range(float(value))
    raise Refused("a number is wanted, not {}", described(value))


def read_int(digits: str) -> int:
    """The int that a string of digits, maybe with a sign, stands for."""
    digits = digits.strip()
    if len(digits.lstrip("+-").lstrip("0")) > _LONGEST_INT:
        raise Refused("the number is too large")
    return int(in_range(int(digits)))


def in_range(number: float) -> int | float:
    """The number, unless it is too large for Java's long or double."""
    if isinstance(number, int):
        if not -_LARGEST - 1 <= number <= _LARGEST:
            raise Refused("the number is too large")
    elif not math.isfinite(number):
        raise Refused("the number is too large")
    return number


def to_integer(value: Value) -> int:
    number = to_number(value)
    if isinstance(number, float):
        raise Refused("an int is wanted, not {}", described(value))
    return number


def to_string(value: Value) -> str:
    if isinstance(value, str):
        return value
    raise Refused("a String is wanted, not {}", described(value))


def to_moment(value: Value) -> datetime:
    """The value as an aware datetime; strings in ISO format are converted."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, str) and (match := _DATETIME.fullmatch(value)) is not None:
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
        microsecond = int((match[7] or "")[:6].ljust(6, "0"))
        try:
            moment = datetime(year, month, day, hour, minute, second, microsecond, UTC)
            return moment - fixed_offset(match[8] or "")
        except (ValueError, OverflowError) as error:
            raise Refused("{} is no date: {}", described(value), str(error)) from None
    raise Refused("a DateTime is wanted, not {}", described(value))


def fixed_offset(text: str) -> timedelta:
    """The offset that a zone such as `+02:00` has; none for any other text."""
    match = OFFSET.fullmatch(text)
    if match is None:
        return timedelta()
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -offset if match[1] == "-" else offset
