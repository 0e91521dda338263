"""The README and the pages of the documentation are true: what they show runs as pasted.

The Python blocks of a page become test modules in one folder, which holds the definition files of
the examples as well. A block with a title is a file of that name, until a later one of that name
takes its place. A command of pytest or of ours is then run with the files that stand there by
now, and what the page shows must come, in that order; `...` stands for anything.
"""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support.inner_pytest import run_here

from pytest_datapipeline.__main__ import _run as run_command

if TYPE_CHECKING:
    from collections.abc import Iterator

# A run of pytest in this process would import these anew, and forget them at its end: yaml's parser
# in C does not bear that, moto would add to botocore's handlers, aiobotocore's classes be others.
pytest.importorskip("yaml")
pytest.importorskip("moto.core")
if find_spec("aiobotocore") is not None:
    import aiobotocore.session  # noqa: F401

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "definitions"
PAGES = sorted(
    [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")],
    key=lambda path: path.relative_to(ROOT),
)
# Why a block is not run stands before it.
_BLOCK = re.compile(
    r"^(?:(?P<bare> *)<!-- not run: .+ -->\n+)?"
    r"^(?P<indent> *)```(?P<language>python|console|json)(?: title=\"(?P<title>[^\"]+)\")?\n"
    r"(?P<text>.*?)^(?P=indent)```$",
    re.M | re.S,
)


class Block(NamedTuple):
    """A piece of code on a page."""

    language: str
    title: str | None
    text: str

    @property
    def commands(self) -> Iterator[tuple[list[str], list[str]]]:
        """The commands of a console block, each with what it prints."""
        for part in re.split(r"^\$ ", self.text, flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            yield shlex.split(command), shown.splitlines()


def blocks(page: Path) -> list[Block]:
    """What a page has run."""
    return [
        Block(found["language"], found["title"], textwrap.dedent(found["text"]))
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))
        if found["bare"] is None
    ]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def lacks(block: Block) -> bool:
    """Whether a block is about a library that is not installed here."""
    return "aiobotocore" in block.text and find_spec("aiobotocore") is None


@pytest.fixture
def folder(pytester: pytest.Pytester) -> Path:
    """A folder with the definition files that pages speak of."""
    reports = json.loads((EXAMPLES / "reports.json").read_text(encoding="utf-8"))
    audited = _with_an_audit(reports)
    template = (EXAMPLES / "template.yaml").read_text(encoding="utf-8")
    pytester.mkdir("pipelines").joinpath("reports.json").write_text(json.dumps(reports))
    pytester.mkdir("templates").joinpath("reports.yaml").write_text(template)
    pytester.path.joinpath("before.json").write_text(json.dumps(reports))
    pytester.path.joinpath("after.json").write_text(json.dumps(audited))
    return pytester.path


def _with_an_audit(reports: dict[str, Any]) -> dict[str, Any]:
    """The same definition with one activity more, before the report."""
    audit = {
        "id": "Audit",
        "type": "ShellCommandActivity",
        "command": "audit --day #{format(@scheduledStartTime, 'YYYY-MM-dd')}",
        "dependsOn": {"ref": "Load"},
    }
    objects = [
        {**held, "dependsOn": {"ref": "Audit"}} if held["id"] == "Report" else held
        for held in reports["objects"]
    ]
    return {**reports, "objects": [*objects, audit]}


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        if any(held.language == "python" and held.title is None for held in blocks(page))
    ],
    ids=name_of,
)
def test_every_python_block_runs(pytester: pytest.Pytester, folder: Path, page: Path) -> None:
    held = [block for block in blocks(page) if block.language == "python" and block.title is None]
    held = [block for block in held if not lacks(block)]
    for number, block in enumerate(held, 1):
        is_test = "def test_" in block.text or "class Test" in block.text
        body = block.text if is_test else f"def test_block():\n    exec({block.text!r}, {{}})\n"
        (folder / f"test_block_{number}.py").write_text(body, encoding="utf-8")

    result = run_here(pytester, "-W", "error")

    outcomes = result.parseoutcomes()
    assert set(outcomes) <= {"passed", "skipped"}
    assert outcomes.get("passed", 0) >= len(held)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(held.title for held in blocks(page))], ids=name_of
)
def test_what_a_page_leads_through_goes_as_it_shows(
    pytester: pytest.Pytester, folder: Path, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compared = 0
    for block in blocks(page):
        if block.title is not None:
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            for command, shown in block.commands:
                if shown and command[0] in ("pytest", "pytest-datapipeline"):
                    assert_shown(shown, printed_by(command, pytester, capsys))
                    compared += 1

    assert compared


def printed_by(
    command: list[str], pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """What a command prints."""
    if command[0] == "pytest":
        return run_here(pytester, "-W", "default", *command[1:]).outlines
    capsys.readouterr()
    run_command(command[1:])
    return capsys.readouterr().out.splitlines()


def assert_shown(shown: list[str], printed: list[str]) -> None:
    """What a page shows is what came, in that order."""
    place = 0
    for line in shown:
        if line.strip() == "...":
            continue
        pattern = re.escape(_plain(line)).replace(re.escape("..."), ".*")
        while place < len(printed) and not re.fullmatch(pattern, _plain(printed[place])):
            place += 1
        assert place < len(printed), f"{line!r} did not come, or not in this order"
        place += 1


def _plain(line: str) -> str:
    """A line without what differs from run to run."""
    return re.sub(r"in \d+\.\d+s", "in 0.10s", " ".join(line.split()))
