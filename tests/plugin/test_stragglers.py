"""Threads that outlive their test: none of them meets the next one's world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.inner_pytest import run_apart, run_here

if TYPE_CHECKING:
    import pytest

LEFT_OVER = """
    import threading
    from concurrent.futures import ThreadPoolExecutor
    import boto3
    import pytest
    from botocore.config import Config

    released = threading.Event()
    pool = ThreadPoolExecutor(1)
    kept = []

    def client():
        return boto3.client("datapipeline", "us-east-1", aws_access_key_id="a",
                            aws_secret_access_key="b", config=Config(read_timeout=100))

    def poll():
        return client().poll_for_task(workerGroup="wg").get("taskObject")

    def works():
        poll()
        released.wait(10)
        return poll()
"""


def test_a_thread_that_outlives_its_test_is_ended_at_its_next_call(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import threading
        import boto3

        released = threading.Event()
        threads = []

        def works():
            client = boto3.client("datapipeline")
            task = client.poll_for_task(workerGroup="wg")["taskObject"]
            released.wait(10)
            client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")

        def test_one(datapipeline_fake):
            task = datapipeline_fake.enqueue("wg")
            threads.append(threading.Thread(target=works))
            threads[0].start()
            datapipeline_fake.wait_until(lambda: task.task_id, move_time=False)

        def test_two():
            released.set()
            threads[0].join(10)
            assert not threads[0].is_alive()
        """
    )

    result = run_here(pytester, "-W", "error", "--datapipeline-contract", "off")

    result.assert_outcomes(passed=2)


def test_a_thread_that_outlives_its_test_takes_no_task_of_the_next(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        LEFT_OVER
        + """
    def test_one(datapipeline_fake):
        task = datapipeline_fake.enqueue("wg")
        kept.append(threading.Thread(target=works))
        kept[0].start()
        datapipeline_fake.wait_until(lambda: task.task_id, move_time=False)

    def test_two(datapipeline_fake):
        task = datapipeline_fake.enqueue("wg")
        released.set()
        kept[0].join(10)
        assert not kept[0].is_alive()
        assert task.task_id is None
        assert len(datapipeline_fake.calls) == 0
        """
    )

    result = run_here(pytester, "-W", "error")

    result.assert_outcomes(passed=2)


def test_a_thread_that_comes_to_its_first_call_after_its_test_takes_no_task_of_the_next(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        LEFT_OVER
        + """
    def starts_late():
        released.wait(10)
        poll()

    def test_one(datapipeline_fake):
        kept.append(threading.Thread(target=starts_late))
        kept[0].start()

    def test_two(datapipeline_fake):
        task = datapipeline_fake.enqueue("wg")
        released.set()
        kept[0].join(10)
        assert not kept[0].is_alive()
        assert task.task_id is None
        assert len(datapipeline_fake.calls) == 0
        """
    )

    result = run_here(pytester, "-W", "error")

    result.assert_outcomes(passed=2)


def test_a_thread_that_was_long_silent_before_its_first_call_serves_the_next_test(
    pytester: pytest.Pytester,
) -> None:
    # It may be anybody's, such as one that a fixture for the whole module starts when it is needed.
    pytester.makepyfile(
        LEFT_OVER
        + """
    def starts_late():
        released.wait(10)
        kept.append(poll())

    def test_one(datapipeline_fake):
        thread = threading.Thread(target=starts_late)
        kept.append(thread)
        thread.start()
        datapipeline_fake.work(worker_group="wg")
        datapipeline_fake.wait_until(datapipeline_fake.enqueue("wg"))

    def test_two(datapipeline_fake):
        datapipeline_fake.enqueue("wg")
        released.set()
        kept[0].join(10)
        assert kept[1]["taskId"]
        """
    )

    result = run_here(pytester, "-W", "error")

    result.assert_outcomes(passed=2)


def test_a_thread_that_outlives_its_test_takes_nothing_from_a_script_of_the_next(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        LEFT_OVER
        + """
    def test_one(datapipeline_stubber):
        datapipeline_stubber.add_task()
        taken = threading.Event()
        kept.append(threading.Thread(target=works))
        kept[0].start()
        while not datapipeline_stubber.calls:
            taken.wait(0.01)

    def test_two(datapipeline_stubber):
        datapipeline_stubber.add_task()
        released.set()
        kept[0].join(10)
        assert not kept[0].is_alive()
        assert poll()
        """
    )

    result = run_here(pytester, "-W", "error")

    result.assert_outcomes(passed=2)


def test_a_thread_of_a_pool_that_idled_when_its_test_ended_serves_the_next(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        LEFT_OVER
        + """
    def test_one(datapipeline_fake):
        datapipeline_fake.enqueue("wg")
        assert pool.submit(poll).result(10)

    def test_two(datapipeline_fake):
        datapipeline_fake.enqueue("wg")
        assert pool.submit(poll).result(10)

    def test_three():
        with pytest.raises(AssertionError, match="no fake is active"):
            pool.submit(poll).result(10)
        """
    )

    result = run_apart(pytester, "-W", "error")

    # Recorded as well: the last test fails, and its own assertion does not.
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines("PollForTask was called on AWS Data Pipeline, but no fake is *")


def test_a_thread_of_a_pool_that_was_at_work_when_its_test_ended_loses_that_work_alone(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        LEFT_OVER
        + """
    def test_one(datapipeline_fake):
        task = datapipeline_fake.enqueue("wg")
        kept.append(pool.submit(works))
        datapipeline_fake.wait_until(lambda: task.task_id, move_time=False)

    def test_two(datapipeline_fake):
        task = datapipeline_fake.enqueue("wg")
        released.set()
        with pytest.raises(SystemExit):
            kept[0].result(10)
        assert task.task_id is None
        assert pool.submit(poll).result(10)
        """
    )

    result = run_apart(pytester, "-W", "error")

    result.assert_outcomes(passed=2)
