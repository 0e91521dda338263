"""Which coroutine calls, of whichever library. Loads what is known of a library once it runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ...errors import FakeUsageError, explained, told_by_message

if TYPE_CHECKING:
    from ..actors.participants import Actor

__tracebackhide__ = told_by_message


def in_trio() -> bool:
    """Whether the calling coroutine is a task of trio's.

    Raises:
        FakeUsageError: it is one in a loop of asyncio's.
    """
    lowlevel: Any = getattr(sys.modules.get("trio"), "lowlevel", None)
    if lowlevel is None:
        return False
    try:
        coroutine = lowlevel.current_task().coro
    except RuntimeError:
        return False
    # Where trio is the guest of another loop, it tells of a task between two steps as well.
    if not getattr(coroutine, "cr_running", True):
        return False
    from .trio_pending import is_guest_of_asyncio

    if is_guest_of_asyncio():
        raise FakeUsageError(
            explained(
                "aiobotocore was called under trio as a guest of asyncio's loop, which the fake "
                "does not serve: use trio.run(...), or asyncio alone.",
                about="trio-as-a-guest",
            )
        )
    return True


def current_coroutine() -> Actor:
    """Who makes the present call.

    Raises:
        FakeUsageError: the library is neither asyncio nor trio, or trio is asyncio's guest.
    """
    if in_trio():
        from .trio_loop import current_task

        return current_task()
    from .event_loop import current_coroutine

    try:
        return current_coroutine()
    except RuntimeError:
        raise FakeUsageError(
            "aiobotocore was called outside of asyncio and trio, and the fake knows no other loop: "
            "use one of these."
        ) from None


def running_coroutine() -> Actor | None:
    """The coroutine in which the caller is; None outside of asyncio and trio."""
    try:
        if in_trio():
            from .trio_loop import current_task

            return current_task()
    except FakeUsageError:
        return None
    events: Any = sys.modules.get("asyncio.events")
    if events is None or events._get_running_loop() is None:
        return None
    from .event_loop import current_coroutine

    try:
        return current_coroutine()
    except RuntimeError:
        return None


def in_a_loop() -> bool:
    """Whether a loop of asyncio's or trio's runs on the calling thread, in a coroutine or not."""
    events: Any = sys.modules.get("asyncio.events")
    if events is not None and events._get_running_loop() is not None:
        return True
    lowlevel: Any = getattr(sys.modules.get("trio"), "lowlevel", None)
    return bool(lowlevel is not None and lowlevel.in_trio_run())


async def checkpoint() -> None:
    """Let others go on and cancellation come, where a call over the network would under trio."""
    if in_trio():
        import trio

        await trio.lowlevel.checkpoint()
