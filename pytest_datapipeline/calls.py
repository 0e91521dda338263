"""The record of calls, and the matchers that tests compare it with."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from .clock import to_datetime
from .errors import FakeUsageError, did_you_mean, told_by_message

if TYPE_CHECKING:
    from datetime import datetime

__tracebackhide__ = told_by_message


class _Nothing:
    """Stands for what a call or a matcher does not have."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()
# Strings longer than this are shown without their middle: task ids have over 900 characters.
_LONGEST = 40
# What stands for the value of a secret field.
_MASK = "*****"


class Call:
    """One HTTP request. A retry of botocore's is a call of its own.

    Attributes:
        operation: AWS's name, as "PollForTask".
        parameters: what was sent, in boto3's names.
        region: the region of the client.
        error: the code of the service's error, or the name of botocore's exception; None if none.
        error_message: the text of the service's error.
        thread: the name of the calling thread.
        read_timeout: the client's read time-out in seconds; None for no limit.
        attempt: 1, and 2, 3 ... for botocore's retries.
        invocation_id: the same for a call and its retries.
        backoff: seconds that botocore waited after it, before its retry; None if it did not retry.
        injected: whether a planned fault was met.
    """

    __slots__ = (
        "_answer",
        "attempt",
        "backoff",
        "ended_ns",
        "error",
        "error_message",
        "injected",
        "invocation_id",
        "operation",
        "parameters",
        "read_timeout",
        "region",
        "thread",
        "time_ns",
    )

    def __init__(
        self,
        *,
        operation: str,
        parameters: dict[str, Any],
        region: str,
        time_ns: int,
        thread: str,
        read_timeout: float | None,
        attempt: int,
        invocation_id: str,
    ) -> None:
        self.operation = operation
        self.parameters = parameters
        self.region = region
        self.time_ns = time_ns
        self.thread = thread
        self.read_timeout = read_timeout
        self.attempt = attempt
        self.invocation_id = invocation_id
        self.ended_ns: int | None = None
        self._answer: bytes | dict[str, Any] | None = None
        self.error: str | None = None
        self.error_message: str | None = None
        self.backoff: float | None = None
        self.injected = False

    @property
    def response(self) -> dict[str, Any] | None:
        """The answer without ResponseMetadata; None if there was none or it was an error."""
        # Kept as it was sent until somebody looks: a long test makes many calls, and looks at few.
        if isinstance(self._answer, bytes):
            # Two operations answer without a body.
            self._answer = json.loads(self._answer) if self._answer else {}
        return self._answer

    @response.setter
    def response(self, answer: bytes | dict[str, Any] | None) -> None:
        self._answer = answer

    @property
    def answered(self) -> bool:
        """Whether there is a response."""
        return self._answer is not None

    @property
    def time(self) -> datetime:
        """When it arrived, on the fake's clock (UTC)."""
        return to_datetime(self.time_ns)

    @property
    def ended(self) -> datetime | None:
        """When it was answered or failed (UTC); None while it waits."""
        return None if self.ended_ns is None else to_datetime(self.ended_ns)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CallMatcher):
            return other.matches(self)
        if isinstance(other, Call):
            return self is other
        return NotImplemented  # ANY and its like decide for themselves

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        retry = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        typed = _typed(self.operation, self.parameters)
        return f"{typed} at {self.time:%H:%M:%S}{retry} -> {self._outcome()}"

    def _outcome(self) -> str:
        if self.error is not None:
            return self.error
        if self.ended_ns is None:
            return "waiting"
        return _shown(self.response)


@dataclass(frozen=True)
class Difference:
    """Where a call is not what a matcher asks for."""

    path: str
    expected: object
    actual: object

    def __str__(self) -> str:
        return f"{self.path}: expected {_shown(self.expected)}, got {_shown(self.actual)}"


