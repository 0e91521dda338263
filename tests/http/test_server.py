"""The server by itself: connections that end, and requests that are malformed."""

from __future__ import annotations

import gzip
import http.client
import json
import logging
import socket
import struct
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datapipeline.endpoint import DataPipelineEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_datapipeline import DataPipelineFake


# Starting a Python takes its time on a busy machine.
pytestmark = pytest.mark.datapipeline(patience=60)


@pytest.fixture
def connection(datapipeline_endpoint: DataPipelineEndpoint) -> Iterator[http.client.HTTPConnection]:
    """A raw connection to the endpoint."""
    made = http.client.HTTPConnection("127.0.0.1", datapipeline_endpoint.port, timeout=20)
    yield made
    made.close()


def asked(
    connection: http.client.HTTPConnection, operation: str, parameters: dict[str, Any]
) -> tuple[int, Any]:
    headers = {"X-Amz-Target": f"DataPipeline.{operation}"}
    connection.request("POST", "/", json.dumps(parameters), headers)
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, json.loads(body) if body else None


# -- connections -----------------------------------------------------------------------------------


def test_a_poll_whose_client_hangs_up_is_handed_nothing(
    datapipeline_fake: DataPipelineFake,
    datapipeline_endpoint: DataPipelineEndpoint,
    connection: http.client.HTTPConnection,
) -> None:
    headers = {"X-Amz-Target": "DataPipeline.PollForTask"}
    connection.request("POST", "/", '{"workerGroup": "wg"}', headers)
    datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)

    connection.close()
    datapipeline_fake.wait_until(lambda: not datapipeline_fake.waiting, move_time=False)
    task = datapipeline_fake.enqueue("wg")

    assert task.task_id is None


def test_a_held_poll_gets_the_task_that_comes(
    datapipeline_fake: DataPipelineFake, connection: http.client.HTTPConnection
) -> None:
    headers = {"X-Amz-Target": "DataPipeline.PollForTask"}
    connection.request("POST", "/", '{"workerGroup": "wg"}', headers)
    datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)

    task = datapipeline_fake.enqueue("wg")
    answer = json.loads(connection.getresponse().read())

    assert answer["taskObject"]["taskId"] == task.task_id


def test_a_held_poll_ends_after_90_virtual_seconds(
    datapipeline_fake: DataPipelineFake, connection: http.client.HTTPConnection
) -> None:
    before = datapipeline_fake.clock.now()
    headers = {"X-Amz-Target": "DataPipeline.PollForTask"}
    connection.request("POST", "/", '{"workerGroup": "wg"}', headers)
    datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)

    datapipeline_fake.clock.advance(90)

    assert connection.getresponse().read() == b"{}"
    assert datapipeline_fake.clock.now() - before == timedelta(seconds=90)


def test_many_held_polls_need_no_threads_of_their_own(
    datapipeline_fake: DataPipelineFake, datapipeline_endpoint: DataPipelineEndpoint
) -> None:
    threads = threading.active_count()
    connections = [
        http.client.HTTPConnection("127.0.0.1", datapipeline_endpoint.port, timeout=20)
        for _ in range(100)
    ]
    for held in connections:
        headers = {"X-Amz-Target": "DataPipeline.PollForTask"}
        held.request("POST", "/", '{"workerGroup": "wg"}', headers)
    datapipeline_fake.wait_until(lambda: len(datapipeline_fake.waiting) == 100, move_time=False)
    assert threading.active_count() <= threads + 1

    tasks = datapipeline_fake.enqueue("wg", *[{"command": "true"}] * 100)

    got = [json.loads(held.getresponse().read())["taskObject"]["taskId"] for held in connections]
    assert sorted(got) == sorted(str(task.task_id) for task in tasks)
    for held in connections:
        held.close()


def test_a_dropped_connection_is_a_dropped_connection(
    datapipeline_fake: DataPipelineFake, connection: http.client.HTTPConnection
) -> None:
    datapipeline_fake.fail("poll_for_task", "connection_dropped")

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        asked(connection, "PollForTask", {"workerGroup": "wg"})


def test_a_poll_that_waits_when_the_test_ends_is_hung_up_on(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with DataPipelineEndpoint(datapipeline_fake) as endpoint:
        connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)
        headers = {"X-Amz-Target": "DataPipeline.PollForTask"}
        connection.request("POST", "/", '{"workerGroup": "wg"}', headers)
        datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()
    connection.close()


