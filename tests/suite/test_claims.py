"""What a runner does not claim is skipped with the reason, and wrong use is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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


def test_the_docs_list_every_claim() -> None:
    page = (Path(__file__).parents[2] / "docs" / "runner_contract.md").read_text(encoding="utf-8")

    assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.M)) == CLAIMS
