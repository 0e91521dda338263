"""The plugin: fixtures, options, the marker, and what a test's end has to tell.

Everything heavy is imported by the fixtures, so that a suite that does not use them pays nothing.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ._clients.hooks import when_imported
from .errors import FakeUsageError, explained, together, told_by_message
from .settings import (
    ALLOW,
    GUARD,
    OF_SESSION,
    ON_COMMAND_LINE,
    REPORT,
    SHARED,
    Option,
    Settings,
    check_value,
    checked,
    options,
    parse_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator
    from pathlib import Path

    from ._clients.session.guard import Guard, Mode
    from ._clients.session.kept import KeptClients
    from ._clients.session.regions import Regions
    from ._explore.explorer import Explore
    from ._http.router import Router
    from ._items.collect import Definitions
    from ._record.callers import Location
    from ._record.calls import Mark
    from ._timeline.pages import Pages
    from .endpoint import DataPipelineEndpoint, Variables
    from .fake import DataPipelineFake
    from .stubber import DataPipelineStubber

__tracebackhide__ = told_by_message

_MARKER = "datapipeline"
# A test can ask for a page of its own: only the marker has this.
_ASKED = Option("report", False, (), bool, "")
# The key under which workers of pytest-xdist get its URL.
_SHARED_URL = "datapipeline_shared_endpoint"
# In place of which datapipeline_client requests no other.
_OTHER_DOUBLES = frozenset(
    {
        "datapipeline_stubber",
        *(f"{scope}_datapipeline_fake" for scope in ("class", "module", "package", "session")),
    }
)
# A suite that names no definition files pays nothing for them.
_DEFINITIONS = "datapipeline_definitions"
# A long failing test may have made thousands of calls: its report shows the last of them.
_CALLS_IN_REPORT = 40

_config = pytest.StashKey["_Plugin"]()
_regions = pytest.StashKey["_FromImport"]()
_doubles = pytest.StashKey["list[DataPipelineFake | DataPipelineStubber]"]()
# A double around a test, of a wider scope, and how many calls it had before the test.
_around = pytest.StashKey["tuple[DataPipelineFake, Mark]"]()
_failed = pytest.StashKey[bool]()


class _FromImport:
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


class _Plugin:
    """The plugin's state for one pytest session."""

    def __init__(self, config: pytest.Config) -> None:
        self.defaults = dict(_from_config(config))
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
        self._guarding: _FromImport | None = None

    def start_guard(self) -> None:
        """Guard AWS, as soon as somebody could call it."""
        self._guarding = _FromImport("endpoint", self._make_guard)

    def _make_guard(self) -> Guard:
        from ._clients.session.guard import Guard

        self.guard = Guard(self._mode, self._home)
        return self.guard

    def stop_guard(self) -> None:
        """Leave botocore as it was."""
        if self._guarding is not None:
            self._guarding.stop()

    def refusals(self) -> list[str]:
        """What the guard has refused since the last call."""
        return [] if self.guard is None else self.guard.taken()

    def forget_test(self) -> None:
        """Keep nothing of the test under way, if there is one. pytest keeps every item."""
        item, self.item = self.item, None
        if item is None:
            return
        if _doubles in item.stash:
            del item.stash[_doubles]
        if _around in item.stash:
            del item.stash[_around]
        # pytest forgets them itself, but where the test is interrupted.
        (getattr(item, "funcargs", None) or {}).clear()

    def _mode(self) -> Mode:
        """What the guard refuses now: the marker of the test under way wins."""
        marked = {} if self.item is None else _marked(self.item)
        mode: Mode = marked.get(GUARD.name, self.guard_mode)
        if GUARD.name not in marked and marked.get(ALLOW.name, self.allow_real_calls):
            return "off"
        if mode == "off" and marked.get(ALLOW.name) is False:
            return "aws"
        return mode


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings as ini options, and some as command-line options."""
    group = parser.getgroup(_MARKER, "AWS Data Pipeline")
    group.addoption(
        "--datapipeline-replay",
        default=None,
        metavar="RUN",
        help="make one run of an exploration again, as 'test_x::poll_for_task#1=answer_lost'",
    )
    for option in (*options(), *OF_SESSION):
        text = f"{option.help} ({_choices(option)}default: {option.default})"
        if option.default is None:
            text = option.help
        parser.addini(f"datapipeline_{option.name}", f"pytest-datapipeline: {text}", default=None)
        if option.name in ON_COMMAND_LINE:
            flag = f"--datapipeline-{option.name.replace('_', '-')}"
            if option.kind is bool:
                group.addoption(flag, action="store_const", const="true", default=None, help=text)
            else:
                group.addoption(flag, default=None, metavar=option.name.upper(), help=text)
    parser.addini(
        _DEFINITIONS,
        "pytest-datapipeline: definition files that are tests, as pipelines/*.json",
        type="args",
        default=[],
    )
    parser.addini(
        "datapipeline_ignored_advice",
        "pytest-datapipeline: rules of advice that are off for these files",
        type="args",
        default=[],
    )
    group.addoption(
        "--datapipeline-update-snapshots",
        action="store_true",
        default=False,
        help="keep what definition files run beside them, and compare with that from then on",
    )


def _choices(option: Option) -> str:
    return f"{' or '.join(option.choices)}; " if option.choices else ""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Have clients that a conftest makes when it is imported get a region."""
    _supply_regions(early_config)


