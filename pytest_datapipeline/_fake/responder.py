"""What transports ask of a fake: answers to requests, and what else a client would wait for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .._clients.messages import Failure
from .._service.clock import SECOND
from .._time import threads
from ..errors import RunnerUnwound, told_by_message

if TYPE_CHECKING:
    from .._clients.messages import Reply, Request
    from .._record.calls import Calls
    from .._time.timekeeper import Timekeeper
    from .exchange import Exchange

__tracebackhide__ = told_by_message


class Answering:
    """Takes each request through the exchange, with whoever makes it waiting where it has to.

    Attributes:
        region: of clients that are made without one.
    """

    def __init__(self, exchange: Exchange, time: Timekeeper, calls: Calls, region: str) -> None:
        self.region = region
        self._exchange = exchange
        self._time = time
        self._calls = calls

    def answer(self, request: Request) -> Reply | Failure:
        """Answer a call of a thread."""
        if request.actor is not self._time.home:
            threads.end_straggler()
            request.holder = request.actor
        reply = self._time.perform(
            self._exchange.steps(request),
            lambda: f"{request.operation} ({_body_text(request)})",
            returns=request.operation != "ReportTaskRunnerHeartbeat",
        )
        if isinstance(reply, Failure) and reply.kind == "runner_dies":
            if self._time.at_home:
                raise self._death(request.operation)
            # It stays dead, even where it swallows that.
            threads.leave_behind([threading.current_thread()])
            threads.end_thread()
        return reply

    def _death(self, operation: str) -> RunnerUnwound:
        text = f"the runner dies at {operation}"
        drive = self._time.drive_limits
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
        import asyncio

        if not self._time.at_home:
            threads.end_straggler()
        request.holder = request.actor
        loops = self._time.loops
        assert loops is not None  # a coroutine runs
        loops.adopt(asyncio.get_running_loop())
        loops.before_call()
        reply = await self.answer_for(request)
        if isinstance(reply, Failure) and reply.kind == "runner_dies":
            loops.die()
            raise self._death(request.operation)
        return reply

    async def answer_for(self, request: Request) -> Reply | Failure:
        """Answer a request that came over a connection."""
        return await self._time.perform_for(
            request.actor,
            self._exchange.steps(request),
            lambda: f"{request.operation} ({_body_text(request)})",
            returns=request.operation != "ReportTaskRunnerHeartbeat",
        )

    def overlook(self, thread: threading.Thread) -> None:
        """Take note that a thread serves others, and makes no calls of its own."""
        self._time.overlook(thread)

    def back_off(self, operation: str, invocation_id: str, seconds: float) -> None:
        """Let the time pass that botocore waits before it tries a call again."""
        self._note_back_off(invocation_id, seconds)
        self._time.back_off(seconds, lambda: f"the back-off of {operation}")

    async def back_off_async(self, operation: str, invocation_id: str, seconds: float) -> None:
        """The same for a coroutine."""
        from .._time.event_loop import current_coroutine

        self._note_back_off(invocation_id, seconds)
        await self._time.back_off_for(
            current_coroutine(), seconds, lambda: f"the back-off of {operation}"
        )

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


def _body_text(request: Request) -> str:
    if request.operation in ("PutPipelineDefinition", "ValidatePipelineDefinition"):
        return "..."  # it may hold secrets
    body = request.body
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    return text if len(text) < 100 else f"{text[:97]}..."
