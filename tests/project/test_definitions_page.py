"""The page of definitions tells all that the commands take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pytest_datapipeline._check.command import main as check
from pytest_datapipeline._items.trials import TRIALS
from pytest_datapipeline._preview.command import main as preview

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [check, preview])
def test_it_tells_every_argument_of_the_commands(
    command: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command(["--help"])
    options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", capsys.readouterr().out, re.M))

    assert [name for name in sorted(options - {"--help"}) if name not in PAGE] == []


def test_it_tells_every_item_of_a_file() -> None:
    assert [name for name in TRIALS if f"| `{name}` |" not in PAGE] == []


def test_the_template_of_the_examples_is_shown_whole() -> None:
    template = (ROOT / "examples" / "definitions" / "template.yaml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "how-to" / "templates.md").read_text(encoding="utf-8")

    assert f'```yaml title="templates/reports.yaml"\n{template}```\n' in page
