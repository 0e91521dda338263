"""Clients of boto3's that are kept from test to test: making one takes longer than a small test.

A client is handed out again only where a new one would be the same: from the same session, for the
same region and environment, and if no test has changed it.
"""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from botocore.hooks import HierarchicalEmitter

from ..hooks import Patches

if TYPE_CHECKING:
    from collections.abc import Callable

# What botocore reads from the environment when a client is made.
_PREFIXES = ("AWS_", "BOTO")
_PROXY = "_proxy"
# Tests that each need another client are served as well by making them.
_AT_MOST = 20


class KeptClients:
    """Clients as the fixture makes them, by what they are made from."""

    def __init__(self) -> None:
        self._kept: dict[object, _Kept] = {}
        self._patches = Patches()
        # Emitters whose handlers have come or gone; to compare them all would take as long as to
        # make a client. Noted by the class: what an emitter itself has, its copies have as well.
        self._changed: WeakSet[HierarchicalEmitter] = WeakSet()
        emitter: Any = HierarchicalEmitter
        for name in ("_register_section", "unregister"):
            self._patches.replace(emitter, name, self._noting(getattr(emitter, name)))

    def close(self) -> None:
        """Leave botocore as it was."""
        self._patches.undo()
        self._kept.clear()

    def _noting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def noting(emitter: HierarchicalEmitter, *args: Any, **kwargs: Any) -> Any:
            self._changed.add(emitter)
            return method(emitter, *args, **kwargs)

        return noting

    def client(self, region: str | None, default_region: str) -> Any:
        """A Data Pipeline client as AWS asks for in a task runner.

        Args:
            region: the region that was asked for; None for what any client of the process gets.
            default_region: what it gets where nothing else names one.
        """
        import boto3

        if getattr(boto3.client, "__module__", None) != "boto3":
            return _made(region)  # the test has put something in its place
        session = boto3.DEFAULT_SESSION
        key = (region, default_region, id(session), _environment())
        kept = self._kept.get(key)
        if kept is not None and kept.is_as_made() and self._changed.isdisjoint(kept.emitters):
            return kept.client
        client = _made(region)
        if len(self._kept) >= _AT_MOST:
            self._kept.clear()
        # boto3 has made its session by now, if it had none.
        session = boto3.DEFAULT_SESSION
        if session is not None:
            key = (region, default_region, id(session), _environment())
            kept = self._kept[key] = _Kept(client, session)
            self._changed.difference_update(kept.emitters)
        return client


def _made(region: str | None) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client("datapipeline", region_name=region, config=Config(read_timeout=100))


def _environment() -> frozenset[tuple[str, str]]:
    # The values of the others are not even looked up: most variables have nothing to do with it.
    names = [
        name for name in os.environ if name.startswith(_PREFIXES) or name[-6:].lower() == _PROXY
    ]
    return frozenset((name, os.environ[name]) for name in names)


class _Kept:
    """A client, and how it and the session that made it looked at that time.

    Attributes:
        emitters: those of the client and of the session.
    """

    def __init__(self, client: Any, session: Any) -> None:
        self.client = client
        # Held, so that no other gets its id.
        self._session = session
        events = (client.meta.events, session._session.get_component("event_emitter"))
        # Behind the names that events are given there are the emitters themselves.
        self.emitters = {getattr(held, "_emitter", held) for held in events}
        meta, endpoint = client.meta, client._endpoint
        parts = (client, meta, endpoint, client._request_signer, meta.config, type(client))
        self._parts = [(part, _look_of(part)) for part in parts]
        self._credentials = session._session._credentials

    def is_as_made(self) -> bool:
        """Whether nobody has put anything else into them."""
        return self._session._session._credentials is self._credentials and all(
            _look_of(part) == look for part, look in self._parts
        )


def _look_of(part: Any) -> dict[str, object]:
    """The attributes of an object: which objects they are, and what is in those that are dicts."""
    return {
        name: dict(value) if type(value) is dict and name != "_cache" else id(value)
        for name, value in vars(part).items()
    }
