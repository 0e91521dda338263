"""A preview as a chart of Mermaid's, and as a page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from support.pipelines import activity, cascading

from pytest_datapipeline._preview.command import main

EXAMPLES = Path(__file__).parents[3] / "examples" / "definitions"
REPORTS = str(EXAMPLES / "reports.json")


def test_mermaid_draws_what_goes_before_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([REPORTS, "--format", "mermaid", "--runs", "1"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "flowchart LR",
        '  n0["Extract<br/>ShellCommandActivity"]',
        '  n1[("Raw<br/>S3DataNode")]',
        '  n2["Load<br/>ShellCommandActivity"]',
        '  n3["Report<br/>ShellCommandActivity"]',
        "  n0 --> n1",
        "  n1 --> n2",
        "  n2 -. dependsOn .-> n3",
    ]


def test_mermaid_takes_any_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "d.json"
    file.write_text(json.dumps(cascading(activity('a "b" [c]; <d>#'))))

    assert main([str(file), "--format", "mermaid"]) == 0

    assert 'n0["a #34;b#34; #91;c#93;#59; #60;d#62;#35;<br/>' in capsys.readouterr().out


class Page(HTMLParser):
    """What a page holds: its tags, its texts, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.loads += [str(value) for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture
def page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    pytest.importorskip("jinja2")

    def made(objects: list[dict[str, Any]], *arguments: str) -> Page:
        file = tmp_path / "d.json"
        file.write_text(json.dumps(objects))
        assert main([str(file), "--format", "html", *arguments]) == 0
        return Page(capsys.readouterr().out)

    return made


def test_a_page_is_one_file_that_loads_nothing_and_runs_nothing(page: Any) -> None:
    found = page(cascading(activity("A")))

    assert found.loads == []
    assert "script" not in found.tags
    assert "link" not in found.tags
    assert found.open == []
    assert not re.search(r"url\((?!#)|@import|https?:", "".join(found.texts))


def test_a_page_shows_a_graph_a_chart_and_each_run(page: Any) -> None:
    objects = cascading(activity("A", command="do #{@scheduledStartTime}"))

    found = page(objects)

    assert found.tags.count("svg") == 2
    text = " ".join(found.texts)
    for shown in ("A", "ShellCommandActivity", "do 2020-01-01T00:00:00", "FINISHED"):
        assert shown in text


def test_failures_are_told_by_signs_and_words_and_patterns(page: Any) -> None:
    objects = cascading(
        activity("A", maximumRetries="1"),
        activity("B", dependsOn={"ref": "A"}, lateAfterTimeout="1 minute"),
    )

    found = page(objects, "--fail", "A")

    text = " ".join(found.texts)
    assert {"✗", "⇊", "L"} <= set(found.texts)
    assert "2 attempts: FAILED at 2020-01-01T00:05:00, FAILED at 2020-01-01T00:20:00" in text
    assert "CASCADE_FAILED: @A_2020-01-01T00:00:00 has failed." in text
    assert found.tags.count("pattern") == 3


def test_what_a_definition_says_is_never_part_of_the_page(page: Any) -> None:
    found = page(cascading(activity("<script>alert(1)</script>", command="<img src=x>")))

    assert "script" not in found.tags
    assert "img" not in found.tags


def test_colours_follow_what_the_reader_prefers(page: Any) -> None:
    style = "".join(page(cascading(activity("A"))).texts)

    assert "prefers-color-scheme: dark" in style
    assert "color-scheme: light dark" in style


def test_a_page_needs_jinja2_and_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)

    assert main([REPORTS, "--format", "html"]) == 2
    assert "pip install 'pytest-datapipeline[report]'" in capsys.readouterr().err
