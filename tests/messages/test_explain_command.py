"""`pytest-datapipeline explain`: what a message or a rule means, in a terminal."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_datapipeline._check.advice.rules import IDS
from pytest_datapipeline._contract.rules import RULES
from pytest_datapipeline._messages.catalog import SECTIONS
from pytest_datapipeline._messages.command import main

if TYPE_CHECKING:
    from collections.abc import Callable

    Explain = Callable[..., str]


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
        "  Read on: docs/how-to/threads.md, docs/explanation/time.md,\n"
        "           docs/messages.md#nobody-moves-time\n"
    )


def test_a_rule_for_task_runners_is_explained(explain: Explain) -> None:
    assert explain("no-hostname") == (
        "no-hostname\n"
        "\n"
        "  AWS:      The host name of a poll is kept on the attempt, for those who look\n"
        "            for its runner (service model of AWS's SDKs, PollForTask; developer\n"
        "            guide, object pages).\n"
        "  Strength: against AWS's advice\n"
        "  Remedy:   Poll with hostname=socket.getfqdn().\n"
        "  Read on:  docs/contract.md#no-hostname, docs/how-to/findings.md\n"
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
        "  Read on:    docs/advice.md#no-retries, docs/definitions.md#check\n"
    )


def test_a_warning_is_explained_together_with_its_rule(explain: Explain) -> None:
    text = explain("short-read-timeout")

    assert text.count("short-read-timeout\n\n  ") == 2
    assert "  ContractWarning: " in text
    assert "  AWS:      " in text


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
    assert sorted(listed) == sorted([*messages, *RULES, *IDS])
    assert [line for line in lines if line in SECTIONS] == list(SECTIONS)
    assert max(map(len, lines)) <= 80


def test_an_unknown_id_exits_with_2_and_suggests_the_nearest(explain: Explain) -> None:
    assert explain("nobody-moves-tim", status=2) == (
        "There is no message or rule 'nobody-moves-tim'. Did you mean 'nobody-moves-time'? "
        "`pytest-datapipeline explain` lists all.\n"
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
