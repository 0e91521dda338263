"""Runners that come over HTTP are judged as well: by connection, by host name, by hanging up."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.runner import GROUP, HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_datapipeline import DataPipelineFake
    from pytest_datapipeline.endpoint import DataPipelineEndpoint

pytestmark = pytest.mark.datapipeline(patience=60)


class Caller:
    """A client in a few lines, as it would be in another language."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def send(self, operation: str, *, attempt: int = 1, call: str = "", **parameters: Any) -> None:
        headers = {
            "X-Amz-Target": f"DataPipeline.{operation}",
            "amz-sdk-invocation-id": call,
            "amz-sdk-request": f"attempt={attempt}",
        }
        self._connection.request("POST", "/", json.dumps(parameters), headers)

    def receive(self) -> Any:
        body = self._connection.getresponse().read()
        return json.loads(body) if body else None

    def call(self, operation: str, **parameters: Any) -> Any:
        self.send(operation, **parameters)
        return self.receive()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def caller(datapipeline_endpoint: DataPipelineEndpoint) -> Iterator[Caller]:
    made = Caller(datapipeline_endpoint.port)
    yield made
    made.close()


def test_a_right_runner_gives_no_finding(
    datapipeline_fake: DataPipelineFake, caller: Caller
) -> None:
    datapipeline_fake.enqueue(GROUP)

    task = caller.call("PollForTask", workerGroup=GROUP, hostname=HOST)["taskObject"]
    caller.call("ReportTaskProgress", taskId=task["taskId"])
    caller.call("SetTaskStatus", taskId=task["taskId"], taskStatus="FINISHED")

    assert not datapipeline_fake.findings


def test_a_client_that_hangs_up_before_90_seconds_and_calls_again_breaks_the_contract(
    datapipeline_fake: DataPipelineFake,
    datapipeline_endpoint: DataPipelineEndpoint,
    caller: Caller,
) -> None:
    caller.send("PollForTask", call="one", workerGroup=GROUP, hostname=HOST)
    datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)
    datapipeline_fake.clock.advance(60)
    caller.close()
    datapipeline_fake.wait_until(lambda: not datapipeline_fake.waiting, move_time=False)
    datapipeline_fake.enqueue(GROUP)

    again = Caller(datapipeline_endpoint.port)
    again.send("PollForTask", call="one", attempt=2, workerGroup=GROUP, hostname=HOST)
    again.receive()
    again.close()

    (found,) = datapipeline_fake.findings
    assert found.id == "short-read-timeout"
    assert "hung up after 60 seconds" in found.text


def test_a_status_that_an_sdk_lets_pass_is_found(
    datapipeline_fake: DataPipelineFake, caller: Caller
) -> None:
    datapipeline_fake.enqueue(GROUP)

    task = caller.call("PollForTask", workerGroup=GROUP, hostname=HOST)["taskObject"]
    caller.call("SetTaskStatus", taskId=task["taskId"], taskStatus="DONE")

    assert datapipeline_fake.findings == ["unknown-status"]
