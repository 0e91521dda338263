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
            "E*poll_for_task#1=throttling",
        ]
    )
    result.stdout.no_fnmatch_line("*explorer.py*")


def test_failures_of_one_error_at_one_line_are_told_together(run_in_a_process: Run) -> None:
    suite = SUITE.replace("throttling", "InternalServiceError", 1).replace(
        '"answer_lost"', '"throttling", "503"'
    )

    result = run_in_a_process(suite)

    result.stdout.fnmatch_lines(
        [
            "E*9 runs of 3 calls: 9 failed",
            "E*3 failed with ClientError at test_*.py:9",
            "E*  poll_for_task#1=InternalServiceError",
            "E*    InternalServiceError: An error occurred*",
            "E*    replay: pytest test_*",
            "E*  and poll_for_task#1=throttling, poll_for_task#1=503",
            "E*",
            "E*3 failed with ClientError at test_*.py:10",
        ]
    )


def test_the_replay_is_a_command_to_paste(run: Run) -> None:
    result = run(SUITE)

    name = "test_the_replay_is_a_command_to_paste.py"
    result.stdout.fnmatch_lines(
        [f"E*replay: pytest {name}::test_a_runner --datapipeline-replay='{RUN}'"]
    )


def test_the_replay_is_a_command_to_paste_below_the_root_as_well(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pytester.mkdir("tests")
    pytester.makepyfile(**{"tests/test_below": SUITE})
    monkeypatch.chdir(folder)

    result = run("", "test_below.py", f"--rootdir={pytester.path}")

    result.stdout.fnmatch_lines(
        [f"E*replay: pytest test_below.py::test_a_runner --datapipeline-replay='{RUN}'"]
    )


def test_a_replay_that_fails_has_a_timeline(run: Run) -> None:
    result = run(SUITE, "--datapipeline-replay", RUN)

    result.stdout.fnmatch_lines(["*AWS Data Pipeline: timeline*", "*set_task_status*Throttling*"])


def test_a_finding_of_an_exploration_is_told_at_the_line_of_the_call(
    run_in_a_process: Run,
) -> None:
    suite = """
        import boto3

        def test_it(datapipeline_explore):
            def scenario(fake):
                fake.enqueue("reports")
                client = boto3.client("datapipeline")
                client.poll_for_task(workerGroup="reports", hostname="me")

            datapipeline_explore(scenario, only=["clock_jumps"])
    """

    result = run_in_a_process(suite, ini="filterwarnings = default")

    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*test_*.py:7: ContractWarning: short-read-timeout: *"])


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
