"""Which files are definitions, and the items of each."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from .._check.command import ignored_rules
from .._definitions.reader import read_all
from .._definitions.tree import json_tree
from .._definitions.values import values_of
from ..errors import FakeUsageError
from . import snapshots
from .trials import TRIALS, Failure, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PATTERNS = "datapipeline_definitions"
IGNORED = "datapipeline_ignored_advice"
UPDATE = "datapipeline_update_snapshots"
# Values stand beside a definition: those of `daily.json` in `daily.values.json`.
VALUES = ".values.json"


class Definitions:
    """The files that a suite names as definitions."""

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.rootpath if config.inipath is None else config.inipath.parent
        self._given: list[str] = list(config.getini(PATTERNS))
        self._patterns = [_pattern(text) for text in self._given]

    def has(self, path: Path) -> bool:
        """Whether a file is one of them."""
        if not self._patterns or path.name.endswith(VALUES):
            return False
        try:
            name = path.relative_to(self._root).as_posix()
        except ValueError:
            return False
        return any(pattern.fullmatch(name) for pattern in self._patterns)

    def all(self) -> list[str]:
        """All of them that there are."""
        found = {path: None for text in self._given for path in sorted(self._root.glob(text))}
        return [str(path) for path in found if path.is_file() and self.has(path)]


def _pattern(text: str) -> re.Pattern[str]:
    """The pattern of a glob, in which `*` stays within a folder and `**` does not."""
    parts = re.split(r"(\*\*/|\*|\?)", text)
    meant = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meant.get(part, re.escape(part)) for part in parts))


class DefinitionFile(pytest.File):
    """A file with one or more definitions."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        values, template = _beside(self.path)
        ignored = ignored_rules(self.config.getini(IGNORED), IGNORED)
        for reading in read_all(_shown(self.path), template_parameters=template):
            reading.give(values)
            # The path as users of pytest see it, wherever the file was read from.
            title = self.nodeid
            if reading.resource is None:
                yield from _items(self, Subject(reading, self.path, title, ignored))
            else:
                title = f"{title} ({reading.resource})"
                yield PipelineOfTemplate.from_parent(
                    self,
                    name=reading.resource,
                    subject=Subject(reading, self.path, title, ignored),
                )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *given: Any) -> Any:
        """A file that cannot be read is told of in a sentence."""
        if isinstance(excinfo.value, FakeUsageError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *given)


class PipelineOfTemplate(pytest.Collector):
    """One of a template's pipelines."""

    def __init__(self, *, subject: Subject, **given: Any) -> None:
        super().__init__(**given)
        self._subject = subject

    def collect(self) -> Iterator[pytest.Item]:
        yield from _items(self, self._subject)


class DefinitionItem(pytest.Item):
    """A trial of a definition."""

    def __init__(self, *, subject: Subject, **given: Any) -> None:
        super().__init__(**given)
        self.subject = subject

    def runtest(self) -> None:
        if self.name != _SNAPSHOT:
            TRIALS[self.name](self.subject)
        elif self.config.getoption(UPDATE):
            snapshots.update(self.subject)
        else:
            snapshots.compare(self.subject)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *given: Any) -> Any:
        """What was found, and where; no frames of ours."""
        if isinstance(excinfo.value, (Failure, FakeUsageError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *given)

    def reportinfo(self) -> tuple[Path, int, str]:
        line = self.subject.reading.place().line
        return self.path, 0 if line is None else line - 1, f"{self.subject.title}: {self.name}"


_SNAPSHOT = "snapshot"


def _items(parent: pytest.Collector, subject: Subject) -> Iterator[DefinitionItem]:
    names: Sequence[str] = list(TRIALS)
    if parent.config.getoption(UPDATE) or snapshots.snapshot_of(subject).exists():
        names = [*names, _SNAPSHOT]
    for name in names:
        yield DefinitionItem.from_parent(parent, name=name, subject=subject)


def _shown(path: Path) -> str:
    """The path as it is read in reports, from the current folder."""
    try:
        return os.path.relpath(path)
    except ValueError:
        # On another drive of Windows.
        return str(path)


def _beside(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values and template parameters that stand beside a file.

    Raises:
        FakeUsageError: there is such a file, but it holds none.
    """
    file = path.with_name(f"{path.stem}{VALUES}")
    if not file.exists():
        return {}, {}
    tree = json_tree(file.read_text(encoding="utf-8"), str(file))
    template = tree.data.get("templateParameters") if isinstance(tree.data, dict) else None
    if template is not None and not isinstance(template, dict):
        raise FakeUsageError(f'{file}: "templateParameters" must be a mapping.')
    if template is not None and "values" not in tree.data:
        return {}, template
    return values_of(tree), template or {}


def definition_file(path: Path, parent: pytest.Collector) -> DefinitionFile:
    """The collector of a definition."""
    return DefinitionFile.from_parent(parent, path=path)
