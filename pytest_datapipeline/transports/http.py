"""The fake behind a real HTTP endpoint on loopback: AWS JSON 1.1 for any client of any language.

Built on aiohttp, an extra. One thread runs its event loop; a held poll is a coroutine that awaits,
so a thousand of them need no thousand threads.
"""

from __future__ import annotations

import asyncio
import re
import threading
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .. import wire
from ..errors import FakeUsageError, told_by_message
from ..exchange import Failure, Reply, Request
from ..service import model
from ..service.errors import ServiceError
from ..timekeeping import Closed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..fake import DataPipelineFake

__tracebackhide__ = told_by_message

HOST = "127.0.0.1"
CONTROL = "/_control"
# A request beyond this is refused. The longest that the service's model allows is an expression.
MAXIMUM_BODY = 24 * 1024 * 1024
# Real seconds that a client gets to send the body of its request.
BODY_SECONDS = 30.0
_TARGET = "DataPipeline."
_SCOPE = re.compile(r"Credential=[^/\s]+/\d+/([a-z0-9-]+)/")
_ATTEMPT = re.compile(r"attempt=(\d+)")


class Connection:
    """One connection of a client, as long as it lasts."""

    def __init__(self, transport: asyncio.Transport | None) -> None:
        self._transport = transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        self.name = f"connection from port {peer[1]}" if peer else "a connection"

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def is_alive(self) -> bool:
        """Whether the client has not hung up."""
        return self._transport is not None and not self._transport.is_closing()


class Endpoint:
    """An HTTP server in a thread of its own, on 127.0.0.1 alone."""

    def __init__(
        self,
        fake: Callable[[], DataPipelineFake],
        port: int = 0,
        control: Callable[[str, str, bytes], Awaitable[tuple[int, Any]]] | None = None,
    ) -> None:
        self._fake = fake
        self._port = port
        self._control = control
        self._loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment]  # until it starts
        self._server: asyncio.Server | None = None
        self._web: web.Server | None = None
        self._connections: dict[Any, Connection] = {}
        self._thread = threading.Thread(target=self._run, name="datapipeline-endpoint", daemon=True)
        self.requests = 0

    def __repr__(self) -> str:
        return f"<Endpoint {self.url}>"

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._port

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://{HOST}:{self._port}"

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
                f"Port {self._port} of {HOST} can not be listened on: {error.strerror}. Choose "
                "another, or 0 for a free one."
            ) from None
        self._fake()._time.overlook(self._thread)

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
        self._web = web.Server(
            self._handle,
            request_factory=self._request,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=3600,
        )
        self._server = await self._loop.create_server(self._web, HOST, self._port, backlog=2048)
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
        return web.BaseRequest(
            message, payload, protocol, writer, task, self._loop, client_max_size=MAXIMUM_BODY
        )

    # -- requests ---------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await asyncio.wait_for(request.read(), BODY_SECONDS)
        except asyncio.TimeoutError:
            return _plain(408, "The body of the request did not come.")
        except web.HTTPRequestEntityTooLarge:
            return _plain(413, f"The request has more than {MAXIMUM_BODY} bytes.")
        if request.path.startswith(f"{CONTROL}/"):
            return await self._controlled(request, body)
        if request.path != "/":
            return _plain(404, f"There is nothing at {request.path}; the service is at /.")
        if request.method != "POST":
            return _plain(405, f"The service takes POST, not {request.method}.", Allow="POST")
        self.requests += 1
        target = request.headers.get("X-Amz-Target", "")
        operation = target.rpartition(".")[2]
        if not target.startswith(_TARGET) or operation not in model.operations():
            return self._refused("UnknownOperationException", f"There is no operation {target!r}.")
        return await self._answered(request, operation, body)

    async def _answered(
        self, request: web.BaseRequest, operation: str, body: bytes
    ) -> web.StreamResponse:
        fake = self._fake()
        connection = self._connection(request)
        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        attempt = _ATTEMPT.search(request.headers.get("amz-sdk-request", ""))
        asked = Request(
            operation=operation,
            body=body,
            region=scope[1] if scope else fake.region,
            url=self.url,
            thread=connection,
            # The client's own clock ends its wait, by hanging up.
            read_timeout=None,
            connect_timeout=None,
            attempt=int(attempt[1]) if attempt else 1,
            invocation_id=request.headers.get("amz-sdk-invocation-id", ""),
            holder=connection,
            types_checked=False,
        )
        try:
            reply = await fake.answer_for(asked)
        except Closed:
            reply = Failure("connection_dropped")
        if isinstance(reply, Failure):
            if reply.kind == "read_timeout":
                # Until the client gives up.
                await asyncio.Event().wait()
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return _response(reply)

    def _connection(self, request: web.BaseRequest) -> Connection:
        found = self._connections.get(request.protocol)
        if found is None or not found.is_alive():
            for protocol in [
                held for held, connection in self._connections.items() if not connection.is_alive()
            ]:
                del self._connections[protocol]
            found = self._connections[request.protocol] = Connection(request.transport)
        return found

    def _refused(self, code: str, message: str) -> web.Response:
        body = wire.encode_error(ServiceError(code, message))
        return web.Response(status=400, body=body, headers={"content-type": wire.CONTENT_TYPE})

    async def _controlled(self, request: web.BaseRequest, body: bytes) -> web.Response:
        verb = request.path[len(CONTROL) + 1 :]
        if self._control is None:
            return _plain(404, "This endpoint is controlled by the test that has started it.")
        status, answer = await self._control(request.method, verb, body)
        return web.json_response(answer, status=status)


def _response(reply: Reply) -> web.Response:
    headers = {name: value for name, value in reply.headers.items() if name != "content-length"}
    return web.Response(status=reply.status, headers=headers, body=reply.body)


def _plain(status: int, text: str, **headers: str) -> web.Response:
    return web.json_response({"message": text}, status=status, headers=headers)
