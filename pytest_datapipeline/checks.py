"""What the arguments of the fake's methods can be. All else is refused before it does harm."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from ._service.clock import SECOND, duration, to_datetime, to_ns
from ._service.fields import is_text
from ._service.texts import shorten
from .errors import FakeUsageError, explained, told_by_message

__tracebackhide__ = told_by_message

# A duration is refused beyond this: it could only be a mistake, and dates end with the year 9999.
_LONGEST_YEARS = 1000
_LONGEST = _LONGEST_YEARS * 365 * 86_400


def text(name: str, value: object, longest: int) -> str:
    """The text, if it has 1 to `longest` characters of those that the service takes.

    Raises:
        FakeUsageError: it is something else.
    """
    if not isinstance(value, str):
        raise FakeUsageError(f"{name} is {value!r}; it must be a string.")
    if not 1 <= len(value) <= longest:
        raise FakeUsageError(
            f"{name} {shorten(value)!r} has {len(value)} characters; it must have 1 to {longest}."
        )
    if not is_text(value):
        raise FakeUsageError(
            f"{name} {shorten(value)!r} holds a character that the service does not take, such as "
            "a control character."
        )
    return value


def count(name: str, value: object, least: int) -> int:
    """The number, if it is an int from `least` up.

    Raises:
        FakeUsageError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise FakeUsageError(f"{name} is {value!r}; it must be an int from {least} up.")
    return value


def seconds(name: str, value: object) -> int:
    """Nanoseconds of a duration that is given in seconds or as a timedelta.

    Raises:
        FakeUsageError: it is negative, endless, or no duration.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, timedelta)):
        raise FakeUsageError(
            explained(
                f"{name} is {value!r}; it must be seconds or a timedelta.", about="not-a-duration"
            )
        )
    length = value.total_seconds() if isinstance(value, timedelta) else value
    # The comparison first: an integer may be beyond any float.
    if length > _LONGEST or math.isnan(length):
        raise FakeUsageError(
            f"{name} is {value!r}; it must be a duration of up to {_LONGEST_YEARS} years."
        )
    if length < 0:
        raise FakeUsageError(f"{name} is {value!r}; it cannot be negative.")
    return duration(value)


def moment(name: str, value: object) -> int:
    """Nanoseconds since 1970 of a datetime (UTC if it has no zone) or an ISO text.

    Raises:
        FakeUsageError: it is something else.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = value or "''"
    if isinstance(value, datetime):
        try:
            found = to_ns(value)
            to_datetime(found + _LONGEST * SECOND)
        except OverflowError:
            raise FakeUsageError(f"{name} is {value!r}, which is too far away.") from None
        return found
    raise FakeUsageError(
        explained(
            f"{name} is {value!r}; it must be a datetime or a text as in '2012-12-12T00:00:00'.",
            about="not-a-moment",
        )
    )
