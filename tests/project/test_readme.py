"""The README is short and true: its links lead somewhere, and what it shows came of a real run."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.inner_pytest import Run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEBUGGING = ROOT / "docs" / "how-to" / "debugging.md"


def test_it_is_read_in_a_minute() -> None:
    assert len(README.splitlines()) <= 150


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_its_badges_say_what_pyproject_says() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has none")
    script: Any = runpy.run_path(str(ROOT / "docs" / "badges.py"))

    made = script["badges"](tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")))

    assert f"{script['line'](made)}\n" in README.splitlines(keepends=True)
    for name, badge in made.items():
        picture = (script["FOLDER"] / f"{name}.svg").read_text(encoding="utf-8")
        assert picture == script["picture"](badge), "python docs/badges.py makes them anew"


def test_the_failed_test_that_it_shows_is_the_one_that_is_run() -> None:
    (shown,) = re.findall(r"^```text\n(.*?)^```", README, re.M | re.S)

    lines = DEBUGGING.read_text(encoding="utf-8").splitlines()

    assert [line for line in shown.splitlines() if line not in lines] == []


def test_the_runner_of_its_first_test_gives_no_finding(run: Run) -> None:
    (first, *_) = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)

    result = run(first)

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*findings*")
