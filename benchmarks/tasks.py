"""The rows about task runners."""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from measure import Median, Row, captured, client, floor, plugin_loaded, ratio, timed
from moto import mock_aws

from pytest_datapipeline import DataPipelineFake

TASK = {"command": "echo hi"}
WARM_UP = 20

# -- the two sides of a poll ----------------------------------------------------------------------


def poll_floor(*tasks: dict[str, str]) -> Any:
    """A handler that answers every poll as the fake answers one with these tasks in its queue."""
    with DataPipelineFake() as fake:
        for task in tasks:
            fake.enqueue("wg", task)
        polling = client()
        got = captured(polling)
        polling.poll_for_task(workerGroup="wg")
    return floor("PollForTask", got[0]["body"], dict(got[0]["headers"]))


def polls(polling: Any, calls: int, *, queued: int = 0, groups: int = 0) -> float:
    """Seconds of `calls` polls, each with a ready task, beside `queued` tasks in other groups."""
    with plugin_loaded(), DataPipelineFake(idle_limit=1e9) as fake:
        for number in range(groups):
            fake.enqueue(f"other-{number}", *[TASK] * (queued // groups))
        fake.enqueue("wg", *[TASK] * (calls + WARM_UP))
        # A collection of 100,000 tasks' memory leaves nothing else in the processor's cache.
        return timed(lambda: polling.poll_for_task(workerGroup="wg"), calls, WARM_UP)


def empty_polls(polling: Any, calls: int) -> float:
    with plugin_loaded(), DataPipelineFake(idle_limit=1e9):
        return timed(lambda: polling.poll_for_task(workerGroup="wg"), calls)


def moto_creates(calls: int) -> float:
    with mock_aws():
        creating = boto3.client("datapipeline", region_name="us-east-1")
        return timed(
            lambda: creating.create_pipeline(name="n", uniqueId=str(uuid4())), calls, WARM_UP
        )


# -- the rows -------------------------------------------------------------------------------------


def ready_poll(blocks: int) -> Row:
    floor_client, polling, calls = poll_floor(TASK), client(), 200
    measured = ratio(
        lambda: polls(polling, calls),
        lambda: timed(lambda: floor_client.poll_for_task(workerGroup="wg"), calls, WARM_UP),
        blocks,
    )
    return Row(
        "`poll_for_task` with a ready task", "a two-line `before-send` handler", measured, 0.9
    )


def ready_poll_and_moto(blocks: int) -> Row:
    polling, calls = client(), 100
    measured = ratio(lambda: polls(polling, calls), lambda: moto_creates(calls), blocks)
    return Row("the same", "moto's `create_pipeline`", measured, 0.4)


def empty_poll(blocks: int) -> Row:
    floor_client, polling, calls = poll_floor(), client(), 200
    measured = ratio(
        lambda: empty_polls(polling, calls),
        lambda: timed(lambda: floor_client.poll_for_task(workerGroup="wg"), calls),
        blocks,
    )
    return Row("`poll_for_task` on an empty queue", "a handler that answers `{}`", measured, 0.95)


def set_up(blocks: int) -> Row:
    def fake() -> None:
        with DataPipelineFake():
            pass

    def moto() -> None:
        with mock_aws():
            pass

    measured = ratio(lambda: timed(fake, 20), lambda: timed(moto, 20), blocks)
    return Row("fixture set-up and tear-down", "entering and leaving `mock_aws()`", measured, 0.12)


def long_queue(blocks: int) -> Row:
    polling, calls = client(), 200
    measured = ratio(
        lambda: polls(polling, calls, queued=100_000, groups=1_000),
        lambda: polls(polling, calls, queued=10, groups=1),
        max(3, blocks // 5),
    )
    return Row("a poll beside 100,000 tasks in 1,000 groups", "beside 10 tasks", measured, 1.2)


def put_back(blocks: int) -> Row:
    """What a suite saves that enqueues the same tasks for each test of a module."""

    def anew() -> float:
        with DataPipelineFake() as fake:
            return timed(lambda: [fake.enqueue("wg", TASK) for _ in range(1_000)], 1)

    def restored() -> float:
        with DataPipelineFake() as fake:
            for _ in range(1_000):
                fake.enqueue("wg", TASK)
            snapshot = fake.snapshot()
            return timed(lambda: fake.restore(snapshot), 1)

    measured = ratio(restored, anew, blocks)
    return Row("1,000 tasks, put back with `restore`", "enqueued one by one", measured, 0.4)


def memory(_: int) -> Row:
    tasks = 10_000
    with DataPipelineFake() as fake:
        fake.enqueue("wg", TASK)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(tasks):
            fake.enqueue("wg", {"command": f"echo {number}"})
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    return Row("memory of a queued task", "", (after - before) / tasks / 1024, 4, "KiB")


def _in_turn(
    without: list[str], with_it: list[str], folder: str, blocks: int
) -> list[tuple[float, float]]:
    """CPU seconds of two commands, run in turn, whose bytecode is cached."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    # Some machines keep Python from caching bytecode; a user's does not.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def cpu(command: list[str]) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *command],
            env=environment,
            cwd=folder,
            capture_output=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # CPU time: what else the machine does would drown a few milliseconds.
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    with tempfile.TemporaryDirectory() as cache:
        environment["PYTHONPYCACHEPREFIX"] = cache
        pairs = []
        for number in range(2 * (blocks + 1)):
            # Each side goes first as often as the other: the machine's drift cancels out.
            if number % 2:
                second, first = cpu(with_it), cpu(without)
            else:
                first, second = cpu(without), cpu(with_it)
            pairs.append((first, second))
    # The first ones fill the cache.
    return pairs[2:]


def start_up(blocks: int) -> Row:
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_one.py").write_text("def test_one():\n    pass\n")
        # For any `-p` pytest reads the entry points of all that is installed.
        Path(folder, "empty_plugin.py").touch()
        empty = [*pytest, "-p", "empty_plugin", folder]
        ours = [*pytest, "-p", "pytest_datapipeline", folder]
        pairs = _in_turn(empty, ours, folder, blocks)
    measured = Median.of((with_it - without) * 1000 for without, with_it in pairs)
    return Row("pytest's start with the plugin unused", "an empty plugin", measured, 10, "ms more")


SMALL_TESTS = """
import gc
import pytest

def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

@pytest.mark.parametrize("number", range({tests}))
def test_small(number{fixture}):
    if number in {looks}:
        with open("resident{fixture}", "a") as file:
            print(resident(), file=file)
"""


def small_tests(blocks: int) -> Row:
    tests = 500
    with tempfile.TemporaryDirectory() as folder:
        for name, fixture in (("empty", ""), ("client", ", datapipeline_client")):
            source = SMALL_TESTS.format(tests=tests, fixture=fixture, looks=())
            Path(folder, f"test_{name}.py").write_text(source)
        pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_datapipeline"]
        pairs = _in_turn(
            [*pytest, "test_empty.py"], [*pytest, "test_client.py"], folder, max(1, blocks // 8)
        )
    measured = Median.of((with_it - without) / tests * 1000 for without, with_it in pairs)
    return Row("a test with datapipeline_client, of 500", "an empty one", measured, 1.5, "ms more")


def suite_memory(_: int) -> Row:
    """What 2,500 tests leave, after 500 that have filled all caches."""
    growth = []
    with tempfile.TemporaryDirectory() as folder:
        for fixture in ("", ", datapipeline_fake"):
            source = SMALL_TESTS.format(tests=3_000, fixture=fixture, looks=(500, 2_999))
            Path(folder, "test_small.py").write_text(source)
            subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "pytest_datapipeline"],
                env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
                cwd=folder,
                capture_output=True,
                check=True,
            )
            first, last = Path(folder, f"resident{fixture}").read_text().split()
            growth.append((int(last) - int(first)) / 2**20)
    without, with_it = growth
    return Row("memory that 2,500 tests leave", "empty ones", with_it - without, 2, "MiB more")


def imports(blocks: int) -> Row:
    # A suite that uses the fake has pytest and boto3 anyway.
    needed = "import boto3, botocore.session, pytest"
    with tempfile.TemporaryDirectory() as folder:
        pairs = _in_turn(
            ["-c", needed],
            ["-c", f"{needed}; from pytest_datapipeline import DataPipelineFake"],
            folder,
            blocks,
        )
    measured = Median.of(with_it / without for without, with_it in pairs)
    return Row("importing pytest, boto3 and the fake", "importing pytest and boto3", measured, 1.5)


FIRST_ANSWER = """
import time, boto3
from pytest_datapipeline import DataPipelineFake
with DataPipelineFake() as fake:
    fake.enqueue("wg")
    client = boto3.client("datapipeline")
    start = time.process_time()
    client.poll_for_task(workerGroup="wg")
    print((time.process_time() - start) * 1000)
"""


def first_answer(blocks: int) -> Row:
    command = [sys.executable, "-c", FIRST_ANSWER]
    took = [
        float(subprocess.run(command, capture_output=True, check=True).stdout)
        for _ in range(max(5, blocks // 3))
    ]
    return Row("the first answer in a process", "", Median.of(took), 6, "ms")


def threads(blocks: int) -> Row:
    """About 1.05 where nothing else runs. On a busy machine up to 1.6: a thread that loses its
    processor in the midst of an answer holds the fake's lock, and the others queue for it.
    """
    tasks = 10_000

    def drained(count: int) -> float:
        clients = [client() for _ in range(count)]
        with plugin_loaded(), DataPipelineFake() as fake:
            fake.enqueue("wg", *[TASK] * tasks)
            start = threading.Barrier(count + 1)

            def drain(polling: Any, share: int) -> None:
                start.wait()
                for _ in range(share):
                    polling.poll_for_task(workerGroup="wg")

            working = [
                threading.Thread(target=drain, args=(polling, tasks // count))
                for polling in clients
            ]
            for thread in working:
                thread.start()
            gc.collect()
            before = time.process_time()
            start.wait()
            for thread in working:
                thread.join()
            return time.process_time() - before

    measured = ratio(lambda: drained(8), lambda: drained(1), max(3, blocks // 8))
    return Row("8 threads draining 10,000 tasks, in CPU", "one thread", measured, 1.6)


ROWS = (
    ready_poll,
    ready_poll_and_moto,
    empty_poll,
    set_up,
    long_queue,
    put_back,
    memory,
    start_up,
    small_tests,
    suite_memory,
    imports,
    first_answer,
    threads,
)
