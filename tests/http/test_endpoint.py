"""The fake behind HTTP: child processes, raw requests, connections that end."""

from __future__ import annotations

import gzip
import http.client
import json
import logging
import os
import socket
import struct
import subprocess
import sys
import textwrap
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.inner_pytest import OURS, run_apart

from pytest_datapipeline import DataPipelineFake, FakeUsageError, poll_for_task
from pytest_datapipeline.endpoint import DataPipelineEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Starting a Python takes its time on a busy machine.
pytestmark = pytest.mark.datapipeline(patience=60)

RUNNER = """
    import boto3
    from botocore.config import Config

    client = boto3.client("datapipeline", config=Config(read_timeout=100))
    done = 0
    while done < {tasks}:
        task = client.poll_for_task(workerGroup="wg").get("taskObject")
        if task:
            client.report_task_progress(taskId=task["taskId"])
            {between}
            client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
            done += 1
"""


def process(code: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        # botocore before 1.35 calls what newer Pythons deprecate.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def runner(tasks: int, between: str = "pass") -> subprocess.Popen[str]:
    return process(RUNNER.format(tasks=tasks, between=between))


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


# -- other processes ------------------------------------------------------------------------------


@pytest.mark.rule("json-1.1")
def test_a_child_process_needs_no_argument(
    datapipeline_fake: DataPipelineFake, datapipeline_endpoint: DataPipelineEndpoint
) -> None:
    task = datapipeline_fake.enqueue("wg")

    with runner(tasks=1) as child:
        datapipeline_fake.wait_until(task)
        child.communicate(timeout=30)

    task.assert_finished()
    assert child.returncode == 0
    assert datapipeline_endpoint.url.startswith("http://127.0.0.1:")


def test_time_moves_while_all_processes_wait(
    datapipeline_fake: DataPipelineFake, datapipeline_endpoint: DataPipelineEndpoint
) -> None:
    late = datapipeline_fake.enqueue("wg", delay=1800)

    with runner(tasks=1) as child:
        datapipeline_fake.wait_until(late)
        child.communicate(timeout=30)

    assert late.status == "FINISHED"
    assert datapipeline_fake.calls.count(poll_for_task()) == 20


def test_another_process_takes_over_from_one_that_was_killed(
    datapipeline_fake: DataPipelineFake, datapipeline_endpoint: DataPipelineEndpoint
) -> None:
    task = datapipeline_fake.enqueue("wg", retry_delay=60)

    with runner(tasks=1, between="import time; time.sleep(60)") as killed:
        datapipeline_fake.wait_until(lambda: task.status == "RUNNING")
        killed.kill()
        killed.wait()
        with runner(tasks=1) as other:
            datapipeline_fake.wait_until(task)
            other.communicate(timeout=30)

    assert [attempt.status for attempt in task.attempts] == ["FAILED", "FINISHED"]


def test_clients_of_this_process_and_of_others_share_the_queues(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    connection: http.client.HTTPConnection,
) -> None:
    first, second = datapipeline_fake.enqueue("wg", {"command": "a"}, {"command": "b"})

    own = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
    status, other = asked(connection, "PollForTask", {"workerGroup": "wg"})

    assert status == 200
    assert [own["taskId"], other["taskObject"]["taskId"]] == [first.task_id, second.task_id]


def test_the_environment_is_as_before_when_the_endpoint_has_ended(
    datapipeline_fake: DataPipelineFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_DEFAULT_PROFILE", "mine")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    monkeypatch.setenv("NO_PROXY", "example.org")
    before = dict(os.environ)

    with DataPipelineEndpoint(datapipeline_fake) as endpoint:
        assert os.environ["AWS_ENDPOINT_URL_DATA_PIPELINE"] == endpoint.url
        assert not {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} & set(os.environ)
        assert endpoint.environment.items() <= os.environ.items()

    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("before", "both"),
    [
        ({}, "127.0.0.1"),
        ({"NO_PROXY": "example.org"}, "example.org,127.0.0.1"),
        ({"no_proxy": "a.b, c.d"}, "a.b, c.d,127.0.0.1"),
        ({"NO_PROXY": "127.0.0.1,x"}, "127.0.0.1,x"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_no_proxy_is_asked_for_the_endpoint(
    datapipeline_fake: DataPipelineFake,
    monkeypatch: pytest.MonkeyPatch,
    before: dict[str, str],
    both: str,
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in before.items():
        monkeypatch.setenv(name, value)

    with DataPipelineEndpoint(datapipeline_fake) as endpoint:
        environment = endpoint.environment

    assert (environment["NO_PROXY"], environment["no_proxy"]) == (both, both)


@pytest.mark.parametrize(
    ("variables", "configuration"),
    [
        ({"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}, ""),
        ({"ALL_PROXY": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9"}, ""),
        ({}, "ignore_configured_endpoint_urls = true"),
        ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, ""),
        ({"AWS_DEFAULT_PROFILE": "missing"}, ""),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "endpoint_url = http://127.0.0.1:9"),
    ],
    ids=["proxy", "all-proxy", "ignoring-file", "ignoring-variable", "profile", "another-endpoint"],
)
def test_nothing_in_the_surroundings_leads_a_child_process_elsewhere(
    datapipeline_fake: DataPipelineFake,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
    configuration: str,
) -> None:
    file = tmp_path / "config"
    file.write_text(f"[default]\n{configuration}\n")
    for name, value in {"AWS_CONFIG_FILE": str(file), **variables}.items():
        monkeypatch.setenv(name, value)
    datapipeline_fake.enqueue("wg")

    with DataPipelineEndpoint(datapipeline_fake), runner(tasks=1) as child:
        printed, _ = child.communicate(timeout=60)

    assert (child.returncode, printed) == (0, "")


# -- connections ----------------------------------------------------------------------------------


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


# -- what is malformed ----------------------------------------------------------------------------


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


# -- mistakes -------------------------------------------------------------------------------------


def test_a_second_endpoint_in_one_test_is_refused(
    datapipeline_fake: DataPipelineFake, datapipeline_endpoint: DataPipelineEndpoint
) -> None:
    with pytest.raises(FakeUsageError, match="has an endpoint already"):
        DataPipelineEndpoint(datapipeline_fake).__enter__()

    assert os.environ["AWS_ENDPOINT_URL_DATA_PIPELINE"] == datapipeline_endpoint.url


def test_a_port_in_use_is_told_of(
    datapipeline_fake: DataPipelineFake, datapipeline_endpoint: DataPipelineEndpoint
) -> None:
    other = DataPipelineFake()

    with pytest.raises(FakeUsageError, match=r"can not be listened on.*Choose another"):
        DataPipelineEndpoint(other, port=datapipeline_endpoint.port).__enter__()


@pytest.mark.parametrize("port", [70_000, -1, "x", None, 1.5, True])
def test_a_port_that_can_not_be_is_told_of(datapipeline_fake: DataPipelineFake, port: Any) -> None:
    before = dict(os.environ), threading.active_count()

    with pytest.raises(FakeUsageError, match=r"The port is .*; it must be a number from 1 to"):
        DataPipelineEndpoint(datapipeline_fake, port=port)

    assert (dict(os.environ), threading.active_count()) == before


def test_a_missing_extra_is_named(
    datapipeline_fake: DataPipelineFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "pytest_datapipeline._http.server", raising=False)

    with pytest.raises(FakeUsageError, match=r"pip install 'pytest-datapipeline\[endpoint\]'"):
        DataPipelineEndpoint(datapipeline_fake)


# -- one endpoint for many tests ------------------------------------------------------------------


def test_a_process_that_has_outlived_its_test_is_told_so(
    datapipeline_fake: DataPipelineFake, datapipeline_endpoint: DataPipelineEndpoint
) -> None:
    signed = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=PYTESTDATAPIPELINE1/20240101/us-east-1/x/y",
        "X-Amz-Target": "DataPipeline.ListPipelines",
    }
    asking = http.client.HTTPConnection("127.0.0.1", datapipeline_endpoint.port)
    asking.request("POST", "/", "{}", signed)
    answer = asking.getresponse()

    assert answer.status == 403
    assert b"is that of a test that has ended" in answer.read()
    assert datapipeline_fake.calls == []
    asking.close()


LINGERING = """
    import boto3, sys
    from botocore.config import Config

    once = Config(read_timeout=100, retries={"total_max_attempts": 1})
    client = boto3.client("datapipeline", config=once)
    for call in (lambda: client.poll_for_task(workerGroup="wg"), client.list_pipelines):
        try:
            print(call())
        except Exception as error:
            print(type(error).__name__, error, flush=True)
        sys.stdin.readline()
"""


def test_time_does_not_wait_for_clients_of_an_endpoint_that_was_left(
    datapipeline_fake: DataPipelineFake,
) -> None:
    endpoint = DataPipelineEndpoint(datapipeline_fake)
    with endpoint:
        pass
    datapipeline_fake.work()
    task = datapipeline_fake.enqueue("wg", delay=60)

    datapipeline_fake.wait_until(task)

    task.assert_finished()
    with pytest.raises(FakeUsageError, match="can be entered once"), endpoint:
        pass


def test_a_process_that_polls_when_its_test_ends_is_hung_up_on_and_then_finds_nobody(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with DataPipelineEndpoint(datapipeline_fake):
        child = process(LINGERING)
        datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)

    printed, _ = child.communicate("\n\n", timeout=60)

    first, second = printed.splitlines()
    assert first.startswith("ConnectionClosedError ")
    assert second.startswith("EndpointConnectionError ")


def test_a_process_that_outlives_its_test_at_the_shared_endpoint_is_told_so(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        f"""
        import subprocess, sys
        import pytest

        @pytest.fixture(scope="module")
        def children():
            yield (started := [])
            for child in started:
                child.communicate()

        def test_one(children, datapipeline_fake, datapipeline_endpoint):
            children.append(subprocess.Popen(
                [sys.executable, "-c", {textwrap.dedent(LINGERING)!r}],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            ))
            datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)

        def test_two(children, datapipeline_fake, datapipeline_endpoint):
            child = children[0]
            assert child.stdout.readline().startswith("ConnectionClosedError ")
            print(file=child.stdin, flush=True)
            told = child.stdout.readline()
            assert "UnrecognizedClientException" in told
            assert "is that of a test that has ended" in told
            assert datapipeline_fake.calls == []
        """
    )
    options = ("--datapipeline-shared-endpoint", "--datapipeline-patience=60")

    result = run_apart(pytester, *options)

    result.assert_outcomes(passed=2)


SHARED = """
    import subprocess, sys, textwrap
    import pytest

    RUNNER = textwrap.dedent('''
        import boto3, sys

        for line in sys.stdin:
            key, region = line.split()
            client = boto3.client(
                "datapipeline",
                region_name=region, aws_access_key_id=key, aws_secret_access_key="any",
            )
            task = client.poll_for_task(workerGroup="wg")["taskObject"]
            client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
            print(task["pipelineId"], flush=True)
    ''')

    @pytest.fixture(scope="session")
    def runner():
        child = subprocess.Popen(
            [sys.executable, "-c", RUNNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        yield child
        child.communicate()

    @pytest.mark.parametrize("number", range(4))
    def test_it(runner, number, datapipeline_fake, datapipeline_endpoint):
        task = datapipeline_fake.enqueue("wg", pipeline_id=f"df-{number}")
        key = datapipeline_endpoint.environment["AWS_ACCESS_KEY_ID"]
        print(key, datapipeline_fake.region, file=runner.stdin, flush=True)
        datapipeline_fake.wait_until(task)
        task.assert_finished()
        assert runner.stdout.readline().strip() == f"df-{number}"
        assert len(datapipeline_fake.calls) == 2
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_one_endpoint_serves_the_processes_of_a_whole_session(
    pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    pytester.makepyfile(SHARED)
    options = ("--datapipeline-shared-endpoint", "--datapipeline-patience=20")

    result = run_apart(pytester, *options, *workers, plugins=(OURS, "xdist"))

    result.assert_outcomes(passed=4)


def test_the_shared_endpoint_gives_back_the_variables_that_it_took(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DATA_PIPELINE", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.com")
    monkeypatch.delenv("no_proxy", raising=False)
    pytester.makeconftest(
        """
        import os
        import pytest

        NAMES = ("AWS_ENDPOINT_URL_DATA_PIPELINE", "NO_PROXY", "no_proxy")

        def show(config):
            print("afterwards:", *[os.environ.get(name) for name in NAMES])

        @pytest.hookimpl(tryfirst=True)
        def pytest_configure(config):
            config.add_cleanup(lambda: show(config))
        """
    )
    pytester.makepyfile(
        """
        import os

        def test_it():
            assert os.environ["AWS_ENDPOINT_URL_DATA_PIPELINE"] != "http://127.0.0.1:9"
            assert os.environ["NO_PROXY"] == "example.com,127.0.0.1"
            assert os.environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] == "false"
        """
    )

    result = run_apart(pytester, "-s", "--datapipeline-shared-endpoint")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("afterwards: http://127.0.0.1:9 example.com None")


STRAYS = """
    import http.client, json, os, threading
    import pytest

    URL = os.environ["AWS_ENDPOINT_URL_DATA_PIPELINE"]

    def connected():
        return http.client.HTTPConnection(URL.removeprefix("http://"), timeout=20)

    def signed(key):
        scope = f"Credential={key}/20240101/us-east-1/datapipeline/aws4_request"
        return {
            "X-Amz-Target": "DataPipeline.ListPipelines",
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=a, Signature=b",
        }

    def ask(method, path, body, headers):
        connection = connected()
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found
"""


def shared(pytester: pytest.Pytester, code: str) -> pytest.RunResult:
    """The result of tests of that code under one endpoint for all."""
    pytester.makepyfile(textwrap.dedent(STRAYS) + textwrap.dedent(code))
    return run_apart(pytester, "--datapipeline-shared-endpoint")


def test_a_request_that_no_test_has_signed_is_refused_by_the_shared_endpoint(
    pytester: pytest.Pytester,
) -> None:
    result = shared(
        pytester,
        """
        @pytest.mark.parametrize(
            ("headers", "code", "told"),
            [
                ({}, "MissingAuthenticationTokenException", "is not signed"),
                (signed("AKIA1"), "UnrecognizedClientException", "AKIA1 is none of a test"),
                (signed("PYTESTDATAPIPELINE1"), "UnrecognizedClientException", "has ended"),
            ],
        )
        def test_it(headers, code, told):
            status, text = ask("POST", "/", "{}", headers)
            answer = json.loads(text)
            assert (status, answer["__type"]) == (403, code)
            assert told in answer["message"]
            assert "datapipeline_endpoint.environment" in answer["message"]
        """,
    )

    result.assert_outcomes(passed=3)


def test_who_does_not_call_the_service_is_told_so_by_the_shared_endpoint(
    pytester: pytest.Pytester,
) -> None:
    result = shared(
        pytester,
        """
        @pytest.mark.parametrize(
            ("method", "path", "body", "status"),
            [
                ("POST", "/nowhere", "{}", 404),
                ("GET", "/", "", 405),
                ("POST", "/_control/advance", "{}", 404),
                ("POST", "/_control/route", "no json", 400),
                ("POST", "/_control/route", "{}", 400),
                ("POST", "/_control/route", "[]", 400),
                ("POST", "/_control/route", '{"account": null, "url": null}', 400),
                ("POST", "/_control/route", '{"account": "a", "url": 5}', 400),
                ("POST", "/_control/route", "[" * 100000, 400),
            ],
        )
        def test_it(method, path, body, status):
            got, text = ask(method, path, body, {})
            assert got == status
            assert "message" in json.loads(text)
        """,
    )

    result.assert_outcomes(passed=9)


def test_the_shared_endpoint_takes_clients_that_come_and_go_at_once(
    pytester: pytest.Pytester,
) -> None:
    result = shared(
        pytester,
        """
        def test_it(datapipeline_fake, datapipeline_endpoint):
            headers = signed(datapipeline_endpoint.environment["AWS_ACCESS_KEY_ID"])
            statuses = []

            def come_and_go():
                for _ in range(10):
                    statuses.append(ask("POST", "/", "{}", headers)[0])

            threads = [threading.Thread(target=come_and_go) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert statuses == [200] * 80
        """,
    )

    result.assert_outcomes(passed=1)


def test_a_proxy_does_not_stand_between_a_test_and_the_shared_endpoint(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    result = shared(
        pytester,
        """
        def test_it(datapipeline_fake, datapipeline_endpoint):
            key = datapipeline_endpoint.environment["AWS_ACCESS_KEY_ID"]
            assert ask("POST", "/", "{}", signed(key))[0] == 200
        """,
    )

    result.assert_outcomes(passed=1)
