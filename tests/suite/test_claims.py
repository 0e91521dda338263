"""What a runner does not claim is skipped with the reason, and wrong use is told."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.inner_pytest import OURS

from pytest_datapipeline import FakeUsageError, RunnerContract
from pytest_datapipeline._suite.claims import CLAIMS

if TYPE_CHECKING:
    from support.inner_pytest import Run

SUITE = """
from pytest_datapipeline import RunnerContract
from support.small_runner import SmallRunner

class TestIt(RunnerContract):
    claims = {claims}

    def start(self, fake):
        {start}
"""
START = "return SmallRunner(self.worker_group, fake.clock.now).loop"
SILENT = """import time
        return lambda: [time.sleep(60) for _ in range(10_000)]"""
BROKEN = """
from pytest_datapipeline import RunnerContract

def loop(client):
    while True:
        client.poll_for_task(workerGroup="contract", hostname="me")["nothing"]

class TestIt(RunnerContract):
    def start(self, fake):
        import boto3
        from botocore.config import Config
        client = boto3.client("datapipeline", config=Config(read_timeout=100))
        return lambda: loop(client)
"""


def test_what_is_not_claimed_is_skipped_with_the_reason(run: Run) -> None:
    result = run(
        SUITE.format(claims="RunnerContract.claims - {'heartbeat'}", start=START),
        *("-k", "heartbeats", "-rs"),
    )

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        ["*the runner does not claim 'heartbeat': it calls ReportTaskRunnerHeartbeat*"]
    )


def test_a_task_that_the_runner_does_not_have_is_skipped_with_the_reason(run: Run) -> None:
    result = run(
        SUITE.format(claims="RunnerContract.claims", start=START), *("-k", "for_an_hour", "-rs")
    )

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*the runner has no such task: task(seconds=3600) gave None*"])


def test_an_unknown_claim_is_refused_where_the_class_is_made() -> None:
    with pytest.raises(FakeUsageError, match=r"there is no claim 'hartbeat'.*'heartbeat'"):

        class Claiming(RunnerContract):
            claims = frozenset({"hartbeat"})


def test_claims_are_a_set() -> None:
    with pytest.raises(FakeUsageError, match="it is a set of claims"):

        class Claiming(RunnerContract):
            claims = "heartbeat"  # type: ignore[assignment]  # on purpose


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("return 7", "start() gave 7; it is to give a function that polls forever"),
        ("raise NotImplementedError('not yet')", "not yet"),
        ("return ['false']", "The runner's process ended by itself, with status 1"),
    ],
)
def test_what_is_no_runner_is_told(run: Run, start: str, told: str) -> None:
    result = run(
        SUITE.format(claims="RunnerContract.claims", start=start), "-k", "test_it_finishes_a_task"
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*{told}*"])


def test_nothing_is_left_of_what_a_process_printed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    result = run(
        SUITE.format(
            claims="RunnerContract.claims", start="return ['sh', '-c', 'echo no region; exit 3']"
        ),
        *("-k", "test_it_finishes_a_task"),
    )

    result.stdout.fnmatch_lines(["*with status 3. Its output:*", "*no region*"])
    assert list(tmp_path.iterdir()) == []


def test_the_docs_list_every_claim() -> None:
    page = (Path(__file__).parents[2] / "docs" / "runner_contract.md").read_text(encoding="utf-8")

    assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.M)) == CLAIMS


def test_a_failure_of_what_is_claimed_says_how_to_do_without(run: Run) -> None:
    result = run(
        SUITE.format(claims="RunnerContract.claims", start=SILENT),
        *("-k", "test_it_sends_heartbeats or test_it_has_one_id"),
    )

    result.assert_outcomes(failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "it sent none within an hour",
            "*- RunnerContract -*",
            "*'heartbeat': it calls ReportTaskRunnerHeartbeat*",
            '    claims = RunnerContract.claims - {"heartbeat"}',
        ]
    )
    result.stdout.no_fnmatch_line("*_suite*")


def test_a_fault_that_the_suite_has_planned_is_not_of_what_has_started_pytest(
    pytester: pytest.Pytester,
) -> None:
    suite = pytester.makepyfile(
        BROKEN.replace('["nothing"]', "").replace('"contract"', '"reports"')
    )
    launcher = pytester.mkdir("bin") / "pytest"
    launcher.write_text("import sys, pytest\nsys.exit(pytest.console_main())\n", encoding="utf-8")

    result = pytester.run(
        sys.executable, launcher, "-p", OURS, "-p", "no:randomly", suite, "-k", "throttl"
    )

    result.stdout.fnmatch_lines(["*(a planned fault)*"])
    result.stdout.no_fnmatch_line("*a fault planned at*")


def test_what_is_left_of_few_claims_is_written_out(run: Run) -> None:
    claims = 'frozenset({"heartbeat", "hostname"})'

    result = run(SUITE.format(claims=claims, start=SILENT), "-k", "test_it_sends_heartbeats")

    result.stdout.fnmatch_lines(['    claims = frozenset({"hostname"})'])


def test_where_a_runner_is_stopped_the_lines_of_its_code_alone_are_shown(
    run_in_a_process: Run,
) -> None:
    result = run_in_a_process(BROKEN, "-k", "test_it_finishes_a_task")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_*.py:5: KeyError"])
    result.stdout.no_fnmatch_line("*_suite*")
    result.stdout.no_fnmatch_line("*botocore*py*")


def test_the_session_s_end_groups_failures_by_error_and_line(run_in_a_process: Run) -> None:
    result = run_in_a_process(BROKEN, "-k", "test_it_finishes_a_task or late or sends_heartbeats")

    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        ["*RunnerContract: failures*", "3 of 3: KeyError at test_the_session*.py:5"]
    )
