"""Gates, at which a test holds calls to pin down who comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .._record.call import CallMatcher, not_called
from .._record.calls import Calls
from .._service.instances.queues import Ticket
from .._service.protocol import model
from ..errors import FakeUsageError, explained, told_by_message, usage_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    from typing_extensions import Self

    from .._record.call import Call
    from .._time.timekeeper import Timekeeper

__tracebackhide__ = told_by_message

Where = Literal["door", "answer"]


class Gate:
    """Holds the calls that it is for, from when it is entered until they are released.

    Attributes:
        matcher: the calls that it is for.
        at: where it holds them: at the service's "door", before it acts, or before its "answer".
    """

    def __init__(
        self,
        matcher: CallMatcher,
        at: Where,
        gates: Gates,
        wait: Callable[[Callable[[], object], Callable[[], str]], None],
        until: Callable[[Callable[[], object], Callable[[], str]], Coroutine[Any, Any, None]],
    ) -> None:
        self.matcher = matcher
        self.at: Where = at
        self._gates = gates
        self._wait = wait
        self._until = until
        self._held: list[tuple[Call, Ticket]] = []
        self._seen = 0

    def __repr__(self) -> str:
        return f"<Gate for {self.matcher!r} at the {self.at}: {len(self._held)} held>"

    def __enter__(self) -> Self:
        self._gates.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._gates.remove(self)

    @property
    def calls(self) -> Calls:
        """The calls that are held now, in the order in which they came."""
        return Calls(call for call, _ in self._held)

    def wait(self, number: int = 1) -> None:
        """Wait until so many calls are held. Virtual time moves on while nobody can act.

        Raises:
            Stuck: none came.
        """
        self._wait(lambda: len(self._held) >= number, lambda: self._what(number))

    def until(self, number: int = 1) -> Coroutine[Any, Any, None]:
        """The same in a coroutine, to be awaited."""
        return self._until(lambda: len(self._held) >= number, lambda: self._what(number))

    def _what(self, number: int) -> str:
        calls = "a call" if number == 1 else f"{number} calls"
        return f"{calls} to be held by {self!r}"

    def release(self, number: int | None = None) -> None:
        """Let calls go on, in the order in which they came: so many, or all that are held now.

        Raises:
            FakeUsageError: fewer are held.
        """
        self._gates.release(self, number)

    # -- what the responder does ------------------------------------------------------------------

    def _hold(self, call: Call) -> Ticket:
        ticket = Ticket()
        self._held.append((call, ticket))
        return ticket

    def _forget(self, ticket: Ticket) -> None:
        self._held = [(call, held) for call, held in self._held if held is not ticket]

    def _let_go(self, number: int | None) -> None:
        if number is not None and not 1 <= number <= len(self._held):
            raise FakeUsageError(f"release({number!r}): {len(self._held)} calls are held.")
        released, self._held = self._held[:number], self._held[len(self._held[:number]) :]
        for _, ticket in released:
            ticket.resolve()


class Gates:
    """The gates of one fake that are entered (`entered`); the latest is asked first."""

    def __init__(self, time: Timekeeper) -> None:
        self._time = time
        self.entered: list[Gate] = []

    def add(self, gate: Gate) -> None:
        with self._time.lock:
            if gate in self.entered:
                raise FakeUsageError("A gate can be entered once at a time: make another.")
            self.entered.append(gate)

    def remove(self, gate: Gate) -> None:
        with self._time.lock:
            self.entered.remove(gate)
            gate._let_go(None)
            self._time.happened()

    def release(self, gate: Gate, number: int | None) -> None:
        with self._time.lock:
            gate._let_go(number)
            self._time.happened()

    def forget(self, ticket: Ticket) -> None:
        """A call is held no longer, be it released or given up."""
        for gate in self.entered:
            gate._forget(ticket)

    def hold(self, call: Call, at: Where, by_test: bool) -> Ticket | None:
        """What a call has to wait for there, if anything.

        Raises:
            FakeUsageError: it is a call of the thread that would have to release it.
        """
        for gate in reversed(self.entered):
            if gate.at == at and gate.matcher.matches(call):
                if by_test:
                    raise FakeUsageError(
                        explained(
                            f"{gate!r} would hold a call of the test's own thread, which nobody "
                            "could release. Make the call in a thread or a coroutine.",
                            about="holds-its-own-thread",
                        )
                    )
                return gate._hold(call)
        return None


def matcher_of(call: object) -> CallMatcher:
    """The calls that `hold()` is asked to hold.

    Raises:
        FakeUsageError: neither an operation's name nor a matcher.
    """
    if isinstance(call, CallMatcher):
        return call
    if not isinstance(call, str):
        raise FakeUsageError(
            explained(
                f"hold() takes an operation's name or a matcher, not {not_called(call)}.",
                about="not-an-operation",
            )
        )
    with usage_errors(about="unknown-operation"):
        return CallMatcher(model.operation_name(call), {})
