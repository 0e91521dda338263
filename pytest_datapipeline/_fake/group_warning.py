"""Polls that end empty while tasks wait where they were probably meant to look."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from .._record.callers import level_of_user
from ..errors import WorkerGroupWarning, explained

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .._contract.evidence import Evidence
    from .._service.instances.queues import Poll, WorkerGroups

# Of so many worker groups the names are looked at letter by letter, which takes kilobytes for each.
# A test with more of them has made their names up.
_BY_LETTER = 2_000
# So many worker groups are named at once.
_TOLD = 3


class GroupWarnings:
    """Warns once for each pair of worker groups, the one that is polled and the one with tasks.

    Names that are alike are found by their forms, so that a poll beside many worker groups looks at
    few of them.
    """

    def __init__(self, queues: WorkerGroups[Any], evidence: Evidence | None = None) -> None:
        self._queues = queues
        self._evidence = evidence
        self._warned: set[tuple[str, str]] = set()
        self._by_form: dict[str, tuple[str, ...]] = {}
        self._known = 0

    def poll_ended_empty(self, poll: Poll) -> None:
        """Warn if tasks wait for clients of another region, or in a group of nearly that name."""
        polled = poll.worker_group
        for name in self._alike(polled):
            if (polled, name) in self._warned or not self._queues.has_waiting(name):
                continue
            self._warned.add((polled, name))
            if name == polled:
                if self._evidence is not None:
                    self._evidence.elsewhere.add((polled, poll.region))
                text = explained(
                    f"PollForTask on {polled!r} ended empty while tasks wait in this worker group, "
                    f"but for clients of another region than {poll.region!r}.",
                    about="wrong-region",
                )
            else:
                if self._evidence is not None:
                    self._evidence.alike[polled] = name
                text = explained(
                    f"PollForTask on {polled!r} ended empty while tasks wait in {name!r}; names "
                    "are compared exactly, case included.",
                    about="worker-group-spelling",
                )
            warnings.warn(WorkerGroupWarning(text), stacklevel=level_of_user())

    def why_all_are_empty(self, polled: Iterable[str]) -> str | None:
        """Which worker groups were polled, and in which tasks wait; None if none waits."""
        waiting = [name for name in self._queues.names if self._queues.has_waiting(name)]
        if not waiting:
            return None
        asked = list(dict.fromkeys(polled))
        text = f"Polls were for {_some(asked)}, while tasks wait in {_some(waiting)}"
        meant = [name for one in asked for name in self._alike(one) if name in waiting]
        if any(name in waiting for name in asked):
            return f"{text}, for clients of another region."
        if meant:
            return f"{text}: did you mean {meant[0]!r}? Names are compared exactly."
        return f"{text}: have both name the same worker group."

    def _alike(self, polled: str) -> list[str]:
        """The worker groups of that name and of nearly that name, sorted."""
        names = self._queues.names
        for place, name in enumerate(names[self._known :], self._known):
            for form in _forms(name, place < _BY_LETTER):
                self._by_form[form] = (*self._by_form.get(form, ()), name)
        self._known = len(names)
        found = {name for form in _forms(polled) for name in self._by_form.get(form, ())}
        return [name for name in sorted(found) if name == polled or _nearly_equal(polled, name)]


def _some(names: list[str]) -> str:
    """The first few."""
    told = ", ".join(map(repr, names[:_TOLD]))
    return told if len(names) <= _TOLD else f"{told} and {len(names) - _TOLD} more"


def _forms(name: str, by_letter: bool = True) -> set[str]:
    """What a name has in common with each that differs from it in case or in blanks around it, and
    `by_letter` by one letter: itself in small letters, and itself without one of its letters."""
    letters = range(len(name)) if by_letter else ()
    without_one = (name[:place] + name[place + 1 :] for place in letters)
    return {name, name.strip().casefold(), *without_one}


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