def _supply_regions(config: pytest.Config) -> None:
    if _regions in config.stash:
        return

    def make() -> Regions:
        from ._clients.session.regions import Regions

        return Regions(lambda: _region_of(config))

    config.stash[_regions] = _FromImport("session", make)


def _region_of(config: pytest.Config) -> str:
    plugin = config.stash.get(_config, None)
    if plugin is None:
        return str(config.getini("datapipeline_region") or Settings.region)
    return str(plugin.defaults.get("region", Settings.region))


@pytest.hookimpl(trylast=True)  # after pytest has set its own hook for errors in threads
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, read the options, and guard the network."""
    marked = (*options(), ALLOW, GUARD, _ASKED)
    names = ", ".join(f"{option.name}={option.default!r}" for option in marked)
    config.addinivalue_line(
        "markers",
        f"{_MARKER}({names}): settings of datapipeline_fake for this test, and which calls that "
        "no fake answers are refused.",
    )
    try:
        plugin = _Plugin(config)
        if plugin.report_folder:
            _write_pages(config, plugin)
    except FakeUsageError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_config] = plugin
    # Where a conftest names the plugin, that is the first that is heard of it.
    _supply_regions(config)
    plugin.start_guard()
    if config.getini(_DEFINITIONS):
        _collect_definitions(config, plugin)
    if plugin.shared_endpoint:
        _share_endpoint(config, plugin)


def _write_pages(config: pytest.Config, plugin: _Plugin) -> None:
    """Have pages written of tests that fail, or ask for one."""
    from ._timeline.pages import Pages, folder_of

    plugin.pages = Pages(config, folder_of(config, plugin.report_folder))
    config.pluginmanager.register(plugin.pages, "datapipeline-pages")


def _collect_definitions(config: pytest.Config, plugin: _Plugin) -> None:
    """Have definition files be collected, outside of the ini option testpaths as well."""
    from ._items.collect import Definitions

    try:
        plugin.definitions = Definitions(config)
    except FakeUsageError as error:
        raise pytest.UsageError(str(error)) from None
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        config.args += [name for name in plugin.definitions.all() if name not in config.args]


def _refuse_unmatched(config: pytest.Config, definitions: Definitions) -> None:
    """Tell of patterns that no definition file matches: what is misspelt would never fail."""
    try:
        unmatched = definitions.unmatched()
        if unmatched:
            warning = pytest.PytestConfigWarning(definitions.told(unmatched))
            config.issue_config_time_warning(warning, stacklevel=2)
    except (FakeUsageError, pytest.PytestConfigWarning) as error:
        raise pytest.UsageError(str(error)) from None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Look whether there are definition files, where the suite names some."""
    definitions = session.config.stash[_config].definitions
    # Workers of pytest-xdist would tell it again.
    if definitions is not None and not hasattr(session.config, "workerinput"):
        _refuse_unmatched(session.config, definitions)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a definition file, if the suite names it as one."""
    definitions = parent.config.stash[_config].definitions
    if definitions is None or not definitions.has(file_path):
        return None
    from ._items.collect import definition_file

    return definition_file(file_path, parent)


def _share_endpoint(config: pytest.Config, plugin: _Plugin) -> None:
    """Start the endpoint of the session; workers of pytest-xdist are given its URL."""
    given = getattr(config, "workerinput", {}).get(_SHARED_URL)
    if given is None:
        try:
            from ._http.router import Router
        except ImportError:
            raise pytest.UsageError(
                explained(
                    "datapipeline_shared_endpoint needs aiohttp, which is not installed: "
                    "pip install 'pytest-datapipeline[endpoint]'.",
                    about="extra-not-installed",
                )
            ) from None
        plugin.router = Router()
        plugin.router.start()
        given = plugin.router.url
    plugin.shared_url = given
    from .endpoint import Variables, leading_to

    # So that processes that are started once for all tests find it.
    plugin.variables = Variables()
    plugin.variables.change(leading_to(given))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist of the session's endpoint."""
    plugin = node.config.stash.get(_config, None)
    if plugin is not None and plugin.shared_url is not None:
        node.workerinput[_SHARED_URL] = plugin.shared_url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave botocore as it was."""
    if _regions in config.stash:
        config.stash[_regions].stop()
    plugin = config.stash.get(_config, None)
    if plugin is not None:
        # A test that was interrupted has no end of its own.
        plugin.forget_test()
        if plugin.clients is not None:
            plugin.clients.close()
        plugin.stop_guard()
        if plugin.variables is not None:
            plugin.variables.give_back()
        if plugin.router is not None:
            plugin.router.stop()


def _from_config(config: pytest.Config) -> Iterator[tuple[str, Any]]:
    for option in (*options(), *OF_SESSION):
        source = f"--datapipeline-{option.name.replace('_', '-')}"
        given = None
        if option.name in ON_COMMAND_LINE:
            given = config.getoption(f"datapipeline_{option.name}")
        if given is None:
            source = f"the ini option datapipeline_{option.name}"
            given = config.getini(f"datapipeline_{option.name}")
        if given is not None and given != "":
            value = parse_text(option, str(given), source)
            check_value(option, value, source)
            yield option.name, value


def _marked(node: pytest.Item | pytest.Collector | Any) -> dict[str, Any]:
    """The arguments of all markers on a test: those of the function win over its module's."""
    found: dict[str, Any] = {}
    for marker in node.iter_markers(_MARKER):
        if marker.args:
            raise FakeUsageError(
                explained(
                    f"@pytest.mark.{_MARKER} takes settings by name, not {marker.args[0]!r}.",
                    about="setting-without-name",
                )
            )
        found = {**marker.kwargs, **found}
    return found


