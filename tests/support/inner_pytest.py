"""pytest inside a test: in this process, or in one of its own where that is what is tested."""

from __future__ import annotations

from collections.abc import Callable

import pytest

OURS = "pytest_datapipeline"
# No test of a test run is to depend on the order of its tests. Hypothesis' plugin imports the whole
# of Hypothesis when a session ends, which takes a second.
_WITHOUT = ("-p", "no:randomly", "-p", "no:hypothesispytest")


def run_here(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in this process: a few hundredths of a second."""
    return pytester.runpytest_inprocess(*_WITHOUT, *arguments)


def run_apart(
    pytester: pytest.Pytester, *arguments: str, plugins: tuple[str, ...] = (OURS,)
) -> pytest.RunResult:
    """Run pytest in a process of its own, with these plugins alone: a second or two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        loaded = [part for name in plugins for part in ("-p", name)]
        return pytester.runpytest_subprocess(*loaded, *arguments)


Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs pytest in this process on the given test module."""

    def run(source: str, *arguments: str, ini: str = "") -> pytest.RunResult:
        pytester.makepyfile(source)
        pytester.makeini(f"[pytest]\n{ini}")
        return run_here(pytester, *arguments)

    return run


@pytest.fixture
def run_in_a_process(pytester: pytest.Pytester) -> Run:
    """Runs pytest in a process of its own on the given test module, where no other guard is."""

    def run(
        source: str, *arguments: str, ini: str = "", plugins: tuple[str, ...] = (OURS,)
    ) -> pytest.RunResult:
        pytester.makepyfile(source)
        pytester.makeini(f"[pytest]\n{ini}")
        return run_apart(pytester, *arguments, plugins=plugins)

    return run
