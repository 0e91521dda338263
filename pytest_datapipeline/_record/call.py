"""One call, and what it is compared with: the matcher of an operation and its parameters."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from .._service.clock import to_datetime
from .._service.texts import did_you_mean
from ..errors import FakeUsageError, explained, told_by_message, usage_errors
from .difference import NOTHING, Difference, compare
from .rendering import answered, typed
from .secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from .secrets import Hide

__tracebackhide__ = told_by_message


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
        "_caller",
        "_planned_at",
        "attempt",
        "backoff",
        "ended_after",
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
        self.operation: str = operation
        self.parameters: dict[str, Any] = parameters
        self.region: str = region
        self.time_ns: int = time_ns
        self.thread: str = thread
        self.read_timeout: float | None = read_timeout
        self.attempt: int = attempt
        self.invocation_id: str = invocation_id
        self.ended_ns: int | None = None
        # How many calls had been made by then.
        self.ended_after: int = 0
        self._answer: bytes | dict[str, Any] | None = None
        self.error: str | None = None
        self.error_message: str | None = None
        self.backoff: float | None = None
        self.injected: bool = False
        # Who makes it, where several may have one name.
        self._caller: int = 0
        self._planned_at: str | None = None

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
        if isinstance(other, str):
            return of_operation(other).matches(self)
        return NotImplemented  # ANY and its like decide for themselves

    __hash__: ClassVar[Callable[[object], int]] = object.__hash__

    def __repr__(self) -> str:
        return self.in_a_line(self.hide())

    def in_a_line(self, hide: Hide) -> str:
        """It by itself."""
        retry = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        made = typed(self.operation, self.parameters, hide)
        return f"{made} at {self.time:%H:%M:%S}{retry} -> {self._outcome(hide)}"

    def in_a_table(self, thread: bool, hide: Hide) -> str:
        """It among others. `thread`: whether to name its thread."""
        caller = f" [{self.thread}]" if thread else ""
        retry = f" attempt {self.attempt}" if self.attempt > 1 else ""
        made = typed(self.operation, self.parameters, hide)
        return f"{self.time:%H:%M:%S}{caller} {made}{retry} -> {self._outcome(hide)}"

    def _outcome(self, hide: Hide) -> str:
        if self.error is not None:
            return self.error
        return "waiting" if self.ended_ns is None else answered(self.response, hide)

    def hide(self) -> Hide:
        """What masks the secrets of its record in a text."""
        return getattr(self, "secrets", Secrets([self])).hide()


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
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # equality is not by identity

    def __init__(self, operation: str, parameters: Mapping[str, Any]) -> None:
        from .._service.protocol import model

        with usage_errors(about="unknown-operation"):
            operation = model.operation_name(operation)
        known = model.input_parameters(operation) if parameters else ()
        for name in parameters:
            if name not in known:
                method = model.operations()[operation]
                raise FakeUsageError(
                    explained(
                        f"{method} has no parameter {name!r}.{did_you_mean(name, known)} "
                        f"Its parameters are: {', '.join(known) or 'none'}.",
                        about="unknown-parameter",
                    )
                )
        self.operation: str = operation
        self.parameters: dict[str, Any] = dict(parameters)

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
                compare(f"parameters.{name}", expected, actual, found)
            elif actual is not NOTHING and actual is not None:
                found.append(Difference(f"parameters.{name}", NOTHING, actual))
        return [replace(difference, call=call) for difference in found]


def of_operation(name: str) -> CallMatcher:
    """A matcher of all calls of an operation."""
    from .._service.protocol import model

    with usage_errors(about="unknown-operation"):
        return CallMatcher(model.operation_name(name), {})


def not_called(value: object) -> str:
    """How an error names a wrong value in a matcher's place, with a hint."""
    if not is_matcher_function(value):
        return repr(value)
    name = getattr(value, "__name__", "")
    return f"the function {name}: call it, as in {name}()"


def is_matcher_function(value: object) -> bool:
    """Whether it is one of the functions that make matchers, not called."""
    return callable(value) and getattr(value, "__module__", None) == f"{__package__}.matchers"
