"""`pytest-datapipeline explain`: what a message or a rule means, in a terminal."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_datapipeline._check.advice.rules import IDS
from pytest_datapipeline._check.verdict import VALIDATION
from pytest_datapipeline._contract.rules import RULES
from pytest_datapipeline._messages.catalog import SECTIONS
from pytest_datapipeline._messages.command import main
from pytest_datapipeline._messages.explanations import sections
from pytest_datapipeline._messages.pages import HEADINGS, TITLES
from pytest_datapipeline.settings import OF_SESSION, options

if TYPE_CHECKING:
    from collections.abc import Callable

    Explain = Callable[..., str]


PLACES = {
    page
    for held in sections().values()
    for explanation in held
    for page in explanation.pages
    if "#" in page
} | set(HEADINGS)


@pytest.fixture
def explain(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Explain:
    """Runs the command in a terminal of a width; what it prints."""

    def run(*arguments: str, columns: int = 80, status: int = 0) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        assert main(arguments) == status
        printed = capsys.readouterr()
        return printed.err if status else printed.out

    return run


def test_a_message_is_explained(explain: Explain) -> None:
    assert explain("nobody-moves-time") == (
        "nobody-moves-time\n"
        "\n"
        "  Stuck:   Nobody has moved time for ... real seconds, and these wait for it:\n"
        "  Cause:   Threads poll, and the test neither moves time nor waits for them.\n"
        "  Remedy:  `wait_until(task)` on the test's thread, which moves time while all\n"
        "           runners wait; or `clock.advance(seconds)`.\n"
        "  Read on: How to: Test a runner in threads\n"
        "           How time moves\n"
        "           Messages, nobody-moves-time\n"
    )


def test_a_rule_for_task_runners_is_explained(explain: Explain) -> None:
    assert explain("no-hostname") == (
        "no-hostname\n"
        "\n"
        "  AWS:        The host name of a poll is kept on the attempt, for those who look\n"
        "              for its runner (service model of AWS's SDKs, PollForTask;\n"
        "              developer guide, object pages).\n"
        "  Strength:   against AWS's advice\n"
        "  Remedy:     Poll with hostname=socket.getfqdn().\n"
        '  Switch off: `@pytest.mark.datapipeline(ignored_rules=["no-hostname"])`,\n'
        "              or in the ini file `datapipeline_ignored_rules = no-hostname`\n"
        "  Read on:    Rules for runners, no-hostname\n"
        "              How to: See whether a runner does what AWS asks, or turn a rule\n"
        '              off, "A finding that is wrong for my test"\n'
    )


def test_a_rule_of_advice_is_explained(explain: Explain) -> None:
    assert explain("no-retries") == (
        "no-retries\n"
        "\n"
        "  Advice:     An activity that is tried once alone.\n"
        "  Reason:     Networks, S3 and clusters fail now and then. With maximumRetries 0\n"
        "              each such moment fails a run, under cascade with all that depends\n"
        "              on it.\n"
        "  Switch off: `--ignore no-retries`\n"
        "  Read on:    Advice on definitions, no-retries\n"
        '              Check, preview and test definition files, "Check"\n'
    )


def test_a_warning_is_explained_together_with_its_rule(explain: Explain) -> None:
    text = explain("short-read-timeout")

    labels = [line.partition(":")[0].strip() for line in text.splitlines() if line[2:3] != " "]
    assert labels == [
        *("short-read-timeout", "", "ContractWarning", "Cause"),
        *("AWS", "Strength", "Remedy", "Switch off", "Read on"),
    ]


def test_a_setting_is_explained(explain: Explain) -> None:
    assert explain("idle_limit") == (
        "idle_limit\n"
        "\n"
        "  Setting:    Virtual seconds of nothing but empty polls after which a loop is\n"
        "              stopped.\n"
        "  Default:    86400.0\n"
        "  Ini option: datapipeline_idle_limit\n"
        "  Option:     --datapipeline-idle-limit\n"
        "  Read on:    Settings, idle_limit\n"
    )


@pytest.mark.parametrize("name", VALIDATION.values())
def test_what_check_says_of_aws_s_validation_is_explained(explain: Explain, name: str) -> None:
    assert "ValidatePipelineDefinition" in explain(name)


def test_a_section_of_a_page_is_named_by_its_heading(explain: Explain) -> None:
    text = " ".join(explain("template-needs-values").split())

    assert text.endswith(
        "Read on: How to: Test a CloudFormation or Terraform template, "
        '"Give a parameter that a template leaves open" Messages, template-needs-values'
    )


@pytest.mark.parametrize("place", sorted(PLACES))
def test_a_place_in_a_page_is_an_id_or_has_the_heading_that_is_shown(place: str) -> None:
    page, _, anchor = place.partition("#")
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    headings = re.findall(r"^##+ (.*)$", text, re.M)

    if place in HEADINGS:
        assert HEADINGS[place] in headings
        assert re.sub(r"[^\w]+", "-", HEADINGS[place].lower()) == anchor
    else:
        assert anchor in headings or f'<a id="{anchor}">' in text


@pytest.mark.parametrize("place", TITLES)
def test_a_page_is_named_as_in_the_navigation(place: str) -> None:
    docs = Path(__file__).parents[2] / "docs"
    navigation = (docs.parent / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.search(rf"- ([^:\n]+): {re.escape(place)}$", navigation, re.M)
    heading = (docs / place).read_text(encoding="utf-8").partition("# ")[2].splitlines()[0]

    assert TITLES[place] == (heading if named is None else named[1])


def test_several_are_explained_in_turn(explain: Explain) -> None:
    lines = explain("no-retries", "never-activated").splitlines()

    assert [line for line in lines if line and not line.startswith(" ")] == [
        "no-retries",
        "never-activated",
    ]


@pytest.mark.parametrize("columns", [40, 80, 1000])
def test_lines_are_as_wide_as_the_terminal_and_never_hard_to_read(
    explain: Explain, columns: int
) -> None:
    text = explain("no-fake-active", columns=columns)

    widest = max(len(line) for line in text.splitlines() if "docs/" not in line)
    assert columns - 12 < widest <= columns if columns < 100 else 88 < widest <= 100


def test_without_an_id_all_are_listed_by_section(explain: Explain) -> None:
    lines = explain().splitlines()

    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    messages = [message.id for held in SECTIONS.values() for message in held]
    assert listed[: len(messages)] == messages
    settings = [option.name for option in (*options(), *OF_SESSION)]
    assert sorted(listed) == sorted([*messages, *RULES, *IDS, *VALIDATION.values(), *settings])
    assert [line for line in lines if line in SECTIONS] == list(SECTIONS)
    assert max(map(len, lines)) <= 80


def test_an_unknown_id_exits_with_2_and_suggests_the_nearest(explain: Explain) -> None:
    assert explain("nobody-moves-tim", status=2) == (
        "There is no message, rule or setting 'nobody-moves-tim'. "
        "Did you mean 'nobody-moves-time'? `pytest-datapipeline explain` lists all.\n"
    )


def test_it_is_a_command_that_loads_no_other() -> None:
    code = (
        "import sys\n"
        "from pytest_datapipeline.__main__ import _run\n"
        "status = _run(['explain', 'no-fake-active'])\n"
        "heavy = {'aiohttp', 'boto3', 'botocore', 'jinja2', 'pytest', 'yaml'} & set(sys.modules)\n"
        "print(status, sorted(heavy))\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert result.stderr == ""
    assert result.stdout.startswith("no-fake-active\n")
    assert result.stdout.endswith("\n0 []\n")
