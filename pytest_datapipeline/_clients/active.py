"""Which double, if any, answers this process's Data Pipeline calls.

Cheap to import: the plugin needs it before anybody uses a double.
"""

from __future__ import annotations

from typing import Any

from .._time import threads
from ..errors import FakeUsageError, told_by_message

__tracebackhide__ = told_by_message

_active: list[tuple[Any, str]] = []


def claim(double: Any, name: str) -> None:
    """Make `double` the one that answers.

    Raises:
        FakeUsageError: there is one already; two would each see half of the calls.
    """
    if _active:
        raise FakeUsageError(
            f"{name} can not start: {_active[0][1]} answers this process's Data Pipeline calls "
            "already. Use one of them in a test, and only once; with pytest, by one of the "
            "fixtures datapipeline_fake and datapipeline_stubber."
        )
    _active.append((double, name))
    threads.begin()


def release(double: Any) -> None:
    """Have `double` answer no longer."""
    _active[:] = [entry for entry in _active if entry[0] is not double]


def active() -> Any:
    """The double that answers now; None if there is none."""
    return _active[-1][0] if _active else None
