"""The endpoint by itself, with its control API."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from pytest_datapipeline.serving import Server, main

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[Server]:
    """A server whose time is moved by hand."""
    made = Server(speed=0, start="2024-01-01T00:00:00")
    made.start()
    yield made
    made.stop()


def control(server: Server, verb: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
    port = int(server.url.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        sent = body if isinstance(body, str) else json.dumps(body or {})
        connection.request(method, f"/_control/{verb}", sent)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.fixture
def client(server: Server) -> Any:
    """A boto3 client that really goes over HTTP."""
    return boto3.client(
        "datapipeline",
        region_name="us-east-1",
        endpoint_url=server.url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(read_timeout=100, retries={"total_max_attempts": 1}),
    )


pytestmark = pytest.mark.datapipeline(allow_real_calls=True)


def test_a_task_is_enqueued_worked_and_looked_at(server: Server, client: Any) -> None:
    status, made = control(
        server, "enqueue", {"workerGroup": "wg", "task": {"command": "echo hi"}, "id": "Mine"}
    )
    task = client.poll_for_task(workerGroup="wg")["taskObject"]
    client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")

    assert status == 200
    assert made["instanceId"] == "@Mine_2024-01-01T00:00:00"
    assert control(server, "tasks")[1]["tasks"][0]["status"] == "FINISHED"


def test_time_is_moved_by_hand(server: Server) -> None:
    _, moved = control(server, "advance", {"seconds": 3600})

    assert moved == {"now": "2024-01-01T01:00:00+00:00"}
    assert control(server, "now", method="GET") == (200, moved)


def test_calls_are_told(server: Server, client: Any) -> None:
    client.list_pipelines()

    _, told = control(server, "calls", method="GET")

    assert told["calls"] == [
        {
            "operation": "ListPipelines",
            "parameters": {},
            "time": "2024-01-01T00:00:00+00:00",
            "response": {"pipelineIdList": [], "hasMoreResults": False},
            "error": None,
        }
    ]


def test_a_fault_is_planned(server: Server, client: Any) -> None:
    control(server, "fail", {"operation": "list_pipelines", "error": "InternalServiceError"})

    with pytest.raises(client.exceptions.InternalServiceError):
        client.list_pipelines()


def test_a_reset_forgets_everything(server: Server, client: Any) -> None:
    client.create_pipeline(name="n", uniqueId="u")

    control(server, "reset")

    assert client.list_pipelines()["pipelineIdList"] == []
    assert len(control(server, "calls")[1]["calls"]) == 1


@pytest.mark.parametrize(
    ("verb", "body", "status", "text"),
    [
        ("nothing", {}, 404, "There is no control 'nothing'; there are: advance"),
        ("advance", "no json", 400, "is no JSON"),
        ("advance", "[]", 400, "it must be an object"),
        ("advance", {}, 400, "lacks 'seconds'"),
        ("advance", {"seconds": -1}, 400, "the duration"),
        ("enqueue", {}, 400, "lacks 'workerGroup'"),
        ("enqueue", {"workerGroup": ""}, 400, "The worker group"),
        ("enqueue", {"workerGroup": "wg", "colour": "red"}, 400, "colour"),
        ("fail", {"operation": "nothing", "error": "throttling"}, 400, "has no operation"),
    ],
)
def test_a_wrong_control_is_told_and_changes_nothing(
    server: Server, verb: str, body: Any, status: int, text: str
) -> None:
    got, answer = control(server, verb, body)

    assert got == status
    assert text in answer["message"]
    assert server.fake.tasks == []


def test_time_follows_the_real_time(client: Any) -> None:
    fast = Server(speed=1_000_000, start="2024-01-01T00:00:00")
    fast.start()
    try:
        polling = boto3.client(
            "datapipeline",
            region_name="us-east-1",
            endpoint_url=fast.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        answer = polling.poll_for_task(workerGroup="wg")
    finally:
        fast.stop()

    assert "taskObject" not in answer


# -- the command ----------------------------------------------------------------------------------


@contextmanager
def command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    started = subprocess.Popen(
        [sys.executable, "-m", "pytest_datapipeline", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ),
    )
    try:
        assert started.stdout is not None
        yield started, started.stdout.readline()
    finally:
        started.kill()
        started.communicate()


def test_the_command_tells_where_it_listens_and_ends_cleanly_by_ctrl_c() -> None:
    with command("--manual") as (started, first):
        assert re.match(r"AWS Data Pipeline listens on http://127\.0\.0\.1:\d+ ", first)

        started.send_signal(signal.SIGINT)
        told, _ = started.communicate(timeout=30)

    assert started.returncode == 0
    assert "Traceback" not in told
    assert told.endswith("Ended.\n")


def test_the_command_tells_of_a_port_in_use(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["serve", "--port", server.url.rpartition(":")[2]])

    assert status == 2
    assert "can not be listened on" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["serve", "--speed", "0"], ["serve", "--port", "x"], ["sing"]]
)
def test_the_command_refuses_what_it_does_not_know(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage: pytest-datapipeline" in capsys.readouterr().err


def test_the_command_tells_of_a_wrong_start(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["serve", "--start", "yesterday"])

    assert status == 2
    assert "yesterday" in capsys.readouterr().err
