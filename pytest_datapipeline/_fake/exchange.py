"""One request's way through the fake, the same for all transports.

`Exchange.steps` is a generator: it yields a ticket when the caller has to wait for it, and returns
the reply. So a thread that blocks, a coroutine that awaits and a connection that is held all run
the same code, and none of them is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from .._clients.messages import Failure, Reply, Request
from .._record.call import Call
from .._service.clock import VirtualClock, duration
from .._service.errors import ServiceError
from .._service.instances.queues import Poll, Ticket
from .._service.protocol import aws_json as wire
from .._service.service import Answer, Caller, Service
from .._service.settings import POLL_SECONDS
from ..errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from .._record.calls import Calls
    from .faults import Effect, FaultPlan

__tracebackhide__ = told_by_message

_HTML = b"<html><body><h1>Service Unavailable</h1></body></html>"


Steps = Generator[Ticket, None, Reply | Failure]

# How a failed connection is named in the record: as botocore names its exceptions.
_ERROR_NAMES = {
    "connect_timeout": "ConnectTimeoutError",
    "read_timeout": "ReadTimeoutError",
    "poll_read_timeout": "ReadTimeoutError",
    "connection_refused": "EndpointConnectionError",
    "connection_dropped": "ConnectionClosedError",
    "runner_dies": "RunnerUnwound",
}


class Exchange:
    """Parses, records, fails or answers requests. The caller holds the fake's lock."""

    def __init__(
        self,
        service: Service,
        clock: VirtualClock,
        faults: FaultPlan,
        calls: Calls,
        *,
        honour_read_timeout: bool = True,
        on_empty_poll: Callable[[Poll], None] = lambda _: None,
        on_mistake: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._service = service
        self._clock = clock
        self._faults = faults
        self._calls = calls
        self._honour_read_timeout = honour_read_timeout
        self._on_empty_poll = on_empty_poll
        self._on_mistake = on_mistake
        self.latest: dict[str, Call] = {}

    def steps(self, request: Request) -> Steps:
        """Take a request in; yields the tickets to wait for, returns the reply."""
        call = Call(
            operation=request.operation,
            parameters={},
            region=request.region,
            time_ns=self._clock.now,
            thread=request.actor.name,
            read_timeout=request.read_timeout,
            attempt=request.attempt,
            invocation_id=request.invocation_id,
        )
        try:
            if request.types_checked:
                call.parameters = wire.parse_body(request.body)
            else:
                call.parameters = wire.parse_foreign_body(request.body)
                wire.check_types(request.operation, call.parameters)
        except ServiceError as error:
            self._calls._append(call)
            return self._error(call, error)
        try:
            fault = self._faults.meet(call)
        except FakeUsageError as error:
            # A predicate of the test's has failed, in the midst of the code under test.
            self._on_mistake(str(error))
            raise
        if fault is None:
            self._calls._append(call)
            return (yield from self._serve(call, request))
        call.injected = True
        if fault.effect.kind == "runner_dies":
            # A dead runner sends nothing, so nothing is recorded.
            return Failure("runner_dies")
        self._calls._append(call)
        lost_before = fault.per == "call" and request.attempt > 1
        return (yield from self._fail(call, request, fault.effect, lost_before))

    def _serve(self, call: Call, request: Request) -> Steps:
        caller = Caller(request.region, request.invocation_id, request.holder)
        try:
            answer = self._service.handle(request.operation, call.parameters, caller)
        except ServiceError as error:
            return self._error(call, error)
        if isinstance(answer, Poll):
            poll = answer
            if not (yield from self._wait(poll, request)):
                self._on_empty_poll(poll)
                return self._failure(call, Failure("poll_read_timeout"))
            answer = poll.answer
            if not answer:
                self._on_empty_poll(poll)
        return self._answer(call, answer)

    def _wait(self, poll: Poll, request: Request) -> Generator[Ticket, None, bool]:
        """Wait for a held poll; False if the client's read time-out ends first."""
        limit = request.read_timeout if self._honour_read_timeout else None
        if limit is None or limit >= POLL_SECONDS:
            try:
                yield poll
            except GeneratorExit:
                # The connection has ended, and the service has seen it.
                self._service.hang_up(poll)
                raise
            return True
        either = Ticket()

        def give_up() -> None:
            # The service notices nothing: the poll keeps its place, and what it gets is lost.
            poll.abandoned = True
            poll.holder = None
            poll.on_resolved = None
            either.resolve()

        poll.on_resolved = either.resolve
        timer = self._clock.call_later(duration(limit), give_up)
        try:
            yield either
        except GeneratorExit:
            if not poll.resolved:
                self._service.hang_up(poll)
            raise
        finally:
            self._clock.cancel(timer)
        return not poll.abandoned

    def _fail(self, call: Call, request: Request, effect: Effect, lost_before: bool) -> Steps:
        kind = effect.kind
        if kind == "service_error" and effect.error is not None:
            return self._error(call, effect.error)
        if kind == "http_status":
            return self._reply(call, effect.status, b"")
        if kind == "not_json":
            return self._reply(call, 200, _HTML, "text/html")
        if kind == "answer_lost":
            if not lost_before:
                reply = yield from self._serve(call, request)
                if isinstance(reply, Failure):
                    return reply
            return self._failure(call, Failure("connection_dropped"))
        if kind == "connect_timeout":
            yield from self._sleep(request.connect_timeout)
            return self._failure(call, Failure("connect_timeout"))
        if kind == "read_timeout":
            yield from self._sleep(request.read_timeout)
            return self._failure(call, Failure("read_timeout"))
        if kind == "connection_refused":
            return self._failure(call, Failure("connection_refused"))
        if kind == "exception":
            return self._failure(call, Failure("exception", effect.exception))
        return self._failure(call, Failure("connection_dropped"))

    def _sleep(self, seconds: float | None) -> Generator[Ticket, None, None]:
        if seconds:
            ticket = Ticket()
            self._clock.call_later(duration(seconds), ticket.resolve)
            yield ticket

    # -- what is sent back, and recorded ----------------------------------------------------------

    def _answer(self, call: Call, answer: Answer) -> Reply:
        body = wire.encode(answer)
        call.response = body
        return self._reply(call, 200, body)

    def _error(self, call: Call, error: ServiceError) -> Reply:
        call.error = error.code
        call.error_message = error.message
        return self._reply(call, error.status, wire.encode_error(error))

    def _reply(
        self, call: Call, status: int, body: bytes, content_type: str | None = None
    ) -> Reply:
        call.ended_ns = self._clock.now
        if call.injected and call.error is None and not call.answered:
            call.error = str(status)
        headers = wire.headers(body, self._service.ids.request_id(), self._clock.now)
        if content_type is not None:
            headers["content-type"] = content_type
        return Reply(status, headers, body)

    def _failure(self, call: Call, failure: Failure) -> Failure:
        call.ended_ns = self._clock.now
        call.response = None
        exception = failure.exception
        if exception is None:
            call.error = _ERROR_NAMES[failure.kind]
        else:
            kind = exception if isinstance(exception, type) else type(exception)
            call.error = kind.__name__
        return failure
