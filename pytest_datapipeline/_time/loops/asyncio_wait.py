"""How a task of asyncio's waits on the fake's clock, whatever loop it is in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ...errors import told_by_message
from ..actors.participants import Wait, thread_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._service.instances.queues import Ticket
    from ..actors.participants import Actor
    from ..timekeeper import Timekeeper

__tracebackhide__ = told_by_message


async def wait_in_asyncio(keeper: Timekeeper, ticket: Ticket, actor: Actor, what: str, /) -> None:
    """Wait for a ticket."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not over.done():
            over.set_result(None)

    with keeper.lock:
        wait = Wait(actor, lambda: loop.call_soon_threadsafe(end), what)
        if not keeper.starts_to_wait(ticket, wait):
            return
        stop_watching = _watch(keeper, actor, over, loop)
    try:
        await over
    finally:
        stop_watching()
        keeper.waits_no_longer(ticket, actor)


def _watch(
    keeper: Timekeeper, actor: Actor, over: asyncio.Future[None], loop: asyncio.AbstractEventLoop
) -> Callable[[], None]:
    """End the wait of a coroutine if nothing happens for long; returns what stops that.

    A connection's client has its own patience, and the loop on the home thread moves time itself.
    """
    thread = thread_of(actor)
    if thread is None or (keeper.loop is not None and keeper.loop.adopt(loop)):
        return lambda: None
    before = keeper.activity
    timer: asyncio.TimerHandle | None = None

    def expire() -> None:
        nonlocal before, timer
        with keeper.lock:
            if over.done():
                return
            if keeper.activity != before:
                before = keeper.activity
                timer = loop.call_later(keeper.stalled_seconds, expire)
            elif thread is keeper.participants.home:
                over.set_exception(
                    keeper.nobody_moves_time(
                        "The loop that runs here is not one of asyncio's own, such as uvloop's, "
                        "and cannot move time: use asyncio's in tests, or call "
                        "clock.advance(seconds).",
                        about="foreign-event-loop",
                    )
                )
            else:
                over.set_exception(keeper.nobody_moves_time())

    def stop() -> None:
        if timer is not None:
            timer.cancel()

    timer = loop.call_later(keeper.stalled_seconds, expire)
    return stop
