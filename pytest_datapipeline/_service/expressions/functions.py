"""The operators and functions of expressions."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from .joda import format_datetime
from .periods import plus_months, plus_period
from .values import (
    OFFSET,
    SHOWN,
    UTC,
    Refused,
    fixed_offset,
    in_range,
    literal,
    to_integer,
    to_moment,
    to_number,
    to_string,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .values import Value

# -- operators ------------------------------------------------------------------------------------


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        return literal(left) + literal(right)
    return in_range(to_number(left) + to_number(right))


def _subtract(left: Value, right: Value) -> Value:
    return in_range(to_number(left) - to_number(right))


def _multiply(left: Value, right: Value) -> Value:
    return in_range(to_number(left) * to_number(right))


def _divide(left: Value, right: Value) -> Value:
    dividend, divisor = to_number(left), to_number(right)
    if divisor == 0:
        raise Refused("division by zero")
    if isinstance(dividend, int) and isinstance(divisor, int):
        # Python's // rounds down, Java's / towards zero.
        quotient = abs(dividend) // abs(divisor)
        return in_range(quotient if (dividend < 0) == (divisor < 0) else -quotient)
    return in_range(dividend / divisor)


def _power(left: Value, right: Value) -> Value:
    base, exponent = to_number(left), to_number(right)
    try:
        return math.pow(base, exponent)
    except (ValueError, OverflowError):
        if base == 0:
            raise Refused("division by zero") from None
        too_large = base > 0 or float(exponent).is_integer()
        what = "too large" if too_large else "no real number"
        raise Refused(f"{{}} ^ {{}} is {what}", literal(base), literal(exponent)) from None


def negate(value: Value) -> Value:
    if isinstance(value, list):
        return [negate(item) for item in value]
    return in_range(-to_number(value))


class Operator(NamedTuple):
    symbol: str
    precedence: int
    apply: Callable[[Value, Value], Value] | None = None  # None: the minus of a single operand
    to_right: bool = False


OPERATORS = {
    operator.symbol: operator
    for operator in (
        Operator("+", 1, _add),
        Operator("-", 1, _subtract),
        Operator("*", 2, _multiply),
        Operator("/", 2, _divide),
        Operator("^", 4, _power, to_right=True),
    )
}
MINUS = Operator("-", 3)


def apply_operator(operator: Operator, left: Value, right: Value) -> Value:
    """The operator's result; for a list and a single value, that of each in the list."""
    assert operator.apply is not None
    if isinstance(left, list):
        if isinstance(right, list):
            raise Refused(f"{operator.symbol} is not defined for two lists")
        return [apply_operator(operator, item, right) for item in left]
    if isinstance(right, list):
        return [apply_operator(operator, left, item) for item in right]
    return operator.apply(left, right)


# -- functions ------------------------------------------------------------------------------------

_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")


def _settled(moment: datetime) -> datetime:
    """A local time that the clocks skip is as much later as they skip."""
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC).astimezone(moment.tzinfo)


def _days(moment: datetime, days: int) -> datetime:
    return _settled(moment + timedelta(days=days))


def _months(moment: datetime, months: int) -> datetime:
    return _settled(plus_months(moment, months))


def _minutes(moment: datetime, minutes: int) -> datetime:
    # Elapsed time, unlike days: Python would move the local time of a zone instead.
    return (moment.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(moment.tzinfo)


def _make(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def _midnight(moment: datetime) -> datetime:
    return _settled(moment.replace(hour=0, minute=0, second=0, microsecond=0))


def _in_time_zone(moment: datetime, name: str) -> datetime:
    return moment.astimezone(_zone(name))


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo:
    if name in ("UTC", "GMT", "Z", "Etc/UTC"):  # without asking a database that may not be there
        return UTC
    if OFFSET.fullmatch(name):
        return timezone(fixed_offset(name))
    if _ZONE.fullmatch(name):
        try:
            return ZoneInfo(name)
        # OSError: the name of a folder, or too long for a file's.
        except (KeyError, ValueError, OSError):
            pass
    raise ValueError(f"{name[:SHOWN]!r} is no time zone that is known here")


class Function(NamedTuple):
    parameters: tuple[str, ...]
    apply: Callable[..., Value]


CONVERSIONS: dict[str, Callable[[Value], Value]] = {
    "DateTime": to_moment,
    "int": to_integer,
    "String": to_string,
}
_ONE = ("DateTime",)
_SHIFT = ("DateTime", "int")

FUNCTIONS: dict[str, Function] = {
    "day": Function(_ONE, lambda moment: moment.day),
    "dayOfYear": Function(_ONE, lambda moment: moment.timetuple().tm_yday),
    "firstOfMonth": Function(_ONE, lambda moment: _settled(moment.replace(day=1))),
    "format": Function(("DateTime", "String"), format_datetime),
    "hour": Function(_ONE, lambda moment: moment.hour),
    "inTimeZone": Function(("DateTime", "String"), _in_time_zone),
    "makeDate": Function(("int",) * 3, _make),
    "makeDateTime": Function(("int",) * 5, _make),
    "midnight": Function(_ONE, _midnight),
    "minusDays": Function(_SHIFT, lambda moment, count: _days(moment, -count)),
    "minusHours": Function(_SHIFT, lambda moment, count: _minutes(moment, -60 * count)),
    "minusMinutes": Function(_SHIFT, lambda moment, count: _minutes(moment, -count)),
    "minusMonths": Function(_SHIFT, lambda moment, count: _months(moment, -count)),
    "minusWeeks": Function(_SHIFT, lambda moment, count: _days(moment, -7 * count)),
    "minusYears": Function(_SHIFT, lambda moment, count: _months(moment, -12 * count)),
    "minute": Function(_ONE, lambda moment: moment.minute),
    "month": Function(_ONE, lambda moment: moment.month),
    "plusDays": Function(_SHIFT, _days),
    "plusHours": Function(_SHIFT, lambda moment, count: _minutes(moment, 60 * count)),
    "plusMinutes": Function(_SHIFT, _minutes),
    "plusMonths": Function(_SHIFT, _months),
    # On the page of SqlActivity alone, and not among the functions of the reference.
    "plusPeriod": Function(
        ("DateTime", "String"), lambda moment, text: _settled(plus_period(moment, text))
    ),
    "plusWeeks": Function(_SHIFT, lambda moment, count: _days(moment, 7 * count)),
    "plusYears": Function(_SHIFT, lambda moment, count: _months(moment, 12 * count)),
    "sunday": Function(_ONE, lambda moment: _days(moment, -(moment.isoweekday() % 7))),
    "year": Function(_ONE, lambda moment: moment.year),
    "yesterday": Function(_ONE, lambda moment: _days(moment, -1)),
}


def signature(name: str) -> str:
    return f"{name}({', '.join(FUNCTIONS[name].parameters)})"
