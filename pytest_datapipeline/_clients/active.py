"""Which doubles are active in this process. They nest: the innermost answers.

Cheap to import: the plugin needs it before anybody uses a double.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, NamedTuple, Protocol

from .._time import threads
from ..errors import FakeUsageError, explained, told_by_message

__tracebackhide__ = told_by_message


class Double(Protocol):
    """What answers Data Pipeline calls in place of AWS."""

    def _give_way(self) -> None:
        """Leave botocore, asyncio and the clocks as they were, for one that is entered inside."""

    def _take_over(self) -> None:
        """Answer calls, for the first time or again."""


class _Entered(NamedTuple):
    double: Double
    name: str
    thread: threading.Thread


_entered: list[_Entered] = []

# Those that were left because of an error, and how many were around each: where the plugin is there
# to tell of them. Those of earlier examples of a test give way to the latest.
_LEFT_IN_ERROR: list[tuple[int, Any]] | None = (
    [] if "pytest_datapipeline._plugin.state" in sys.modules else None
)


def enter(double: Double, name: str) -> None:
    """Make `double` the one that answers; the one around it gives way until it leaves.

    Raises:
        FakeUsageError: one of another thread answers. Each would get calls of the other.
    """
    here = threading.current_thread()
    if _LEFT_IN_ERROR:
        _LEFT_IN_ERROR[:] = [held for held in _LEFT_IN_ERROR if held[0] < len(_entered)]
    if _entered:
        outer = _entered[-1]
        if outer.thread is not here:
            raise FakeUsageError(
                explained(
                    f"{name} cannot start in thread {here.name!r}: {outer.name} answers this "
                    "process's Data Pipeline calls already, and is of thread "
                    f"{outer.thread.name!r}. They nest in one thread alone: have all threads use "
                    "one.",
                    about="fake-of-another-thread",
                )
            )
        outer.double._give_way()
    _entered.append(_Entered(double, name, here))
    try:
        threads.begin()
        double._take_over()
    except BaseException:
        leave(double)
        raise


def leave(double: Double) -> None:
    """Have `double` answer no longer, and the one around it again."""
    place = next((place for place, held in enumerate(_entered) if held.double is double), None)
    if place is None:
        return
    innermost = place == len(_entered) - 1
    if innermost:
        # Another, entered inside of it and not left yet, has had it give way before.
        double._give_way()
    del _entered[place]
    if innermost and _entered:
        _entered[-1].double._take_over()


def left_in_error(double: Double) -> None:
    """Take note that a double was left because of an error."""
    if _LEFT_IN_ERROR is not None:
        _LEFT_IN_ERROR.append((len(_entered), double))


def taken_left_in_error() -> list[Any]:
    """The doubles that were left because of an error, since this was asked before."""
    taken = [double for _, double in _LEFT_IN_ERROR or ()]
    if _LEFT_IN_ERROR is not None:
        _LEFT_IN_ERROR.clear()
    return taken


def active() -> Any:
    """The double that answers now; None if there is none."""
    return _entered[-1].double if _entered else None


def is_entered(double: Double) -> bool:
    """Whether a double is active, or will be again once those inside of it have left."""
    return any(held.double is double for held in _entered)


def state(double: Double) -> str:
    """How a double stands, for its repr."""
    if active() is double:
        return "active"
    return f"behind another {_entered[-1].name}" if is_entered(double) else "not active"
