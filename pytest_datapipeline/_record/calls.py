"""The record of calls, and the matchers that tests compare it with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, overload

from .._service.clock import to_datetime
from ..errors import FakeUsageError, did_you_mean, told_by_message
from .rendering import Secrets, method, one_line, shown, table_line, typed

if TYPE_CHECKING:
    from datetime import datetime

    from .rendering import Hide

__tracebackhide__ = told_by_message


class _Nothing:
    """Stands for what a call or a matcher does not have."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()


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

    secrets: Secrets  # of the record that it is in

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
        "secrets",
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
        return one_line(self, self.hide())

    def hide(self) -> Hide:
        """What masks the secrets of its record in a text."""
        return getattr(self, "secrets", Secrets([self])).hide()


@dataclass(frozen=True)
class Difference:
    """Where a call is not what a matcher asks for."""

    path: str
    expected: object
    actual: object
    call: Call | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        hide = Secrets().hide() if self.call is None else self.call.hide()
        return f"{self.path}: expected {shown(self.expected, hide)}, got {shown(self.actual, hide)}"


class CallMatcher:
    """Equal to the calls of an operation that have the given parameters, and maybe others.

    A value can be plain, `unittest.mock.ANY` or any object with an `__eq__` of its own, a compiled
    regular expression (searched for), a type, or a predicate; inside of dicts and lists too. Where
    a call has a list of fields, a mapping compares by key. None is for what was not sent: clients
    have no such value.

    Raises:
        FakeUsageError: the operation has no such parameter; later, a predicate that fails.
    """

    __slots__ = ("operation", "parameters")
    __hash__ = None  # type: ignore[assignment]  # equality is not by identity

    def __init__(self, operation: str, parameters: Mapping[str, Any]) -> None:
        from .._service.protocol import model

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
        return typed(self.operation, self.parameters)

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
            if expected is not None:
                _compare(f"parameters.{name}", expected, actual, found)
            elif actual is not NOTHING and actual is not None:
                found.append(Difference(f"parameters.{name}", NOTHING, actual))
        return [replace(difference, call=call) for difference in found]


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
            raise FakeUsageError(f"in_order() takes matchers, not {not_called(matcher)}.")
    return InOrder(matchers)


def not_called(value: object) -> str:
    """A value that stands where a matcher is due, and what may be meant."""
    if not _is_matcher_function(value):
        return repr(value)
    name = getattr(value, "__name__", "")
    return f"the function {name}: call it, as in {name}()"


def _is_matcher_function(value: object) -> bool:
    return callable(value) and getattr(value, "__module__", None) == f"{__package__}.matchers"


class Calls(Sequence[Call]):
    """A record of calls, in order. Compares with lists of matchers, and with `in_order(...)`."""

    __slots__ = ("_calls", "secrets")
    __hash__ = None  # type: ignore[assignment]  # it grows

    def __init__(self, calls: Iterable[Call] = (), secrets: Secrets | None = None) -> None:
        self._calls = list(calls)
        self.secrets = secrets or Secrets(self._calls)

    def _append(self, call: Call) -> None:
        call.secrets = self.secrets
        self._calls.append(call)

    def hide(self) -> Hide:
        """What masks the secrets of the record in a text."""
        return self.secrets.hide()

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
            return Calls(self._calls[index], self.secrets)
        return self._calls[index]

    def __contains__(self, value: object) -> bool:
        return super().__contains__(self._sought(value, "`in`"))

    def count(self, value: object) -> int:
        """How many calls a matcher is equal to, or are of an operation.

        Raises:
            FakeUsageError: something that no call could be equal to.
        """
        return super().count(self._sought(value, "`count()`"))

    @staticmethod
    def _sought(value: object, what: str) -> object:
        """What to compare calls with; refuses what no call can be equal to."""
        if isinstance(value, str):
            return _of_operation(value)
        callable_ = callable(value) and not _own_equality(type(value))
        if callable_ or value is None or type(value).__module__ == "builtins":
            raise FakeUsageError(
                f"{what} takes a matcher, a call or an operation's name, not {not_called(value)}."
            )
        return value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, InOrder):
            return other == self
        if isinstance(other, Sequence) and not isinstance(other, str):
            for item in other:
                if _is_matcher_function(item):
                    raise FakeUsageError(f"Calls are compared to matchers, not {not_called(item)}.")
            return len(self) == len(other) and all(
                call == expected for call, expected in zip(self._calls, other, strict=True)
            )
        return NotImplemented

    def __repr__(self) -> str:
        if not self._calls:
            return "no calls"
        threads = len({call.thread for call in self._calls}) > 1
        width = len(str(len(self._calls)))
        hide = self.hide()
        return "\n".join(
            f"{number:>{width}}. {table_line(call, threads, hide)}"
            for number, call in enumerate(self._calls, 1)
        )

    @property
    def operations(self) -> list[str]:
        """The operation of each call, in boto3's spelling."""
        return [method(call.operation) for call in self._calls]

    @property
    def backoffs(self) -> list[float]:
        """The seconds that botocore waited before each of its retries."""
        return [call.backoff for call in self._calls if call.backoff is not None]

    @property
    def without_retries(self) -> Calls:
        """The calls as the code under test made them: the first request of each."""
        return Calls((call for call in self._calls if call.attempt == 1), self.secrets)

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
            call = _of_operation(call)
        if call is not None and not isinstance(call, CallMatcher):
            raise FakeUsageError(
                f"filter() takes an operation's name or a matcher, not {not_called(call)}."
            )
        wanted = {"region": region, "thread": thread, "attempt": attempt, "error": error}
        found = (
            made
            for made in self._calls
            if (call is None or call.matches(made))
            and all(value is None or getattr(made, name) == value for name, value in wanted.items())
            and (predicate is None or predicate(made))
        )
        return Calls(found, self.secrets)


def _of_operation(name: str) -> CallMatcher:
    from .._service.protocol import model

    return CallMatcher(model.operation_name(name), {})


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
        except Exception as error:
            name = getattr(expected, "__name__", repr(expected))
            raise FakeUsageError(
                f"The predicate {name} fails with {type(error).__name__}: {error}. It was given "
                f"{shown(actual)}."
            ) from error
    return bool(expected == actual)


def _own_equality(kind: type) -> bool:
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
