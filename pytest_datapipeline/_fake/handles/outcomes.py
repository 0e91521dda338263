"""What becomes of what the service does by itself, where a test has said so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ... import checks
from ..._service.instances.instance import FINISHED
from ...errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._service.components.component import Run
    from .tasks import Task

__tracebackhide__ = told_by_message

_OUTCOMES = ("FINISHED", "FAILED", "FALSE")

Outcome = Literal["FINISHED", "FAILED", "FALSE"]


@dataclass
class _Planned:
    what: str
    outcome: str | Callable[[Task], str]
    left: int | None


class Outcomes:
    """What was planned for runs of resources and of preconditions. The caller holds the lock.

    Args:
        handle: makes of a run what a test's function is given.
    """

    def __init__(self, handle: Callable[[Run], Task]) -> None:
        self._handle = handle
        self._planned: list[_Planned] = []

    def plan(
        self, what: str, outcome: Outcome | bool | Callable[[Task], Outcome], times: int | None
    ) -> None:
        """`Pipelines.outcome`."""
        checks.text("what", what, 1024)
        if times is not None:
            checks.count("times", times, 1)
        chosen = outcome if callable(outcome) else _checked(outcome)
        # The latest word counts.
        self._planned.insert(0, _Planned(what, chosen, times))

    def of(self, run: Run) -> str | None:
        """What was said about the outcome of a run; None if nothing was."""
        for planned in self._planned:
            if planned.what not in (run.of.id, run.of.type) or planned.left == 0:
                continue
            if planned.left is not None:
                planned.left -= 1
            if callable(planned.outcome):
                return _checked(planned.outcome(self._handle(run)))
            return planned.outcome
        return None


def _checked(value: Any) -> str:
    if value is True:
        return FINISHED
    if value is False:
        return "FALSE"
    if value not in _OUTCOMES:
        raise FakeUsageError(
            f"The outcome is {value!r}; it can be {', '.join(map(repr, _OUTCOMES))}, True or False."
        )
    return str(value)
