"""Keeps the fake's clock and freezegun's frozen time the same, both ways.

While time is frozen, freezegun's time is the fake's: `tick` and `move_to` move the fake's clock,
and when the fake moves time it moves freezegun's. freezegun is never imported here: it is asked
only if the test has.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .clock import to_datetime, to_ns
from .errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from collections.abc import Callable

__tracebackhide__ = told_by_message

_METHODS = ("tick", "move_to")
_FACTORIES = ("FrozenDateTimeFactory", "StepTickTimeFactory", "TickingDateTimeFactory")


class FrozenTime:
    """The frozen time of this process, if there is any."""

    def __init__(self, on_moved: Callable[[], None]) -> None:
        self._on_moved = on_moved
        self._factory: Any = None
        self._originals: list[tuple[type, str, Any]] = []
        self._pushing = False

    @staticmethod
    def _api() -> Any:
        return sys.modules.get("freezegun.api")

    def current(self) -> Any:
        """The innermost of freezegun's frozen times; None if time is not frozen."""
        api = self._api()
        factories = api.freeze_factories if api is not None else None
        return factories[-1] if factories else None

    def entered(self, factory: Any) -> bool:
        """Whether this frozen time is another than the one seen before; remembers it."""
        new = factory is not self._factory
        self._factory = factory
        if new and factory is not None and not self._originals:
            self.watch()
        return new

    @staticmethod
    def read(factory: Any) -> int:
        """The frozen time in nanoseconds, without making an auto-ticking one tick."""
        moment = factory.time_to_freeze
        if hasattr(factory, "start"):  # it ticks along with the real time
            moment = factory()
        # freezegun's datetimes have subclasses and patched constructors: take plain numbers.
        return to_ns(moment)

    def push(self, now: int) -> None:
        """Make the frozen time what the fake's clock says."""
        factory = self.current()
        if factory is None:
            return
        self._pushing = True
        try:
            moment = to_datetime(now).replace(tzinfo=None)
            if hasattr(factory, "start"):
                factory.move_to(moment)
            else:
                factory.time_to_freeze += moment - factory.time_to_freeze
        finally:
            self._pushing = False

    def watch(self) -> None:
        """Learn of `tick` and `move_to` at once, so that polls in other threads wake up."""
        api = self._api()
        if api is None or self._originals:
            return
        for name in _FACTORIES:
            kind = getattr(api, name)
            for method in _METHODS:
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
        """Leave freezegun as it was."""
        for kind, method, original in self._originals:
            setattr(kind, method, original)
        self._originals.clear()


def backwards(now: int, target: int) -> FakeUsageError:
    """The error for a move into the past."""
    distance = timedelta(microseconds=(now - target) // 1000)
    return FakeUsageError(
        f"The clock can not move backwards: it stands at {to_datetime(now).isoformat()}, and "
        f"{to_datetime(target).isoformat()} is {distance} earlier."
    )
