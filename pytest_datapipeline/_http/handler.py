"""aiohttp's server, whose connections do not wait forever for the rest of a request's head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    import asyncio

# Real seconds that a client gets to send the head of a request: of its first one from when it
# connects, of a later one from when it has begun.
HEAD_SECONDS = 30.0


class Handler(web.RequestHandler):
    """One connection's requests, of which none takes forever to begin."""

    def __init__(self, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._overdue: asyncio.TimerHandle | None = None
        self._busy = False
        # The newest request whose head has come, and whether some of the next one's has.
        self._newest: Any = None
        self._begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._limit()

    def data_received(self, data: bytes) -> None:
        if data[:-1]:
            super().data_received(data[:-1])
        newest = self._newest_request()
        # The parser does not tell whether it has a part of a head. So the last byte comes by
        # itself: if all requests were whole before it, and it ends none, it belongs to a new one.
        between = newest is None or newest[1].is_eof()
        super().data_received(data[-1:])
        # aiohttp also sends itself nothing, to go on with what it has.
        if data:
            self._begun = between and self._newest_request() is newest
        if self._begun and not self._busy:
            self._limit()

    def _newest_request(self) -> Any:
        if self._messages:
            self._newest = self._messages[-1]
        return self._newest

    def begin(self) -> None:
        """A request's head has come."""
        self._busy = True
        self._cancel()

    def end(self) -> None:
        """It has its answer."""
        self._busy = False
        if self._begun:
            self._limit()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._begun = False
        self._cancel()
        super().connection_lost(exc)

    def _limit(self) -> None:
        if self._overdue is None:
            self._overdue = self._loop.call_later(HEAD_SECONDS, self.force_close)

    def _cancel(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None


class WebServer(web.Server):
    """aiohttp's server, with our handlers."""

    def __init__(self, handler: Any, *, options: dict[str, Any], **given: Any) -> None:
        super().__init__(handler, **given, **options)
        self._options = options

    def __call__(self) -> Handler:
        return Handler(self, loop=self._loop, **self._options)
