"""Verdicts for programs: JSON, SARIF 2.1.0, annotations of GitHub's, and JUnit's XML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from ..advice.rules import RULES
from ..verdict import ADVICE, ERROR, VALIDATION, WARNING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..verdict import Finding, Verdict

_SARIF = {ERROR: "error", WARNING: "warning", ADVICE: "note"}
_GITHUB = {ERROR: "error", WARNING: "warning", ADVICE: "notice"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_PAGE = "docs/advice.md"


def as_json(verdicts: Sequence[Verdict]) -> str:
    """A list of definitions, each with its findings."""
    found = [
        {
            "file": verdict.reading.file,
            "pipeline": verdict.reading.resource,
            "form": verdict.reading.form,
            "errors": [_plain(held) for held in verdict.of(ERROR)],
            "warnings": [_plain(held) for held in verdict.of(WARNING)],
            "advice": [_plain(held) for held in verdict.of(ADVICE)],
        }
        for verdict in verdicts
    ]
    return json.dumps({"definitions": found}, indent=2, ensure_ascii=False)


def _plain(finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "rule": finding.rule,
        "text": finding.text,
        "line": place.line,
        "object": place.object,
        "field": place.field,
    }


def as_sarif(verdicts: Sequence[Verdict]) -> str:
    """SARIF, as code hosts show it beside the code."""
    rules = [
        _sarif_rule(VALIDATION[ERROR], "An error of AWS's validation", _SARIF[ERROR]),
        _sarif_rule(VALIDATION[WARNING], "A warning of AWS's validation", _SARIF[WARNING]),
        *(
            _sarif_rule(rule.id, f"Advice: {rule.title}", _SARIF[ADVICE], rule.reason)
            for rule in RULES
        ),
    ]
    results = [_sarif_result(held) for verdict in verdicts for held in verdict.findings]
    from importlib.metadata import version

    name = "pytest-datapipeline"
    driver = {"name": name, "version": version(name), "rules": rules}
    run = {"tool": {"driver": driver}, "results": results}
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _sarif_rule(rule_id: str, title: str, level: str, reason: str = "") -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": rule_id,
        "shortDescription": {"text": title},
        "defaultConfiguration": {"level": level},
    }
    if reason:
        rule["fullDescription"] = {"text": reason}
        rule["help"] = {"text": f"{reason} See {_PAGE}."}
    return rule


def _sarif_result(finding: Finding) -> dict[str, Any]:
    place = finding.place
    location: dict[str, Any] = {
        "artifactLocation": {"uri": quote((place.file or "definition").replace("\\", "/"))}
    }
    if place.line is not None:
        location["region"] = {"startLine": place.line}
    found: dict[str, Any] = {"physicalLocation": location}
    if place.object is not None:
        found["logicalLocations"] = [
            {"fullyQualifiedName": ".".join(part for part in place[2:] if part), "kind": "object"}
        ]
    return {
        "ruleId": finding.rule,
        "level": _SARIF[finding.level],
        "message": {"text": f"{_named(finding)}{finding.text}"},
        "locations": [found],
    }


def as_github(verdicts: Sequence[Verdict]) -> str:
    """Workflow commands, which GitHub shows as annotations."""
    lines = []
    for verdict in verdicts:
        for finding in verdict.findings:
            place = finding.place
            about = {"file": place.file, "line": place.line, "title": _title(finding)}
            properties = ",".join(
                f"{key}={_property(value)}" for key, value in about.items() if value is not None
            )
            text = _command(f"{_named(finding)}{finding.text}")
            lines.append(f"::{_GITHUB[finding.level]} {properties}::{text}")
    return "\n".join(lines)


def _title(finding: Finding) -> str:
    whose = "advice" if finding.level == ADVICE else "AWS's validation"
    return f"{whose} ({finding.rule})"


def _command(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: object) -> str:
    return _command(str(value)).replace(":", "%3A").replace(",", "%2C")


def as_junit(verdicts: Sequence[Verdict]) -> str:
    """JUnit's XML: a suite for each definition, with a case for each finding, or one that passed.

    Errors fail; what does not fail the command is told in the case's output.
    """
    suites = []
    for verdict in verdicts:
        cases = [_case(verdict, held) for held in verdict.findings]
        cases = cases or [f"    <testcase classname={_attribute(verdict)} name='valid'/>"]
        failures = len(verdict.of(ERROR))
        suites += [
            f"  <testsuite name={_attribute(verdict)} tests='{len(cases)}' failures='{failures}'>",
            *cases,
            "  </testsuite>",
        ]
    body = "\n".join(["<testsuites>", *suites, "</testsuites>"])
    return f"<?xml version='1.0' encoding='utf-8'?>\n{_clean(body)}"


def _case(verdict: Verdict, finding: Finding) -> str:
    name = f"{finding.rule}: {_named(finding)}{finding.text}"
    head = f"    <testcase classname={_attribute(verdict)} name={quoteattr(name[:200])}>"
    text = escape(f"{finding.place}: {finding.text}")
    if finding.level == ERROR:
        inner = f"<failure message={quoteattr(finding.text)}>{text}</failure>"
    else:
        inner = f"<system-out>{finding.level}: {text}</system-out>"
    return f"{head}{inner}</testcase>"


def _attribute(verdict: Verdict) -> str:
    return quoteattr(verdict.reading.title)


def _clean(text: str) -> str:
    """Without the characters that XML cannot have."""
    return "".join(letter for letter in text if letter in "\t\n" or letter >= " ")


def _named(finding: Finding) -> str:
    parts = [part for part in (finding.place.object, finding.place.field) if part is not None]
    return f"{'.'.join(parts)}: " if parts else ""