class CallMatcher:
    """Equal to the calls of an operation that have the given parameters, and maybe others.

    A value can be plain, `unittest.mock.ANY` or any object with an `__eq__` of its own, a compiled
    regular expression (searched for), a type, or a predicate; inside of dicts and lists too. Where
    a call has a list of fields, a mapping compares by key.

    Raises:
        FakeUsageError: the operation has no such parameter.
    """

    __slots__ = ("operation", "parameters")
    __hash__ = None  # type: ignore[assignment]  # equality is not by identity

    def __init__(self, operation: str, parameters: Mapping[str, Any]) -> None:
        from .service import model

        operation = model.operation_name(operation)
        known = model.input_parameters(operation) if parameters else ()
        for name in parameters:
            if name not in known:
                method = model.operations()[operation]
                raise FakeUsageError(
                    f"{method} has no parameter {name!r}.{did_you_mean(name, known)} "
                    f"Its parameters are: {', '.join(known) or 'none'}."
                )
        self.operation = operation
        self.parameters = dict(parameters)

    def __repr__(self) -> str:
        return _typed(self.operation, self.parameters)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Call):
            return self.matches(other)
        return NotImplemented

    def matches(self, call: Call) -> bool:
        """Whether the call is what it asks for."""
        return call.operation == self.operation and (
            not self.parameters or not self.difference(call)
        )

    def difference(self, call: Call) -> list[Difference]:
        """Everything in which the call is not what it asks for; empty if it is."""
        if call.operation != self.operation:
            return [Difference("operation", self.operation, call.operation)]
        found: list[Difference] = []
        for name, expected in self.parameters.items():
            actual = call.parameters.get(name, NOTHING)
            _compare(f"parameters.{name}", expected, actual, found)
        return found


class InOrder:
    """Equal to a record of calls in which the matchers are met in this order, others in between."""

    __hash__ = None  # type: ignore[assignment]  # equality is not by identity

    def __init__(self, matchers: Sequence[CallMatcher]) -> None:
        self.matchers = tuple(matchers)

    def __repr__(self) -> str:
        return f"in_order({', '.join(map(repr, self.matchers))})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Calls):
            return self.first_unmet(other) is None
        return NotImplemented

    def first_unmet(self, calls: Calls) -> tuple[int, Call | None] | None:
        """The place of the first matcher that nothing meets, and the last call met before it."""
        latest: Call | None = None
        remaining = iter(calls)
        for index, matcher in enumerate(self.matchers):
            met = next((call for call in remaining if matcher.matches(call)), None)
            if met is None:
                return index, latest
            latest = met
        return None


def in_order(*matchers: CallMatcher) -> InOrder:
    """What `calls` is equal to if the matchers are met in this order, with or without others.

    Raises:
        FakeUsageError: something that is no matcher.
    """
    for matcher in matchers:
        if not isinstance(matcher, CallMatcher):
            raise FakeUsageError(f"in_order() takes matchers, not {matcher!r}.")
    return InOrder(matchers)


class Calls(Sequence[Call]):
    """A record of calls, in order. Compares with lists of matchers, and with `in_order(...)`."""

    __slots__ = ("_calls",)
    __hash__ = None  # type: ignore[assignment]  # it grows

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        self._calls = list(calls)

    def _append(self, call: Call) -> None:
        self._calls.append(call)

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls)

    @overload
    def __getitem__(self, index: int) -> Call: ...

    @overload
    def __getitem__(self, index: slice) -> Calls: ...

    def __getitem__(self, index: int | slice) -> Call | Calls:
        if isinstance(index, slice):
            return Calls(self._calls[index])
        return self._calls[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, InOrder):
            return other == self
        if isinstance(other, Sequence) and not isinstance(other, str):
            return len(self) == len(other) and all(
                call == expected for call, expected in zip(self._calls, other, strict=True)
            )
        return NotImplemented

    def __repr__(self) -> str:
        if not self._calls:
            return "no calls"
        threads = len({call.thread for call in self._calls}) > 1
        width = len(str(len(self._calls)))
        return "\n".join(
            f"{number:>{width}}. {_line(call, threads)}"
            for number, call in enumerate(self._calls, 1)
        )

    @property
    def operations(self) -> list[str]:
        """The operation of each call, in boto3's spelling."""
        return [_method(call.operation) for call in self._calls]

    @property
    def backoffs(self) -> list[float]:
        """The seconds that botocore waited before each of its retries."""
        return [call.backoff for call in self._calls if call.backoff is not None]

    @property
    def without_retries(self) -> Calls:
        """The calls as the code under test made them: the first request of each."""
        return Calls(call for call in self._calls if call.attempt == 1)

    def filter(
        self,
        call: str | CallMatcher | None = None,
        *,
        region: str | None = None,
        thread: str | None = None,
        attempt: int | None = None,
        error: str | None = None,
        predicate: Callable[[Call], object] | None = None,
    ) -> Calls:
        """The calls for which everything given holds.

        Args:
            call: an operation, as "poll_for_task" or "PollForTask", or a matcher.
            region: the client's region.
            thread: the name of the calling thread.
            attempt: 1 for first requests, 2 for first retries, and so on.
            error: an error code, or the name of an exception.
            predicate: called with each call.

        Raises:
            FakeUsageError: the service has no such operation.
        """
        if isinstance(call, str):
            from .service import model

            call = CallMatcher(model.operation_name(call), {})
        if call is not None and not isinstance(call, CallMatcher):
            raise FakeUsageError(f"filter() takes an operation's name or a matcher, not {call!r}.")
        wanted = {"region": region, "thread": thread, "attempt": attempt, "error": error}
        return Calls(
            made
            for made in self._calls
            if (call is None or call.matches(made))
            and all(value is None or getattr(made, name) == value for name, value in wanted.items())
            and (predicate is None or predicate(made))
        )


