"""Which double, if any, answers this process's Data Pipeline calls, and who outlived one.

Cheap to import: the plugin needs it before anybody uses a double.
"""

from __future__ import annotations

import threading
from typing import Any, NoReturn
from weakref import WeakSet

from ..errors import FakeUsageError, told_by_message

__tracebackhide__ = told_by_message

_active: list[tuple[Any, str]] = []

# Threads that called a double which is over. What they do from now on is no test's doing.
stragglers: WeakSet[threading.Thread] = WeakSet()
_unwound: WeakSet[threading.Thread] = WeakSet()


def claim(double: Any, name: str) -> None:
    """Make `double` the one that answers.

    Raises:
        FakeUsageError: there is one already; two would each see half of the calls.
    """
    if _active:
        raise FakeUsageError(
            f"{name} can not start: {_active[0][1]} answers this process's Data Pipeline calls "
            "already. Use one of them in a test, and only once."
        )
    _active.append((double, name))


def release(double: Any) -> None:
    """Have `double` answer no longer."""
    _active[:] = [entry for entry in _active if entry[0] is not double]


def active() -> Any:
    """The double that answers now; None if there is none."""
    return _active[-1][0] if _active else None


def end_thread() -> NoReturn:
    """End the calling thread: what it waits for is over. SystemExit ends a thread silently."""
    _unwound.add(threading.current_thread())
    raise SystemExit


class SilentEnds:
    """Keeps threads that `end_thread` has ended from being reported as failed.

    Python's own hook ignores SystemExit; pytest's, which takes its place, does not.
    """

    def __init__(self) -> None:
        self._previous: Any = None

    def start(self) -> None:
        previous = self._previous = threading.excepthook

        def hook(args: threading.ExceptHookArgs) -> None:
            if args.exc_type is not SystemExit or args.thread not in _unwound:
                previous(args)

        self._hook = hook
        threading.excepthook = hook

    def stop(self) -> None:
        if threading.excepthook is self._hook:
            threading.excepthook = self._previous
