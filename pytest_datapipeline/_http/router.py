"""One endpoint for a whole session: leads each request to the test that its access key belongs to.

It is for processes that are started once and serve many tests, in all workers of pytest-xdist. It
holds no state of the service: each test has its own endpoint behind it, with a fake of its own.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, Request, build_opener

import aiohttp
from aiohttp import web

from .access import account_of
from .server import ACCOUNT, CONTROL, Listener, astray, no_test_has, plain, refused

if TYPE_CHECKING:
    from collections.abc import Iterable

# What belongs to a connection, and not to what goes over it.
_HOP = frozenset({"connection", "content-length", "host", "transfer-encoding", "date", "server"})
_ROUTE = f"{CONTROL}/route"
# The router is on this machine: no proxy has to do with it, and it answers at once.
_OPENER = build_opener(ProxyHandler({}))
_ANSWERS_WITHIN = 30.0


class Router(Listener):
    """Knows which test has which access key."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self._routes: dict[str, str] = {}
        self._sessions: dict[Any, aiohttp.ClientSession] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def _taken(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        if request.path == _ROUTE:
            return self._routed(body)
        lost = astray(request)
        if lost is not None:
            return lost
        account = account_of(request.headers)
        target = self._routes.get(account)
        if target is None:
            return _refused(account)
        session = self._session(request)
        try:
            async with session.post(target, data=body, headers=_kept(request.headers)) as answer:
                content = await answer.read()
                return web.Response(
                    status=answer.status, headers=_kept(answer.headers), body=content
                )
        except aiohttp.ClientError:
            # What the test has done to this connection is done to the client's.
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)

    def _routed(self, body: bytes) -> web.Response:
        try:
            given = json.loads(body)
            account, url = given["account"], given["url"]
        except (ValueError, TypeError, LookupError, RecursionError):
            account = url = None
        if not isinstance(account, str) or not (url is None or isinstance(url, str)):
            return plain(400, 'A route is {"account": "...", "url": "..." or null}.')
        if url is None:
            self._routes.pop(account, None)
        else:
            self._routes[account] = url
        return plain(200, "ok")

    def _session(self, request: web.BaseRequest) -> aiohttp.ClientSession:
        """A connection of its own for each client's, so that both end together."""
        found = self._sessions.get(request.protocol)
        if found is None:
            for protocol in [held for held in self._sessions if held.transport is None]:
                # Not awaited here: this request may be canceled, and others come meanwhile.
                closing = self._loop.create_task(self._sessions.pop(protocol).close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
            found = self._sessions[request.protocol] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=3600),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
            )
        return found

    async def _close(self) -> None:
        await super()._close()
        await asyncio.gather(*self._closing, *(held.close() for held in self._sessions.values()))


def _refused(account: str) -> web.Response:
    if not account:
        return refused(
            403,
            "MissingAuthenticationTokenException",
            "The request is not signed, and this endpoint serves many tests: it knows them by "
            "their access keys. Sign with the one in datapipeline_endpoint.environment.",
        )
    if not account.startswith(ACCOUNT):
        return refused(
            403,
            "UnrecognizedClientException",
            f"The access key {account} is none of a test. This endpoint serves many tests, and "
            "knows them by their keys: sign with the one in datapipeline_endpoint.environment.",
        )
    return refused(403, "UnrecognizedClientException", no_test_has(account))


def _kept(headers: Any) -> dict[str, str]:
    pairs: Iterable[tuple[str, str]] = headers.items()
    return {name: value for name, value in pairs if name.lower() not in _HOP}


def route(router: str, account: str, url: str | None) -> None:
    """Have the router at a URL lead an access key to another, or nowhere."""
    body = json.dumps({"account": account, "url": url}).encode()
    with _OPENER.open(Request(router + _ROUTE, body), timeout=_ANSWERS_WITHIN) as answer:
        answer.read()
