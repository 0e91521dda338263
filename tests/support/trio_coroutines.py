"""aiobotocore's clients under trio. Tests that import it are skipped where either is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .coroutines import aiobotocore_session, work_one_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["MARKS", "AioConfig", "HttpxSession", "client", "trio", "with_client", "work_one_task"]

trio: Any = pytest.importorskip("trio")
AioConfig: Any = pytest.importorskip("aiobotocore.config").AioConfig
# aiobotocore before 3 runs in asyncio alone.
HttpxSession: Any = pytest.importorskip("aiobotocore.httpxsession").HttpxSession
if pytest.importorskip("aiobotocore._httpx").httpx is None:
    pytest.skip("aiobotocore has no httpx", allow_module_level=True)

MARKS = [
    pytest.mark.datapipeline(start="2024-01-01T00:00:00"),
    # It says so of the older httpx.
    pytest.mark.filterwarnings("ignore:aiobotocore's httpx backend:DeprecationWarning"),
]


def client(**config: Any) -> Any:
    """A client of aiobotocore, to be entered; with a patient read time-out unless one is given."""
    config = {"read_timeout": 100, "http_session_cls": HttpxSession, **config}
    return aiobotocore_session.get_session().create_client(
        "datapipeline", config=AioConfig(**config)
    )


def with_client(
    function: Callable[[Any], Awaitable[Any]], *, clock: Any = None, **config: Any
) -> Any:
    """Run a coroutine function with a client, under trio."""

    async def main() -> Any:
        async with client(**config) as made:
            return await function(made)

    return trio.run(main, clock=clock)
