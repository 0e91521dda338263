"""The expression language of field values: `s3://bucket/#{format(@scheduledStartTime, 'YYYY')}`.

    text       = (anything but "#{" | "#{" expression "}")*
    expression = operand (("+" | "-" | "*" | "/" | "^") operand)*
    operand    = "-"* primary ("." function "(" arguments ")")*
    primary    = number | string | path | function "(" arguments ")" | "(" expression ")"
    arguments  = [expression ("," expression)*]
    path       = name ("." name)*
    name       = ["@" | "*"] letter (letter | digit | "_")*
    number     = digits ["." digits] | "." digits
    string     = "'" character* "'" | '"' character* '"'         with backslash escapes, on one line

`^` binds strongest and to the right, then the minus of a single operand, then `*` and `/`, then
`+` and `-`. `value.function(more)` is `function(value, more)`. A star where an operand may start
belongs to the name of a secure field.

A text is parsed once, into closures, and evaluated as often as there are tasks.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from ..texts import did_you_mean
from .joda import format_datetime
from .periods import plus_months, plus_period

if TYPE_CHECKING:
    from collections.abc import Callable

# How deep calls and parentheses may nest. Far more than anybody writes, and far less than the
# recursion that Python allows.
MAXIMUM_DEPTH = 50

_UTC = timezone.utc
# An int is at most what Java's long holds. (Also, Python refuses to print ints of 4300 digits.)
_LARGEST = 2**63 - 1
_LONGEST_INT = 19
# How much of a long text a message shows on either side of the fault.
_SHOWN = 60


class ExpressionError(Exception):
    """An expression that cannot be parsed or evaluated.

    `expression` is the whole text that it is in, `position` the offset in that of what is wrong.
    """

    def __init__(self, expression: str, position: int, reason: str) -> None:
        super().__init__(expression, position, reason)
        self.expression = expression
        self.position = position
        self.reason = reason

    def __str__(self) -> str:
        text = self.expression
        if len(text) > 2 * _SHOWN:
            first, last = max(self.position - _SHOWN, 0), self.position + _SHOWN
            text = ("..." if first else "") + text[first:last] + ("..." if text[last:] else "")
        return f"{self.reason}: at position {self.position} of {text!r}"


class Scope(Protocol):
    """An object in whose context an expression is evaluated."""

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

if TYPE_CHECKING:
    _Node = Callable[[Scope], Value]


class _Refused(Exception):
    """What a value cannot be used for. Becomes an `ExpressionError` where the place is known."""


class Template:
    """A parsed text. Never changed: whoever parses the same text may be given the same template."""

    __slots__ = ("_flattens", "_parts", "has_expressions", "names", "paths", "text")

    def __init__(
        self,
        text: str,
        parts: tuple[tuple[int, str | _Node], ...] = (),
        paths: tuple[tuple[str, ...], ...] = (),
    ) -> None:
        self.text = text
        self.paths = paths
        self.names = frozenset(path[0] for path in paths)
        self.has_expressions = bool(parts)
        self._parts = parts
        self._flattens = _is_list_of_expressions([part for _, part in parts])

    def __repr__(self) -> str:
        return f"Template({self.text!r})"

    def values(self, scope: Scope) -> list[str]:
        """What the text becomes. A list in it makes a text for each of its values.

        Raises:
            ExpressionError: it cannot be evaluated for this object.
        """
        if not self.has_expressions:
            return [self.text]
        found: list[Value] = []
        lists: list[int] = []
        for position, part in self._parts:
            if isinstance(part, str):
                found.append(part)
                continue
            value = part(scope)
            if isinstance(value, list):
                lists.append(position)
            found.append(value)
        if not lists:
            return ["".join([literal(value) for value in found])]
        if self._flattens:
            return [literal(value) for value in _flat(found[1::2])]
        if len(lists) > 1:
            # Neither pairing the values nor crossing them is documented.
            raise ExpressionError(
                self.text, lists[1], "a text can hold one list, unless it is '[#{a}, #{b}]'"
            )
        index = next(index for index, value in enumerate(found) if isinstance(value, list))
        before = "".join([literal(value) for value in found[:index]])
        after = "".join([literal(value) for value in found[index + 1 :]])
        return [f"{before}{literal(value)}{after}" for value in _flat([found[index]])]

    def value(self, scope: Scope) -> str:
        """What the text becomes, as one string: several values are "[a, b]", none is "".

        Raises:
            ExpressionError: it cannot be evaluated for this object.
        """
        values = self.values(scope)
        if len(values) == 1:
            return values[0]
        return f"[{', '.join(values)}]" if values else ""


def parse(text: str) -> Template:
    """The template of a text.

    Raises:
        ExpressionError: an expression in it is malformed, or calls a function wrongly.
    """
    # Most texts are plain, and tasks by the thousand have plain texts of their own: they would only
    # drive the others out of the cache.
    return _parse(text) if "#{" in text else Template(text)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Template:
    return _Parser(text).template()


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


# -- values ---------------------------------------------------------------------------------------


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


def _flat(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, list):
            found += _flat(value)
        else:
            found.append(value)
    return found


_OPENING = re.compile(r"\s*\[\s*")
_COMMA = re.compile(r"\s*,\s*")
_CLOSING = re.compile(r"\s*\]\s*")


def _is_list_of_expressions(parts: list[str | _Node]) -> bool:
    """Whether the parts are those of `[#{a}, #{b}]`."""
    texts = parts[::2]
    if len(parts) < 3 or len(parts) % 2 == 0 or any(not isinstance(text, str) for text in texts):
        return False
    patterns = (_OPENING, *[_COMMA] * (len(texts) - 2), _CLOSING)
    return all(
        isinstance(text, str) and pattern.fullmatch(text)
        for pattern, text in zip(patterns, texts, strict=True)
    )


def _described(value: Value) -> str:
    if isinstance(value, str):
        return f"the string {value if len(value) <= _SHOWN else value[:_SHOWN] + '...'!r}"
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
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")


def _number(value: Value) -> int | float:
    """The value as a number; a string that looks like one is taken for it."""
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        if _INTEGER.fullmatch(value):
            return _int(value)
        if _DECIMAL.fullmatch(value):
            return _checked(float(value))
    raise _Refused(f"a number is wanted, not {_described(value)}")


def _int(digits: str) -> int:
    digits = digits.strip()
    if len(digits.lstrip("+-").lstrip("0")) > _LONGEST_INT:
        raise _Refused("the number is too large")
    return int(_checked(int(digits)))


def _checked(number: float) -> int | float:
    """The number, if it is one that the service can hold."""
    if isinstance(number, int):
        if not -_LARGEST - 1 <= number <= _LARGEST:
            raise _Refused("the number is too large")
    elif not math.isfinite(number):
        raise _Refused("the number is too large")
    return number


def _integer(value: Value) -> int:
    number = _number(value)
    if isinstance(number, float):
        raise _Refused(f"an int is wanted, not {_described(value)}")
    return number


def _string(value: Value) -> str:
    if isinstance(value, str):
        return value
    raise _Refused(f"a String is wanted, not {_described(value)}")


def _moment(value: Value) -> datetime:
    """The value as an aware datetime; a string that looks like one is taken for it."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=_UTC)
    if isinstance(value, str) and (match := _DATETIME.fullmatch(value)) is not None:
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
        microsecond = int((match[7] or "")[:6].ljust(6, "0"))
        try:
            moment = datetime(year, month, day, hour, minute, second, microsecond, _UTC)
            return moment - _fixed_offset(match[8] or "")
        except (ValueError, OverflowError) as error:
            raise _Refused(f"{_described(value)} is no date: {error}") from None
    raise _Refused(f"a DateTime is wanted, not {_described(value)}")


