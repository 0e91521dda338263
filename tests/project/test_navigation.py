"""Whoever looks for one of these finds it by the titles that the navigation shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
NAVIGATION = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]


def titles(held: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each page of the navigation, with all that a reader sees who comes to it."""
    if isinstance(held, list):
        for item in held:
            yield from titles(item, path)
    elif isinstance(held, dict):
        for name, below in held.items():
            yield from titles(below, f"{path} > {name}")
    else:
        heading = re.search(r"^# (.+)$", (ROOT / "docs" / held).read_text(encoding="utf-8"), re.M)
        yield held, f"{path} > {heading[1] if heading else ''}"


@pytest.mark.parametrize(
    ("need", "page"),
    [
        ("empty poll", "how-to/empty_queue.md"),
        ("lose an answer", "how-to/errors.md"),
        ("Cancel a task", "how-to/canceled_tasks.md"),
        ("asyncio runner", "how-to/coroutines.md"),
        ("CloudFormation", "how-to/templates.md"),
        ("Keep moto", "how-to/moto.md"),
        ("Settings", "reference/settings.md"),
        ("Debug a failed test", "how-to/debugging.md"),
        ("race", "how-to/races.md"),
        ("other processes", "how-to/processes.md"),
        ("each test from the same state", "how-to/scopes.md"),
        ("Messages", "messages.md"),
    ],
)
def test_a_need_leads_to_its_page_and_to_no_other(need: str, page: str) -> None:
    found = [held for held, seen in titles(NAVIGATION) if need in seen]

    assert found == [page]
