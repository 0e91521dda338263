"""The fake behind a real HTTP endpoint on loopback: AWS JSON 1.1 for any client of any language.

Built on aiohttp, an extra. One thread runs its event loop; a held poll is a coroutine that awaits,
so a thousand of them need no thousand threads.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from aiohttp import http_exceptions, web

from .._clients.messages import Failure, Reply, Request
from .._service.errors import ServiceError
from .._service.protocol import aws_json, model
from .._time.limits import real_time
from .._time.timekeeper import Closed
from ..errors import FakeUsageError, told_by_message
from .access import LOOPBACK, Access, account_of, is_everywhere, loopback_of
from .handler import WebServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._fake.responder import Responder

__tracebackhide__ = told_by_message

CONTROL = "/_control"
# A request beyond this is refused. The longest that the service's model allows is an expression.
MAXIMUM_BODY = 24 * 1024 * 1024
# Real seconds that a client gets to send the body of a request.
BODY_SECONDS = 30.0
# Real seconds in which what is left of a refused request is read, so that its client sees why.
_LINGER_SECONDS = 1.0
# So soon, in real seconds, a client repeats a call whose connection was cut: botocore within one.
_REPEATED_WITHIN = 2.0
_TARGET = "DataPipeline."
_SCOPE = re.compile(r"Credential=[^/\s]+/\d+/([a-z0-9-]+)/")
# With what the access keys of tests begin.
ACCOUNT = "PYTESTDATAPIPELINE"
_ATTEMPT = re.compile(r"attempt=([0-9]{1,9})(?![0-9])")
_PORTS = range(65_536)
# What a client can do to a server. Nobody who reads a test's log needs to see it.
_CLIENTS_FAULTS = (http_exceptions.HttpProcessingError, web.RequestPayloadError, ConnectionError)


def _is_news(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    return not isinstance(error, _CLIENTS_FAULTS)


# Not NaN, which is no JSON, whatever a call held.
_STRICT = json.JSONEncoder(allow_nan=False).encode
_LOGGER = logging.getLogger("pytest_datapipeline.endpoint")
_LOGGER.addFilter(_is_news)


class Connection:
    """One connection of a client, as long as it lasts."""

    def __init__(self, transport: asyncio.Transport | None) -> None:
        self._transport = transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        self.name = f"connection from port {peer[1]}" if peer else "a connection"
        # Until when, in real time, its client may come back, if a planned fault has cut it off.
        self.awaited = -math.inf

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def is_alive(self) -> bool:
        """Whether the client has not hung up, and if it was cut off, whether it may come back."""
        return self.is_open or real_time() < self.awaited

    @property
    def is_open(self) -> bool:
        """Whether requests may come from it."""
        return self._transport is not None and not self._transport.is_closing()


class Listener:
    """An HTTP server in a thread of its own.

    Args:
        port: the port; 0 for a free one.
        host: the name or address to listen on; by default this machine's programs alone reach it.
        token: what every request must show; None for nothing.

    Raises:
        FakeUsageError: a port that cannot be.
    """

    def __init__(self, port: int = 0, host: str = LOOPBACK, token: str | None = None) -> None:
        given: object = port
        if isinstance(given, bool) or not isinstance(given, int) or given not in _PORTS:
            raise FakeUsageError(
                f"The port is {port!r}; it must be a number from 1 to {_PORTS[-1]}, or 0 for a "
                "free one."
            )
        self._port = port
        self._host = host
        self._access = Access(host, token)
        self._loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment]  # until it starts
        self._server: asyncio.Server | None = None
        self._web: WebServer | None = None
        self._thread = threading.Thread(target=self._run, name="datapipeline-endpoint", daemon=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._port

    @property
    def url(self) -> str:
        """Where clients of this machine find it."""
        host = loopback_of(self._host) if is_everywhere(self._host) else self._host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    def start(self) -> None:
        """Listen, and answer from now on.

        Raises:
            FakeUsageError: the port is taken.
        """
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        except OSError as error:
            self._end()
            raise FakeUsageError(
                f"Port {self._port} of {self._host} cannot be listened on: {error.strerror}. "
                "Choose another, or 0 for a free one."
            ) from None

    def stop(self) -> None:
        """Hang up on everybody, and listen no longer."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _open(self) -> None:
        self._web = WebServer(
            self._handle,
            request_factory=self._request,
            handler_cancellation=True,
            options={
                "logger": _LOGGER,
                "access_log": None,
                "keepalive_timeout": 3600,
                "lingering_time": _LINGER_SECONDS,
            },
        )
        self._server = await self._loop.create_server(
            self._web, self._host, self._port, backlog=2048
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        assert self._server is not None
        assert self._web is not None
        self._server.close()
        # Those who wait in a poll are hung up on, not waited for.
        await self._web.shutdown(0.01)
        await self._server.wait_closed()
        await self._loop.shutdown_default_executor()

    def _request(
        self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any
    ) -> web.BaseRequest:
        protocol.begin()
        return web.BaseRequest(
            message, payload, protocol, writer, task, self._loop, client_max_size=MAXIMUM_BODY
        )

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._served(request)
        finally:
            request.protocol.end()  # type: ignore[attr-defined]  # the handler of this request

    async def _served(self, request: web.BaseRequest) -> web.StreamResponse:
        refusal = self._access.refusal(request.headers)
        if refusal is not None:
            return plain(403, refusal)
        control = request.path.startswith(f"{CONTROL}/")
        if not self._access.shows_token(request.headers, control=control):
            return _without_token(control)
        if (request.content_length or 0) > MAXIMUM_BODY:
            return _too_long()
        try:
            body = await asyncio.wait_for(request.read(), BODY_SECONDS)
        except asyncio.TimeoutError:
            return plain(408, "The body of the request did not come.")
        except web.HTTPRequestEntityTooLarge:
            return _too_long()
        except Exception as error:  # of many kinds, in aiohttp's versions
            return plain(400, f"The body of the request cannot be read: {error}")
        return await self._taken(request, body)

    async def _taken(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        raise NotImplementedError


class Endpoint(Listener):
    """A fake behind HTTP.

    Args:
        responder: what answers now.
        port: the port; 0 for a free one.
        control: what answers below `/_control/`.
        account: the access key of those who may call; None for everybody. Those who have no key
            of a test may in any case.
        host: the name or address to listen on.
        token: what every request must show; None for nothing.
    """

    def __init__(
        self,
        responder: Callable[[], Responder],
        port: int = 0,
        control: Callable[[str, str, bytes], Awaitable[tuple[int, Any]]] | None = None,
        account: str | None = None,
        host: str = LOOPBACK,
        token: str | None = None,
    ) -> None:
        super().__init__(port, host, token)
        self._responder = responder
        self._control = control
        self._account = account
        self._connections: dict[Any, Connection] = {}
        self.requests = 0

    def start(self) -> None:
        """Listen, and answer from now on.

        Raises:
            FakeUsageError: the port is taken.
        """
        super().start()
        self._responder().overlook(self._thread)

    # -- requests ---------------------------------------------------------------------------------

    async def _taken(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        if request.path.startswith(f"{CONTROL}/"):
            return await self._controlled(request, body)
        lost = astray(request)
        if lost is not None:
            return lost
        account = account_of(request.headers)
        if account.startswith(ACCOUNT) and self._account not in (None, account):
            return refused(403, "UnrecognizedClientException", no_test_has(account))
        self.requests += 1
        target = request.headers.get("X-Amz-Target", "")
        operation = target[len(_TARGET) :]
        if not target.startswith(_TARGET) or operation not in model.operations():
            return refused(400, "UnknownOperationException", f"There is no operation {target!r}.")
        return await self._answered(request, operation, body)

    async def _answered(
        self, request: web.BaseRequest, operation: str, body: bytes
    ) -> web.StreamResponse:
        responder = self._responder()
        connection = self._connection(request)
        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        attempt = _ATTEMPT.search(request.headers.get("amz-sdk-request", ""))
        asked = Request(
            operation=operation,
            body=body,
            region=scope[1] if scope else responder.region,
            url=self.url,
            actor=connection,
            # The client's own clock ends its wait, by hanging up.
            read_timeout=None,
            connect_timeout=None,
            attempt=int(attempt[1]) if attempt else 1,
            # Without one, each request is a call by itself.
            invocation_id=request.headers.get("amz-sdk-invocation-id") or str(uuid4()),
            holder=connection,
            types_checked=False,
        )
        try:
            reply = await responder.answer_for(asked)
        except Closed:
            reply = Failure("connection_dropped")
        if isinstance(reply, Failure):
            try:
                if reply.kind == "read_timeout":
                    # Until the client gives up.
                    await asyncio.Event().wait()
            finally:
                connection.awaited = real_time() + _REPEATED_WITHIN
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return _response(reply)

    def _connection(self, request: web.BaseRequest) -> Connection:
        found = self._connections.get(request.protocol)
        if found is None or not found.is_open:
            for protocol in [
                held for held, connection in self._connections.items() if not connection.is_open
            ]:
                del self._connections[protocol]
            found = self._connections[request.protocol] = Connection(request.transport)
        return found

    async def _controlled(self, request: web.BaseRequest, body: bytes) -> web.Response:
        verb = request.path[len(CONTROL) + 1 :]
        if self._control is None:
            return plain(404, "This endpoint is controlled by the test that has started it.")
        status, answer = await self._control(request.method, verb, body)
        return web.json_response(answer, status=status, dumps=_STRICT)


def astray(request: web.BaseRequest) -> web.Response | None:
    """The answer to a request that is no call of the service; None for one that is."""
    if request.path != "/":
        return plain(404, f"There is nothing at {request.path}; the service is at /.")
    if request.method != "POST":
        return plain(405, f"The service takes POST, not {request.method}.", Allow="POST")
    return None


def no_test_has(account: str) -> str:
    """The answer to a process that has outlived its test."""
    return (
        f"The access key {account} is that of a test that has ended, or of another one. End the "
        "processes that a test has started before it ends, or give those that outlive it the "
        "environment of the next: datapipeline_endpoint.environment."
    )


def refused(status: int, code: str, message: str) -> web.Response:
    """An error as the service tells it."""
    body = aws_json.encode_error(ServiceError(code, message))
    return web.Response(status=status, body=body, headers={"content-type": aws_json.CONTENT_TYPE})


def _response(reply: Reply) -> web.Response:
    headers = {name: value for name, value in reply.headers.items() if name != "content-length"}
    return web.Response(status=reply.status, headers=headers, body=reply.body)


def _too_long() -> web.Response:
    return plain(413, f"The request has more than {MAXIMUM_BODY} bytes.")


def _without_token(control: bool) -> web.Response:
    if control:
        return plain(
            401,
            "The endpoint is open to other machines and needs its token: send the header "
            "'Authorization: Bearer TOKEN'.",
        )
    return refused(
        403,
        "UnrecognizedClientException",
        "The endpoint is open to other machines and needs its token as the access key of its "
        "clients: AWS_ACCESS_KEY_ID=TOKEN.",
    )


def plain(status: int, text: str, **headers: str) -> web.Response:
    return web.json_response({"message": text}, status=status, headers=headers)