def _fixed_offset(text: str) -> timedelta:
    match = _OFFSET.fullmatch(text)
    if match is None:
        return timedelta()
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -offset if match[1] == "-" else offset


# -- operators ------------------------------------------------------------------------------------


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        return literal(left) + literal(right)
    return _checked(_number(left) + _number(right))


def _subtract(left: Value, right: Value) -> Value:
    return _checked(_number(left) - _number(right))


def _multiply(left: Value, right: Value) -> Value:
    return _checked(_number(left) * _number(right))


def _divide(left: Value, right: Value) -> Value:
    dividend, divisor = _number(left), _number(right)
    if divisor == 0:
        raise _Refused("division by zero")
    if isinstance(dividend, int) and isinstance(divisor, int):
        # Python's // rounds down, Java's / towards zero.
        quotient = abs(dividend) // abs(divisor)
        return _checked(quotient if (dividend < 0) == (divisor < 0) else -quotient)
    return _checked(dividend / divisor)


def _power(left: Value, right: Value) -> Value:
    base, exponent = _number(left), _number(right)
    try:
        return math.pow(base, exponent)
    except (ValueError, OverflowError):
        if base == 0:
            raise _Refused("division by zero") from None
        what = f"{literal(base)} ^ {literal(exponent)}"
        too_large = base > 0 or float(exponent).is_integer()
        raise _Refused(f"{what} is {'too large' if too_large else 'no real number'}") from None


