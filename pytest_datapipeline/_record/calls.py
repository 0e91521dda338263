"""The record of calls, in order, and what whole records are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple, overload

from .._service.texts import counted
from ..errors import FakeUsageError, explained, told_by_message
from .call import Call, CallMatcher, is_matcher_function, not_called, of_operation
from .difference import own_equality
from .rendering import method
from .secrets import Secrets

if TYPE_CHECKING:
    from .secrets import Hide

__tracebackhide__ = told_by_message


class Mark(NamedTuple):
    """What a record holds at one moment.

    Attributes:
        era: how often the fake had been reset or restored.
        made: how many calls had been made.
        found: the findings, each in a line.
    """

    era: int = 0
    made: int = 0
    found: frozenset[str] = frozenset()


class InOrder:
    """Equal to a record of calls in which the matchers are met in this order, others in between."""

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # equality is not by identity

    def __init__(self, matchers: Sequence[CallMatcher]) -> None:
        self.matchers: tuple[CallMatcher, ...] = tuple(matchers)

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
            raise FakeUsageError(
                explained(
                    f"in_order() takes matchers, not {not_called(matcher)}.", about="not-a-matcher"
                )
            )
    return InOrder(matchers)


class Calls(Sequence[Call]):
    """A record of calls, in order. Compares with lists of matchers, and with `in_order(...)`.

    Attributes:
        dropped: how many of the oldest calls it holds no longer, where the setting `kept_calls`
            says how many it keeps.
    """

    __slots__ = ("_calls", "_kept", "dropped", "secrets")
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # it grows

    def __init__(
        self, calls: Iterable[Call] = (), secrets: Secrets | None = None, kept: int = 0
    ) -> None:
        self._calls = list(calls)
        self._kept = kept
        self.dropped: int = 0
        self.secrets: Secrets = secrets or Secrets(self._calls)

    def _append(self, call: Call) -> None:
        call.secrets = self.secrets
        self._calls.append(call)
        if self._kept and len(self._calls) > self._kept:
            self.secrets.drop_first()
            del self._calls[0]
            self.dropped += 1

    @property
    def _made(self) -> int:
        """How many calls were made, the dropped ones included."""
        return self.dropped + len(self._calls)

    def _since(self, made: int) -> Calls:
        """Those after the first `made`, as far as they are kept."""
        return self[max(0, made - self.dropped) :]

    @property
    def _earlier(self) -> str:
        """What to say of calls that were dropped; empty if none were."""
        if not self.dropped:
            return ""
        are = "is" if self.dropped == 1 else "are"
        return f"{counted(self.dropped, 'earlier call')} {are} not kept (kept_calls={self._kept})"

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
        """Whether a call is equal to a matcher, or of an operation.

        Raises:
            FakeUsageError: something that no call could be equal to; or nothing that is kept is,
                and calls were dropped.
        """
        found = super().__contains__(self._sought(value, "`in`"))
        if self.dropped and not found:
            raise FakeUsageError(
                f"{value!r} is none of the last {counted(len(self), 'call')}, but {self._earlier}: "
                "whether it was made cannot be told. Raise kept_calls, or set it to 0."
            )
        return found

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
            return of_operation(value)
        callable_ = callable(value) and not own_equality(type(value))
        if callable_ or value is None or type(value).__module__ == "builtins":
            raise FakeUsageError(
                explained(
                    f"{what} takes a matcher, a call or an operation's name, not "
                    f"{not_called(value)}.",
                    about="not-a-matcher",
                )
            )
        return value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, InOrder):
            return other == self
        if isinstance(other, Sequence) and not isinstance(other, str):
            for item in other:
                if is_matcher_function(item):
                    raise FakeUsageError(
                        explained(
                            f"Calls are compared to matchers, not {not_called(item)}.",
                            about="not-a-matcher",
                        )
                    )
            return len(self) == len(other) and all(
                call == expected for call, expected in zip(self._calls, other, strict=True)
            )
        return NotImplemented

    def __repr__(self) -> str:
        if not self._calls:
            return "no calls"
        threads = len({call.thread for call in self._calls}) > 1
        width = len(str(self._made))
        hide = self.hide()
        lines = [
            f"{number:>{width}}. {call.in_a_table(threads, hide)}"
            for number, call in enumerate(self._calls, self.dropped + 1)
        ]
        if self.dropped:
            lines.insert(0, f"({self.dropped} earlier calls: the record keeps {self._kept})")
        return "\n".join(lines)

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
            call = of_operation(call)
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
