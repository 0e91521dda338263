"""What a test's end tells, and what a failed test's report shows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from support.inner_pytest import run_apart, run_here

if TYPE_CHECKING:
    from pathlib import Path


Run = Callable[..., pytest.RunResult]


CALL = """
    import boto3
    import pytest

    def call():
        client = boto3.client("datapipeline", "us-east-1", aws_access_key_id="a",
                              aws_secret_access_key="b")
        client.list_pipelines()
"""


CLEANS_UP = (
    CALL
    + """
    @pytest.fixture
    def cleans_up():
        yield
        try:
            call()
        except Exception:
            pass
"""
)


def test_a_planned_fault_that_was_not_met_fails_the_test_once(
    run: Run,
) -> None:
    source = """
        def test_faults(datapipeline_fake, datapipeline_client):
            datapipeline_fake.fail("poll_for_task", "throttling")
            datapipeline_fake.fail("set_task_status", "answer_lost", times=2)
            datapipeline_client.report_task_runner_heartbeat(taskrunnerId="tr")
    """

    result = run(source)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "A planned fault was not met: fail(poll_for_task(), 'throttling'): met 0 of 1 times. "
            "No call came that it is for; calls were made to report_task_runner_heartbeat. It "
            "was planned at test_a_planned_fault_that_was_not_met_fails_the_test_once.py:2. Plan "
            "it with optional=True if it need not come.",
            "A planned fault was not met: fail(set_task_status(), 'answer_lost'): met 0 of 2 *",
        ],
        consecutive=True,
    )


def test_what_the_plugin_tells_of_a_test_has_no_traceback_and_no_word_of_one(
    run: Run,
) -> None:
    source = """
        import pytest

        def test_faults(datapipeline_fake):
            datapipeline_fake.fail("poll_for_task", "throttling")

        @pytest.mark.datapipeline(strat="2020-01-01")
        def test_marker(datapipeline_fake):
            pass
    """

    result = run(source)

    result.assert_outcomes(failed=1, errors=1)
    result.stdout.no_fnmatch_line("*raceback entries*")
    result.stdout.no_fnmatch_line("*--full-trace*")


def test_a_test_that_failed_by_itself_is_not_told_of_calls_in_its_teardown(
    run: Run,
) -> None:
    result = run(
        CLEANS_UP
        + """
    def test_call(cleans_up):
        assert False
"""
    )

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*ListPipelines was called on*")


def test_a_test_that_failed_by_itself_is_not_told_of_faults(
    run: Run,
) -> None:
    source = """
        def test_faults(datapipeline_fake):
            datapipeline_fake.fail("poll_for_task", "throttling")
            assert False, "the real reason"
    """

    result = run(source)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("*the real reason*")
    result.stdout.no_fnmatch_line("*A planned fault*")


def test_a_skipped_and_an_expected_failure_stay_what_they_are(
    run: Run,
) -> None:
    source = """
        import pytest

        def test_skips(datapipeline_fake):
            datapipeline_fake.fail("poll_for_task", "throttling")
            pytest.skip("not today")

        @pytest.mark.xfail
        def test_fails(datapipeline_fake):
            datapipeline_fake.fail("poll_for_task", "throttling")
    """

    run(source).assert_outcomes(skipped=1, xfailed=1)


def test_a_failed_test_s_report_shows_its_calls(run: Run) -> None:
    source = """
        import pytest

        @pytest.mark.datapipeline(start="2020-01-01")
        def test_fails(datapipeline_fake, datapipeline_client):
            datapipeline_client.poll_for_task(workerGroup="wg")
            datapipeline_client.poll_for_task(workerGroup="wg")
            assert False
    """

    result = run(source)

    result.stdout.fnmatch_lines(
        [
            "*AWS Data Pipeline: timeline, 2 calls*",
            "  00:01:30*poll_for_task(workerGroup='wg') -> no task, after 90 s",
            "  00:03:00*poll_for_task(workerGroup='wg') -> no task, after 90 s",
        ]
    )


def test_a_failed_comparison_of_calls_is_explained(run: Run) -> None:
    source = """
        import pytest
        from pytest_datapipeline import poll_for_task, set_task_status

        def test_calls(datapipeline_fake, datapipeline_client):
            datapipeline_fake.enqueue("wg")
            task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
            datapipeline_client.set_task_status(taskId=task["taskId"], taskStatus="FAILED")
            assert datapipeline_fake.calls == [
                poll_for_task(workerGroup="wg"), set_task_status(taskStatus="FINISHED"),
            ]
    """

    result = run(source)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E*taskStatus: expected 'FINISHED', got 'FAILED'*")


def test_what_pytest_cuts_from_an_explanation_is_not_the_difference(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest cuts nothing where it takes the machine for a build server.
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    source = """
        from pytest_datapipeline import poll_for_task, set_task_status

        def test_list(datapipeline_fake, datapipeline_client):
            datapipeline_fake.enqueue("wg", *[{}] * 12)
            for _ in range(12):
                task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
            datapipeline_client.set_task_status(taskId=task["taskId"], taskStatus="FAILED")

            assert datapipeline_fake.calls == [
                *[poll_for_task()] * 12, set_task_status(taskStatus="FINISHED")
            ]

        def test_call(datapipeline_fake, datapipeline_client):
            datapipeline_client.poll_for_task(workerGroup="wg")

            assert datapipeline_fake.calls[0] == poll_for_task(workerGroup="other")
    """

    result = run(source)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*the calls are not those expected: 13 made, 13 expected",
            "E*  12 calls as expected",
            "E*! ??:??:?? set_task_status(taskId=*, taskStatus='FAILED') -> {}",
            "E*    parameters.taskStatus: expected 'FINISHED', got 'FAILED'",
            "E*the call is not poll_for_task(workerGroup='other'), but",
            "E*  ??:??:?? poll_for_task(workerGroup='wg') -> {}",
            "E*    parameters.workerGroup: expected 'other', got 'wg'",
        ]
    )


def test_the_same_fake_works_in_a_unittest_suite(run: Run) -> None:
    source = """
        import unittest
        import boto3
        from pytest_datapipeline import DataPipelineFake

        class RunnerTest(unittest.TestCase):
            def setUp(self):
                self.fake = DataPipelineFake(start="2020-01-01")
                self.fake.__enter__()
                self.addCleanup(self.fake.__exit__, None, None, None)

            def test_poll(self):
                task = self.fake.enqueue("wg")
                taken = boto3.client("datapipeline").poll_for_task(workerGroup="wg")
                self.assertEqual(taken["taskObject"]["taskId"], task.task_id)
    """

    run(source).assert_outcomes(passed=1)


def test_without_pytest_the_fake_is_a_context_manager(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pytest_datapipeline import DataPipelineFake\n"
        "import boto3\n"
        "with DataPipelineFake() as fake:\n"
        "    task = fake.enqueue('wg')\n"
        "    boto3.client('datapipeline').poll_for_task(workerGroup='wg')\n"
        "    print(task.task_id is not None, 'pytest' in sys.modules)\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert result.stdout == "True False\n"


def test_a_loop_that_is_stuck_in_a_fixture_s_end_fails_its_own_test_alone(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pytest
        from pytest_datapipeline import DataPipelineFake

        @pytest.fixture
        def cleaned(datapipeline_fake, datapipeline_client):
            yield
            while True:
                datapipeline_client.poll_for_task(workerGroup="wg")

        seen = []

        def test_that_cleans_up_for_ever(datapipeline_fake, cleaned):
            seen.append(datapipeline_fake)

        def test_with_a_fake_of_its_own(datapipeline_fake):
            assert datapipeline_fake not in seen
            assert not datapipeline_fake.calls

        def test_without_a_fixture():
            with DataPipelineFake():
                pass
        """
    )

    result = run_apart(pytester)

    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["E*Stuck: Nothing but empty polls for 1 day, 0:00:00 *"])


