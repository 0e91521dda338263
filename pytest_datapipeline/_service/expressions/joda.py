"""Formats dates by the patterns of Joda-Time's DateTimeFormat, with English names.

    G  era (AD)               d  day of the month      h  hour of the half day, 1 to 12
    C  century of the era     D  day of the year       K  hour of the half day, 0 to 11
    Y  year of the era        E  day's name            H  hour of the day, 0 to 23
    y  year                   e  day of the week       k  hour of the day, 1 to 24
    x  year of the week       a  AM or PM              m  minute    s  second    S  fraction
    w  week of that year      M  month                 z  zone's name            Z  zone's offset

A letter that is repeated pads a number, and makes a name short (three) or full (four). Text between
quotes stands for itself, and two quotes for a quote; so does every character that is no letter.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    _Part = Callable[[datetime], str]

# strftime would use the names of the process's locale.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_NUMBERS: dict[str, Callable[[datetime], int]] = {
    "C": lambda moment: moment.year // 100,
    "Y": lambda moment: moment.year,
    "y": lambda moment: moment.year,
    "x": lambda moment: moment.isocalendar()[0],
    "w": lambda moment: moment.isocalendar()[1],
    "e": lambda moment: moment.isoweekday(),
    "D": lambda moment: moment.timetuple().tm_yday,
    "d": lambda moment: moment.day,
    "M": lambda moment: moment.month,
    "h": lambda moment: moment.hour % 12 or 12,
    "K": lambda moment: moment.hour % 12,
    "H": lambda moment: moment.hour,
    "k": lambda moment: moment.hour or 24,
    "m": lambda moment: moment.minute,
    "s": lambda moment: moment.second,
}


def format_datetime(moment: datetime, pattern: str) -> str:
    """`moment` in the format of the pattern. Without a zone, it is in UTC.

    Raises:
        ValueError: the pattern is empty or has a letter that means nothing.
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return "".join([part if isinstance(part, str) else part(moment) for part in _compile(pattern)])


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> tuple[str | _Part, ...]:
    if not pattern:
        raise ValueError("the date pattern is empty")
    parts: list[str | _Part] = []
    at = 0
    while at < len(pattern):
        start, char = at, pattern[at]
        if not _is_letter(char):
            text, at = _literal(pattern, at)
            parts.append(text)
            continue
        while at < len(pattern) and pattern[at] == char:
            at += 1
        part = _part(char, at - start)
        if part is None:
            raise ValueError(
                f"{char!r} at position {start} of the date pattern {pattern!r} means nothing; "
                "text that stands for itself goes between quotes"
            )
        parts.append(part)
    return tuple(parts)


def _is_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _literal(pattern: str, at: int) -> tuple[str, int]:
    """The literal text that begins at `at`, and the position of its end."""
    text: list[str] = []
    quoted = False
    while at < len(pattern):
        char = pattern[at]
        if char == "'":
            if pattern.startswith("''", at):
                text.append(char)
                at += 1
            else:
                quoted = not quoted
        elif not quoted and _is_letter(char):
            break
        else:
            text.append(char)
        at += 1
    # As in Joda-Time, an unclosed quote extends to the end.
    return "".join(text), at


def _part(letter: str, count: int) -> _Part | None:
    """The formatter for `letter` repeated `count` times; None for an unknown letter."""
    if letter == "M" and count >= 3:
        return _name(_MONTHS, lambda moment: moment.month - 1, short=count == 3)
    if letter in "Yyx" and count == 2:
        year = _NUMBERS[letter]
        return lambda moment: f"{year(moment) % 100:02d}"
    if letter in _NUMBERS:
        number = _NUMBERS[letter]
        return lambda moment: str(number(moment)).zfill(count)
    if letter == "E":
        return _name(_DAYS, datetime.weekday, short=count < 4)
    if letter == "S":
        # Joda-Time has milliseconds: further digits are zeros.
        return lambda moment: f"{moment.microsecond // 1000:03d}"[:count].ljust(count, "0")
    if letter == "G":
        return lambda _: "AD"
    if letter == "a":
        return lambda moment: "AM" if moment.hour < 12 else "PM"
    if letter == "z":
        return _short_zone if count < 4 else _full_zone
    if letter == "Z":
        if count >= 3:
            return _zone_id
        colon = ":" if count == 2 else ""
        return lambda moment: _offset(moment, colon)
    return None


def _name(names: tuple[str, ...], index: Callable[[datetime], int], short: bool) -> _Part:
    if short:
        names = tuple(name[:3] for name in names)
    return lambda moment: names[index(moment)]


def _offset(moment: datetime, colon: str) -> str:
    offset = moment.utcoffset() or timedelta()
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    return f"{'-' if offset < timedelta() else '+'}{hours:02d}{colon}{minutes:02d}"


def _short_zone(moment: datetime) -> str:
    if moment.tzinfo is timezone.utc:
        return "UTC"
    # Python names a fixed offset "UTC+02:00", Joda-Time "+02:00".
    named = not isinstance(moment.tzinfo, timezone)
    return (named and moment.tzname()) or _offset(moment, ":")


def _full_zone(moment: datetime) -> str:
    # Python has no full names of zones.
    short = _short_zone(moment)
    return "Coordinated Universal Time" if short == "UTC" else short


def _zone_id(moment: datetime) -> str:
    return getattr(moment.tzinfo, "key", None) or _short_zone(moment)