def _negate(value: Value) -> Value:
    if isinstance(value, list):
        return [_negate(item) for item in value]
    return _checked(-_number(value))


class _Operator(NamedTuple):
    symbol: str
    precedence: int
    apply: Callable[[Value, Value], Value] | None = None  # None: the minus of a single operand
    to_right: bool = False


_OPERATORS = {
    operator.symbol: operator
    for operator in (
        _Operator("+", 1, _add),
        _Operator("-", 1, _subtract),
        _Operator("*", 2, _multiply),
        _Operator("/", 2, _divide),
        _Operator("^", 4, _power, to_right=True),
    )
}
_MINUS = _Operator("-", 3)


def _apply(operator: _Operator, left: Value, right: Value) -> Value:
    """The operator's result; for a list and a single value, that of each in the list."""
    assert operator.apply is not None
    if isinstance(left, list):
        if isinstance(right, list):
            raise _Refused(f"{operator.symbol} is not defined for two lists")
        return [_apply(operator, item, right) for item in left]
    if isinstance(right, list):
        return [_apply(operator, left, item) for item in right]
    return operator.apply(left, right)


# -- functions ------------------------------------------------------------------------------------


def _settled(moment: datetime) -> datetime:
    """A local time that the clocks skip is as much later as they skip."""
    return moment if moment.tzinfo is _UTC else moment.astimezone(_UTC).astimezone(moment.tzinfo)


def _days(moment: datetime, days: int) -> datetime:
    return _settled(moment + timedelta(days=days))


def _months(moment: datetime, months: int) -> datetime:
    return _settled(plus_months(moment, months))


def _minutes(moment: datetime, minutes: int) -> datetime:
    # Elapsed time, unlike days: Python would move the local time of a zone instead.
    return (moment.astimezone(_UTC) + timedelta(minutes=minutes)).astimezone(moment.tzinfo)


def _make(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=_UTC)


def _midnight(moment: datetime) -> datetime:
    return _settled(moment.replace(hour=0, minute=0, second=0, microsecond=0))


def _in_time_zone(moment: datetime, name: str) -> datetime:
    return moment.astimezone(_zone(name))


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo:
    if name in ("UTC", "GMT", "Z", "Etc/UTC"):  # without asking a database that may not be there
        return _UTC
    if _OFFSET.fullmatch(name):
        return timezone(_fixed_offset(name))
    if _ZONE.fullmatch(name):
        try:
            return ZoneInfo(name)
        # OSError: the name of a folder, or too long for a file's.
        except (KeyError, ValueError, OSError):
            pass
    raise ValueError(f"{name[:_SHOWN]!r} is no time zone that is known here")


class _Function(NamedTuple):
    parameters: tuple[str, ...]
    apply: Callable[..., Value]


