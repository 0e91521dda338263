"""Threads that outlive their test: none of them meets the next one's world."""

from __future__ import annotations

import pytest
from support.inner_pytest import run_apart, run_here

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
    # A thread that waits for a lock looks like one that is at work.
    at_work = threading.Lock()
    at_work.acquire()

    def starts_late():
        with at_work:
            poll()

    def test_one(datapipeline_fake):
        kept.append(threading.Thread(target=starts_late))
        kept[0].start()

    def test_two(datapipeline_fake):
        task = datapipeline_fake.enqueue("wg")
        at_work.release()
        kept[0].join(10)
        assert not kept[0].is_alive()
        assert task.task_id is None
        assert len(datapipeline_fake.calls) == 0
        """
    )

    result = run_here(pytester, "-W", "error")

    result.assert_outcomes(passed=2)


WAITS_FOR_WORK = {
    "a queue": """
    import queue

    given, answers = queue.Queue(), queue.Queue()

    def serve():
        while True:
            answers.put(given.get(timeout=10)())

    thread = threading.Thread(target=serve, daemon=True)

    def call(function):
        if not thread.ident:
            thread.start()
        given.put(function)
        return answers.get(timeout=10)
    """,
    "a pool": """
    from multiprocessing.pool import ThreadPool

    pools = []

    def call(function):
        if not pools:
            pools.append(ThreadPool(1))
        return pools[0].apply_async(function).get(timeout=10)
    """,
    "a loop": """
    import asyncio

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)

    async def called(function):
        return function()

    def call(function):
        if not thread.ident:
            thread.start()
        return asyncio.run_coroutine_threadsafe(called(function), loop).result(10)
    """,
}


@pytest.mark.parametrize("waits_in", WAITS_FOR_WORK)
def test_a_thread_that_waited_for_work_when_its_test_ended_serves_the_next(
    pytester: pytest.Pytester, waits_in: str
) -> None:
    pytester.makepyfile(
        LEFT_OVER
        + WAITS_FOR_WORK[waits_in]
        + """
    def test_one(datapipeline_fake):
        assert call(lambda: 5) == 5

    def test_two(datapipeline_fake):
        datapipeline_fake.enqueue("wg")
        assert call(poll)
        """
    )

    result = run_apart(pytester)

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
