"""The page of definitions is true: its tests pass, and it tells all that the commands take."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.inner_pytest import run_here

from pytest_datapipeline._check.command import main as check
from pytest_datapipeline._items.trials import TRIALS
from pytest_datapipeline._preview.command import main as preview

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "examples" / "definitions"

# A run of pytest in this process would import it anew, which its parser in C does not bear.
pytest.importorskip("yaml")


def test_its_tests_pass(pytester: pytest.Pytester) -> None:
    reports = json.loads((EXAMPLES / "reports.json").read_text(encoding="utf-8"))
    audited = {**reports, "objects": [*reports["objects"], _audit()]}
    template = (EXAMPLES / "template.yaml").read_text(encoding="utf-8")
    pytester.mkdir("pipelines").joinpath("reports.json").write_text(json.dumps(reports))
    pytester.mkdir("templates").joinpath("reports.yaml").write_text(template)
    pytester.path.joinpath("before.json").write_text(json.dumps(reports))
    pytester.path.joinpath("after.json").write_text(json.dumps(audited))
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
    for number, block in enumerate(blocks, 1):
        (pytester.path / f"test_block_{number}.py").write_text(block, encoding="utf-8")

    result = run_here(pytester, "-W", "error")

    assert result.parseoutcomes() == {"passed": len(blocks)}


def _audit() -> dict[str, Any]:
    return {"id": "Audit", "type": "ShellCommandActivity", "command": "audit"}


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
