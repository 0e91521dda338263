"""What the plugin adds to the reports of tests, and to the end of a run."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from ..errors import together
from .state import DOUBLES, FOUND, STOPPED, doubles_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .._record.callers import Location
    from ..fake import DataPipelineFake
    from ..stubber import DataPipelineStubber

# A long failing test may have made thousands of calls: its report shows the last of them.
_CALLS_IN_REPORT = 40
_LIBRARIES = frozenset({"aiobotocore", "boto3", "botocore"})


def tell(item: pytest.Item, refused: list[str]) -> None:
    """Fail a test whose plan was not met, or whose calls were refused; warn of what was found."""
    problems = [*refused]
    for double in item.stash.get(DOUBLES, ()):
        problems += double._unmet()
    if problems:
        pytest.fail(together(dict.fromkeys(problems)), pytrace=False)
    for double, _, told in doubles_of(item):
        double._warn(told, _line_of(item))


def _line_of(item: pytest.Item) -> Location:
    """Where the test is, for what no line of the user's code is known of."""
    from .._record.callers import Location

    path, line, _ = item.reportinfo()
    return Location(str(path), (line or 0) + 1, item.name)


@contextlib.contextmanager
def libraries_hidden(excinfo: pytest.ExceptionInfo[BaseException]) -> Iterator[None]:
    """Have a report leave the frames of clients' libraries out, which say nothing of what a double
    answers."""
    libraries = {
        name: entry.frame.f_globals
        for entry in excinfo.traceback
        if (name := str(entry.frame.f_globals.get("__name__"))).partition(".")[0] in _LIBRARIES
    }
    for namespace in libraries.values():
        namespace["__tracebackhide__"] = True
    yield
    for namespace in libraries.values():
        namespace.pop("__tracebackhide__", None)


def report_runner(report: pytest.TestReport, stopped: str | None, opt_out: str | None) -> None:
    """Add to the report of a test of RunnerContract where the runner has stopped, for the summary,
    and how to do without the test."""
    setattr(report, STOPPED, stopped or "other reasons")
    if opt_out is not None:
        report.sections.append(("RunnerContract", opt_out))


def report_double(
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
    from .._contract.findings import Findings
    from .._contract.telling import section, untold

    found = Findings(held for held in found if held.in_a_line() not in told)
    if found:
        setattr(report, FOUND, found.counts)
        if report.failed:
            found = untold(found, "" if call.excinfo is None else str(call.excinfo.value))
        if report.failed and found:
            title = f"AWS Data Pipeline: {len(found)} finding{'s' if len(found) > 1 else ''}"
            report.sections.append((title, section(found)))


def _report_calls(
    report: pytest.TestReport,
    call: pytest.CallInfo[None],
    double: DataPipelineFake | DataPipelineStubber,
    before: int,
) -> None:
    """Add what happened after the first `before` calls, and how the pipelines stand."""
    made = double.calls._made - before
    from .._timeline.telling import failure_of, section

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
    forgotten = double._never_awaited()
    if forgotten:
        report.sections.append(("AWS Data Pipeline: never awaited", together(forgotten)))
    pipelines = double._pipelines_in_report()
    if pipelines:
        report.sections.append(("AWS Data Pipeline: pipelines", pipelines))
    charts = double._charts_in_report()
    if charts:
        report.sections.append(("AWS Data Pipeline: runs", charts))


def summarize(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how often each rule was broken, over all tests, and of what runners have failed."""
    stopped = Counter(
        getattr(report, STOPPED)
        for report in terminalreporter.stats.get("failed", ())
        if hasattr(report, STOPPED)
    )
    if stopped.total() > 1:
        terminalreporter.section("RunnerContract: failures")
        for reason, number in stopped.most_common():
            terminalreporter.line(f"{number} of {stopped.total()}: {reason}")
    tests = {
        report.nodeid: getattr(report, FOUND)
        for reports in terminalreporter.stats.values()
        for report in reports
        if hasattr(report, FOUND)
    }
    if tests:
        from .._contract.telling import summary

        terminalreporter.section("AWS Data Pipeline: findings")
        for line in summary(tests):
            terminalreporter.line(line)
