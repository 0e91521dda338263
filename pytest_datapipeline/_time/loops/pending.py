"""What asyncio's event loop waits for, other than time: child processes, functions, connections.

Functions are those in executors of any origin, and in the worker threads of anyio.
"""

from __future__ import annotations

import inspect
import threading
from asyncio.base_events import BaseEventLoop
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ...errors import told_by_message
from .loop import CHILD as CHILD
from .loop import FUNCTION as FUNCTION

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__tracebackhide__ = told_by_message


class _Job:
    """A function that a loop has handed to an executor."""

    def __init__(self, loop: Any, watched: bool) -> None:
        self.loop = loop
        self.executor: Any = None
        # Whether it tells of its thread. One that runs in another process cannot.
        self.watched = watched
        self.thread: threading.Thread | None = None
        self.future: asyncio.Future[Any] | None = None


class Jobs:
    """The functions that loops have handed to executors while it is started."""

    def __init__(self) -> None:
        self._jobs: list[_Job] = []
        self._original: Any = None
        # Threads of executors: between two functions they are nobody's, and make no calls.
        self._threads: WeakSet[threading.Thread] = WeakSet()

    def start(self) -> None:
        """See what loops hand out."""
        original = self._original = BaseEventLoop.run_in_executor

        home = threading.get_ident()

        @wraps(original)
        def run_in_executor(loop: Any, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
            if threading.get_ident() != home:
                return original(loop, executor, func, *args)
            used = loop._default_executor if executor is None else executor
            watched = used is None or isinstance(used, ThreadPoolExecutor)
            if not callable(func) or inspect.iscoroutinefunction(func):
                # asyncio has something to say about that.
                watched = False
            job = _Job(loop, watched)
            given = self._told(job, func) if watched else func
            future: asyncio.Future[Any] = original(loop, executor, given, *args)
            job.future = future
            # The loop has made its own by now, if it had none.
            job.executor = loop._default_executor if executor is None else executor
            self._jobs = [*filter(_awaited, self._jobs), job]
            return future

        patched: Any = BaseEventLoop
        patched.run_in_executor = run_in_executor

    def stop(self) -> None:
        """Leave asyncio as it was."""
        patched: Any = BaseEventLoop
        patched.run_in_executor = self._original
        self._jobs.clear()

    def _told(self, job: _Job, func: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            job.thread = threading.current_thread()
            self._threads.add(job.thread)
            return func(*args)

        return run

    @property
    def threads(self) -> set[threading.Thread]:
        """The threads in which functions run or have run."""
        return set(self._threads)

    def at_work(self, loop: Any, blocked: set[threading.Thread]) -> bool:
        """Whether a function runs that does not itself wait for the fake, as `blocked` do."""
        self._jobs = list(filter(_awaited, self._jobs))
        mine = [job for job in self._jobs if job.loop is loop]
        waiting = [job for job in mine if job.thread in blocked]
        others = blocked - {job.thread for job in waiting} - self.threads
        for job in mine:
            if job in waiting:
                continue
            if job.thread is None and _full(job.executor, waiting):
                # It is queued behind those that wait.
                continue
            if not job.watched and others:
                others.pop()
                continue
            return True
        return _ends(loop, blocked)


def _ends(loop: Any, blocked: set[threading.Thread]) -> bool:
    """Whether the loop waits, before it is closed, for what still runs in its own executor."""
    if not getattr(loop, "_executor_shutdown_called", False):
        return False
    threads = getattr(loop._default_executor, "_threads", ())
    return any(thread.is_alive() for thread in threads if thread not in blocked)


def _awaited(job: _Job) -> bool:
    """Whether the loop neither knows of its end nor has given it up."""
    return job.future is not None and not job.future.done()


def _full(executor: Any, waiting: list[_Job]) -> bool:
    """Whether every thread of an executor waits for the fake."""
    workers = getattr(executor, "_max_workers", None)
    return workers is not None and workers <= sum(job.executor is executor for job in waiting)


def child_runs(loop: Any) -> bool:
    """Whether the loop waits for a child process."""
    return any(
        thread.name.startswith(("waitpid-", "asyncio-waitpid-")) for thread in threading.enumerate()
    ) or any(type(owner).__module__ == "asyncio.unix_events" for _, owner in _watched(loop))


def anyio_workers(loop: Any) -> dict[threading.Thread, bool]:
    """anyio's worker threads of a loop, and whether each has something to do."""
    return {
        thread: thread not in getattr(thread, "idle_workers", ())
        for thread in threading.enumerate()
        if type(thread).__name__ == "WorkerThread"
        and type(thread).__module__.startswith("anyio.")
        and getattr(thread, "loop", None) is loop
    }


def sockets(loop: Any) -> dict[int, Any]:
    """The connections from which something may come; or nothing ever, if they are kept alive."""
    return dict(_watched(loop))


def _watched(loop: Any) -> list[tuple[int, Any]]:
    get_map = getattr(loop._selector, "get_map", None)
    found = []
    for key in (get_map() or {}).values() if get_map is not None else ():
        for handle in key.data or ():
            if handle is not None:
                callback = handle._callback
                owner = getattr(callback, "__self__", None)
                name = getattr(callback, "__name__", "")
                if owner is not loop or name not in ("_read_from_self", "_accept_connection"):
                    found.append((key.fd, None if owner is loop else owner))
    return found
