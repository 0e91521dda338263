"""The clocks of the test and of the code under test, where they are to go by the fake's."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

from .._service.clock import to_datetime
from ..errors import told_by_message
from .limits import STANDING_STILL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from .timekeeper import Timekeeper

__tracebackhide__ = told_by_message

# freezegun would otherwise freeze the clocks by which pytest times its own phases.
_PYTEST_CLOCKS = ["_pytest.timing", "_pytest.runner", "_pytest.terminal"]


class OwnClocks:
    """Takes over what the test asks for, until it is given back."""

    def __init__(self, timekeeper: Timekeeper) -> None:
        self._time = timekeeper
        self._freezer: Any = None
        self._factory: Any = None
        self._sleepers: list[ModuleType] = []
        self._real_sleep: Any = None

    def freeze(self) -> None:
        """Have freezegun freeze them along with the fake's, unless the test has frozen them."""
        if self._time.frozen.current() is not None:
            return
        import freezegun

        self._freezer = freezegun.freeze_time(
            to_datetime(self._time.clock.now).replace(tzinfo=None), ignore=_PYTEST_CLOCKS
        )
        self._factory = self._freezer.start()
        # freezegun looks up the stack for modules whose clocks it leaves alone. At the bottom of
        # every thread is threading, whose own clocks it has spared by now; so what a runner in a
        # thread reads would be real. The end of the freeze drops the list.
        ignored = freezegun.api.ignore_lists
        ignored[-1] = tuple(name for name in ignored[-1] if name != "threading")

    def take_sleep(self) -> None:
        """Have `time.sleep` take virtual time."""
        real_sleep = time.sleep

        def sleep(seconds: float) -> None:
            # Threads that have nothing to do with the service, such as a test runner's own, sleep.
            if seconds > 0 and self._time.may_be_a_runners():
                self._time.sleep(seconds, lambda: "a sleep")
            else:
                real_sleep(seconds)

        # Modules that took it out of time have it under its own name.
        self._sleepers = [
            module
            for module in list(sys.modules.values())
            if getattr(module, "__dict__", {}).get("sleep") is real_sleep
        ]
        self._real_sleep = real_sleep
        for module in self._sleepers:
            module.sleep = sleep  # type: ignore[attr-defined]  # it has been looked for

    def give_back_sleep(self) -> None:
        """Have `time.sleep` be what it was."""
        for module in self._sleepers:
            module.sleep = self._real_sleep  # type: ignore[attr-defined]  # as before
        self._sleepers.clear()

    def thaw(self) -> None:
        """End the freeze, unless the test has frozen time inside of it and would lose that."""
        if self._freezer is not None:
            import freezegun

            if freezegun.api.freeze_factories[-1] is self._factory:
                self.end()

    def end(self) -> None:
        """End the freeze for good."""
        if self._freezer is not None:
            self._freezer.stop()
            self._freezer = None


@contextmanager
def real_sleep_limited(timekeeper: Timekeeper, namespace: dict[str, Any]) -> Iterator[None]:
    """Have `time.sleep` raise Stuck where the test's thread has slept for the setting `patience`
    while the fake's clock stood still: whatever is to come with time would never come. And where it
    has slept for several times that in all.

    Args:
        namespace: of the code that is run, which may have taken it out of `time`.
    """
    real_sleep = time.sleep
    if not isinstance(real_sleep, BuiltinFunctionType) or real_sleep.__module__ != "time":
        # It takes virtual time, or is somebody's double.
        yield
        return
    home, patience = threading.get_ident(), timekeeper.stalled_seconds
    since, slept, in_all = timekeeper.elapsed, 0.0, 0.0
    longest = STANDING_STILL * patience

    def sleep(seconds: float) -> None:
        nonlocal since, slept, in_all
        if threading.get_ident() != home:
            real_sleep(seconds)
            return
        if timekeeper.elapsed != since:
            since, slept = timekeeper.elapsed, 0.0
        real_sleep(max(0.0, min(seconds, patience - slept, longest - in_all)))
        slept += seconds
        in_all += seconds
        if slept > patience:
            slept = 0.0
            raise timekeeper.limits.too_long_asleep(patience, still=True)
        if in_all > longest:
            in_all = 0.0
            raise timekeeper.limits.too_long_asleep(longest, still=False)

    sleepers = [held for held in (vars(time), namespace) if held.get("sleep") is real_sleep]
    for held in sleepers:
        held["sleep"] = sleep
    try:
        yield
    finally:
        for held in sleepers:
            if held.get("sleep") is sleep:
                held["sleep"] = real_sleep
