"""Makes docs/conformance.md from the rules and from the tests that carry them.

python docs/conformance.py [--check]
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from generated import write

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "conformance.md"
TESTS = ROOT / "tests"

sys.path.insert(0, str(TESTS))

from rules import Choice, Rule, chapters, choices  # noqa: E402  # found by the line above

_HEAD = """# Conformance

What AWS documents of Data Pipeline, or what was observed of it, and the tests that hold the fake to
it. Below, apart from that: what we chose where AWS says nothing, or two things.

<!-- This page is made by `python docs/conformance.py`; the rules stand in `tests/rules`. -->
"""


def carried() -> dict[str, list[str]]:
    """The tests that carry each rule, as `file::test`."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        name = path.relative_to(TESTS).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                if not isinstance(decorator, ast.Call) or not _is_rule(decorator.func):
                    continue
                for argument in decorator.args:
                    assert isinstance(argument, ast.Constant), f"{path}:{node.lineno}"
                    found.setdefault(str(argument.value), []).append(f"{name}::{node.name}")
    return found


def _is_rule(function: ast.expr) -> bool:
    return ast.unparse(function) == "pytest.mark.rule"


def page() -> str:
    """The whole page."""
    tests = carried()
    rules = chapters()
    every = [rule for held in rules.values() for rule in held]
    covered = sum(1 for rule in every if rule.id in tests)
    parts = [_HEAD]
    parts.append(f"{len(every)} rules, {covered} of them carried by tests.\n")
    for title, held in rules.items():
        parts += [f"## {title}\n", "| rule | what AWS does | source | test |", "|---|---|---|---|"]
        parts += [_row(rule, tests.get(rule.id, [])) for rule in held]
        parts.append("")
    parts += ["## Our choices\n", "| what the fake does | why | setting |", "|---|---|---|"]
    parts += [_choice(choice) for choice in choices()]
    return "\n".join(parts) + "\n"


def _row(rule: Rule, tests: list[str]) -> str:
    where = "<br>".join(f"`{name}`" for name in tests) or f"none: {rule.why_not}"
    source = f"{rule.status}: {rule.source}"
    return f"| {rule.id} | {_cell(rule.text)} | {_cell(source)} | {where} |"


def _choice(choice: Choice) -> str:
    setting = f"`{choice.setting}`" if choice.setting else ""
    return f"| {_cell(choice.text)} | {_cell(choice.reason)} | {setting} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(write({PAGE: page()}))
