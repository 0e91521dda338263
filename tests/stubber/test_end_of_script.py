"""What a test's end tells of the script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.inner_pytest import run_here

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[[str], pytest.RunResult]:
    """Runs pytest in a process of its own on the given test module."""

    def run(source: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        return run_here(pytester)

    return run


def test_a_response_that_is_left_fails_the_test(run: Callable[[str], pytest.RunResult]) -> None:
    result = run(
        """
        def test_script(datapipeline_stubber, datapipeline_client):
            datapipeline_stubber.add_task("wg")
            datapipeline_stubber.add_response(
                "set_task_status", {}, {"taskId": "t", "taskStatus": "FINISHED"}
            )
            datapipeline_stubber.add_exception("set_task_status", "TaskNotFoundException")
            datapipeline_client.poll_for_task(workerGroup="wg")
        """
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "A response was added and not used: response for set_task_status(taskId='t', "
            "taskStatus='FINISHED').",
            "A response was added and not used: error TaskNotFoundException for "
            "set_task_status(...).",
        ],
        consecutive=True,
    )
    result.stdout.fnmatch_lines(
        ["*AWS Data Pipeline: 1 calls*", "*poll_for_task(workerGroup='wg')*"]
    )


def test_a_script_that_is_played_to_its_end_passes(
    run: Callable[[str], pytest.RunResult],
) -> None:
    run(
        """
        def test_script(datapipeline_stubber, datapipeline_client):
            task_id = datapipeline_stubber.add_task("wg")
            task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
            assert task["taskId"] == task_id
        """
    ).assert_outcomes(passed=1)


def test_a_mismatch_that_was_swallowed_fails_the_test_with_what_differs(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run(
        """
        import threading

        def reports(client):
            try:
                client.set_task_status(taskId="t", taskStatus="FAILED", errorId="E1")
            except Exception:
                pass

        def test_script(datapipeline_stubber, datapipeline_client):
            datapipeline_stubber.add_response(
                "set_task_status", {}, {"taskId": "t", "taskStatus": "FINISHED"}
            )
            thread = threading.Thread(target=reports, args=(datapipeline_client,))
            thread.start()
            thread.join()
        """
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "SetTaskStatus was called with other parameters than expected.",
            "  response for set_task_status(taskId='t', taskStatus='FINISHED'):",
            "    parameters.taskStatus: expected 'FINISHED', got 'FAILED'",
            "    parameters.errorId: expected nothing, got 'E1'",
            "A response was added and not used: response for set_task_status(taskId='t', "
            "taskStatus='FINISHED').",
        ],
        consecutive=True,
    )


def test_a_test_that_fails_anyway_is_not_told_of_responses(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run(
        """
        def test_script(datapipeline_stubber):
            datapipeline_stubber.add_empty_poll()
            assert 1 == 2
        """
    )

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*A response was added*")


def test_a_thread_that_outlives_its_test_is_ended_at_its_next_call(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run(
        """
        import threading
        import boto3

        called, released = threading.Event(), threading.Event()
        threads = []

        def polls():
            client = boto3.client("datapipeline")
            client.poll_for_task(workerGroup="wg")
            called.set()
            released.wait(10)
            client.poll_for_task(workerGroup="wg")

        def test_one(datapipeline_stubber):
            datapipeline_stubber.add_empty_poll()
            threads.append(threading.Thread(target=polls))
            threads[0].start()
            assert called.wait(10)

        def test_two():
            released.set()
            threads[0].join(10)
            assert not threads[0].is_alive()
        """
    )

    result.assert_outcomes(passed=2)