def test_a_predicate_that_fails_in_a_planned_fault_fails_the_test(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        from pytest_datapipeline import poll_for_task

        def test_it(datapipeline_fake, datapipeline_client):
            datapipeline_fake.fail(
                poll_for_task(workerGroup=lambda group: group.strtswith("w")), 503, optional=True
            )
            try:
                datapipeline_client.poll_for_task(workerGroup="wg")
            except Exception:
                pass
        """
    )

    result = run_here(pytester)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["The predicate <lambda> fails with AttributeError: *"])


def test_an_error_that_a_client_is_to_get_shows_no_code_of_ours(run: Run) -> None:
    source = """
        def test_closed(datapipeline_fake, datapipeline_client):
            datapipeline_fake.fail("poll_for_task", "connection_dropped", times=9, optional=True)
            datapipeline_client.poll_for_task(workerGroup="reports")
    """

    result = run(source)

    result.stdout.fnmatch_lines(["E * botocore.exceptions.ConnectionClosedError: *"])
    result.stdout.no_fnmatch_line("*interception.py*")


@pytest.mark.parametrize(
    ("planned", "told"),
    [
        ('fail("poll_for_task", "connection_dropped", times=9)', "*ConnectionClosedError: *"),
        ('fail("poll_for_task", "throttling", times=9)', "*ThrottlingException*PollForTask*"),
        ("clock.now()", "*Stuck: Nothing but empty polls*"),
    ],
)
def test_what_a_double_answers_shows_the_line_of_the_call_alone(
    run: Run, planned: str, told: str
) -> None:
    source = f"""
        def test_it(datapipeline_fake, datapipeline_client):
            datapipeline_fake.{planned}
            while True:
                datapipeline_client.poll_for_task(workerGroup="reports")
    """

    result = run(source)

    result.stdout.fnmatch_lines(
        [">*datapipeline_client.poll_for_task(*", f"E *{told}", "test_*.py:4: *"]
    )
    result.stdout.no_fnmatch_line("*botocore*.py:*")


def test_all_of_a_traceback_is_there_for_who_asks(run: Run) -> None:
    source = """
        def test_it(datapipeline_fake, datapipeline_client):
            datapipeline_client.report_task_progress(taskId="none")
    """

    result = run(source, "--full-trace")

    result.stdout.fnmatch_lines(["*botocore*.py:*"])


def test_an_error_without_a_double_shows_all_of_its_traceback(run: Run) -> None:
    source = """
        from botocore.exceptions import ClientError

        def test_it():
            raise ClientError({"Error": {}}, "PollForTask")
    """

    result = run(source)

    result.stdout.fnmatch_lines([">*raise ClientError*"])
