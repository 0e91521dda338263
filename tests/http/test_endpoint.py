"""The fake behind HTTP: child processes that find it, and the environment they get."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datapipeline import DataPipelineFake, FakeUsageError, poll_for_task
from pytest_datapipeline.endpoint import DataPipelineEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.inner_pytest import Run


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


# -- other processes -------------------------------------------------------------------------------


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


@pytest.mark.usefixtures("datapipeline_endpoint")
@pytest.mark.parametrize("call", ["report_task_progress", "set_task_status"])
@pytest.mark.parametrize("fault", ["connection_dropped", "answer_lost"])
def test_time_waits_for_a_process_that_repeats_a_call_whose_connection_was_cut(
    datapipeline_fake: DataPipelineFake, call: str, fault: str
) -> None:
    datapipeline_fake.fail(call, fault, per="request")
    task = datapipeline_fake.enqueue("wg", maximum_retries=0)

    with runner(tasks=1) as child:
        datapipeline_fake.wait_until(task)
        child.communicate(timeout=30)

    task.assert_finished()
    assert not datapipeline_fake.findings.broken


# What a runner needs of real time for its work, or for the start of a client for each call.
WORK = """
import time, boto3
from botocore.config import Config

CONFIG = Config(read_timeout=100)

def work():
    end = time.perf_counter() + 0.1
    while time.perf_counter() < end:
        pass
"""

# One client, and so its connections, of all threads.
POOL = """
from concurrent.futures import ThreadPoolExecutor

client = boto3.client("datapipeline", config=CONFIG)

def work_on(task):
    work()
    client.report_task_progress(taskId=task["taskId"])
    work()
    client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")

with ThreadPoolExecutor(2) as pool:
    while True:
        task = client.poll_for_task(workerGroup="wg").get("taskObject")
        if task:
            pool.submit(work_on, task)
"""

# As a script that calls the AWS CLI.
NEW_CONNECTIONS = """
def call(operation, **parameters):
    client = boto3.client("datapipeline", config=CONFIG)
    try:
        return getattr(client, operation)(**parameters)
    finally:
        client.close()

while True:
    task = call("poll_for_task", workerGroup="wg").get("taskObject")
    if task:
        work()
        call("report_task_progress", taskId=task["taskId"])
        work()
        call("set_task_status", taskId=task["taskId"], taskStatus="FINISHED")
"""


@pytest.mark.usefixtures("datapipeline_endpoint")
@pytest.mark.parametrize("code", [POOL, NEW_CONNECTIONS], ids=["pool", "new connections"])
def test_time_waits_for_a_process_whose_call_about_a_task_is_to_come_over_another_connection(
    datapipeline_fake: DataPipelineFake, code: str
) -> None:
    with process(WORK + code) as child:
        tasks = datapipeline_fake.enqueue("wg", {}, {}, maximum_retries=0)
        datapipeline_fake.wait_until()
        child.kill()

    assert [task.status for task in tasks] == ["FINISHED", "FINISHED"]
    assert not datapipeline_fake.findings.broken


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


def test_time_waits_for_the_first_process_whatever_was_called_before_the_endpoint(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_client.list_pipelines()
    late = datapipeline_fake.enqueue("wg", delay=1800)

    with DataPipelineEndpoint(datapipeline_fake), runner(tasks=1) as child:
        datapipeline_fake.wait_until(late)
        child.communicate(timeout=30)

    assert datapipeline_fake.calls.count(poll_for_task()) == 20


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


# -- fakes of wider scopes -------------------------------------------------------------------------

CREATION = """
    import boto3

    boto3.client("datapipeline").create_pipeline(name="from a process", uniqueId="u")
"""


class TestWide:
    def test_a_process_talks_to_the_fake_of_the_wider_scope_that_a_test_requests(
        self,
        class_datapipeline_fake: DataPipelineFake,
        datapipeline_endpoint: DataPipelineEndpoint,
    ) -> None:
        with process(CREATION) as child:
            printed, _ = child.communicate(timeout=60)

        assert (child.returncode, printed) == (0, "")
        assert [held.name for held in class_datapipeline_fake.pipelines] == ["from a process"]


CREATED = """
    import http.client, json
    import pytest

    def created(endpoint, name):
        connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)
        body = json.dumps({"name": name, "uniqueId": name})
        connection.request("POST", "/", body, {"X-Amz-Target": "DataPipeline.CreatePipeline"})
        assert connection.getresponse().status == 200
        connection.close()

    def names(fake):
        return [held.name for held in fake.pipelines]
"""


@pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
def test_each_test_of_a_scope_has_an_endpoint_of_the_same_fake(run: Run, scope: str) -> None:
    source = (
        CREATED
        + f"""
    class TestTogether:
        def test_one(self, {scope}_datapipeline_fake, datapipeline_endpoint):
            created(datapipeline_endpoint, "of one")
            assert names({scope}_datapipeline_fake) == ["of one"]

        def test_two(self, datapipeline_endpoint, {scope}_datapipeline_fake):
            created(datapipeline_endpoint, "of two")
            assert names({scope}_datapipeline_fake) == ["of one", "of two"]
"""
    )

    run(source).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("requested", "answering"),
    [
        ("module_datapipeline_fake, datapipeline_fake", "datapipeline_fake"),
        ("module_datapipeline_fake, class_datapipeline_fake", "class_datapipeline_fake"),
    ],
    ids=["of-the-test", "of-the-narrower-scope"],
)
@pytest.mark.parametrize("order", ["datapipeline_endpoint, {}", "{}, datapipeline_endpoint"])
def test_the_innermost_fake_that_a_test_requests_is_behind_the_endpoint(
    run: Run, requested: str, answering: str, order: str
) -> None:
    source = (
        CREATED
        + f"""
    class TestTogether:
        def test_it(self, {order.format(requested)}):
            created(datapipeline_endpoint, "here")
            assert names({answering}) == ["here"]
            assert names(module_datapipeline_fake) == []
"""
    )

    run(source).assert_outcomes(passed=1)


# -- mistakes --------------------------------------------------------------------------------------


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

    with pytest.raises(FakeUsageError, match=r"cannot be listened on.*Choose another"):
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
