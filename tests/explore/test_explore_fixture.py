"""The fixture that explores, and the option that replays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.inner_pytest import Run

SUITE = """
import boto3
from botocore.config import Config

def test_a_runner(datapipeline_explore):
    def scenario(fake):
        print("a run")
        task = fake.enqueue("reports")
        client = boto3.client("datapipeline", config=Config(read_timeout=100))
        held = client.poll_for_task(workerGroup="reports", hostname="me")["taskObject"]
        client.report_task_progress(taskId=held["taskId"])
        client.set_task_status(taskId=held["taskId"], taskStatus="FINISHED")
        task.assert_finished()

    datapipeline_explore(scenario, only=["throttling", "answer_lost"])

def test_another():
    pass
"""
RUN = "test_a_runner::set_task_status#1=throttling"


def test_a_failed_exploration_shows_its_table_and_no_code_of_ours(run: Run) -> None:
    result = run(SUITE)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*test_a_runner: 6 runs of 3 calls: 6 failed",
            "E*poll_for_task#1* 2 tried  FAILED throttling, answer_lost",
            f"E*replay: {RUN}",
        ]
    )
    result.stdout.no_fnmatch_line("*explorer.py*")


def test_the_option_makes_one_run_again_and_shows_where_it_fails(run: Run) -> None:
    result = run(SUITE, "--datapipeline-replay", RUN)

    result.assert_outcomes(passed=1, failed=1)
    assert result.stdout.str().count("\na run") == 1
    result.stdout.fnmatch_lines(["E*ThrottlingException*SetTaskStatus*"])


def test_a_test_that_the_replay_is_not_of_is_skipped(run: Run) -> None:
    result = run(SUITE, "--datapipeline-replay", RUN.replace("test_a_runner", "test_elsewhere"))

    result.assert_outcomes(passed=1, skipped=1)


def test_a_malformed_replay_fails_the_test(run: Run) -> None:
    result = run(SUITE, "--datapipeline-replay", "nonsense")

    result.stdout.fnmatch_lines(["*--datapipeline-replay: 'nonsense' is no replay*"])


@pytest.mark.parametrize(("contract", "outcome"), [("off", "passed"), ("fail", "failed")])
def test_the_settings_of_the_test_are_those_of_each_fake(
    run: Run, contract: str, outcome: str
) -> None:
    suite = """
        import boto3
        import pytest

        @pytest.mark.datapipeline(contract=CONTRACT, start="2020-02-02T00:00:00")
        def test_it(datapipeline_explore):
            def scenario(fake):
                assert fake.clock.now().year == 2020
                fake.enqueue("reports")
                client = boto3.client("datapipeline")
                client.poll_for_task(workerGroup="reports", hostname="me")

            datapipeline_explore(scenario, only=[])
    """

    result = run(suite.replace("CONTRACT", repr(contract)))

    result.assert_outcomes(**{outcome: 1})
