"""The pages of the documentation, and what stands on them to be run."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "definitions"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    + [page for folder in ("docs", "examples") for page in (ROOT / folder).rglob("*.md")],
    key=lambda path: path.relative_to(ROOT),
)
# Why a block is not run stands before it.
_BLOCK = re.compile(
    r"^(?:(?P<bare> *)<!-- not run: .+ -->\n+)?"
    r"^(?P<indent> *)```(?P<language>[a-z]+)(?: title=\"(?P<title>[^\"]+)\")?\n"
    r"(?P<text>.*?)^(?P=indent)```$",
    re.M | re.S,
)


class Command(NamedTuple):
    """A command of a console block, with what the page says that it prints."""

    text: str
    shown: list[str]

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    @property
    def programs(self) -> list[str]:
        """The program, or all of a pipe."""
        separated = shlex.shlex(self.text, posix=True, punctuation_chars="|")
        separated.whitespace_split = True
        words = list(separated)
        return [word for before, word in zip(["|", *words], words, strict=False) if before == "|"]


class Block(NamedTuple):
    """A piece of code on a page."""

    language: str
    title: str | None
    text: str

    @property
    def commands(self) -> Iterator[Command]:
        for part in re.split(r"^\$ ", self.text, flags=re.M)[1:]:
            lines = part.splitlines()
            length = next(
                number for number in range(1, len(lines) + 1) if _is_whole(lines[:number])
            )
            yield Command("\n".join(lines[:length]), lines[length:])


def _is_whole(lines: list[str]) -> bool:
    """Whether a shell would not ask for a further line."""
    try:
        shlex.split("\n".join(lines))
    except ValueError:
        return False
    return not lines[-1].endswith(("\\", "|"))


def blocks(page: Path) -> list[Block]:
    """What a page has run."""
    return [
        Block(found["language"], found["title"], textwrap.dedent(found["text"]))
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))
        if found["bare"] is None
    ]


def commands(page: Path) -> list[Command]:
    """The commands of all console blocks of a page, in order."""
    return [
        command
        for block in blocks(page)
        if block.language == "console"
        for command in block.commands
    ]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def make_definitions(folder: Path) -> None:
    """The definition files that pages speak of."""
    reports = json.loads((EXAMPLES / "reports.json").read_text(encoding="utf-8"))
    audited = _with_an_audit(reports)
    template = (EXAMPLES / "template.yaml").read_text(encoding="utf-8")
    for name in ("pipelines", "templates"):
        (folder / name).mkdir()
    (folder / "pipelines" / "reports.json").write_text(json.dumps(reports))
    (folder / "templates" / "reports.yaml").write_text(template)
    (folder / "before.json").write_text(json.dumps(reports))
    (folder / "after.json").write_text(json.dumps(audited))


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


def assert_shown(shown: list[str], printed: list[str]) -> None:
    """What a page shows is what came, in that order; `...` stands for anything."""
    place = 0
    for line in shown:
        if line.strip() == "...":
            continue
        pattern = re.escape(_plain(line)).replace(re.escape("..."), ".*")
        while place < len(printed) and not re.fullmatch(pattern, _plain(printed[place])):
            place += 1
        assert place < len(printed), f"{line!r} did not come, or not in this order: {printed}"
        place += 1


def _plain(line: str) -> str:
    """A line without what differs from run to run."""
    return re.sub(r"in \d+\.\d+s", "in 0.10s", " ".join(line.split()))