_CONVERSIONS: dict[str, Callable[[Value], Value]] = {
    "DateTime": _moment,
    "int": _integer,
    "String": _string,
}
_ONE = ("DateTime",)
_SHIFT = ("DateTime", "int")

_FUNCTIONS: dict[str, _Function] = {
    "day": _Function(_ONE, lambda moment: moment.day),
    "dayOfYear": _Function(_ONE, lambda moment: moment.timetuple().tm_yday),
    "firstOfMonth": _Function(_ONE, lambda moment: _settled(moment.replace(day=1))),
    "format": _Function(("DateTime", "String"), format_datetime),
    "hour": _Function(_ONE, lambda moment: moment.hour),
    "inTimeZone": _Function(("DateTime", "String"), _in_time_zone),
    "makeDate": _Function(("int",) * 3, _make),
    "makeDateTime": _Function(("int",) * 5, _make),
    "midnight": _Function(_ONE, _midnight),
    "minusDays": _Function(_SHIFT, lambda moment, count: _days(moment, -count)),
    "minusHours": _Function(_SHIFT, lambda moment, count: _minutes(moment, -60 * count)),
    "minusMinutes": _Function(_SHIFT, lambda moment, count: _minutes(moment, -count)),
    "minusMonths": _Function(_SHIFT, lambda moment, count: _months(moment, -count)),
    "minusWeeks": _Function(_SHIFT, lambda moment, count: _days(moment, -7 * count)),
    "minusYears": _Function(_SHIFT, lambda moment, count: _months(moment, -12 * count)),
    "minute": _Function(_ONE, lambda moment: moment.minute),
    "month": _Function(_ONE, lambda moment: moment.month),
    "plusDays": _Function(_SHIFT, _days),
    "plusHours": _Function(_SHIFT, lambda moment, count: _minutes(moment, 60 * count)),
    "plusMinutes": _Function(_SHIFT, _minutes),
    "plusMonths": _Function(_SHIFT, _months),
    # On the page of SqlActivity alone, and not among the functions of the reference.
    "plusPeriod": _Function(
        ("DateTime", "String"), lambda moment, text: _settled(plus_period(moment, text))
    ),
    "plusWeeks": _Function(_SHIFT, lambda moment, count: _days(moment, 7 * count)),
    "plusYears": _Function(_SHIFT, lambda moment, count: _months(moment, 12 * count)),
    "sunday": _Function(_ONE, lambda moment: _days(moment, -(moment.isoweekday() % 7))),
    "year": _Function(_ONE, lambda moment: moment.year),
    "yesterday": _Function(_ONE, lambda moment: _days(moment, -1)),
}


def _signature(name: str) -> str:
    return f"{name}({', '.join(_FUNCTIONS[name].parameters)})"


# -- nodes ----------------------------------------------------------------------------------------


def _constant(value: Value) -> _Node:
    return lambda _: value


def _path(text: str, names: tuple[tuple[int, str], ...]) -> _Node:
    (position, first), *rest = names

    def own(scope: Scope) -> Value:
        try:
            return scope.lookup(first)
        except KeyError:
            raise _no_field(text, position, first, scope) from None

    def of_others(scope: Scope) -> Value:
        value = own(scope)
        for at, name in rest:
            value = _field(text, at, name, value)
        return value

    return of_others if rest else own


def _field(text: str, position: int, name: str, value: Value) -> Value:
    """The field of an object, or those of the objects in a list."""
    if isinstance(value, list):
        return _flat([_field(text, position, name, item) for item in value])
    if isinstance(value, (str, int, float, datetime)):
        raise ExpressionError(
            text, position, f"{_described(value)} is no object and has no field {name!r}"
        )
    try:
        return value.lookup(name)
    except KeyError:
        raise _no_field(text, position, name, value) from None


def _no_field(text: str, position: int, name: str, scope: Scope) -> ExpressionError:
    return ExpressionError(text, position, f"the object {scope.id!r} has no field {name!r}")


