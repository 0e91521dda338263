"""Planned faults: which call fails, how, and how often."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .. import checks
from .._record.call import CallMatcher, not_called
from .._record.callers import line_of_user
from .._service.errors import COMMON_ERRORS, ServiceError
from .._service.protocol import model
from ..errors import FakeUsageError, explained, told_by_message, usage_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .._record.call import Call

__tracebackhide__ = told_by_message

Kind = Literal[
    "service_error",
    "http_status",
    "not_json",
    "connect_timeout",
    "read_timeout",
    "connection_refused",
    "connection_dropped",
    "answer_lost",
    "runner_dies",
    "exception",
    "disturbance",
]

# What can be asked for by name, apart from the service's own errors.
NAMED_FAULTS: dict[str, str] = {
    "throttling": "the service answers ThrottlingException",
    "connect_timeout": "the connection is not made within the client's connect time-out",
    "read_timeout": "no answer comes within the client's read time-out; the service did not act",
    "connection_refused": "the connection is refused",
    "connection_dropped": "the connection ends before the service acts",
    "not_json": "the answer is status 200 with a page of HTML",
    "answer_lost": "the service acts, but the connection ends before the answer arrives",
    "runner_dies": "the caller is unwound before its request is sent, as if it had been killed",
}


@dataclass(frozen=True)
class Effect:
    """What a fault does to a call."""

    kind: Kind
    error: ServiceError | None = None
    status: int = 0
    exception: BaseException | type[BaseException] | None = None
    # What happens before the service acts on the call as usual.
    disturb: Callable[[Call], object] | None = None


@dataclass(eq=False)
class PlannedFault:
    """A fault that a test has planned, and what has become of it so far.

    Attributes:
        matcher: the calls that it is for.
        times: how many of them fail.
        after: how many of them pass before.
        per: "call" counts calls of the client, whose retries by botocore fail as well;
            "request" counts single HTTP requests.
        optional: whether the test may end without it.
        met: how many have failed so far.
        passed: how many have passed before that.
        planned_at: the line of the test that planned it; None if that is in another process.
    """

    matcher: CallMatcher
    effect: Effect
    description: str
    times: int
    after: int
    per: Literal["call", "request"]
    optional: bool
    met: int = 0
    passed: int = 0
    planned_at: str | None = None
    _verdicts: dict[str, bool] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"fail({self.matcher!r}, {self.description}): met {self.met} of {self.times} times"

    def why_not_met(self, operations: Iterable[str]) -> str:
        """Why it was not met, where calls were made to these operations."""
        more = self.times - self.met
        if self.met:
            calls = "call that it is for was" if more == 1 else "calls that it is for were"
            return f"{more} more {calls} to come."
        if self.passed:
            return f"The {self.passed} that it is for were to pass (after={self.after})."
        made = ", ".join(dict.fromkeys(operations))
        others = f"; calls were made to {made}" if made else ", nor any other"
        return f"No call came that it is for{others}."

    def strikes(self, call: Call) -> bool:
        """Whether this request fails; counts it."""
        if not self.matcher.matches(call):
            return False
        if self.per == "request":
            return self._count()
        verdict = self._verdicts.get(call.invocation_id)
        if verdict is None:
            verdict = self._verdicts[call.invocation_id] = self._count()
        return verdict

    def _count(self) -> bool:
        if self.passed < self.after:
            self.passed += 1
            return False
        if self.met >= self.times:
            return False
        self.met += 1
        return True


class FaultPlan:
    """All faults that a test has planned, in the order in which it did."""

    def __init__(self) -> None:
        self.planned: list[PlannedFault] = []
        #: How many runners have died.
        self.deaths: int = 0
        #: Where the latest death was planned.
        self.death_planned_at: str | None = None

    def plan(
        self,
        call: object,
        error: object,
        *,
        message: str | None = None,
        times: int = 1,
        after: int = 0,
        per: Literal["call", "request"] = "call",
        optional: bool = False,
    ) -> PlannedFault:
        """`DataPipelineFake.fail`."""
        matcher = call
        if not isinstance(matcher, CallMatcher):
            if not isinstance(matcher, str):
                raise FakeUsageError(
                    explained(
                        "fail() takes an operation's name or a matcher, not "
                        f"{not_called(matcher)}.",
                        about="not-an-operation",
                    )
                )
            with usage_errors(about="unknown-operation"):
                matcher = CallMatcher(model.operation_name(matcher), {})
        for name, value, least in (("times", times, 1), ("after", after, 0)):
            checks.count(name, value, least)
        if message is not None and not isinstance(message, str):
            raise FakeUsageError(f"message is {message!r}; it must be a string.")
        if not isinstance(optional, bool):
            raise FakeUsageError(f"optional is {optional!r}; it can be True or False.")
        if per not in ("call", "request"):
            raise FakeUsageError(f"per is {per!r}; it can be 'call' or 'request'.")
        effect, description = effect_of(matcher.operation, error, message)
        fault = PlannedFault(matcher, effect, description, times, after, per, optional)
        # A fake of a wider scope may have it met by another test.
        fault.planned_at = line_of_user()
        self.planned.append(fault)
        return fault

    def meet(self, call: Call) -> PlannedFault | None:
        """The fault that this request meets, if any."""
        for fault in self.planned:
            if fault.strikes(call):
                if fault.effect.kind == "runner_dies":
                    self.deaths += 1
                    self.death_planned_at = fault.planned_at
                return fault
        return None

    def unmet(self) -> list[PlannedFault]:
        """The faults that should have been met more often than they were."""
        return [fault for fault in self.planned if fault.met < fault.times and not fault.optional]


def effect_of(operation: str, error: object, message: str | None) -> tuple[Effect, str]:
    """What `fail(..., error)` means, and how to print it.

    Raises:
        FakeUsageError: nothing that this operation could meet; the text suggests the nearest.
    """
    if isinstance(error, bool):
        raise _unknown(error)
    if isinstance(error, int):
        if not _is_failure(error):
            raise FakeUsageError(
                explained(
                    f"{error} is no HTTP status of a failure: take one from 400 to 599.",
                    about="not-a-failure-status",
                )
            )
        effect = Effect("http_status", status=error)
    elif isinstance(error, str):
        effect = _named(operation, error, message)
    else:
        effect = _exceptional(operation, error, message)
    if message is not None and effect.kind != "service_error":
        raise FakeUsageError(
            f"message={message!r} goes with an error of the service, not with {error!r}."
        )
    return effect, repr(error) if isinstance(error, (str, int)) else _shown(error)


def _named(operation: str, name: str, message: str | None) -> Effect:
    if name == "throttling":
        return _service_error(operation, "ThrottlingException", message)
    if name in NAMED_FAULTS:
        return Effect(name)  # type: ignore[arg-type]  # the keys are kinds, which mypy cannot see
    return _service_error(operation, name, message, names=tuple(NAMED_FAULTS))


def _exceptional(operation: str, error: Any, message: str | None) -> Effect:
    from botocore import exceptions

    kinds: dict[type[Exception], Kind] = {
        exceptions.ConnectTimeoutError: "connect_timeout",
        exceptions.ReadTimeoutError: "read_timeout",
        exceptions.EndpointConnectionError: "connection_refused",
        exceptions.ConnectionClosedError: "connection_dropped",
    }
    if isinstance(error, type):
        if error in kinds:
            return Effect(kinds[error])
        if issubclass(error, exceptions.ClientError) and error is not exceptions.ClientError:
            return _service_error(operation, error.__name__, message)
        if issubclass(error, (exceptions.ClientError, exceptions.BotoCoreError)):
            raise FakeUsageError(
                f"{error.__name__} is a class: give an instance, as it is raised in production."
            )
    elif isinstance(error, exceptions.ClientError):
        held = error.response.get("Error", {})
        code = str(held.get("Code") or type(error).__name__)
        text = message if message is not None else held.get("Message")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if text is not None and not isinstance(text, str):
            raise FakeUsageError(f"The message of {error!r} is {text!r}; it must be a string.")
        if status is not None and not _is_failure(status):
            raise FakeUsageError(
                explained(
                    f"{status!r} is no HTTP status of a failure: 400 to 599 are.",
                    about="not-a-failure-status",
                )
            )
        return _service_error(operation, code, text, status)
    elif isinstance(error, exceptions.BotoCoreError):
        return Effect("exception", exception=error)
    raise _unknown(error)


def _service_error(
    operation: str,
    code: str,
    message: str | None,
    status: int | None = None,
    names: tuple[str, ...] = (),
) -> Effect:
    with usage_errors(about="unknown-error"):
        known_status = model.error_status(operation, code, names)
    if message is None:
        message = COMMON_ERRORS[code][1] if code in COMMON_ERRORS else _text_of(code)
    return Effect("service_error", error=ServiceError(code, message, status or known_status))


def _text_of(code: str) -> str:
    # Our choice: the texts that the service sends with these were never published.
    return {
        "InternalServiceError": "An internal service error occurred.",
        "InvalidRequestException": "The request was not valid: simulated",
        "TaskNotFoundException": "The specified task was not found.",
        "PipelineNotFoundException": "The specified pipeline was not found.",
        "PipelineDeletedException": "The specified pipeline has been deleted.",
    }[code]


def _is_failure(status: object) -> bool:
    return isinstance(status, int) and not isinstance(status, bool) and 400 <= status <= 599


def _unknown(error: object) -> FakeUsageError:
    return FakeUsageError(
        explained(
            f"{error!r} is nothing that a call can meet. Give an error of the service by name, "
            "class (client.exceptions.X) or instance, an HTTP status, an exception of botocore, or "
            f"one of: {', '.join(NAMED_FAULTS)}.",
            about="unknown-fault",
        )
    )


def _shown(error: object) -> str:
    return error.__name__ if isinstance(error, type) else repr(error)
