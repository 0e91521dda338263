"""What the plugin knows of the session, and of the test under way."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from .._clients.hooks import when_imported
from ..settings import ALLOW, GUARD, REPORT, SHARED, Settings
from .options import checked_of, from_config, marked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .._clients.session.guard import Guard, Mode
    from .._clients.session.kept import KeptClients
    from .._clients.session.regions import Regions
    from .._http.router import Router
    from .._items.collect import Definitions
    from .._record.calls import Mark
    from .._timeline.pages import Pages
    from ..endpoint import Variables
    from ..fake import DataPipelineFake
    from ..stubber import DataPipelineStubber

STATE: pytest.StashKey[State] = pytest.StashKey()
REGIONS: pytest.StashKey[FromImport] = pytest.StashKey()
# The doubles that a test's own fixtures have made.
DOUBLES: pytest.StashKey[list[DataPipelineFake | DataPipelineStubber]] = pytest.StashKey()
# A double around a test, of a wider scope, and how many calls it had before the test.
AROUND: pytest.StashKey[tuple[DataPipelineFake, Mark]] = pytest.StashKey()
FAILED: pytest.StashKey[bool] = pytest.StashKey()
# What reports of tests have for the summary: why a runner has stopped, and which rules were broken
# how often. They come from xdist's workers with all their attributes.
STOPPED = "datapipeline_stopped"
FOUND = "datapipeline_findings"
IN_SUMMARY = (STOPPED, FOUND)


class FromImport:
    """Something that is made as soon as a module is imported: a suite that never does pays nothing.

    Args:
        part: the module, which botocore and aiobotocore both have.
    """

    def __init__(self, part: str, make: Callable[[], Guard | Regions]) -> None:
        self._made: Guard | Regions | None = None
        self._make = make
        # Both from the start: one may be in the middle of its import when the other is done.
        self._stop_waiting = [
            when_imported(f"botocore.{part}", lambda module: self._get().on_botocore(module)),
            when_imported(f"aiobotocore.{part}", lambda module: self._get().on_aiobotocore(module)),
        ]

    def _get(self) -> Guard | Regions:
        self._made = self._made or self._make()
        return self._made

    def stop(self) -> None:
        """Leave everything as it was."""
        for stop_waiting in self._stop_waiting:
            stop_waiting()
        if self._made is not None:
            self._made.stop()


class State:
    """The plugin's state for one pytest session."""

    def __init__(self, config: pytest.Config) -> None:
        self.defaults = dict(from_config(config))
        self.allow_real_calls = bool(self.defaults.pop(ALLOW.name, False))
        self.guard_mode: Mode = self.defaults.pop(GUARD.name, GUARD.default)
        self.shared_endpoint = bool(self.defaults.pop(SHARED.name, False))
        self.report_folder = str(self.defaults.pop(REPORT.name, ""))
        self.pages: Pages | None = None
        self.shared_url: str | None = None
        self.variables: Variables | None = None
        self.router: Router | None = None
        self.clients: KeptClients | None = None
        self.item: pytest.Item | None = None
        self.guard: Guard | None = None
        self.definitions: Definitions | None = None
        self._home = threading.current_thread()
        self._guarding: FromImport | None = None

    def start_guard(self) -> None:
        """Guard AWS, as soon as somebody could call it."""
        self._guarding = FromImport("endpoint", self._make_guard)

    def _make_guard(self) -> Guard:
        from .._clients.session.guard import Guard

        self.guard = Guard(self._mode, self._home, self._had_double)
        return self.guard

    def _had_double(self) -> bool:
        """Whether the test under way has made a double."""
        return self.item is not None and bool(self.item.stash.get(DOUBLES, ()))

    def close(self) -> None:
        """Leave botocore and the environment as they were."""
        # A test that was interrupted has no end of its own.
        self.forget_test()
        if self.clients is not None:
            self.clients.close()
        if self._guarding is not None:
            self._guarding.stop()
        if self.variables is not None:
            self.variables.give_back()
        if self.router is not None:
            self.router.stop()

    def refusals(self) -> list[str]:
        """What the guard has refused since the last call."""
        return [] if self.guard is None else self.guard.taken()

    def forget_test(self) -> None:
        """Keep nothing of the test under way, if there is one. pytest keeps every item."""
        item, self.item = self.item, None
        if item is None:
            return
        if DOUBLES in item.stash:
            del item.stash[DOUBLES]
        if AROUND in item.stash:
            del item.stash[AROUND]
        # pytest forgets them itself, but where the test is interrupted.
        (getattr(item, "funcargs", None) or {}).clear()

    def _mode(self) -> Mode:
        """What the guard refuses now: the marker of the test under way wins."""
        given = {} if self.item is None else marked(self.item)
        mode: Mode = given.get(GUARD.name, self.guard_mode)
        if GUARD.name not in given and given.get(ALLOW.name, self.allow_real_calls):
            return "off"
        if mode == "off" and given.get(ALLOW.name) is False:
            return "aws"
        return mode


def supply_regions(config: pytest.Config) -> None:
    """Have clients get a region, as soon as somebody could make one."""
    if REGIONS in config.stash:
        return

    def make() -> Regions:
        from .._clients.session.regions import Regions

        return Regions(lambda: _region_of(config))

    config.stash[REGIONS] = FromImport("session", make)


def _region_of(config: pytest.Config) -> str:
    plugin = config.stash.get(STATE, None)
    if plugin is None:
        return str(config.getini("datapipeline_region") or Settings.region)
    return str(plugin.defaults.get("region", Settings.region))


def active() -> Any:
    """The double that is active, if anybody has used one yet."""
    module = sys.modules.get("pytest_datapipeline._clients.active")
    return None if module is None else module.active()


def left_in_error() -> list[Any]:
    """The doubles that were left because of an error, since this was asked before."""
    module = sys.modules.get("pytest_datapipeline._clients.active")
    return [] if module is None else module.taken_left_in_error()


def doubles_of(
    item: pytest.Item,
) -> list[tuple[DataPipelineFake | DataPipelineStubber, int, Collection[str]]]:
    """The doubles that a test has seen; how many calls each had before it, and what was found."""
    seen: list[tuple[DataPipelineFake | DataPipelineStubber, int, Collection[str]]]
    seen = [(double, 0, ()) for double in item.stash.get(DOUBLES, ())]
    if AROUND in item.stash:
        double, mark = item.stash[AROUND]
        before = double._since(mark)
        seen.append((double, before.made, before.found))
    return seen


def settings_of(node: pytest.Item | Any) -> dict[str, Any]:
    """The settings of a test, after a look at its markers."""
    return {**node.config.stash[STATE].defaults, **checked_of(node)}
