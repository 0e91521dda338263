"""What pytest has to do with explorations: the fixture, the option that replays a run, progress."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from ..errors import FakeUsageError
from .exploration import Exploration, ExplorationFailed
from .explorer import Explorer, explore
from .replays import replay_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..fake import DataPipelineFake
    from .explorer import Explore

# What `explore` takes beside the settings of its fakes.
_OF_EXPLORE = frozenset(explore.__kwdefaults__ or ())
# Real seconds before progress is shown.
_PATIENCE = 2.0


def exploring(
    request: pytest.FixtureRequest,
    settings: Mapping[str, Any],
    on_replay: Callable[[DataPipelineFake], object],
) -> Explore:
    """`explore` for one test: with its name, its settings and the run that is to be replayed.

    Args:
        request: of the test.
        settings: of the test.
        on_replay: told of the fake of a replayed run.
    """
    name = request.node.name
    replay = _replay_for(request.config.getoption("datapipeline_replay"), name)
    given = {"name": name, "replay": replay, **settings}

    def explore_for_test(
        scenario: Callable[[DataPipelineFake], object], **options: Any
    ) -> Exploration:
        __tracebackhide__ = True
        asked = {"on_progress": _progress_of(request.config), **given, **options}
        if asked["replay"] is not None:
            return _replayed(scenario, asked, on_replay)
        # The option finds a test's exploration by the test's name.
        test = _from_here(request.node) if asked["name"] == name else None
        try:
            exploration = explore(scenario, **asked)
        except ExplorationFailed as failed:
            failed.exploration.test = test
            raise ExplorationFailed(failed.exploration) from None
        exploration.test = test
        return exploration

    return explore_for_test


def _from_here(item: pytest.Item) -> str:
    """How the command line names a test in the folder in which pytest was started."""
    path, of_file, rest = item.nodeid.partition("::")
    with contextlib.suppress(ValueError):  # Windows: on another drive
        path = os.path.relpath(item.config.rootpath / path, item.config.invocation_params.dir)
    return f"{path}{of_file}{rest}"


def _replayed(
    scenario: Callable[[DataPipelineFake], object],
    asked: Mapping[str, Any],
    on_replay: Callable[[DataPipelineFake], object],
) -> Exploration:
    """Make one run again, whose fake the report of the test tells of."""
    __tracebackhide__ = True
    settings: Any = {key: held for key, held in asked.items() if key not in _OF_EXPLORE}
    explorer = Explorer(scenario, asked["name"], settings)
    explorer.on_fake = on_replay
    explorer.replay(asked["replay"])
    return Exploration(asked["name"], ())


def _replay_for(given: str | None, name: str) -> str | None:
    """The run of a test that is to be made alone; a test that it is not of is skipped."""
    if given is None:
        return None
    problem = None
    try:
        replay = replay_of(given)
    except FakeUsageError as error:
        problem = str(error)
    if problem is not None:
        pytest.fail(f"--datapipeline-replay: {problem}", pytrace=False)
    if replay.name != name:
        pytest.skip(f"--datapipeline-replay is of {replay.name}")
    return given


def _progress_of(config: pytest.Config) -> Callable[[int, int], None]:
    """Writes on a terminal how far an exploration is, where it takes long."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")
    if reporter is None or capture is None or not reporter.isatty:
        return lambda _done, _all: None
    began = time.perf_counter()

    def write(done: int, of: int) -> None:
        if time.perf_counter() - began >= _PATIENCE:
            end = "\r" if done < of else "\n"
            with capture.global_and_fixture_disabled():
                reporter.write(f"exploring: {done} of {of} runs{end}", flush=True)

    return write
