"""The README is true: every Python block in it runs as pasted."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from support.inner_pytest import run_here

from pytest_datapipeline.settings import options

if TYPE_CHECKING:
    import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)


def test_every_python_block_runs(pytester: pytest.Pytester) -> None:
    for number, block in enumerate(BLOCKS, 1):
        is_test = "def test_" in block
        if "aiobotocore" in block and find_spec("aiobotocore") is None:
            continue
        body = block if is_test else f"def test_block():\n    exec({block!r}, {{}})\n"
        (pytester.path / f"test_block_{number}.py").write_text(body, encoding="utf-8")

    result = run_here(pytester, "-W", "error")

    outcomes = result.parseoutcomes()
    assert set(outcomes) == {"passed"}
    assert outcomes["passed"] >= len(BLOCKS) - 1


def test_every_setting_is_in_the_table() -> None:
    text = README.read_text(encoding="utf-8")

    missing = [option.name for option in options() if f"| `{option.name}`" not in text]

    assert missing == []


def test_the_links_within_the_page_lead_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.M)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    links = set(re.findall(r"\]\(#([^)]*)\)", text))

    assert links <= anchors
