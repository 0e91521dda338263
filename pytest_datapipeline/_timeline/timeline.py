"""A timeline, as a test holds it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, overload

from .._service.texts import did_you_mean
from ..errors import FakeUsageError, told_by_message
from .event import KINDS, Event, Kind
from .names import TEST
from .story import Story
from .text import whole

if TYPE_CHECKING:
    from typing_extensions import Self

    from .story import Traces

__tracebackhide__ = told_by_message

# The order in which lanes are shown, by what is in them.
_GROUPS = (TEST, "runner", "queue", "task")


class Timeline(Sequence[Event]):
    """What happened, event by event, in the order in which it did. `print` it for the whole story.

    Attributes:
        lanes: who took part: "test", runners as "runner MainThread", queues as "queue reports",
            tasks as "task Nightly".
        dropped: how many of the oldest calls are not in it, where the setting `kept_calls` says
            how many the record keeps.
    """

    __slots__ = ("_events", "dropped", "lanes")

    def __init__(self, events: Iterable[Event], dropped: int = 0) -> None:
        self._events = list(events)
        self.dropped: int = dropped
        found = dict.fromkeys(lane for event in self._events for lane in event.lanes)
        self.lanes: list[str] = sorted(
            found, key=lambda lane: _GROUPS.index(lane.partition(" ")[0])
        )

    @classmethod
    def of(cls, traces: Traces, after: int = 0, failure: str | None = None) -> Self:
        """The timeline of a fake's world.

        Args:
            traces: what it has left.
            after: how many calls had been made before its first event.
            failure: how the test has failed, if it has.
        """
        events = Story(traces).events(after)
        if failure is not None and events:
            text = traces.calls.hide()(f"the test fails: {failure}")
            events.append(Event("failure", (TEST,), text, None, traces.now))
        return cls(events, traces.calls.dropped)

    @property
    def events(self) -> list[Event]:
        """All of it."""
        return list(self._events)

    def filter(self, *, lane: str | None = None, kind: Kind | None = None) -> Timeline:
        """The events in which a lane took part, or of a kind.

        Args:
            lane: one of `lanes`, or its name alone: "Nightly" for "task Nightly".
            kind: such as "hand-over" or "deadline".

        Raises:
            FakeUsageError: there is no such lane, or no such kind.
        """
        if kind is not None and kind not in KINDS:
            raise FakeUsageError(
                f"There is no kind {kind!r} of events.{did_you_mean(str(kind), KINDS)} "
                f"Kinds are: {', '.join(KINDS)}."
            )
        wanted = None if lane is None else self._lanes_called(lane)
        return Timeline(
            (
                event
                for event in self._events
                if kind in (None, event.kind)
                and (wanted is None or not wanted.isdisjoint(event.lanes))
            ),
            self.dropped,
        )

    def _lanes_called(self, name: str) -> set[str]:
        found = {lane for lane in self.lanes if name in (lane, lane.partition(" ")[2])}
        if not found:
            known = ", ".join(map(repr, self.lanes)) or "none"
            raise FakeUsageError(
                f"There is no lane {name!r}.{did_you_mean(str(name), self.lanes)} "
                f"Lanes are: {known}."
            )
        return found

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> Timeline: ...

    def __getitem__(self, index: int | slice) -> Event | Timeline:
        if isinstance(index, slice):
            return Timeline(self._events[index], self.dropped)
        return self._events[index]

    def __repr__(self) -> str:
        return f"<Timeline of {len(self)} events in {len(self.lanes)} lanes>"

    def __str__(self) -> str:
        return "\n".join(whole(self._events, self.dropped)) or "nothing has happened"
