"""Every rule that AWS documents or that was observed is carried by a test, or says why not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rules import chapters, choices

from pytest_datapipeline.settings import options

SCRIPT = Path(__file__).parents[2] / "docs" / "conformance.py"


def _carried() -> dict[str, list[str]]:
    namespace: dict[str, object] = {"__file__": str(SCRIPT), "__name__": "conformance_page"}
    # As if it were started: its neighbours are found.
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        exec(compile(SCRIPT.read_text(encoding="utf-8"), str(SCRIPT), "exec"), namespace)
    finally:
        sys.path.remove(str(SCRIPT.parent))
    carried: dict[str, list[str]] = namespace["carried"]()  # type: ignore[operator]  # a function
    return carried


RULES = [rule for held in chapters().values() for rule in held]


def test_every_rule_has_a_test_or_says_why_not() -> None:
    carried = _carried()

    bare = [rule.id for rule in RULES if rule.id not in carried and not rule.why_not]

    assert bare == []


def test_a_rule_that_says_why_it_has_no_test_has_none() -> None:
    carried = _carried()

    both = [rule.id for rule in RULES if rule.id in carried and rule.why_not]

    assert both == []


def test_every_rule_that_a_test_carries_exists_once() -> None:
    ids = [rule.id for rule in RULES]

    assert set(_carried()) <= set(ids)
    assert len(ids) == len(set(ids))


def test_the_settings_that_choices_name_exist() -> None:
    known = {option.name for option in options()}

    assert {choice.setting for choice in choices() if choice.setting} <= known


def test_the_page_is_up_to_date() -> None:
    result = subprocess.run([sys.executable, str(SCRIPT), "--check"], check=False)

    assert result.returncode == 0, "run: python docs/conformance.py"
