"""Speed, as ratios of two things measured side by side in one run.

A machine's speed drifts, so a time says little and a ratio much: the two sides of each row are
measured in turn, block by block, and the median of the blocks' ratios counts.

    python benchmarks/ratios.py [--quick] [--markdown] [--json FILE]

Ends with status 1 if a row is over its limit.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import botocore
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from moto import mock_aws

from pytest_datapipeline import DataPipelineFake

if TYPE_CHECKING:
    from collections.abc import Callable

TASK = {"command": "echo hi"}
Block = "Callable[[int], float]"


@dataclass
class Row:
    """One line of the table. `measured` and `limit` are in `unit`."""

    what: str
    against: str
    measured: float
    limit: float
    unit: str = "x"

    @property
    def holds(self) -> bool:
        return self.measured <= self.limit


def timed(call: Callable[[], object], times: int) -> float:
    """Seconds of `times` calls, with no garbage collected meanwhile, as timeit does it."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in range(times):
            call()
        return time.perf_counter() - start
    finally:
        gc.enable()


def ratio(one: Callable[[], float], other: Callable[[], float], blocks: int) -> float:
    """The median of one block's time over its neighbour's."""
    one()
    other()
    return statistics.median(one() / other() for _ in range(blocks))


# -- the two sides of a poll ----------------------------------------------------------------------


def client(**config: Any) -> Any:
    return boto3.client(
        "datapipeline",
        region_name="us-east-1",
        aws_access_key_id="unused",
        aws_secret_access_key="unused",
        config=Config(read_timeout=100, **config),
    )


class Raw:
    """What botocore reads a body from."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, *_: object, **__: object) -> Any:
        yield self.body


def floor() -> Any:
    """A client whose polls are answered by two lines: as fast as a whole boto3 call can be."""
    captured: list[Any] = []
    with DataPipelineFake() as fake:
        fake.enqueue("wg", TASK)
        polling = client()
        polling.meta.events.register(
            "response-received.data-pipeline.*",
            lambda response_dict, **_: captured.append(response_dict),
        )
        polling.poll_for_task(workerGroup="wg")
    body, headers = captured[0]["body"], dict(captured[0]["headers"])

    def answer(request: Any, **_: object) -> AWSResponse:
        return AWSResponse(request.url, 200, headers, Raw(body))  # type: ignore[arg-type]  # any mapping

    floor_client = client(signature_version=botocore.UNSIGNED)
    floor_client.meta.events.register("before-send.data-pipeline.PollForTask", answer)
    return floor_client


def polls(polling: Any, calls: int, *, queued: int = 0, groups: int = 0) -> float:
    """Seconds of `calls` polls, each with a ready task, beside `queued` tasks in other groups."""
    with DataPipelineFake(idle_limit=1e9) as fake:
        for number in range(groups):
            fake.enqueue(f"other-{number}", *[TASK] * (queued // groups))
        fake.enqueue("wg", *[TASK] * calls)
        return timed(lambda: polling.poll_for_task(workerGroup="wg"), calls)


def empty_polls(polling: Any, calls: int) -> float:
    with DataPipelineFake(idle_limit=1e9):
        return timed(lambda: polling.poll_for_task(workerGroup="wg"), calls)


def moto_creates(calls: int) -> float:
    with mock_aws():
        creating = boto3.client("datapipeline", region_name="us-east-1")
        return timed(lambda: creating.create_pipeline(name="n", uniqueId=str(uuid4())), calls)


# -- the rows -------------------------------------------------------------------------------------


def ready_poll(blocks: int) -> Row:
    floor_client, polling, calls = floor(), client(), 200
    measured = ratio(
        lambda: polls(polling, calls),
        lambda: timed(lambda: floor_client.poll_for_task(workerGroup="wg"), calls),
        blocks,
    )
    return Row(
        "`poll_for_task` with a ready task", "a two-line `before-send` handler", measured, 1.25
    )


def ready_poll_and_moto(blocks: int) -> Row:
    polling, calls = client(), 100
    measured = ratio(lambda: polls(polling, calls), lambda: moto_creates(calls), blocks)
    return Row("the same", "moto's `create_pipeline`", measured, 0.5)


def empty_poll(blocks: int) -> Row:
    floor_client, polling, calls = floor(), client(), 200
    measured = ratio(
        lambda: empty_polls(polling, calls),
        lambda: timed(lambda: floor_client.poll_for_task(workerGroup="wg"), calls),
        blocks,
    )
    return Row("`poll_for_task` on an empty queue", "the handler of the first row", measured, 1.35)


def set_up(blocks: int) -> Row:
    def fake() -> None:
        with DataPipelineFake():
            pass

    def moto() -> None:
        with mock_aws():
            pass

    measured = ratio(lambda: timed(fake, 20), lambda: timed(moto, 20), blocks)
    return Row("fixture set-up and tear-down", "entering and leaving `mock_aws()`", measured, 0.1)


def long_queue(blocks: int) -> Row:
    polling, calls = client(), 200
    measured = ratio(
        lambda: polls(polling, calls, queued=100_000, groups=1_000),
        lambda: polls(polling, calls, queued=10, groups=1),
        max(3, blocks // 5),
    )
    return Row("a poll beside 100,000 tasks in 1,000 groups", "beside 10 tasks", measured, 1.2)


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


def start_up(blocks: int) -> Row:
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    # Some machines keep Python from caching bytecode; a user's does not.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def started(folder: str, *plugin: str) -> float:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, folder]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=environment, cwd=folder, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # CPU time: what else the machine does would drown a few milliseconds.
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
        environment["PYTHONPYCACHEPREFIX"] = cache
        Path(folder, "test_one.py").write_text("def test_one():\n    pass\n")
        differences = []
        for number in range(2 * (blocks + 1)):
            # Each side goes first as often as the other: the machine's drift cancels out.
            if number % 2:
                with_plugin, without = started(folder, "-p", "pytest_datapipeline"), started(folder)
            else:
                without, with_plugin = started(folder), started(folder, "-p", "pytest_datapipeline")
            differences.append(with_plugin - without)
    # The first ones fill the cache.
    measured = statistics.median(differences[2:]) * 1000
    return Row("pytest's start with the plugin unused", "without it", measured, 10, "ms more")


def threads(blocks: int) -> Row:
    tasks = 10_000

    def drained(count: int) -> float:
        clients = [client() for _ in range(count)]
        with DataPipelineFake() as fake:
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
    return Row("8 threads draining 10,000 tasks, in CPU", "one thread", measured, 1.3)


ROWS = (ready_poll, ready_poll_and_moto, empty_poll, set_up, long_queue, memory, start_up, threads)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer blocks, for a first look")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    blocks = 7 if options.quick else 31

    rows = []
    if options.markdown:
        print("| what | against | measured | at most |\n|---|---|---|---|")
    for measure in ROWS:
        row = measure(blocks)
        rows.append(row)
        figure, limit = f"{row.measured:.2f} {row.unit}", f"{row.limit:g} {row.unit}"
        if options.markdown:
            print(f"| {row.what} | {row.against} | {figure} | {limit} |", flush=True)
        else:
            verdict = "ok" if row.holds else "OVER"
            print(f"{verdict:4} {figure:>14} of {limit:<10} {row.what} / {row.against}", flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(row) for row in rows], indent=1))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