# -- what is malformed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({}, "{}", "UnknownOperationException"),
        ({"X-Amz-Target": "DataPipeline.Nothing"}, "{}", "UnknownOperationException"),
        ({"X-Amz-Target": "DynamoDB.ListTables"}, "{}", "UnknownOperationException"),
        ({"X-Amz-Target": "DataPipeline.PollForTask"}, "no json", "SerializationException"),
        ({"X-Amz-Target": "DataPipeline.PollForTask"}, "[]", "SerializationException"),
        ({"X-Amz-Target": "DataPipeline.PollForTask"}, b"\xff\xfe", "SerializationException"),
        (
            {"X-Amz-Target": "DataPipeline.PollForTask"},
            '{"workerGroup": 5}',
            "SerializationException",
        ),
        (
            {"X-Amz-Target": "DataPipeline.DescribePipelines"},
            '{"pipelineIds": [null]}',
            "SerializationException",
        ),
        ({"X-Amz-Target": "DataPipeline.PollForTask"}, "{}", "ValidationException"),
        ({"X-Amz-Target": "DataPipeline.x.ListPipelines"}, "{}", "UnknownOperationException"),
        *(
            ({"X-Amz-Target": f"DataPipeline.{operation}"}, body, "SerializationException")
            for operation, body in (
                ("PollForTask", '{"workerGroup":' + "[" * 100_000 + "]" * 100_000 + "}"),
                ("PollForTask", '{"workerGroup":"wg","x":' + "[" * 200 + "]" * 200 + "}"),
                ("ListPipelines", '{"a":' * 5_000 + "1" + "}" * 5_000),
                ("ListPipelines", '{"x": NaN}'),
                ("ListPipelines", '{"x": [{"y": -Infinity}]}'),
                ("ActivatePipeline", '{"pipelineId": "df-1", "startTimestamp": NaN}'),
                ("ActivatePipeline", '{"pipelineId": "df-1", "startTimestamp": 1e400}'),
                ("ActivatePipeline", '{"pipelineId": "df-1", "startTimestamp": "soon"}'),
                ("ActivatePipeline", '{"startTimestamp": ' + "9" * 5_000 + "}"),
                ("QueryObjects", '{"pipelineId": "df-1", "sphere": "INSTANCE", "limit": 1e400}'),
                ("QueryObjects", '{"pipelineId": "df-1", "sphere": "INSTANCE", "limit": 1.5}'),
            )
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_malformed_request_gets_the_service_s_error(
    connection: http.client.HTTPConnection, headers: dict[str, str], body: Any, code: str
) -> None:
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()

    assert answer.status == 400
    assert json.loads(answer.read())["__type"] == code


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"no gzip", 400), (gzip.compress(b" " * (30 * 1024 * 1024)), 413)],
    ids=["no-gzip", "huge-inside"],
)
def test_a_compressed_body_that_can_not_be_read_is_refused_and_the_next_is_answered(
    datapipeline_endpoint: DataPipelineEndpoint,
    connection: http.client.HTTPConnection,
    body: bytes,
    status: int,
) -> None:
    headers = {"X-Amz-Target": "DataPipeline.ListPipelines", "Content-Encoding": "gzip"}
    connection.request("POST", "/", body, headers)
    refused = connection.getresponse().status

    other = http.client.HTTPConnection("127.0.0.1", datapipeline_endpoint.port, timeout=20)
    answered, _ = asked(other, "ListPipelines", {})
    other.close()
    assert (refused, answered) == (status, 200)


@pytest.mark.parametrize(
    ("sent", "attempt"),
    [("attempt=2; max=3", 2), ("attempt=" + "9" * 5000, 1), ("attempt=x", 1), ("", 1)],
)
def test_the_number_of_an_attempt_is_taken_from_its_header_if_it_is_one(
    datapipeline_fake: DataPipelineFake,
    connection: http.client.HTTPConnection,
    sent: str,
    attempt: int,
) -> None:
    headers = {"X-Amz-Target": "DataPipeline.ListPipelines", "amz-sdk-request": sent}
    connection.request("POST", "/", "{}", headers)

    assert connection.getresponse().status == 200
    assert datapipeline_fake.calls[0].attempt == attempt


@pytest.mark.parametrize("end", ["hang-up", "reset"])
@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01garbage\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 20_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nfoo\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    ],
    ids=["garbage", "tls", "no-length", "long-header", "no-chunk", "half-a-body", "no-gzip"],
)
def test_a_client_s_fault_is_nothing_for_the_log(
    datapipeline_fake: DataPipelineFake,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    sent: bytes,
    end: str,
) -> None:
    caplog.set_level(logging.INFO)
    with DataPipelineEndpoint(datapipeline_fake) as endpoint:
        client = socket.create_connection(("127.0.0.1", endpoint.port), timeout=20)
        client.sendall(sent)
        if not sent.endswith(b"{"):
            client.recv(100)
        if end == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        # So that the endpoint has seen the end of the one before.
        other = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)
        asked(other, "ListPipelines", {})
        other.close()

    assert [record.getMessage() for record in caplog.records if "aio" in record.name] == []
    assert [record for record in caplog.records if "datapipeline" in record.name] == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 405), ("POST", "/nowhere", 404), ("PUT", "/", 405)]
)
def test_another_method_or_path_is_refused(
    connection: http.client.HTTPConnection, method: str, path: str, status: int
) -> None:
    connection.request(method, path, "{}")

    assert connection.getresponse().status == status


def test_a_huge_request_is_refused_and_the_next_is_answered(
    connection: http.client.HTTPConnection, datapipeline_endpoint: DataPipelineEndpoint
) -> None:
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(30 * 1024 * 1024))
    connection.endheaders()
    try:
        connection.send(b" " * (30 * 1024 * 1024))
        assert connection.getresponse().status == 413
    except ConnectionError:
        pass  # it may hang up before all has been sent
    connection.close()

    other = http.client.HTTPConnection("127.0.0.1", datapipeline_endpoint.port, timeout=20)
    status, answer = asked(other, "ListPipelines", {})
    other.close()
    assert (status, answer["hasMoreResults"]) == (200, False)
