"""The fake behind HTTP: child processes, raw requests, connections that end."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import textwrap
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datapipeline import DataPipelineFake, FakeUsageError, poll_for_task
from pytest_datapipeline.endpoint import DataPipelineEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
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
    before = dict(os.environ)

    with DataPipelineEndpoint(datapipeline_fake) as endpoint:
        assert os.environ["AWS_ENDPOINT_URL_DATA_PIPELINE"] == endpoint.url
        assert "AWS_PROFILE" not in os.environ

    assert dict(os.environ) == before


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
    ],
)
def test_a_malformed_request_gets_the_service_s_error(
    connection: http.client.HTTPConnection, headers: dict[str, str], body: Any, code: str
) -> None:
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()

    assert answer.status == 400
    assert json.loads(answer.read())["__type"] == code


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


def test_a_missing_extra_is_named(
    datapipeline_fake: DataPipelineFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "pytest_datapipeline.transports.http", raising=False)

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
    options = ("-p", "no:randomly", "--datapipeline-shared-endpoint", "--datapipeline-patience=20")

    result = pytester.runpytest_subprocess(*options, *workers)

    result.assert_outcomes(passed=4)


def test_the_shared_endpoint_gives_back_the_variable_that_it_took(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DATA_PIPELINE", "http://127.0.0.1:9")
    pytester.makeconftest(
        """
        import os
        import pytest

        def show(config):
            print("afterwards:", os.environ.get("AWS_ENDPOINT_URL_DATA_PIPELINE"))

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
        """
    )

    result = pytester.runpytest_subprocess("-s", "--datapipeline-shared-endpoint")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("afterwards: http://127.0.0.1:9")


def test_a_key_that_no_test_has_is_refused_by_the_shared_endpoint(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import os, urllib.error, urllib.request
        import pytest

        def test_it():
            url = os.environ["AWS_ENDPOINT_URL_DATA_PIPELINE"]
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(url, b"{}")
            assert caught.value.code == 403
            caught.value.close()
        """
    )

    result = pytester.runpytest_subprocess("-p", "no:randomly", "--datapipeline-shared-endpoint")

    result.assert_outcomes(passed=1)
