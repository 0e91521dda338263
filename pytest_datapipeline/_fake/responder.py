"""One request's way through the fake, the same for all who make one.

`Responder._steps` is a generator: it yields a ticket when the caller has to wait for it, and
returns the reply. A thread that blocks, a coroutine that awaits and a connection that is held all
run these steps, each waiting in its own way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from functools import partial
from itertools import count
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .._clients.messages import Failure, Reply, Request
from .._record.call import Call
from .._service.clock import SECOND, VirtualClock, duration
from .._service.errors import ServiceError
from .._service.instances.queues import Poll, Ticket
from .._service.protocol import aws_json
from .._service.protocol.task_object import TaskObject
from .._service.service import Answer, Caller, Service
from .._service.settings import POLL_SECONDS
from .._time import threads
from .._time.timekeeper import Closed
from ..errors import FakeUsageError, RunnerUnwound, told_by_message

if TYPE_CHECKING:
    from .._contract.watch import Watch
    from .._record.calls import Calls
    from .._time.actors.loose_ends import LooseEnds
    from .._time.actors.participants import Actor
    from .._time.limits import Drive
    from .._time.loops.loop import Loops
    from .._time.timekeeper import Timekeeper, Waiting
    from .faults import Effect, FaultPlan
    from .gates import Gates, Where

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


class Responder:
    """Records, fails or answers requests, with the caller waiting where it has to.

    Attributes:
        region: of clients that are made without one.
    """

    def __init__(
        self,
        service: Service,
        clock: VirtualClock,
        time: Timekeeper,
        faults: FaultPlan,
        calls: Calls,
        gates: Gates,
        loose_ends: LooseEnds,
        *,
        region: str,
        loops: Callable[[], Loops],
        watch: Watch | None = None,
        honour_read_timeout: bool = True,
        on_empty_poll: Callable[[Poll], None] = lambda _: None,
        on_mistake: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.region = region
        self._service = service
        self._clock = clock
        self._time = time
        self._faults = faults
        self._calls = calls
        self._watch = watch
        self._gates = gates
        self._loose_ends = loose_ends
        self._honour_read_timeout = honour_read_timeout
        self._loops = loops
        self._on_empty_poll = on_empty_poll
        self._on_mistake = on_mistake
        # Told the name of a runner that dies; a poll whose client hangs up, and one that was held
        # when it is about to be answered.
        self.on_death: Callable[[str, str | None], None] = lambda _, __: None
        self.on_hang_up: Callable[[Call], None] = lambda _: None
        self.on_held_answer: Callable[[Call], None] = lambda _: None
        self._numbers = count(1)
        self._callers: WeakKeyDictionary[Actor | Drive, int] = WeakKeyDictionary()

    # -- callers ----------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply | Failure:
        """Answer a call of a thread."""
        if request.actor is not self._time.home:
            threads.end_straggler()
            request.holder = request.actor
        self._note_poll(request)
        self._begins(request)
        try:
            reply = self._time.perform(
                self._steps(request),
                lambda: f"{request.operation} ({_body_text(request)})",
                # A thread that does nothing else sleeps after it, which takes virtual time or not.
                returns=self._time.sleeps_are_virtual
                or request.operation != "ReportTaskRunnerHeartbeat",
            )
        finally:
            if self._time.at_home:
                self._time.retries.end(request.actor)
        if isinstance(reply, Failure) and reply.kind == "runner_dies":
            self._note_death(request)
            if self._time.at_home:
                raise self._death(request.operation)
            # It stays dead, even where it swallows that.
            threads.leave_behind([threading.current_thread()])
            threads.end_thread()
        return reply

    def _note_death(self, request: Request) -> None:
        with self._time.lock:
            self.on_death(request.actor.name, self._faults.death_planned_at)
            self._time.hand_overs.dies(request.actor)

    def _death(self, operation: str) -> RunnerUnwound:
        text = f"the runner dies at {operation}"
        drive = self._time.limits.drive
        if drive is not None:
            # It stays dead, even where it swallows that.
            drive.finished = lambda: True
            return drive.unwinder.prepared(RunnerUnwound(text))
        return RunnerUnwound(
            f"{text}. To go on with the test from there, drive the runner with "
            "datapipeline_fake.run(...)."
        )

    async def answer_async(self, request: Request) -> Reply | Failure:
        """Answer a call of a coroutine."""
        if not self._time.at_home:
            threads.end_straggler()
        request.holder = request.actor
        loops = self._loops()
        loops.adopt_running()
        self._note_poll(request)
        self._begins(request)
        try:
            await loops.before_call()
            reply = await self.answer_for(request, loops.wait)
        except Closed:
            await loops.leave()
        finally:
            if self._time.at_home:
                self._time.retries.end(request.actor)
        if isinstance(reply, Failure) and reply.kind == "runner_dies":
            self._note_death(request)
            await loops.die()
            raise self._death(request.operation)
        return reply

    async def answer_for(self, request: Request, wait: Waiting | None = None) -> Reply | Failure:
        """Answer a request of a coroutine, or one that came over a connection.

        `wait`: how its coroutine waits; by default as asyncio's.
        """
        if wait is None:
            from .._time.loops.asyncio_wait import wait_in_asyncio

            wait = partial(wait_in_asyncio, self._time)
            self._note_poll(request)
        return await self._time.perform_for(
            request.actor,
            self._steps(request),
            lambda: f"{request.operation} ({_body_text(request)})",
            returns=request.operation != "ReportTaskRunnerHeartbeat",
            wait=wait,
        )

    def _begins(self, request: Request) -> None:
        """Take note that what its caller has tried before is over, if this is another call."""
        if request.attempt == 1:
            self._time.retries.end(request.actor)

    def _note_poll(self, request: Request) -> None:
        # Before anything else, as a loop that was driven until its runner stops ends here.
        if request.operation == "PollForTask":
            with self._time.lock:
                self._loose_ends.polls(request.actor, self._time.home)

    def overlook(self, thread: threading.Thread) -> None:
        """Take note that a thread serves others, and makes no calls of its own."""
        self._time.overlook(thread)

    def back_off(self, operation: str, invocation_id: str, seconds: float) -> None:
        """Let the time pass that botocore waits before it tries a call again."""
        self._note_back_off(invocation_id, seconds)
        self._time.back_off(seconds, lambda: f"the back-off of {operation}", invocation_id)

    async def back_off_async(self, operation: str, invocation_id: str, seconds: float) -> None:
        """The same for a coroutine."""
        from .._time.loops.callers import current_coroutine

        self._note_back_off(invocation_id, seconds)
        loops = self._loops()
        try:
            await self._time.back_off_for(
                current_coroutine(),
                seconds,
                lambda: f"the back-off of {operation}",
                loops.wait,
                invocation_id,
            )
        except Closed:
            await loops.leave()

    def _note_back_off(self, invocation_id: str, seconds: float) -> None:
        with self._time.lock:
            for call in reversed(self._calls):
                if call.invocation_id == invocation_id:
                    call.backoff = seconds
                    break

    def sleep(self, seconds: float) -> None:
        """Let time pass for the calling thread."""
        self._time.sleep(seconds, lambda: "a sleep")

    def seconds(self) -> float:
        """The time in seconds since 1970."""
        return self._time.now() / SECOND

    def number_of(self, actor: Actor) -> int:
        """A number for who makes a call: names can be of several. A loop that the test's own thread
        drives is one by itself."""
        drive = self._time.limits.drive
        who = drive if drive is not None and actor is self._time.home else actor
        number = self._callers.get(who)
        if number is None:
            number = self._callers[who] = next(self._numbers)
        return number

    # -- the steps of a request -------------------------------------------------------------------

    def _steps(self, request: Request) -> Steps:
        """Take a request in; yields the tickets to wait for, returns the reply."""
        self._time.limits.calls_again()
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
        call._caller = self.number_of(request.actor)
        try:
            if request.types_checked:
                call.parameters = aws_json.parse_body(request.body)
            else:
                call.parameters = aws_json.parse_foreign_body(request.body)
                aws_json.check_types(request.operation, call.parameters)
        except ServiceError as error:
            self._calls._append(call)
            return self._error(call, error, request)
        try:
            fault = self._faults.meet(call)
        except FakeUsageError as error:
            # A predicate of the test's has failed, in the midst of the code under test.
            self._on_mistake(str(error))
            raise
        if fault is not None and fault.effect.kind == "runner_dies":
            # A dead runner sends nothing, so nothing is recorded.
            if self._watch is not None:
                self._watch.dies(call)
            if "taskId" in call.parameters:
                self._time.hand_overs.ends(call.parameters["taskId"])
            return Failure("runner_dies")
        if fault is not None and fault.effect.disturb is not None:
            fault.effect.disturb(call)
            call.time_ns = self._clock.now
            fault = None
        if fault is not None:
            call.injected = True
            call._planned_at = fault.planned_at
        self._calls._append(call)
        # Of other calls there is nothing to note before they are answered.
        watch = self._watch if "taskId" in call.parameters or fault is not None else None
        if watch is not None:
            watch.arrives(call)
        try:
            if fault is None:
                return (yield from self._serve(call, request))
            lost_before = fault.per == "call" and request.attempt > 1
            reply = yield from self._fail(call, request, fault.effect, lost_before)
            self._time.retries.fails(request.actor, request.invocation_id)
            return reply
        finally:
            if watch is not None:
                watch.leaves(call)

    def _hold(self, call: Call, request: Request, at: Where) -> Generator[Ticket, None, None]:
        """Wait at a gate of the test's, if there is one for this call."""
        try:
            held = self._gates.hold(call, at, request.actor is self._time.home)
        except FakeUsageError as error:
            self._on_mistake(str(error))
            call.error = type(error).__name__
            drive = self._time.limits.drive
            if drive is not None:
                # Its loop may take it for one more failed call.
                drive.error = error
            raise
        if held is not None:
            self._time.happened()
            try:
                yield held
            finally:
                self._gates.forget(held)

    def _serve(self, call: Call, request: Request, *, lost: bool = False) -> Steps:
        """Have the service act. `lost`: whether its answer will not reach the client."""
        if self._gates.entered:
            yield from self._hold(call, request, "door")
        caller = Caller(request.region, request.invocation_id, request.holder)
        try:
            answer = self._service.handle(request.operation, call.parameters, caller)
        except ServiceError as error:
            if lost:
                return self._failure(call, request, Failure("connection_dropped"))
            return self._error(call, error, request)
        if isinstance(answer, Poll):
            poll = answer
            # What it is tried again for has come: the service holds it.
            self._time.retries.end(request.actor)
            if self._watch is not None:
                self._watch.waits(call, request.types_checked)
            is_held = not poll.resolved
            with self._time.hand_overs.waits_for_others(request.actor):
                is_answered = yield from self._wait(poll, call, request)
            if is_held:
                self.on_held_answer(call)
            if not is_answered:
                self._on_empty_poll(poll)
                return self._failure(call, request, Failure("poll_read_timeout"))
            answer = poll.answer
            if not answer:
                self._on_empty_poll(poll)
        if self._gates.entered:
            yield from self._hold(call, request, "answer")
        return self._answered(call, request, answer, lost)

    def _wait(self, poll: Poll, call: Call, request: Request) -> Generator[Ticket, None, bool]:
        """Wait for a held poll; False if the client's read time-out ends first."""
        limit = request.read_timeout if self._honour_read_timeout else None
        opening = self._time.opening
        if limit is None or limit >= POLL_SECONDS:
            try:
                yield poll
            except GeneratorExit:
                if not opening.over:
                    self._hang_up(poll, call)
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
            if not poll.resolved and not opening.over:
                self._hang_up(poll, call)
            raise
        finally:
            if not opening.over:
                self._clock.cancel(timer)
        return not poll.abandoned

    def _hang_up(self, poll: Poll, call: Call) -> None:
        """The connection has ended, and the service has seen it."""
        self._service.hang_up(poll)
        self.on_hang_up(call)
        if self._watch is not None:
            self._watch.hung_up(call)

    def _fail(self, call: Call, request: Request, effect: Effect, lost_before: bool) -> Steps:
        kind = effect.kind
        if kind == "service_error" and effect.error is not None:
            return self._error(call, effect.error, request)
        if kind == "http_status":
            return self._reply(call, request, effect.status, b"")
        if kind == "not_json":
            return self._reply(call, request, 200, _HTML, "text/html")
        if kind == "answer_lost":
            if not lost_before:
                reply = yield from self._serve(call, request, lost=True)
                if isinstance(reply, Failure):
                    return reply
            return self._failure(call, request, Failure("connection_dropped"))
        if kind == "connect_timeout":
            yield from self._sleep(request.connect_timeout)
            return self._failure(call, request, Failure("connect_timeout"))
        if kind == "read_timeout":
            yield from self._sleep(request.read_timeout)
            return self._failure(call, request, Failure("read_timeout"))
        if kind == "connection_refused":
            return self._failure(call, request, Failure("connection_refused"))
        if kind == "exception":
            return self._failure(call, request, Failure("exception", effect.exception))
        return self._failure(call, request, Failure("connection_dropped"))

    def _sleep(self, seconds: float | None) -> Generator[Ticket, None, None]:
        if seconds:
            ticket = Ticket()
            self._clock.call_later(duration(seconds), ticket.resolve)
            yield ticket

    # -- what is sent back, and recorded ----------------------------------------------------------

    def _answered(self, call: Call, request: Request, answer: Answer, lost: bool) -> Reply:
        body = aws_json.encode(answer)
        call.response = body
        if lost:
            # Who judges the runner is to know at once that it was not told.
            call.error = _ERROR_NAMES["connection_dropped"]
        task_id = None
        if answer and call.operation == "PollForTask":
            task_id = (
                answer.task_id if isinstance(answer, TaskObject) else answer["taskObject"]["taskId"]
            )
            if not lost:
                self._loose_ends.works(task_id, request.actor, self._time.home)
                self._time.hand_overs.heard(task_id, request.actor, reported=False)
        elif call.operation == "ReportTaskProgress":
            reported = call.parameters["taskId"]
            self._loose_ends.works(reported, request.actor, self._time.home)
            self._time.hand_overs.heard(reported, request.actor, reported=True)
            if isinstance(answer, dict) and answer["canceled"] and not lost:
                self._loose_ends.is_told(reported, request.invocation_id)
        elif call.operation == "SetTaskStatus":
            self._loose_ends.ends(call.parameters["taskId"], lost=lost)
            self._time.hand_overs.ends(call.parameters["taskId"])
        return self._reply(call, request, 200, body, task_id=task_id)

    def _error(self, call: Call, error: ServiceError, request: Request) -> Reply:
        call.error = error.code
        call.error_message = error.message
        return self._reply(call, request, error.status, aws_json.encode_error(error))

    def _reply(
        self,
        call: Call,
        request: Request,
        status: int,
        body: bytes,
        content_type: str | None = None,
        *,
        task_id: str | None = None,
    ) -> Reply:
        call.ended_ns = self._clock.now
        call.ended_after = self._calls._made
        if call.injected and call.error is None and not call.answered:
            call.error = str(status)
        if self._watch is not None:
            self._watch.answered(call, request.types_checked, task_id)
        headers = aws_json.headers(body, self._service.ids.request_id(), self._clock.now)
        if content_type is not None:
            headers["content-type"] = content_type
        return Reply(status, headers, body)

    def _failure(self, call: Call, request: Request, failure: Failure) -> Failure:
        # An answer that is lost was given before.
        was_answered = call.ended_ns is not None
        call.ended_ns = self._clock.now
        call.ended_after = self._calls._made
        call.response = None
        exception = failure.exception
        if exception is None:
            call.error = _ERROR_NAMES[failure.kind]
        else:
            kind = exception if isinstance(exception, type) else type(exception)
            call.error = kind.__name__
        if self._watch is not None and not was_answered:
            self._watch.answered(call, request.types_checked)
        return failure


def _body_text(request: Request) -> str:
    if request.operation in ("PutPipelineDefinition", "ValidatePipelineDefinition"):
        return "..."  # it may hold secrets
    body = request.body
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    return text if len(text) < 100 else f"{text[:97]}..."
