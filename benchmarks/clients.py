"""The rows about other clients than boto3's in the test's own thread."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from load import HEADERS
from measure import Row, ratio
from moto.server import ThreadedMotoServer
from tasks import TASK

from pytest_datapipeline import DataPipelineFake
from pytest_datapipeline.endpoint import DataPipelineEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent

# -- coroutines -----------------------------------------------------------------------------------


def aio_client(**config: Any) -> Any:
    return get_session().create_client(
        "datapipeline",
        region_name="us-east-1",
        aws_access_key_id="unused",
        aws_secret_access_key="unused",
        config=AioConfig(read_timeout=100, **config),
    )


async def _timed(client: Any, calls: int) -> float:
    await client.poll_for_task(workerGroup="wg")
    start = time.perf_counter()
    for _ in range(calls):
        await client.poll_for_task(workerGroup="wg")
    return time.perf_counter() - start


def ready_poll_of_coroutines(blocks: int) -> Row:
    calls = 200
    got: list[Any] = []

    async def faked() -> float:
        with DataPipelineFake(idle_limit=1e9) as fake:
            fake.enqueue("wg", *[TASK] * (calls + 1))
            async with aio_client() as client:
                if not got:
                    client.meta.events.register(
                        "response-received.data-pipeline.*",
                        lambda response_dict, **_: got.append(response_dict),
                    )
                return await _timed(client, calls)

    async def floor() -> float:
        body, headers = got[0]["body"], dict(got[0]["headers"])

        def answer(request: Any, **_: object) -> Any:
            response = AioAWSResponse(request.url, 200, headers, None)
            response._content = body
            return response

        async with aio_client(signature_version=botocore.UNSIGNED) as client:
            client.meta.events.register("before-send.data-pipeline.PollForTask", answer)
            return await _timed(client, calls)

    measured = ratio(lambda: asyncio.run(faked()), lambda: asyncio.run(floor()), blocks)
    return Row(
        "aiobotocore's `poll_for_task` with a ready task",
        "a two-line `before-send` handler",
        measured,
        1.15,
    )


# -- HTTP -----------------------------------------------------------------------------------------


def _requests(port: int, calls: int) -> float:
    headers = {**HEADERS, "X-Amz-Target": "DataPipeline.ListPipelines"}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    start = 0.0
    for number in range(calls + 1):
        if number == 1:
            start = time.perf_counter()
        connection.request("POST", "/", "{}", headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    took = time.perf_counter() - start
    connection.close()
    return took


def _load(port: int, connections: int, requests: int) -> float:
    command = [sys.executable, str(HERE / "load.py"), f"http://127.0.0.1:{port}/"]
    done = subprocess.run(
        [*command, str(connections), str(requests)], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def requests_over_http(blocks: int) -> Iterator[Row]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # neither writes a line per request
    moto = ThreadedMotoServer(port=0, verbose=False)
    moto.start()
    moto_port = moto.get_host_and_port()[1]
    try:
        with DataPipelineFake(idle_limit=1e9) as fake, DataPipelineEndpoint(fake) as ours:
            measured = ratio(
                lambda: _requests(ours.port, 100), lambda: _requests(moto_port, 100), blocks
            )
            # moto's server closes the connection after each answer: its client connects anew.
            against = "moto's server, which keeps no connection alive"
            yield Row("a request over HTTP, on one connection", against, measured, 0.5)
            measured = ratio(
                lambda: _load(ours.port, 50, 1000),
                lambda: _load(moto_port, 50, 1000),
                min(blocks, 5),
            )
            yield Row("1,000 requests over 50 connections", "moto's server", measured, 0.33)
    finally:
        moto.stop()


def start_and_stop(blocks: int) -> Row:
    def ours() -> float:
        with DataPipelineFake() as fake:
            start = time.perf_counter()
            with DataPipelineEndpoint(fake):
                pass
            return time.perf_counter() - start

    def theirs() -> float:
        start = time.perf_counter()
        server = ThreadedMotoServer(port=0, verbose=False)
        server.start()
        server.stop()
        return time.perf_counter() - start

    measured = ratio(ours, theirs, min(blocks, 15))
    return Row("start and stop of the endpoint", "those of moto's server", measured, 0.5)


# -- many polls at once ---------------------------------------------------------------------------

_HELD = 1000


def _serve_held_polls() -> None:
    """In a process of its own: what the polls of another one cost."""
    with DataPipelineFake(idle_limit=1e9) as fake, DataPipelineEndpoint(fake) as endpoint:
        _requests(endpoint.port, 10)
        memory, threads = _resident(), threading.active_count()
        command = [sys.executable, str(HERE / "load.py"), endpoint.url, str(_HELD), "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            fake.wait_until(lambda: len(fake.waiting) == _HELD, move_time=False)
            more = {
                "memory": _resident() - memory,
                "threads": threading.active_count() - threads,
            }
            fake.enqueue("wg", *[TASK] * _HELD)
            answered = int(child.communicate()[0])
    print(json.dumps({**more, "unanswered": _HELD - answered}))


def _resident() -> float:
    """MiB of memory of this process."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def held_polls(_: int) -> Iterator[Row]:
    command = [sys.executable, __file__]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(3)
    ]
    what = f"{_HELD:,} held polls of another process"
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    yield Row(what, "none held, memory", middle["memory"], 50, "MiB more")
    yield Row(what, "none held, threads", middle["threads"], 2, "more")
    yield Row(what, "all answered by 1,000 tasks", middle["unanswered"], 0, "missing")


ROWS = (ready_poll_of_coroutines, requests_over_http, start_and_stop, held_polls)


if __name__ == "__main__":
    _serve_held_polls()