# -- comparing ------------------------------------------------------------------------------------


def _compare(path: str, expected: Any, actual: Any, found: list[Difference]) -> None:
    if isinstance(expected, Mapping):
        if _is_fields(actual):
            actual = _by_key(actual)
            for key, value in expected.items():
                held = actual.get(key, NOTHING)
                # On the wire, a list of one is no different from the one.
                single = isinstance(value, list) and held is not NOTHING
                held = [held] if single and not isinstance(held, list) else held
                _compare(f"{path}[{key!r}]", value, held, found)
            return
        if isinstance(actual, Mapping):
            for key in [*expected, *(key for key in actual if key not in expected)]:
                inner = f"{path}.{key}"
                if key not in expected:
                    found.append(Difference(inner, NOTHING, actual[key]))
                else:
                    _compare(inner, expected[key], actual.get(key, NOTHING), found)
            return
    elif isinstance(expected, (list, tuple)) and isinstance(actual, list):
        for index in range(max(len(expected), len(actual))):
            inner = f"{path}[{index}]"
            if index >= len(expected):
                found.append(Difference(inner, NOTHING, actual[index]))
            elif index >= len(actual):
                found.append(Difference(inner, expected[index], NOTHING))
            else:
                _compare(inner, expected[index], actual[index], found)
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
        if _own_equality(type(expected)):
            return bool(expected == actual)
        return isinstance(actual, expected)
    if callable(expected) and not _own_equality(type(expected)):
        try:
            return bool(expected(actual))
        except (TypeError, ValueError, KeyError, AttributeError):
            return False
    return bool(expected == actual)


def _own_equality(kind: type) -> bool:
    equality: object = kind.__eq__
    return equality is not object.__eq__ and equality is not type.__eq__


def _is_fields(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, Mapping) and "key" in item for item in value
    )


def _by_key(fields: list[dict[str, Any]]) -> dict[str, Any]:
    from .service.fields import Ref

    found: dict[str, Any] = {}
    for field in fields:
        value = Ref(field["refValue"]) if "refValue" in field else field.get("stringValue")
        key = field["key"]
        if key not in found:
            found[key] = value
        elif isinstance(found[key], list):
            found[key].append(value)
        else:
            found[key] = [found[key], value]
    return found


# -- showing --------------------------------------------------------------------------------------


def _method(operation: str) -> str:
    # As botocore's xform_name does for this service's names, which hold no abbreviations.
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def _typed(operation: str, parameters: Mapping[str, Any]) -> str:
    given = ", ".join(f"{name}={_shown(value)}" for name, value in parameters.items())
    return f"{_method(operation)}({given})"


def _shown(value: object) -> str:
    if isinstance(value, str):
        if len(value) <= _LONGEST:
            return repr(value)
        # The checksum, so that ids that differ in the middle alone are shown differently too.
        checksum = zlib.crc32(value.encode(errors="surrogatepass"))
        return f"{value[:12]!r}..{checksum:08x}..{value[-12:]!r}"
    if isinstance(value, Mapping):
        if _is_secret(value):
            value = {**value, "stringValue": _MASK}
        return "{" + ", ".join(f"{key!r}: {_shown(held)}" for key, held in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_shown(held) for held in value) + "]"
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    return repr(value)


def _is_secret(value: Mapping[Any, Any]) -> bool:
    """Whether it is a field, or the value of a parameter, that the service keeps secret."""
    name = value.get("key", value.get("id"))
    return "stringValue" in value and isinstance(name, str) and name.startswith("*")


