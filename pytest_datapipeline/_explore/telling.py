"""What pytest has to do with explorations: the fixture, the option that replays a run, progress."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from ..errors import FakeUsageError
from .explorer import explore
from .replays import replay_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..fake import DataPipelineFake
    from .exploration import Exploration
    from .explorer import Explore

# Real seconds before progress is shown.
_PATIENCE = 2.0


def exploring(request: pytest.FixtureRequest, settings: Mapping[str, Any]) -> Explore:
    """`explore` for one test: with its name, its settings and the run that is to be replayed."""
    name = request.node.name
    replay = _replay_for(request.config.getoption("datapipeline_replay"), name)
    given = {"name": name, "replay": replay, **settings}

    def explore_for_test(
        scenario: Callable[[DataPipelineFake], object], **options: Any
    ) -> Exploration:
        __tracebackhide__ = True
        return explore(
            scenario, **{"on_progress": _progress_of(request.config), **given, **options}
        )

    return explore_for_test


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
