"""Worker-group queues, and the polls that wait on them. How one waits is the transport's affair.

A task is for the polls of one region, or (`region=None`) for the first matching poll of any. Ready
tasks go out in the order in which they became ready; waiting polls are served longest wait first.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from ..clock import Timer

Item = TypeVar("Item")


class Ticket:
    """A promise of an answer: what a call gets that the service holds.

    It is resolved once, with an answer. `on_resolved`, if set, is called at that moment.
    """

    __slots__ = ("answer", "on_resolved", "resolved", "timer")

    def __init__(self) -> None:
        self.resolved: bool = False
        self.answer: Any = None
        self.on_resolved: Callable[[], None] | None = None
        self.timer: Timer | None = None

    def resolve(self, answer: Any = None) -> None:
        self.resolved = True
        self.answer = answer
        if self.on_resolved is not None:
            self.on_resolved()


class Poll(Ticket):
    """A PollForTask that the service holds.

    A client that gives up (`abandoned`) does not take its poll out of the queue: the service
    notices nothing, and may hand it a task that nobody will ever see.
    """

    __slots__ = ("abandoned", "holder", "hostname", "region", "since", "worker_group")

    def __init__(
        self, worker_group: str, region: str, hostname: str | None, holder: object, since: int
    ) -> None:
        super().__init__()
        self.worker_group: str = worker_group
        self.region: str = region
        self.hostname: str | None = hostname
        self.holder: object = holder
        self.since: int = since
        self.abandoned: bool = False


class _Queued(Generic[Item]):
    __slots__ = ("item", "order")

    def __init__(self, order: int, item: Item) -> None:
        self.order = order
        self.item = item


class _Group(Generic[Item]):
    __slots__ = ("polls", "ready")

    def __init__(self) -> None:
        self.ready: dict[str | None, deque[_Queued[Item]]] = {}
        self.polls: deque[Poll] = deque()


class WorkerGroups(Generic[Item]):
    """The queues of all worker groups. Names are compared exactly, case included.

    `is_waiting` tells whether an item still waits for a runner: one that was canceled in the
    meantime is passed over when its turn comes, which costs nothing until then.
    """

    def __init__(self, is_waiting: Callable[[Item], bool]) -> None:
        self._groups: dict[str, _Group[Item]] = {}
        #: Every worker group that there ever was, in the order of their first task or poll.
        self.names: list[str] = []
        self._order = 0
        # Which of several waiting polls gets a task; None for the one that has waited longest.
        self.order: Random | None = None
        self._is_waiting = is_waiting

    def offer(self, worker_group: str, region: str | None, item: Item) -> Poll | None:
        """Give `item` to the poll that has waited longest, or queue it and return None."""
        group = self._group(worker_group)
        able = (
            poll
            for poll in group.polls
            if not poll.resolved and (region is None or poll.region == region)
        )
        poll = next(able, None)
        if poll is not None:
            if self.order is not None:
                poll = self.order.choice([poll, *able])
            group.polls.remove(poll)
            return poll
        self._order += 1
        group.ready.setdefault(region, deque()).append(_Queued(self._order, item))
        return None

    def take(self, worker_group: str, region: str) -> Item | None:
        """The item of the worker group that has been ready longest, for a poll of `region`."""
        group = self._groups.get(worker_group)
        if group is None:
            return None
        own = self._head(group, region)
        anywhere = self._head(group, None)
        if own is None or (anywhere is not None and anywhere[0].order < own[0].order):
            own = anywhere
        return own.popleft().item if own is not None else None

    def wait(self, poll: Poll) -> None:
        """Put a poll at the end of its worker group's line."""
        self._group(poll.worker_group).polls.append(poll)

    def _group(self, name: str) -> _Group[Item]:
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = _Group()
            self.names.append(name)
        return group

    def leave(self, poll: Poll) -> None:
        """Take a poll out of the line, when its time is over."""
        self._groups[poll.worker_group].polls.remove(poll)

    def polls(self) -> list[Poll]:
        """All polls that wait, those that their clients have given up included."""
        return [poll for group in self._groups.values() for poll in group.polls]

    def waiting(self) -> list[Item]:
        """All items that wait for a runner."""
        return [
            queued.item
            for group in self._groups.values()
            for line in group.ready.values()
            for queued in line
            if self._is_waiting(queued.item)
        ]

    def has_waiting(self, name: str) -> bool:
        """Whether a task waits for a runner in a worker group."""
        group = self._groups.get(name)
        return group is not None and any(self._head(group, region) for region in group.ready)

    def _head(self, group: _Group[Item], region: str | None) -> deque[_Queued[Item]] | None:
        line = group.ready.get(region)
        while line and not self._is_waiting(line[0].item):
            line.popleft()
        return line or None