def _line(call: Call, threads: bool) -> str:
    thread = f" [{call.thread}]" if threads else ""
    retry = f" attempt {call.attempt}" if call.attempt > 1 else ""
    outcome = call._outcome()
    if len(outcome) > 60:
        outcome = f"{outcome[:57]}..."
    typed = _typed(call.operation, call.parameters)
    return f"{call.time:%H:%M:%S}{thread} {typed}{retry} -> {outcome}"


# -- explaining -----------------------------------------------------------------------------------


def explain_comparison(op: str, left: object, right: object) -> list[str] | None:
    """What pytest prints of a comparison with calls that does not hold; None if it is not one."""
    if op == "==" and isinstance(right, Calls) and not isinstance(left, Calls):
        left, right = right, left
    if op in ("in", "not in") and isinstance(left, CallMatcher) and isinstance(right, Calls):
        return _explain_membership(op, left, right)
    if op != "==" or not isinstance(left, Calls):
        return None
    if isinstance(right, InOrder):
        return _explain_order(left, right)
    if isinstance(right, Sequence) and all(isinstance(item, (CallMatcher, Call)) for item in right):
        return _explain_equality(left, right)
    return None


def _explain_equality(calls: Calls, expected: Sequence[Any]) -> list[str]:
    lines = [
        f"the calls are not those expected: {len(calls)} made, {len(expected)} expected",
        "  (- expected but not made, + made but not expected, ! made with other parameters)",
    ]
    for matcher, call in _aligned(calls, expected):
        if call is None:
            lines.append(f"- {matcher!r}")
        elif matcher is None:
            lines.append(f"+ {_line(call, False)}")
        elif matcher == call:
            lines.append(f"  {_line(call, False)}")
        else:
            lines.append(f"! {_line(call, False)}")
            lines += [f"    {difference}" for difference in matcher.difference(call)]
    return lines


def _aligned(calls: Calls, expected: Sequence[Any]) -> list[tuple[Any, Call | None]]:
    """Pairs of what belongs together: the alignment with most matches, then most operations."""
    rows, columns = len(expected), len(calls)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]

    def worth(row: int, column: int) -> int:
        matcher, call = expected[row], calls[column]
        if matcher == call:
            return 3
        return int(isinstance(matcher, CallMatcher) and matcher.operation == call.operation)

    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            value = worth(row, column)
            together = value + best[row + 1][column + 1] if value else 0
            best[row][column] = max(together, best[row + 1][column], best[row][column + 1])
    pairs: list[tuple[Any, Call | None]] = []
    row = column = 0
    while row < rows and column < columns:
        value = worth(row, column)
        if value and best[row][column] == value + best[row + 1][column + 1]:
            pairs.append((expected[row], calls[column]))
            row, column = row + 1, column + 1
        elif best[row][column] == best[row + 1][column]:
            pairs.append((expected[row], None))
            row += 1
        else:
            pairs.append((None, calls[column]))
            column += 1
    pairs += [(matcher, None) for matcher in expected[row:]]
    pairs += [(None, call) for call in calls[column:]]
    return pairs


def _explain_order(calls: Calls, order: InOrder) -> list[str]:
    unmet = order.first_unmet(calls)
    if unmet is None:
        return ["the calls are in order"]
    index, latest = unmet
    after = f"after {_line(latest, False)}" if latest is not None else "among all calls"
    return [
        f"nothing meets number {index + 1} of in_order, {order.matchers[index]!r}, {after}",
        *(f"  {_line(call, False)}" for call in calls),
    ]


def _explain_membership(op: str, matcher: CallMatcher, calls: Calls) -> list[str]:
    if op == "not in":
        made = [call for call in calls if matcher.matches(call)]
        return [f"{matcher!r} was called", *(f"  {_line(call, False)}" for call in made)]
    near = sorted(
        (call for call in calls if call.operation == matcher.operation),
        key=lambda call: len(matcher.difference(call)),
    )
    if not near:
        others = ", ".join(dict.fromkeys(calls.operations)) or "nothing"
        return [f"{matcher!r} was not called; called were: {others}"]
    lines = [f"{matcher!r} was not called; the nearest calls, and where they differ:"]
    for call in near[:5]:
        lines.append(f"  {_line(call, False)}")
        lines += [f"    {difference}" for difference in matcher.difference(call)]
    return lines
