"""The rules as a whole: each has a test, a page and words that fit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_datapipeline._contract.rules import CHAPTERS, RULES

ROOT = Path(__file__).parents[2]
TESTS = "".join(
    path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")
)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_met_by_a_test(rule: str) -> None:
    assert f'"{rule}"' in TESTS


def test_every_rule_is_of_a_chapter() -> None:
    homes = {module.__name__ for module in CHAPTERS.values()}

    assert {rule.check.__module__ for rule in RULES.values()} == homes


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_rule_says_what_aws_asks_for_and_what_to_do(rule: object) -> None:
    asked, source, remedy = (getattr(rule, name) for name in ("asked", "source", "remedy"))

    assert re.match(r"[A-Z]|[a-z]+[A-Z]|[a-z]+ [a-z]+ ", asked), asked
    assert not asked.endswith(".")
    assert source
    assert remedy.endswith(".")


def test_the_page_is_up_to_date() -> None:
    script = ROOT / "docs" / "contract.py"

    result = subprocess.run([sys.executable, str(script), "--check"], check=False)

    assert result.returncode == 0, "run: python docs/contract.py"
