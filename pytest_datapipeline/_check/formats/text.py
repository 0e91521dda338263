"""Verdicts for people: each finding with the line of the file that it is about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..._service.fields import MASK
from ..verdict import ADVICE, ERROR, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..._definitions.place import Place
    from ..verdict import Finding, Verdict

_HEADS = {
    ERROR: "Errors, as AWS's validation has them: the pipeline cannot be activated.",
    WARNING: "Warnings, as AWS's validation has them.",
    ADVICE: "Advice, none of it AWS's (why: pytest-datapipeline explain RULE).",
}
_LONGEST = 160
# A line that holds a secret is not for the log of a build.
_SECRET = re.compile(r'''("\*[^"]+"\s*:\s*)"(?:[^"\\]|\\.)*"''')
_SECRETIVE = "plain-secret"


def as_text(verdicts: Sequence[Verdict]) -> str:
    """What is found, by definition, AWS's apart from ours; the last line counts."""
    lines: list[str] = []
    files: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.findings:
            lines.append(verdict.reading.title)
        for level in (ERROR, WARNING, ADVICE):
            found = verdict.of(level)
            if found:
                lines += ["", f"  {_HEADS[level]}"]
            for finding in found:
                lines += _finding(finding, files)
        if verdict.findings:
            lines.append("")
    lines.append(_sum(verdicts))
    return "\n".join(lines)


def _finding(finding: Finding, files: dict[str, list[str]]) -> Iterator[str]:
    place = finding.place
    where = "line ?" if place.line is None else f"line {place.line}"
    what = ".".join(part for part in (place.object, place.field) if part is not None)
    yield f"    {where}: {f'{what}: ' if what else ''}{finding.text} [{finding.rule}]"
    shown = "" if finding.rule == _SECRETIVE else _line(place, files)
    if shown:
        yield f"      | {shown}"


def _line(place: Place, files: dict[str, list[str]]) -> str:
    if place.file is None or place.line is None:
        return ""
    if place.file not in files:
        try:
            files[place.file] = Path(place.file).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            # Standard input, which is read once.
            files[place.file] = []
    lines = files[place.file]
    text = lines[place.line - 1].strip() if place.line <= len(lines) else ""
    if place.field is not None and place.field.startswith("*"):
        return ""
    text = _SECRET.sub(rf'\1"{MASK}"', text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _sum(verdicts: Sequence[Verdict]) -> str:
    counts = [
        (sum(len(verdict.of(level)) for verdict in verdicts), name)
        for level, name in ((ERROR, "error"), (WARNING, "warning"), (ADVICE, "piece of advice"))
    ]
    told = [f"{count} {_plural(name, count)}" for count, name in counts if count]
    subject = f"{len(verdicts)} {_plural('definition', len(verdicts))}"
    return f"{subject}: {', '.join(told) or 'nothing found'}."


def _plural(name: str, count: int) -> str:
    if count == 1:
        return name
    return name.replace("piece", "pieces") if name.startswith("piece") else f"{name}s"
