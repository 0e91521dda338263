"""The plugin: hooks and fixtures.

What they do is in `_plugin`, and what is heavy is imported where it is used, so that a suite that
does not use the fixtures pays nothing.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ._plugin.options import (
    ASKED,
    DEFINITIONS,
    WIDER,
    add_options,
    check_reach,
    marked,
    marker_line,
)
from ._plugin.state import (
    AROUND,
    DOUBLES,
    FAILED,
    IN_SUMMARY,
    REGIONS,
    STATE,
    State,
    active,
    doubles_of,
    left_in_error,
    settings_of,
    supply_regions,
)
from .errors import FakeUsageError, together, told_by_message
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from ._explore.explorer import Explore
    from .endpoint import DataPipelineEndpoint
    from .fake import DataPipelineFake
    from .stubber import DataPipelineStubber

__tracebackhide__ = told_by_message

# In place of which datapipeline_client requests no other.
_OTHER_DOUBLES = frozenset({"datapipeline_stubber", *WIDER})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings as ini options, and some as command-line options."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Have clients that a conftest makes when it is imported get a region."""
    supply_regions(early_config)


@pytest.hookimpl(trylast=True)  # after pytest has set its own hook for errors in threads
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, read the options, and guard the network."""
    config.addinivalue_line("markers", marker_line())
    try:
        state = State(config)
        if state.report_folder:
            from ._plugin.asked import write_pages

            write_pages(config, state)
    except FakeUsageError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[STATE] = state
    # Where a conftest names the plugin, that is the first that is heard of it.
    supply_regions(config)
    state.start_guard()
    if config.getini(DEFINITIONS):
        from ._plugin.asked import collect_definitions

        collect_definitions(config, state)
    if state.shared_endpoint:
        from ._plugin.asked import share_endpoint

        share_endpoint(config, state)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Look whether there are definition files, where the suite names some."""
    definitions = session.config.stash[STATE].definitions
    # Workers of pytest-xdist would tell it again.
    if definitions is not None and not hasattr(session.config, "workerinput"):
        from ._plugin.asked import refuse_unmatched

        refuse_unmatched(session.config, definitions)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a definition file, if the suite names it as one."""
    definitions = parent.config.stash[STATE].definitions
    if definitions is None or not definitions.has(file_path):
        return None
    from ._items.collect import definition_file

    return definition_file(file_path, parent)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist of the session's endpoint."""
    state = node.config.stash.get(STATE, None)
    if state is not None and state.shared_url is not None:
        from ._plugin.asked import SHARED_URL

        node.workerinput[SHARED_URL] = state.shared_url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave botocore as it was."""
    if REGIONS in config.stash:
        config.stash[REGIONS].stop()
    if STATE in config.stash:
        config.stash[STATE].close()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Check the marker before anything else of the test runs."""
    state = item.config.stash[STATE]
    state.item = item
    state.refusals()
    item.stash[FAILED] = False
    item.stash[DOUBLES] = []
    left_in_error()
    around = active()
    if around is not None:
        item.stash[AROUND] = (around, around._mark())
    problem = None
    try:
        settings_of(item)
        check_reach(item, getattr(item, "fixturenames", ()))
    except FakeUsageError as error:
        problem = str(error)
    if problem is not None:
        pytest.fail(problem, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed, if it planned what did not come or made calls that it must not."""
    around = active()
    if around is not None and around not in [double for double, *_ in doubles_of(item)]:
        # It was made for this test, as the first that uses it.
        item.stash[AROUND] = (around, around._start)
    result = yield
    refused = item.config.stash[STATE].refusals()
    # Most tests of most suites have neither.
    if refused or doubles_of(item):
        from ._plugin.reports import tell

        tell(item, refused)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """The same for calls that are made after the test, by the fixtures that clean up behind it."""
    state = item.config.stash[STATE]
    try:
        result = yield
        problems = state.refusals()
        if problems and not item.stash[FAILED]:
            pytest.fail(together(problems), pytrace=False)
        return result
    finally:
        state.forget_test()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show in a failed test's report what has happened."""
    # The instance of a RunnerContract knows how to tell of its runner, and one of a decorated class
    # is to know whether its test has failed.
    suite: Any = getattr(item, "instance", None)
    of_runner = call.when == "call" and hasattr(suite, "_datapipeline_opt_out")
    stopped = None
    with contextlib.ExitStack() as stack:
        if call.excinfo is not None and not item.config.getoption("fulltrace"):
            if of_runner:
                stopped = suite._datapipeline_shorten(call.excinfo)
            elif told_by_message(call.excinfo) or (
                doubles_of(item) and hasattr(call.excinfo.value, "operation_name")
            ):
                # An error of ours, or one of the service's that a double has answered.
                from ._plugin.reports import libraries_hidden

                stack.enter_context(libraries_hidden(call.excinfo))
        report = yield
    if of_runner and report.failed:
        from ._plugin.reports import report_runner

        report_runner(report, stopped, suite._datapipeline_opt_out())
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    if report.failed and hasattr(suite, "_datapipeline_test_failed"):
        suite._datapipeline_test_failed()
    left = left_in_error()
    if call.when == "call":
        seen = doubles_of(item)
        if report.failed:
            # By a `with` or a decorator within the test.
            known = [double for double, *_ in seen]
            seen += [(double, 0, ()) for double in left if double not in known]
        for double, made, found in seen:
            from ._plugin.reports import report_double

            report_double(report, call, double, made, found)
        pages = item.config.stash[STATE].pages
        if pages is not None and (report.failed or marked(item).get(ASKED.name, False)):
            pages.add(report, call, [(double, made) for double, made, _ in seen])
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around what prints the reports
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Show timelines in colours, where the terminal has them."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or not (reporter.stats.keys() & {"failed", "error"}):
        return (yield)
    from ._timeline.telling import in_colours

    with in_colours(reporter):
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how often each rule was broken, over all tests, and of what runners have failed."""
    reports = [report for held in terminalreporter.stats.values() for report in held]
    if any(hasattr(report, name) for name in IN_SUMMARY for report in reports):
        from ._plugin.reports import summarize

        summarize(terminalreporter)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a comparison of calls with matchers, or of a pipeline with what it was to run."""
    if "pytest_datapipeline._fake.handles.matching" in sys.modules:
        from ._fake.handles.matching import explain_runs

        told = explain_runs(op, left, right)
        if told is not None:
            return told
    if "pytest_datapipeline._record.calls" not in sys.modules:
        return None
    from ._contract.findings import explain_findings
    from ._record.comparison import explain_comparison

    return explain_comparison(op, left, right) or explain_findings(op, left, right)


@pytest.fixture
def datapipeline_fake(request: pytest.FixtureRequest) -> Iterator[DataPipelineFake]:
    """AWS Data Pipeline in this process: all `datapipeline` clients talk to it, old and new.

    Enqueue tasks for task runners, plan faults, move its clock, and look at the calls.
    """
    fake = _made(request)
    fake.__enter__()
    request.node.stash[DOUBLES].append(fake)
    yield fake
    fake._leave()


def _made(request: pytest.FixtureRequest) -> DataPipelineFake:
    from .fake import DataPipelineFake

    return DataPipelineFake(**settings_of(request.node))


def _wide(request: pytest.FixtureRequest) -> Iterator[DataPipelineFake]:
    """The same as datapipeline_fake for a wider scope, whose marker or ini file has its settings.

    What was planned and not met is an error at the end of that scope. `reset()` empties it.
    """
    fake = _made(request)
    fake.__enter__()
    yield fake
    fake._leave()
    problems = fake._unmet()
    if problems:
        pytest.fail(together(problems), pytrace=False)


class_datapipeline_fake: Any = pytest.fixture(scope="class", name="class_datapipeline_fake")(_wide)
module_datapipeline_fake: Any = pytest.fixture(scope="module", name="module_datapipeline_fake")(
    _wide
)
package_datapipeline_fake: Any = pytest.fixture(scope="package", name="package_datapipeline_fake")(
    _wide
)
session_datapipeline_fake: Any = pytest.fixture(scope="session", name="session_datapipeline_fake")(
    _wide
)


@pytest.fixture
def datapipeline_explore(request: pytest.FixtureRequest) -> Explore:
    """Runs a scenario, a function of a fresh fake, with everything going wrong at every call.

    As `pytest_datapipeline.explore`, with the settings of the test. The command-line option
    --datapipeline-replay makes one of its runs again, alone.
    """
    from ._explore.telling import exploring

    doubles = request.node.stash[DOUBLES]
    return exploring(request, settings_of(request.node), doubles.append)


@pytest.fixture
def datapipeline_endpoint(request: pytest.FixtureRequest) -> Iterator[DataPipelineEndpoint]:
    """The fake of this test behind HTTP on 127.0.0.1, for child processes and other languages.

    That is the fake that the test requests, one of a wider scope included, or else
    datapipeline_fake. The environment leads their clients to it. Needs the extra `endpoint`.
    """
    from .endpoint import DataPipelineEndpoint

    # The innermost answers: that of the test, or else that of the narrowest scope.
    names = ("datapipeline_fake", *WIDER)
    requested = [name for name in names if name in request.fixturenames]
    fake = request.getfixturevalue(requested[0] if requested else names[0])
    shared = request.config.stash[STATE].shared_url
    with DataPipelineEndpoint(fake, shared=shared) as endpoint:
        yield endpoint


@pytest.fixture
def datapipeline_stubber(request: pytest.FixtureRequest) -> Iterator[DataPipelineStubber]:
    """botocore's Stubber for all `datapipeline` clients of this process: a script of answers.

    Answers are given in the order in which they were added; one that is left over fails the test.
    """
    from .stubber import DataPipelineStubber

    region = settings_of(request.node).get("region", "us-east-1")
    stubber = DataPipelineStubber(region=region)
    stubber.activate()
    request.node.stash[DOUBLES].append(stubber)
    yield stubber
    stubber.deactivate()


@pytest.fixture
def datapipeline_client(request: pytest.FixtureRequest) -> Any:
    """A boto3 client as AWS asks for in a task runner: its read time-out is above 90 seconds.

    It talks to the double that the test requests, one of a wider scope included, or else to
    datapipeline_fake. Its region is that of the settings if they name one, else what any other
    client of the process gets.
    """
    if _OTHER_DOUBLES.isdisjoint(request.fixturenames):
        request.getfixturevalue("datapipeline_fake")
    settings = settings_of(request.node)
    state = request.config.stash[STATE]
    if state.clients is None:
        from ._clients.session.kept import KeptClients

        state.clients = KeptClients()
    region = settings.get("region")
    return state.clients.client(region, region or Settings.region)
