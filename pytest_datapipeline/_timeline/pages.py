"""The folder of pages that `--datapipeline-report` names: one for each test, and an index."""

from __future__ import annotations

import os
import re
import tempfile
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

import pytest

from ..errors import FakeUsageError, explained
from .page import index, page
from .telling import failure_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._contract.findings import Findings
    from .timeline import Timeline

_LONGEST_NAME = 80
# Under which a report carries what the index says of its pages, from xdist's workers too.
_PAGES = "datapipeline_pages"
_NO_PAGE = (
    "No page was written. A test that has a fake gets one if it fails, or asks for it: "
    "@pytest.mark.datapipeline(report=True)."
)


class _Double(Protocol):
    """A fake or a stubber, as far as a page tells of it."""

    def _timeline(self, after: int, failure: str | None) -> Timeline | None: ...
    def _findings(self) -> Findings | tuple[()]: ...
    @property
    def calls(self) -> Any: ...


class _Entry(TypedDict):
    """What the index says of a page."""

    test: str
    outcome: str
    file: str
    calls: int
    events: int
    findings: int


class Pages:
    """A plugin that writes pages.

    Args:
        config: of this run of pytest.
        folder: where they go; it is made where there is none.

    Raises:
        FakeUsageError: there is no Jinja2, or nothing can be written there.
    """

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        if find_spec("jinja2") is None:
            raise FakeUsageError(
                explained(
                    "--datapipeline-report needs Jinja2, which is not installed: "
                    "pip install 'pytest-datapipeline[report]'.",
                    about="extra-not-installed",
                )
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise FakeUsageError(
                f"--datapipeline-report: nothing can be written to the folder {str(folder)!r} "
                f"({error.strerror}). Name one that is yours to write to."
            ) from None
        self._config = config
        self._folder = folder
        self._entries: dict[str, _Entry] = {}
        self._problem: str | None = None

    # -- in the process that runs the test --------------------------------------------------------

    def add(
        self,
        report: pytest.TestReport,
        call: pytest.CallInfo[None],
        doubles: Iterable[tuple[_Double, int]],
    ) -> None:
        """Write the pages of a test.

        Args:
            report: of the test's call.
            call: how that went.
            doubles: the test's fakes, and how many calls each had before.
        """
        failure = failure_of(call) if report.failed else None
        entries: list[_Entry] = []
        for double, before in doubles:
            timeline = double._timeline(before, failure)
            if timeline is not None:
                name = _file_name(report.nodeid, len(entries) + 1)
                entry = self._write(name, report, timeline, double, before, failure)
                if entry is not None:
                    entries.append(entry)
        setattr(report, _PAGES, entries)
        # Where pytest-html is loaded and writes a report.
        html = self._config.getoption("htmlpath", None)
        if html:
            self._link(report, entries, Path(html).absolute().parent)

    def _write(
        self,
        name: str,
        report: pytest.TestReport,
        timeline: Timeline,
        double: _Double,
        before: int,
        failure: str | None,
    ) -> _Entry | None:
        findings = double._findings()
        made = double.calls._made - before
        text = page(
            timeline,
            test=report.nodeid,
            outcome=report.outcome,
            failure=double.calls.hide()(failure or ""),
            calls=made,
            findings=str(findings) if findings else "",
        )
        try:
            (self._folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            report.sections.append(("AWS Data Pipeline: report", f"No page was written: {error}"))
            return None
        return {
            "test": report.nodeid,
            "outcome": report.outcome,
            "file": name,
            "calls": made,
            "events": len(timeline),
            "findings": len(findings),
        }

    def _link(self, report: pytest.TestReport, entries: list[_Entry], here: Path) -> None:
        """Have pytest-html's report lead to the pages."""
        from pytest_html import extras

        for entry in entries:
            target = Path(os.path.relpath(self._folder / entry["file"], here)).as_posix()
            link = extras.url(target, name="AWS Data Pipeline: timeline")
            report.extras = [*getattr(report, "extras", []), link]  # type: ignore[attr-defined]  # pytest-html looks for it

    # -- in the process that the user has started --------------------------------------------------

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of the pages that were written."""
        for entry in getattr(report, _PAGES, ()):
            self._entries[entry["file"]] = entry

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        """Write the index, unless this is one of xdist's workers."""
        if hasattr(self._config, "workerinput"):
            return
        entries = sorted(self._entries.values(), key=lambda entry: entry["test"])
        try:
            (self._folder / "index.html").write_text(index(entries), encoding="utf-8")
        except OSError as error:
            self._problem = f"no index was written: {error}"

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the pages are."""
        terminalreporter.section("AWS Data Pipeline: timelines")
        number = len(self._entries)
        if self._problem is None and number == 0:
            terminalreporter.line(_NO_PAGE)
            return
        pages = f"{number} page{'' if number == 1 else 's'}"
        where = self._problem or (self._folder / "index.html").as_uri()
        terminalreporter.line(f"{pages}: {where}")


def folder_of(config: pytest.Config, given: str) -> Path:
    """The folder that an option names: from where pytest was started, or beside the ini file."""
    on_command_line = config.getoption("datapipeline_report") is not None
    folder = (config.invocation_params.dir if on_command_line else config.rootpath) / given
    # xdist's workers get the options, and may be started elsewhere.
    config.option.datapipeline_report = str(folder)
    return folder


def _file_name(nodeid: str, number: int) -> str:
    """A name for a test's page that no other test's has."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", nodeid).strip("-.")[-_LONGEST_NAME:].strip("-.")
    checksum = zlib.crc32(nodeid.encode(errors="surrogatepass"))
    return f"{readable}-{checksum:08x}{'' if number == 1 else f'-{number}'}.html"
