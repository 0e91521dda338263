"""Keeps the fake's clock and the frozen time of freezegun or time-machine the same, both ways.

While time is frozen, that time is the fake's: `tick`, `move_to` and `shift` move the fake's clock,
and when the fake moves time it moves the frozen one. Neither library is ever imported here: they
are asked only if the test has.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .._service.clock import to_datetime, to_ns
from ..errors import FakeUsageError, explained, told_by_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__tracebackhide__ = told_by_message


class _Freezegun:
    """freezegun, if the test uses it."""

    methods = ("tick", "move_to")
    _factories = ("FrozenDateTimeFactory", "StepTickTimeFactory", "TickingDateTimeFactory")

    @staticmethod
    def _api() -> Any:
        return sys.modules.get("freezegun.api")

    def current(self) -> Any:
        """The innermost of its frozen times; None if it has none."""
        api = self._api()
        factories = api.freeze_factories if api is not None else None
        return factories[-1] if factories else None

    def kinds(self) -> Iterator[type]:
        """The classes whose methods move a frozen time."""
        api = self._api()
        if api is not None:
            yield from (getattr(api, name) for name in self._factories)

    @staticmethod
    def read(factory: Any) -> int:
        """The frozen time in nanoseconds, without making an auto-ticking one tick."""
        moment = factory.time_to_freeze
        if hasattr(factory, "start"):  # it ticks along with the real time
            moment = factory()
        # freezegun's datetimes have subclasses and patched constructors: take plain numbers.
        return to_ns(moment)

    @staticmethod
    def push(factory: Any, now: int) -> None:
        moment = to_datetime(now).replace(tzinfo=None)
        if hasattr(factory, "start"):
            factory.move_to(moment)
        else:
            factory.time_to_freeze += moment - factory.time_to_freeze


class _TimeMachine:
    """time-machine, if the test uses it. Its version 3 has other names than those before."""

    methods = ("shift", "move_to")

    def current(self) -> Any:
        module = sys.modules.get("time_machine")
        stack = getattr(module, "traveller_stack", None) or getattr(
            module, "coordinates_stack", None
        )
        return stack[-1] if stack else None

    def kinds(self) -> Iterator[type]:
        module = sys.modules.get("time_machine")
        kind = getattr(module, "Traveller", None) or getattr(module, "Coordinates", None)
        if kind is not None:
            yield kind

    @staticmethod
    def read(traveller: Any) -> int:
        return int(traveller.time_ns()) // 1000 * 1000

    def push(self, traveller: Any, now: int) -> None:
        traveller.shift(timedelta(microseconds=(now - self.read(traveller)) // 1000))


_LIBRARIES = (_Freezegun(), _TimeMachine())


class FrozenTime:
    """The frozen time of this process, if there is any."""

    def __init__(self, on_moved: Callable[[], None]) -> None:
        self._on_moved = on_moved
        self._factory: Any = None
        self._library: _Freezegun | _TimeMachine = _LIBRARIES[0]
        self._originals: list[tuple[type, str, Any]] = []
        self._watched_kinds: set[type] = set()
        self._pushing = False
        self._paused = False

    def pause(self) -> None:
        """Take no notice of frozen time, and leave both libraries as they were."""
        self._paused = True
        self._factory = None
        self.unwatch()

    def resume(self) -> None:
        """Go by frozen time again."""
        self._paused = False

    def current(self) -> Any:
        """The frozen time that holds; None if time is not frozen."""
        if self._paused:
            return None
        for library in _LIBRARIES:
            factory = library.current()
            if factory is not None:
                self._library = library
                return factory
        return None

    def entered(self, factory: Any) -> bool:
        """Whether this frozen time is another than the one seen before; remembers it."""
        new = factory is not self._factory
        self._factory = factory
        if new and factory is not None:
            self.watch()
        return new

    def read(self, factory: Any) -> int:
        """The frozen time in nanoseconds."""
        return self._library.read(factory)

    def push(self, now: int) -> None:
        """Make the frozen time what the fake's clock says."""
        factory = self.current()
        if factory is None:
            return
        self._pushing = True
        try:
            self._library.push(factory, now)
        finally:
            self._pushing = False

    def watch(self) -> None:
        """Learn of what moves it at once, so that polls in other threads wake up."""
        for library in _LIBRARIES:
            for kind in library.kinds():
                if kind in self._watched_kinds:
                    continue
                self._watched_kinds.add(kind)
                for method in library.methods:
                    original = kind.__dict__[method]
                    self._originals.append((kind, method, original))
                    setattr(kind, method, self._watched(original))

    def _watched(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def moved(factory: Any, *args: Any, **kwargs: Any) -> Any:
            # move_to calls tick, or tick calls move_to: only the outermost call counts.
            outermost = not self._pushing
            self._pushing = True
            try:
                result = original(factory, *args, **kwargs)
            finally:
                if outermost:
                    self._pushing = False
            if outermost and factory is self.current():
                self._on_moved()
            return result

        return moved

    def unwatch(self) -> None:
        """Leave both libraries as they were."""
        for kind, method, original in self._originals:
            setattr(kind, method, original)
        self._originals.clear()
        self._watched_kinds.clear()


def backwards(now: int, target: int) -> FakeUsageError:
    """The error for a move into the past."""
    distance = timedelta(microseconds=(now - target) // 1000)
    return FakeUsageError(
        explained(
            f"The clock cannot move backwards: it stands at {to_datetime(now).isoformat()}, and "
            f"{to_datetime(target).isoformat()} is {distance} earlier.",
            about="time-goes-back",
        )
    )
