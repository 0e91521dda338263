"""Previews that are kept beside definitions, so that a change of what runs shows in a review."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from .._preview.formats.text import as_table
from .trials import Failure

if TYPE_CHECKING:
    from pathlib import Path

    from .trials import Subject

# As syrupy has them.
FOLDER = "__snapshots__"


def snapshot_of(subject: Subject) -> Path:
    """Where the preview of a definition is kept."""
    resource = subject.reading.resource
    middle = "" if resource is None else f".{resource}"
    return subject.path.parent / FOLDER / f"{subject.path.name}{middle}.preview.txt"


def update(subject: Subject) -> None:
    """Keep what the definition runs now."""
    file = snapshot_of(subject)
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{as_table(subject.preview())}\n", encoding="utf-8")


def compare(subject: Subject) -> None:
    """See whether the definition runs what it ran when its preview was kept.

    Raises:
        Failure: it does not.
    """
    file = snapshot_of(subject)
    before = file.read_text(encoding="utf-8").splitlines()
    after = as_table(subject.preview()).splitlines()
    if before == after:
        return
    lines = difflib.unified_diff(before, after, f"{FOLDER}/{file.name}", "now", lineterm="", n=1)
    raise Failure(
        "\n".join(
            [
                "It runs otherwise than its snapshot tells:",
                *lines,
                "If that is meant, run pytest with --datapipeline-update-snapshots.",
            ]
        )
    )
