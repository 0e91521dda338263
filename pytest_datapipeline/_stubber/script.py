"""The answers of a stubber, in order, and what a call has to be to get one."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._clients.requests import TransportFailure, transport_error
from .._record.difference import NOTHING, Difference
from .._service.errors import ServiceError
from .._service.protocol import aws_json, model
from ..errors import explained

if TYPE_CHECKING:
    from .._record.call import Call, CallMatcher
    from .._service.protocol.ids import Ids


class NotExpected(Exception):
    """A call that the script has no answer for; the text says what it has."""


@dataclass(eq=False)
class Planned:
    """One answer of the script.

    Attributes:
        kind: what it is, as messages call it.
        expected: what the call must be; None if its parameters do not matter.
        exact: whether the call may have no other parameters than those.
        failure: how the connection fails instead; or the exception that is raised instead.
    """

    kind: str
    operation: str
    expected: CallMatcher | None
    exact: bool
    status: int = 200
    parsed: dict[str, Any] | None = None
    failure: TransportFailure | BaseException | None = None

    def __repr__(self) -> str:
        return f"{self.kind} for {self.call()}"

    def call(self) -> str:
        """The call that it is for, as one would write it."""
        if self.expected is None:
            return f"{model.operations()[self.operation]}(...)"
        typed = repr(self.expected)
        return typed if self.exact else f"{typed[:-1]}, ...)"

    def difference(self, call: Call) -> list[Difference]:
        """What of the call's parameters is not as expected, by path; empty if it is all right."""
        if self.expected is None:
            return []
        found = self.expected.difference(call)
        if self.exact:
            found += [
                Difference(f"parameters.{name}", NOTHING, value)
                for name, value in call.parameters.items()
                if name not in self.expected.parameters
            ]
        return found


_Differences = list[tuple[Planned, list[Difference]]]


class Script:
    """The answers that are left.

    Attributes:
        ordered: whether they are given in the order in which they were added; if not, a call gets
            the first that it fits.
    """

    def __init__(self, ids: Ids, *, ordered: bool) -> None:
        self.ordered = ordered
        self._ids = ids
        self._planned: list[Planned] = []
        self._used = 0

    def __len__(self) -> int:
        return len(self._planned)

    def add(self, planned: Planned) -> None:
        """Put an answer behind the others."""
        self._planned.append(planned)

    def left(self) -> list[str]:
        """A sentence for each answer that was not used."""
        return [
            explained(f"A response was added and not used: {planned!r}.", about="response-not-used")
            for planned in self._planned
        ]

    def answer(self, call: Call, url: str) -> tuple[int, dict[str, Any]]:
        """Take the answer to a call out of the script: its HTTP status, and what it says.

        Raises:
            NotExpected: there is none.
        """
        planned = self._find(call)
        self._planned.remove(planned)
        self._used += 1
        return self._outcome(call, planned, url)

    def _outcome(self, call: Call, planned: Planned, url: str) -> tuple[int, dict[str, Any]]:
        if planned.failure is not None:
            error = planned.failure
            if not isinstance(error, BaseException):
                error = transport_error(error, url)
            call.error, call.error_message = type(error).__name__, str(error)
            raise error
        parsed = planned.parsed or {}
        given = parsed.pop("ResponseMetadata", {})
        if planned.status < 300:
            body = aws_json.encode(parsed)
            call.response = copy.deepcopy(parsed)
        else:
            call.error, call.error_message = parsed["Error"]["Code"], parsed["Error"]["Message"]
            body = aws_json.encode_error(ServiceError(call.error, call.error_message))
        request_id = self._ids.request_id()
        parsed["ResponseMetadata"] = {
            "RequestId": request_id,
            "HTTPStatusCode": planned.status,
            "HTTPHeaders": aws_json.headers(body, request_id, call.time_ns),
            "RetryAttempts": 0,
            **given,
        }
        return planned.status, parsed

    def _find(self, call: Call) -> Planned:
        candidates = self._planned[:1] if self.ordered else self._planned
        candidates = [planned for planned in candidates if planned.operation == call.operation]
        candidates.sort(key=lambda planned: planned.expected is None)
        differences: _Differences = []
        for planned in candidates:
            difference = planned.difference(call)
            if not difference:
                return planned
            differences.append((planned, difference))
        raise NotExpected(self._explanation(call.operation, differences))

    def _explanation(self, operation: str, differences: _Differences) -> str:
        count = f"all {self._used} that were added were used" if self._used else "none was added"
        if not self._planned:
            return explained(
                f"{operation} was called, but the stubber has no response left: {count}.",
                about="no-response-left",
            )
        if not differences and self.ordered:
            return explained(
                f"{operation} was called, but the next response is: {self._planned[0]!r}. "
                "Responses are given in the order in which they were added; any_order() has them "
                "found by operation and parameters.",
                about="another-response-next",
            )
        if not differences:
            left = "".join(f"\n  {planned!r}" for planned in self._planned)
            return explained(
                f"{operation} was called, but no response for it is left. These are:{left}",
                about="no-response-left",
            )
        lines = [f"{operation} was called with other parameters than expected."]
        for planned, difference in differences:
            lines.append(f"  {planned!r}:")
            lines += [f"    {line}" for line in difference]
        return explained("\n".join(lines), about="other-parameters")


def kind_of(failure: TransportFailure | BaseException) -> str:
    """What messages call an answer that is a failure."""
    if isinstance(failure, BaseException):
        return f"exception {type(failure).__name__}"
    return f"exception {type(transport_error(failure, '')).__name__}"
