"""Threads that outlive the fake they called: their next call ends them.

Cheap to import: every run of pytest loads this module.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakKeyDictionary, ref

from ..errors import told_by_message

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from .unwinding import Unwinder

__tracebackhide__ = told_by_message

# Threads that outlived their fake: their next call ends them. A pool's thread loses only the piece
# of work that it was at.
_stragglers: WeakKeyDictionary[threading.Thread, ref[Any] | None] = WeakKeyDictionary()
# Threads that were ended, and at which piece of work.
_unwound: WeakKeyDictionary[threading.Thread, tuple[Unwinder, ref[Any] | None]] = (
    WeakKeyDictionary()
)

_POOL = "concurrent.futures.thread"
# trio keeps its worker threads for whoever needs one next.
_POOL_OF_TRIO = "trio._core._thread_cache"

_POOL_OF_ANYIO = "anyio._backends._asyncio"
_OTHER_POOL = "multiprocessing.pool"
_WAITS_OF_TRIO = "trio._core._io_"
# Where a condition, and so a queue or an event, waits, and a thread that joins another.
_WAITS = ("wait", "join", "_wait_for_tstate_lock")


def begin() -> None:
    """The calling thread starts a fake of its own, so it is no straggler of another."""
    _stragglers.pop(threading.current_thread(), None)


def end_thread() -> NoReturn:
    """End the calling thread: what it waits for is over. SystemExit ends a thread silently."""
    from .unwinding import Unwinder  # every run of pytest loads this module

    thread = threading.current_thread()
    work = _work_of_pool(sys._getframe())[1]
    unwinder, at = _unwound.get(thread, (Unwinder(), None))
    if work is not None and (at is None or at() is not work):
        # A pool swallows it, and goes on with other work: that is no loop.
        unwinder, at = Unwinder(), ref(work)
    _unwound[thread] = (unwinder, at)
    raise unwinder.prepared(SystemExit())


def leave_behind(threads: Iterable[threading.Thread]) -> None:
    """Remember those that still work when their double is left: their next call ends them."""
    frames = sys._current_frames()
    for thread in threads:
        frame = frames.get(thread.ident or 0)
        if frame is not None:
            in_pool, work = _work_of_pool(frame)
            if work is not None:
                _stragglers[thread] = ref(work)
            elif not in_pool:
                _stragglers[thread] = None


def end_straggler() -> None:
    """End the calling thread if it was left behind by a double that is over."""
    thread = threading.current_thread()
    if thread not in _stragglers:
        return
    left_at = _stragglers[thread]
    if left_at is None or left_at() is _work_of_pool(sys._getframe())[1]:
        end_thread()
    del _stragglers[thread]


def is_of_pool(innermost: FrameType) -> bool:
    """Whether this is a thread of a pool."""
    return _work_of_pool(innermost)[0]


def idles_in_pool(thread: threading.Thread) -> bool:
    """Whether it is a pool's, and has nothing to do."""
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and (
        _work_of_pool(frame) == (True, None) or _waits_for_work_of_anyio(frame)
    )


def _waits_for_work_of_anyio(innermost: FrameType) -> bool:
    frame, caller = innermost, innermost.f_back
    while caller is not None:
        if caller.f_globals.get("__name__") == _POOL_OF_ANYIO and caller.f_code.co_name == "run":
            return frame.f_globals.get("__name__") == "queue"
        frame, caller = caller, caller.f_back
    return False


def idles(innermost: FrameType) -> bool:
    """Whether a thread waits for work, or for what another thread does: in a pool, in a queue, for
    an event, or as a loop in which nothing happens.
    """
    in_pool, work = _work_of_pool(innermost)
    if in_pool:
        return work is None
    module = innermost.f_globals.get("__name__")
    if module == "selectors":
        around = innermost.f_back
        # Who talks to a child process waits there as well, and works.
        return around is not None and around.f_globals.get("__name__") != "subprocess"
    if module == _OTHER_POOL or str(module).startswith(_WAITS_OF_TRIO):
        return True
    return module == "threading" and innermost.f_code.co_name in _WAITS


def _work_of_pool(innermost: FrameType) -> tuple[bool, object]:
    """Whether this is a thread of a ThreadPoolExecutor or of trio's, and what it works on; None if
    it idles.
    """
    frame: FrameType | None = innermost
    while frame is not None:
        module, name = frame.f_globals.get("__name__"), frame.f_code.co_name
        if module == _POOL_OF_TRIO:
            if name == "_handle_job":
                return True, frame.f_locals.get("fn")
            if name == "_work":
                return True, None
        if module == _POOL:
            # From Python 3.14 on there is another `run` inside, of what the thread keeps.
            if name == "run" and hasattr(frame.f_locals["self"], "future"):
                return True, frame.f_locals["self"]
            if name == "_worker":
                return True, None
        frame = frame.f_back
    return False, None


def _is_exit(error: BaseException | None) -> bool:
    """Whether it is SystemExit; or trio's group of nothing else, of several tasks."""
    within = getattr(error, "exceptions", None)
    return isinstance(error, SystemExit) if within is None else all(map(_is_exit, within))


class SilentEnds:
    """Keeps threads that `end_thread` has ended from being reported as failed.

    Python's own hook ignores SystemExit; pytest's, which takes its place, does not.
    """

    def __init__(self) -> None:
        self._previous: Any = None

    def start(self) -> None:
        previous = self._previous = threading.excepthook

        def hook(args: threading.ExceptHookArgs) -> None:
            if args.thread not in _unwound or not _is_exit(args.exc_value):
                previous(args)

        self._hook = hook
        threading.excepthook = hook

    def stop(self) -> None:
        if threading.excepthook is self._hook:
            threading.excepthook = self._previous
