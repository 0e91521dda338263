"""What contributors rely on: one version, a changelog, the same checks everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pytest_datapipeline

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]


def test_the_changelog_tells_of_this_version_or_of_what_is_to_come() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = re.escape(pytest_datapipeline.__version__)

    assert re.search(rf"^## \[(Unreleased|{version})\]", text, re.M)


def test_the_version_stands_in_one_place() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert 'dynamic = ["readme", "version"]' in text
    assert not re.search(r"^version\s*=", text, re.M)


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda it: it.name)
def test_github_can_read_its_files(path: Path) -> None:
    assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


def test_a_nightly_run_tries_other_examples_than_that_for_a_change() -> None:
    text = (ROOT / ".github" / "workflows" / "search.yml").read_text(encoding="utf-8")
    tox = (ROOT / "tox.ini").read_text(encoding="utf-8")

    step = yaml.safe_load(text)["jobs"]["examples"]["steps"][-1]

    assert step["run"].endswith("tox -e coverage")
    assert step["env"] == {"HYPOTHESIS_SAME": "0"}
    assert "HYPOTHESIS_SAME = {env:HYPOTHESIS_SAME:1}" in tox


def test_the_workflow_runs_what_a_developer_runs() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")

    commands = [
        step["run"] for step in yaml.safe_load(text)["jobs"]["everything"]["steps"] if "run" in step
    ]

    assert commands == ["bash .ci/run"]


@pytest.mark.parametrize("name", ["ci.yml", "search.yml"])
def test_actions_of_a_workflow_are_named_by_commit_and_version(name: str) -> None:
    text = (ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8")

    used = re.findall(r"uses: (.+)$", text, re.M)

    assert used
    assert [
        name for name in used if not re.fullmatch(r"\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+", name)
    ] == []


def test_the_hooks_of_pre_commit_are_those_of_lint() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    lint = (ROOT / "tox.ini").read_text(encoding="utf-8").partition("[testenv:lint]")[2]

    entries = [hook["entry"] for hook in hooks["repos"][0]["hooks"]]

    assert {entry.split()[0] for entry in entries} >= {"ruff", "mypy", "codespell", "lint-imports"}
    assert [entry for entry in entries if f"    {entry.split()[0]}" not in lint] == []


def test_a_bug_report_asks_for_a_test_that_shows_it() -> None:
    form = yaml.safe_load(
        (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8")
    )

    asked = {field["id"]: field["validations"]["required"] for field in form["body"]}

    assert asked["reproduction"]
