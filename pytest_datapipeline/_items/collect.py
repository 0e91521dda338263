"""Which files are definitions, and the items of each."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from .._check.command import ignored_rules
from .._definitions.given import ENDING, file_beside, given_beside, in_a_file
from .._definitions.reader import read_all
from .._definitions.reading import give
from .._service.texts import listed
from ..errors import FakeUsageError
from . import snapshots
from .trials import TRIALS, Failure, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .._definitions.reading import Reading

PATTERNS = "datapipeline_definitions"
IGNORED = "datapipeline_ignored_advice"
UPDATE = "datapipeline_update_snapshots"


class Definitions:
    """The files that a suite names as definitions.

    Raises:
        FakeUsageError: the suite ignores a rule of advice that there is none of.
    """

    def __init__(self, config: pytest.Config) -> None:
        ignored_rules(config.getini(IGNORED), IGNORED)
        self._root = config.rootpath if config.inipath is None else config.inipath.parent
        self._given: list[str] = list(config.getini(PATTERNS))
        self._patterns = [_pattern(text) for text in self._given]

    def has(self, path: Path) -> bool:
        """Whether a file is one of them."""
        if not self._patterns or path.name.endswith(ENDING):
            return False
        try:
            name = path.relative_to(self._root).as_posix()
        except ValueError:
            return False
        return any(pattern.fullmatch(name) for pattern in self._patterns)

    def all(self) -> list[str]:
        """All of them that there are."""
        return list(dict.fromkeys(str(path) for text in self._given for path in self._of(text)))

    def unmatched(self) -> list[str]:
        """The patterns that no file matches.

        Raises:
            FakeUsageError: none of them matches any.
        """
        found = [text for text in self._given if not self._of(text)]
        if found == self._given:
            raise FakeUsageError(f"{self.told(found)} Nothing would be tested of definitions.")
        return found

    def told(self, patterns: Sequence[str]) -> str:
        """The sentence on patterns that no file matches."""
        return f"{PATTERNS} has {listed(patterns)}, but no file below {self._root} matches."

    def _of(self, text: str) -> list[Path]:
        """The files that a pattern matches."""
        try:
            found = sorted(self._root.glob(text))
        except (ValueError, NotImplementedError):
            # Empty, or absolute.
            return []
        return [path for path in found if path.is_file() and self.has(path)]


def _pattern(text: str) -> re.Pattern[str]:
    """The pattern of a glob, in which `*` stays within a folder and `**` does not."""
    parts = re.split(r"(\*\*/|\*|\?)", text)
    meant = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meant.get(part, re.escape(part)) for part in parts))


class DefinitionFile(pytest.File):
    """A file with one or more definitions."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        ignored = ignored_rules(self.config.getini(IGNORED), IGNORED)
        try:
            readings = self._readings()
        except FakeUsageError as error:
            # The other tests of the session are not this file's to stop.
            for name in TRIALS:
                text = (
                    str(error) if name == _VALID else f"It cannot be read: see its item {_VALID}."
                )
                yield UnreadableItem.from_parent(self, name=name, text=text)
            return
        for reading in readings:
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

    def _readings(self) -> list[Reading]:
        """The definitions, with the values that stand beside them."""
        file = _shown(self.path)
        values, template = given_beside(file)
        beside = file_beside(file).as_posix()
        readings = read_all(
            file, template_parameters=template, remedy=lambda names: in_a_file(beside, names)
        )
        give(readings, values)
        return readings


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


class UnreadableItem(pytest.Item):
    """A trial of what cannot be read."""

    def __init__(self, *, text: str, **given: Any) -> None:
        super().__init__(**given)
        self._text = text

    def runtest(self) -> None:
        raise Failure(self._text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *given: Any) -> Any:
        """What is wrong; no frames of ours."""
        if isinstance(excinfo.value, Failure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *given)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.nodeid


_VALID = "valid"
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


def definition_file(path: Path, parent: pytest.Collector) -> DefinitionFile:
    """The collector of a definition."""
    return DefinitionFile.from_parent(parent, path=path)
