"""What is found, as programs read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pytest_datapipeline._check.command import FORMATS, main

FAULTY = """\
[
  {"id": "Default", "scheduleType": "ondemand", "workerGroup": "wg"},
  {"id": "A, B: 100%", "type": "ShellCommandActivity",
   "command": "<&>\\"'",
   "retryDelay": "soon"}
]
"""


@pytest.fixture(autouse=True)
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a b.json").write_text(FAULTY)


def printed(capsys: pytest.CaptureFixture[str], form: str, *more: str) -> str:
    assert main(["a b.json", "--format", form, *more]) == 1
    return capsys.readouterr().out


def test_json_has_errors_warnings_and_advice_apart(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "json"))

    (definition,) = found["definitions"]
    assert definition["file"] == "a b.json"
    assert definition["form"] == "the AWS CLI's format"
    assert definition["errors"] == [
        {
            "rule": "aws-error",
            "text": "INVALID_FIELD_VALUE:  'retryDelay' value 'soon' must be a period such as "
            "'15 minutes' or '1 day'.",
            "line": 5,
            "object": "A, B: 100%",
            "field": "retryDelay",
        }
    ]
    assert [held["rule"] for held in definition["warnings"]] == ["aws-warning", "aws-warning"]
    assert [held["rule"] for held in definition["advice"]] == ["no-failure-alarm"]


def test_sarif_has_a_rule_for_every_result_and_the_level_of_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = json.loads(printed(capsys, "sarif"))

    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = {held["id"]: held for held in run["tool"]["driver"]["rules"]}
    assert {held["ruleId"] for held in run["results"]} <= set(rules)
    assert rules["date-pattern"]["shortDescription"]["text"].startswith("Advice: ")
    levels = {held["ruleId"]: held["level"] for held in run["results"]}
    assert levels == {"aws-error": "error", "aws-warning": "warning", "no-failure-alarm": "note"}
    first: dict[str, Any] = run["results"][0]["locations"][0]
    assert first["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b.json"},
        "region": {"startLine": 5},
    }
    assert first["logicalLocations"][0]["fullyQualifiedName"] == "A, B: 100%.retryDelay"


def test_annotations_of_github_keep_what_would_end_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = printed(capsys, "github").splitlines()

    assert lines[0] == (
        "::error file=a b.json,line=5,title=AWS's validation (aws-error)::A, B: 100%25.retryDelay: "
        "INVALID_FIELD_VALUE:  'retryDelay' value 'soon' must be a period such as '15 minutes' or "
        "'1 day'."
    )
    assert [line.partition(" ")[0] for line in lines] == [
        "::error",
        "::warning",
        "::warning",
        "::notice",
    ]


def test_junit_has_a_failure_for_each_error(capsys: pytest.CaptureFixture[str]) -> None:
    root = ElementTree.fromstring(printed(capsys, "junit"))

    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("a b.json", "4", "1")
    (failure,) = suite.iter("failure")
    assert "retryDelay" in str(failure.text)
    assert [str(held.text).partition(":")[0] for held in suite.iter("system-out")] == [
        "warning",
        "warning",
        "advice",
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_can_say_that_nothing_was_found(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("good.json").write_text('{"objects": []}')

    assert main(["good.json", "--format", form]) == 0

    text = capsys.readouterr().out
    if form in ("json", "sarif"):
        json.loads(text)
    elif form == "junit":
        assert ElementTree.fromstring(text)[0].get("failures") == "0"