class _Call(NamedTuple):
    """A call of a function, without its first argument if it is a method's."""

    position: int
    name: str
    arguments: tuple[_Node, ...]


def _run(text: str, call: _Call, scope: Scope, first: tuple[Value, ...]) -> Value:
    values = [*first, *[argument(scope) for argument in call.arguments]]
    parameters, apply = _FUNCTIONS[call.name]
    number = 0
    try:
        for parameter in parameters:
            values[number] = _CONVERSIONS[parameter](values[number])
            number += 1
    except _Refused as refused:
        raise ExpressionError(
            text, call.position, f"argument {number + 1} of {_signature(call.name)}: {refused}"
        ) from None
    try:
        return apply(*values)
    except (ValueError, OverflowError) as error:
        shown = ", ".join([literal(value)[:_SHOWN] for value in values])
        raise ExpressionError(text, call.position, f"{call.name}({shown}): {error}") from None


def _calls(text: str, start: _Node | None, calls: tuple[_Call, ...]) -> _Node:
    """Calls one after another, each but the first with the result of the one before it.

    In a loop, so that a long chain of methods nests no deeper than one.
    """

    def node(scope: Scope) -> Value:
        given: tuple[Value, ...] = () if start is None else (start(scope),)
        for call in calls:
            given = (_run(text, call, scope, given),)
        return given[0]

    return node


def _infix(text: str, program: tuple[_Node | tuple[int, _Operator], ...]) -> _Node:
    """Operands and operators, in the order in which a stack machine meets them.

    So that a long sum nests no deeper than a short one.
    """

    def node(scope: Scope) -> Value:
        stack: list[Value] = []
        for step in program:
            if not isinstance(step, tuple):
                stack.append(step(scope))
                continue
            position, operator = step
            right = stack.pop()
            try:
                if operator.apply is None:
                    stack.append(_negate(right))
                else:
                    stack.append(_apply(operator, stack.pop(), right))
            except _Refused as refused:
                raise ExpressionError(text, position, str(refused)) from None
        return stack[0]

    return node


