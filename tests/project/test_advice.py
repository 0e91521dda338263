"""The page of advice is what the rules say, and each rule has a test of what it finds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_datapipeline._check.advice.rules import IDS

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date() -> None:
    script = ROOT / "docs" / "advice.py"

    result = subprocess.run([sys.executable, str(script), "--check"], check=False)

    assert result.returncode == 0, "run: python docs/advice.py"


def test_every_rule_has_a_test() -> None:
    tests = ROOT / "tests" / "check" / "advice" / "test_rules_of_advice.py"
    text = tests.read_text(encoding="utf-8")

    assert set(re.findall(r'"([a-z0-9-]+)"', text)) >= set(IDS)


def test_no_two_rules_have_one_id() -> None:
    assert len(IDS) == len(set(IDS))


def test_the_hook_of_pre_commit_runs_the_command() -> None:
    yaml = pytest.importorskip("yaml")

    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    assert hook["id"] == "datapipeline-definitions"
    assert hook["entry"] == "pytest-datapipeline check"
