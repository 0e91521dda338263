"""One endpoint for a whole session: leads each request to the test that its access key belongs to.

It is for processes that are started once and serve many tests, in all workers of pytest-xdist. It
holds no state of the service: each test has its own endpoint behind it, with a fake of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import aiohttp
from aiohttp import web

from .http import CONTROL, Listener, account_of, no_test_has, plain, refused

if TYPE_CHECKING:
    from collections.abc import Iterable

# What belongs to a connection, and not to what goes over it.
_HOP = frozenset({"connection", "content-length", "host", "transfer-encoding", "date", "server"})
_ROUTE = f"{CONTROL}/route"


class Router(Listener):
    """Knows which test has which access key."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self._routes: dict[str, str] = {}
        self._sessions: dict[Any, aiohttp.ClientSession] = {}

    async def _taken(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        if request.path == _ROUTE:
            return self._routed(json.loads(body))
        account = account_of(request)
        target = self._routes.get(account)
        if target is None:
            return refused(403, "UnrecognizedClientException", no_test_has(account or "(none)"))
        session = await self._session(request)
        try:
            async with session.request(
                request.method, target + request.path, data=body, headers=_kept(request.headers)
            ) as answer:
                content = await answer.read()
                return web.Response(
                    status=answer.status, headers=_kept(answer.headers), body=content
                )
        except aiohttp.ClientError:
            # What the test has done to this connection is done to the client's.
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)

    def _routed(self, given: dict[str, str | None]) -> web.Response:
        account, url = given["account"], given["url"]
        assert account is not None
        if url is None:
            self._routes.pop(account, None)
        else:
            self._routes[account] = url
        return plain(200, "ok")

    async def _session(self, request: web.BaseRequest) -> aiohttp.ClientSession:
        """A connection of its own for each client's, so that both end together."""
        found = self._sessions.get(request.protocol)
        if found is None:
            for protocol in [held for held in self._sessions if held.transport is None]:
                await self._sessions.pop(protocol).close()
            found = self._sessions[request.protocol] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=3600),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
            )
        return found

    async def _close(self) -> None:
        await super()._close()
        for session in list(self._sessions.values()):
            await session.close()


def _kept(headers: Any) -> dict[str, str]:
    pairs: Iterable[tuple[str, str]] = headers.items()
    return {name: value for name, value in pairs if name.lower() not in _HOP}


def route(router: str, account: str, url: str | None) -> None:
    """Have the router at a URL lead an access key to another, or nowhere."""
    body = json.dumps({"account": account, "url": url}).encode()
    with urlopen(Request(router + _ROUTE, body)) as answer:  # on this machine
        answer.read()