# -- the parser -----------------------------------------------------------------------------------

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[@*]?[^\W\d]\w*")
_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class _Parser:
    """Reads a text from its start to its end, and each expression in it by recursive descent."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.opened = 0
        self.depth = 0
        self.paths: dict[tuple[str, ...], None] = {}

    def template(self) -> Template:
        parts: list[tuple[int, str | _Node]] = []
        while (opened := self.text.find("#{", self.at)) != -1:
            if opened > self.at:
                parts.append((self.at, self.text[self.at : opened]))
            self.opened = opened
            self.at = opened + 2
            if self.peek() == "}":
                raise self.error("the expression is empty")
            parts.append((opened, self.expression()))
            self.expect("}", "an operator or '}'")
        if self.at < len(self.text):
            parts.append((self.at, self.text[self.at :]))
        return Template(self.text, tuple(parts), tuple(self.paths))

    # -- characters

    def error(self, reason: str, position: int | None = None) -> ExpressionError:
        return ExpressionError(self.text, self.at if position is None else position, reason)

    def peek(self) -> str:
        """The next character that is no space."""
        space = _SPACE.match(self.text, self.at)
        if space is not None:
            self.at = space.end()
        if self.at >= len(self.text):
            raise self.error("the '#{' is not closed", self.opened)
        return self.text[self.at]

    def expect(self, char: str, wanted: str) -> None:
        found = self.peek()
        if found != char:
            raise self.error(f"{wanted} is wanted, not {found!r}")
        self.at += 1

    # -- grammar

    def expression(self) -> _Node:
        """Operands and operators, put in order of precedence (Dijkstra's shunting-yard)."""
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise self.error(f"calls and parentheses nest deeper than {MAXIMUM_DEPTH}")
        program: list[_Node | tuple[int, _Operator]] = []
        waiting: list[tuple[int, _Operator]] = []
        while True:
            while self.peek() == "-":
                waiting.append((self.at, _MINUS))
                self.at += 1
            program.append(self.operand())
            operator = _OPERATORS.get(self.peek())
            if operator is None:
                break
            while waiting and (
                waiting[-1][1].precedence > operator.precedence
                or (waiting[-1][1].precedence == operator.precedence and not operator.to_right)
            ):
                program.append(waiting.pop())
            waiting.append((self.at, operator))
            self.at += 1
        self.depth -= 1
        program += reversed(waiting)
        first = program[0]
        return first if callable(first) and len(program) == 1 else _infix(self.text, tuple(program))

    def operand(self) -> _Node:
        """A primary and the methods that are called on it."""
        char = self.peek()
        start: _Node | None = None
        calls: list[_Call] = []
        if char == "(":
            self.at += 1
            start = self.expression()
            self.expect(")", "an operator or ')'")
        elif char in "'\"":
            start = _constant(self.string())
        elif (digits := _DIGITS.match(self.text, self.at)) is not None:
            start = _constant(self.number(digits[0]))
            self.at = digits.end()
        else:
            position, name = self.name("a value")
            if self.peek() == "(":
                calls.append(self.call(position, name, 0))
            else:
                names = [(position, name)]
                while self.peek() == ".":
                    self.at += 1
                    names.append(self.name("a name"))
                    if self.peek() == "(":
                        calls.append(self.call(*names.pop(), 1))
                        break
                start = self.path(names)
        while self.peek() == ".":
            self.at += 1
            position, name = self.name("the name of a function")
            if self.peek() != "(":
                raise self.error(
                    f"{name!r} cannot be read here: only objects have fields", position
                )
            calls.append(self.call(position, name, 1))
        if start is not None and not calls:
            return start
        return _calls(self.text, start, tuple(calls))

    def name(self, wanted: str) -> tuple[int, str]:
        char = self.peek()
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise self.error(f"{wanted} is wanted, not {char!r}")
        position, self.at = self.at, match.end()
        return position, match[0]

    def path(self, names: list[tuple[int, str]]) -> _Node:
        if names[0][1] == "node":
            for position, name in names[2:]:
                if name.startswith("@"):
                    raise self.error(
                        f"the runtime field {name!r} can be read of 'node' itself, not of an "
                        "object that it refers to",
                        position,
                    )
        self.paths[tuple(name for _, name in names)] = None
        return _path(self.text, tuple(names))

    def call(self, position: int, name: str, given: int) -> _Call:
        """The arguments of a function, `given` of which stand before its name."""
        function = _FUNCTIONS.get(name)
        if function is None:
            hint = did_you_mean(name, _FUNCTIONS)
            raise self.error(f"there is no function {name!r}.{hint}", position)
        self.at += 1
        arguments: list[_Node] = []
        if self.peek() != ")":
            arguments.append(self.expression())
            while self.peek() == ",":
                self.at += 1
                arguments.append(self.expression())
        self.expect(")", "an operator, ',' or ')'")
        count = given + len(arguments)
        if count != len(function.parameters):
            raise self.error(
                f"{_signature(name)} takes {_arguments(len(function.parameters))}, not {count}",
                position,
            )
        return _Call(position, name, tuple(arguments))

    def number(self, digits: str) -> int | float:
        try:
            return _checked(float(digits)) if "." in digits else _int(digits)
        except _Refused as refused:
            raise self.error(str(refused)) from None

    def string(self) -> str:
        start, quote = self.at, self.text[self.at]
        found: list[str] = []
        self.at += 1
        while True:
            char = self.text[self.at : self.at + 1]
            if char == "\\":
                self.at += 1
                escaped = self.text[self.at : self.at + 1]
                char = _ESCAPES.get(escaped, escaped)
            elif char == quote:
                self.at += 1
                return "".join(found)
            elif char in "\r\n":  # also where the text ends: a string is on one line
                char = ""
            if not char:
                raise self.error("the string is not closed", start)
            found.append(char)
            self.at += 1


def _arguments(count: int) -> str:
    return "1 argument" if count == 1 else f"{count} arguments"
