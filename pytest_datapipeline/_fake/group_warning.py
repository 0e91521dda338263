"""Polls that end empty while tasks wait where they were probably meant to look."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from ..errors import WorkerGroupWarning

if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from .._service.instances.queues import Poll, WorkerGroups

# What is between a call and us.
_BELOW_USER = frozenset({"aiobotocore", "boto3", "botocore", __name__.partition(".")[0]})


class NearMisses:
    """Warns of each once."""

    def __init__(self, queues: WorkerGroups[Any]) -> None:
        self._queues = queues
        self._warned: set[tuple[str, str]] = set()

    def look(self, poll: Poll) -> None:
        """Warn if tasks wait for clients of another region, or in a group of nearly that name."""
        polled = poll.worker_group
        for name in self._queues.waiting_names():
            if (polled, name) in self._warned:
                continue
            if name == polled:
                text = (
                    f"tasks wait in this worker group, but for clients of another region than "
                    f"{poll.region!r}"
                )
            elif _nearly_equal(polled, name):
                text = f"tasks wait in {name!r}; names are compared exactly, case included"
            else:
                continue
            self._warned.add((polled, name))
            warnings.warn(
                WorkerGroupWarning(f"PollForTask on {polled!r} ended empty while {text}."),
                stacklevel=_level_of_user(),
            )


def _level_of_user() -> int:
    """What `warnings.warn`, called by the caller, takes for the line that made the call."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] not in _BELOW_USER:
            return level
        frame = frame.f_back
        level += 1
    return 1


def _nearly_equal(one: str, other: str) -> bool:
    """Whether two names differ in case, in blanks around them, or by one letter."""
    if one.strip().casefold() == other.strip().casefold():
        return True
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    if len(longer) == len(shorter):
        swapped = one[start : start + 2] == other[start : start + 2][::-1]
        return one[start + 1 :] == other[start + 1 :] or (
            swapped and one[start + 2 :] == other[start + 2 :]
        )
    return longer[start + 1 :] == shorter[start:]