def _settings_of(node: pytest.Item | Any) -> dict[str, Any]:
    marked = _marked(node)
    for option in (ALLOW, GUARD, _ASKED):
        if option.name in marked:
            check_value(option, marked.pop(option.name), f"@pytest.mark.{_MARKER}")
    checked(marked, f"@pytest.mark.{_MARKER}")
    return {**node.config.stash[_config].defaults, **marked}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Check the marker before anything else of the test runs."""
    plugin = item.config.stash[_config]
    plugin.item = item
    plugin.refusals()
    item.stash[_failed] = False
    item.stash[_doubles] = []
    around = _active()
    if around is not None:
        item.stash[_around] = (around, around._mark())
    problem = None
    try:
        _settings_of(item)
    except FakeUsageError as error:
        problem = str(error)
    if problem is not None:
        pytest.fail(problem, pytrace=False)


def _active() -> Any:
    """The double that is active, if anybody has used one yet."""
    module = sys.modules.get("pytest_datapipeline._clients.active")
    return None if module is None else module.active()


def _around_of(item: pytest.Item) -> list[tuple[DataPipelineFake, Mark]]:
    """The double of a wider scope, if there is one, and what is of before the test."""
    if _around not in item.stash:
        return []
    double, mark = item.stash[_around]
    return [(double, double._since(mark))]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed, if it planned what did not come or made calls that it must not."""
    around = _active()
    seen = [*item.stash.get(_doubles, ()), *(double for double, _ in _around_of(item))]
    if around is not None and around not in seen:
        # It was made for this test, as the first that uses it.
        item.stash[_around] = (around, around._start)
    result = yield
    _tell(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """The same for calls that are made after the test, by the fixtures that clean up behind it."""
    plugin = item.config.stash[_config]
    try:
        result = yield
        problems = plugin.refusals()
        if problems and not item.stash[_failed]:
            pytest.fail(together(problems), pytrace=False)
        return result
    finally:
        plugin.forget_test()


def _tell(item: pytest.Item) -> None:
    problems = item.config.stash[_config].refusals()
    for double in item.stash.get(_doubles, ()):
        problems += double._unmet()
    if problems:
        pytest.fail(together(dict.fromkeys(problems)), pytrace=False)
    seen: list[tuple[Any, Collection[str]]]
    seen = [(double, ()) for double in item.stash.get(_doubles, ())]
    seen += [(double, before.found) for double, before in _around_of(item)]
    # Most tests of most suites have none, and to find a test's line takes its time.
    here = _line_of(item) if seen else None
    for double, told in seen:
        double._warn(told, here)


def _line_of(item: pytest.Item) -> Location:
    """Where the test is, for what no line of the user's code is known of."""
    from ._record.callers import Location

    path, line, _ = item.reportinfo()
    return Location(str(path), (line or 0) + 1, item.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show in a failed test's report what has happened."""
    # The instance of a RunnerContract knows how to tell of its runner.
    suite: Any = getattr(item, "instance", None)
    of_runner = call.when == "call" and hasattr(suite, "_datapipeline_opt_out")
    stopped = None
    if of_runner and call.excinfo is not None and not item.config.getoption("fulltrace"):
        stopped = suite._datapipeline_shorten(call.excinfo)
    report = yield
    if of_runner and report.failed:
        _report_runner(report, stopped, suite._datapipeline_opt_out())
    item.stash[_failed] = item.stash.get(_failed, False) or report.failed
    if call.when == "call":
        for double in item.stash.get(_doubles, ()):
            _report(report, call, double, 0, ())
        for double, before in _around_of(item):
            _report(report, call, double, before.made, before.found)
        pages = item.config.stash[_config].pages
        if pages is not None and (report.failed or _marked(item).get(_ASKED.name, False)):
            doubles = [(double, 0) for double in item.stash.get(_doubles, ())]
            around = [(double, before.made) for double, before in _around_of(item)]
            pages.add(report, call, [*doubles, *around])
    return report


def _report_runner(report: pytest.TestReport, stopped: str | None, opt_out: str | None) -> None:
    """Add to the report of a test of RunnerContract where the runner has stopped, for the summary,
    and how to do without the test."""
    # Reports come from xdist's workers with all their attributes.
    report.datapipeline_stopped = stopped or "other reasons"  # type: ignore[attr-defined]
    if opt_out is not None:
        report.sections.append(("RunnerContract", opt_out))


def _report(
    report: pytest.TestReport,
    call: pytest.CallInfo[None],
    double: DataPipelineFake | DataPipelineStubber,
    before: int,
    told: Collection[str],
) -> None:
    """Add what a double saw, and what it found, to the report of a test."""
    if report.failed:
        _report_calls(report, call, double, before)
    found = double._findings()
    if not found:
        return
    from ._contract.findings import Findings
    from ._contract.telling import section, untold

    found = Findings(held for held in found if held.in_a_line() not in told)
    if found:
        # Reports come from xdist's workers with all their attributes.
        report.datapipeline_findings = found.counts  # type: ignore[attr-defined]
        if report.failed:
            found = untold(found, "" if call.excinfo is None else str(call.excinfo.value))
        if report.failed and found:
            title = f"AWS Data Pipeline: {len(found)} finding{'s' if len(found) > 1 else ''}"
            report.sections.append((title, section(found)))


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around what prints the reports
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Show timelines in colours, where the terminal has them."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or not (reporter.stats.keys() & {"failed", "error"}):
        return (yield)
    from ._timeline.telling import in_colours

    with in_colours(reporter):
        return (yield)


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how often each rule was broken, over all tests, and of what runners have failed."""
    stopped = Counter(
        report.datapipeline_stopped
        for report in terminalreporter.stats.get("failed", ())
        if hasattr(report, "datapipeline_stopped")
    )
    if stopped.total() > 1:
        terminalreporter.section("RunnerContract: failures")
        for reason, number in stopped.most_common():
            terminalreporter.line(f"{number} of {stopped.total()}: {reason}")
    tests = {
        report.nodeid: report.datapipeline_findings
        for reports in terminalreporter.stats.values()
        for report in reports
        if hasattr(report, "datapipeline_findings")
    }
    if tests:
        from ._contract.telling import summary

        terminalreporter.section("AWS Data Pipeline: findings")
        for line in summary(tests):
            terminalreporter.line(line)


def _report_calls(
    report: pytest.TestReport,
    call: pytest.CallInfo[None],
    double: DataPipelineFake | DataPipelineStubber,
    before: int,
) -> None:
    """Add what happened after the first `before` calls, and how the pipelines stand."""
    made = double.calls._made - before
    from ._timeline.telling import failure_of, section

    timeline = double._timeline(before, failure_of(call))
    if timeline is not None:
        if timeline:
            report.sections.append(section(timeline, made))
    elif made:
        latest = double.calls._since(before)[-_CALLS_IN_REPORT:]
        title = f"AWS Data Pipeline: {made} calls"
        if len(latest) < made:
            title += f", the last {len(latest)}"
        report.sections.append((title, repr(latest)))
    pipelines = double._pipelines_in_report()
    if pipelines:
        report.sections.append(("AWS Data Pipeline: pipelines", pipelines))
    charts = double._charts_in_report()
    if charts:
        report.sections.append(("AWS Data Pipeline: runs", charts))


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
    request.node.stash[_doubles].append(fake)
    yield fake
    fake._leave()


def _made(request: pytest.FixtureRequest) -> DataPipelineFake:
    from .fake import DataPipelineFake

    return DataPipelineFake(**_settings_of(request.node))


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

    doubles = request.node.stash[_doubles]
    return exploring(request, _settings_of(request.node), doubles.append)


@pytest.fixture
def datapipeline_endpoint(
    request: pytest.FixtureRequest, datapipeline_fake: DataPipelineFake
) -> Iterator[DataPipelineEndpoint]:
    """The fake of this test behind HTTP on 127.0.0.1, for child processes and other languages.

    The environment leads their clients to it. Needs the extra `endpoint`.
    """
    from .endpoint import DataPipelineEndpoint

    shared = request.config.stash[_config].shared_url
    with DataPipelineEndpoint(datapipeline_fake, shared=shared) as endpoint:
        yield endpoint


@pytest.fixture
def datapipeline_stubber(request: pytest.FixtureRequest) -> Iterator[DataPipelineStubber]:
    """botocore's Stubber for all `datapipeline` clients of this process: a script of answers.

    Answers are given in the order in which they were added; one that is left over fails the test.
    """
    from .stubber import DataPipelineStubber

    region = _settings_of(request.node).get("region", "us-east-1")
    stubber = DataPipelineStubber(region=region)
    stubber.activate()
    request.node.stash[_doubles].append(stubber)
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
    settings = _settings_of(request.node)
    plugin = request.config.stash[_config]
    if plugin.clients is None:
        from ._clients.session.kept import KeptClients

        plugin.clients = KeptClients()
    region = settings.get("region")
    return plugin.clients.client(region, region or Settings.region)
