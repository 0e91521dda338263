"""The endpoint by itself, with its control API."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from pytest_datapipeline._http.controls import Server
from pytest_datapipeline._http.serve import main

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


def test_a_pipeline_is_activated_from_json_or_from_the_text_of_a_file(
    server: Server, client: Any
) -> None:
    objects = [
        {"id": "Default", "scheduleType": "ondemand", "workerGroup": "wg"},
        {"id": "A", "type": "ShellCommandActivity", "command": "#{myCommand}"},
    ]
    definition = {"objects": objects, "parameters": [{"id": "myCommand", "type": "String"}]}
    values = {"myCommand": "echo hi"}
    template = """
Resources:
  P:
    Type: AWS::DataPipeline::Pipeline
    Properties:
      Name: !Ref Name
      PipelineObjects:
      - {Id: Default, Name: Default, Fields: [{Key: scheduleType, StringValue: ondemand}]}
"""

    status, made = control(server, "activate", {"definition": definition, "values": values})
    _, named = control(
        server,
        "activate",
        {"text": template, "file": "t.yaml", "template_parameters": {"Name": "reports"}}
        | {"resource": "P"},
    )

    assert status == 200
    assert made["state"] == "SCHEDULED"
    task = client.poll_for_task(workerGroup="wg")["taskObject"]
    assert task["pipelineId"] == made["pipelineId"]
    assert named["name"] == "reports"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, 'has one of "definition", as JSON, and "text"'),
        ({"definition": {"objects": []}, "text": "x"}, 'has one of "definition"'),
        ({"definition": "/etc/passwd"}, "it must be an object or a list"),
        ({"text": "{", "file": "a.json"}, "a.json:1: is no JSON"),
        ({"definition": [{"id": "A", "type": "Schedule"}]}, "A: MISSING_FIELD"),
    ],
)
def test_a_definition_that_can_not_be_activated_is_refused(
    server: Server, body: dict[str, Any], text: str
) -> None:
    status, answer = control(server, "activate", body)

    assert status == 400
    assert text in answer["message"]


def test_time_is_moved_by_hand(server: Server) -> None:
    _, moved = control(server, "advance", {"seconds": 3600})

    assert moved == {"now": "2024-01-01T01:00:00+00:00"}
    assert control(server, "now", method="GET") == (200, moved)


def test_findings_are_told(server: Server, client: Any) -> None:
    control(server, "enqueue", {"workerGroup": "reports", "task": {"command": "true"}})
    client.poll_for_task(workerGroup="reports")

    _, told = control(server, "findings", method="GET")

    assert [found["rule"] for found in told["findings"]] == ["no-hostname"]
    assert told["findings"][0]["strength"] == "advice"


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
        ("nothing", {}, 404, 'There is no control "nothing"; there are: advance'),
        ("advance", "no json", 400, "is no JSON"),
        ("advance", "[]", 400, "it must be an object"),
        ("advance", "[" * 100_000, 400, "is no JSON"),
        ("advance", {}, 400, 'lacks "seconds"'),
        ("advance", {"seconds": None}, 400, 'lacks "seconds"'),
        ("advance", {"seconds": True}, 400, 'has true as "seconds"; it must be a number'),
        ("advance", {"seconds": -1}, 400, "the duration"),
        ("advance", '{"seconds": NaN}', 400, "the duration"),
        ("advance", {"seconds": 1, "speed": 2}, 400, '"speed", which it does not take'),
        ("enqueue", {}, 400, 'lacks "workerGroup"'),
        ("enqueue", {"workerGroup": ""}, 400, "The worker group"),
        ("enqueue", {"workerGroup": "wg", "colour": "red"}, 400, "It takes workerGroup, task, id"),
        ("enqueue", {"workerGroup": "wg", "delays": 1}, 400, "Did you mean 'delay'?"),
        ("enqueue", {"workerGroup": "wg", "delay": "soon"}, 400, "it must be a number"),
        ("enqueue", {"workerGroup": "wg", "at": "soon"}, 400, 'at is "soon"; it must be a moment'),
        ("enqueue", {"workerGroup": "wg", "task": {"a": 1}}, 400, "task.a has 1. A field holds"),
        ("enqueue", {"workerGroup": "wg", "task": {"a": {"b": "c"}}}, 400, 'has {"b": "c"}'),
        ("enqueue", {"workerGroup": "wg", "task": {"a": ["x", None]}}, 400, "task.a has null"),
        ("enqueue", {"workerGroup": "wg", "objects": {"O": 1}}, 400, "objects.O is 1"),
        ("fail", {"operation": "nothing", "error": "throttling"}, 400, "has no operation"),
        ("fail", {"operation": "add_tags", "error": [1]}, 400, "the name of an error or an HTTP"),
        (
            "fail",
            {"operation": "add_tags", "error": 503, "parameters": {"colour": "red"}},
            400,
            "has no parameter 'colour'",
        ),
        ("calls", {"last": 1}, 400, "It takes nothing"),
        ("reset", {"colour": "red"}, 400, '"colour", which it does not take'),
        ("reset", {"consistency": "soon"}, 400, "reset: consistency is 'soon'; it can be"),
        ("reset", {"settle": -1}, 400, "reset: settle is -1; it must be a number of seconds"),
        ("reset", {"start": "soon"}, 400, "start is 'soon'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_control_is_told_and_changes_nothing(
    server: Server, verb: str, body: Any, status: int, text: str
) -> None:
    got, answer = control(server, verb, body)

    assert got == status
    assert text in answer["message"]
    assert server.fake.tasks == []


@pytest.mark.parametrize(
    ("verb", "method"), [("reset", "GET"), ("advance", "GET"), ("reset", "PUT"), ("now", "DELETE")]
)
def test_only_a_post_changes_anything(server: Server, client: Any, verb: str, method: str) -> None:
    client.list_pipelines()

    status, answer = control(server, verb, {}, method)

    assert status == 405
    assert f", not {method}" in answer["message"]
    assert len(server.fake.calls) == 1


def test_a_task_may_refer_to_its_objects(server: Server, client: Any) -> None:
    body = {
        "workerGroup": "wg",
        "task": {"input": {"ref": "In"}, "output": [{"ref": "Out"}, {"ref": "In"}], "step": ["a"]},
        "objects": {"In": {"type": "S3DataNode", "then": {"ref": "Out"}}, "Out": {"type": "X"}},
    }

    status, _ = control(server, "enqueue", body)
    task = client.poll_for_task(workerGroup="wg")["taskObject"]

    own = task["objects"][task["attemptId"]]["fields"]
    assert status == 200
    assert [field["refValue"] for field in own if field["key"] == "input"] == ["In"]
    assert [field["refValue"] for field in own if field["key"] == "output"] == ["Out", "In"]
    assert {"key": "then", "refValue": "Out"} in task["objects"]["In"]["fields"]


def test_a_whole_task_object_is_enqueued_as_it_is(server: Server, client: Any) -> None:
    control(server, "enqueue", {"workerGroup": "wg"})
    task = client.poll_for_task(workerGroup="wg")["taskObject"]
    control(server, "reset")

    control(server, "enqueue", {"workerGroup": "wg", "task": {"taskObject": task}})

    assert client.poll_for_task(workerGroup="wg")["taskObject"]["attemptId"] == task["attemptId"]


def test_a_fault_is_planned_for_calls_with_certain_parameters(server: Server, client: Any) -> None:
    control(
        server,
        "fail",
        {
            "operation": "create_pipeline",
            "error": "InternalServiceError",
            "parameters": {"name": "bad", "tags": [{"key": "k", "value": "v"}]},
        },
    )

    client.create_pipeline(name="bad", uniqueId="1")
    client.create_pipeline(name="good", uniqueId="2", tags=[{"key": "k", "value": "v"}])
    with pytest.raises(client.exceptions.InternalServiceError):
        client.create_pipeline(name="bad", uniqueId="3", tags=[{"key": "k", "value": "v"}])


def test_a_reset_may_bring_other_settings_until_the_next(server: Server) -> None:
    _, moved = control(server, "reset", {"start": "2020-02-02T00:00:00", "maximum_pipelines": 3})
    _, back = control(server, "reset")

    assert moved == {"now": "2020-02-02T00:00:00+00:00"}
    assert back == {"now": "2024-01-01T00:00:00+00:00"}


def test_calls_are_told_in_json_whatever_they_held(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for number in ("NaN", "1e400"):
        body = f'{{"marker": {number}}}'
        connection.request("POST", "/", body, {"X-Amz-Target": "DataPipeline.ListPipelines"})
        connection.getresponse().read()

    connection.request("GET", "/_control/calls")
    told = connection.getresponse().read().decode()
    connection.close()

    assert [call["error"] for call in json.loads(told)["calls"]] == ["SerializationException"] * 2
    assert "NaN" not in told
    assert "Infinity" not in told


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


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", r"127\.0\.0\.1"),
        ("0.0.0.0", r"127\.0\.0\.1"),
        *(
            pytest.param(
                host, r"\[::1\]", marks=pytest.mark.skipif(not has_ipv6(), reason="needs IPv6")
            )
            for host in ("::1", "::", "0::0")
        ),
    ],
)
def test_the_command_tells_a_url_by_which_this_machine_reaches_it(host: str, shown: str) -> None:
    with command("--manual", "--host", host, "--token", "0123456789abcdef") as (started, first):
        assert started.stdout is not None
        text = first + "".join(iter(started.stdout.readline, "Ctrl-C ends it.\n"))
        urls = set(re.findall(r"http://[^\s\"'/]*", text))
        url = urls.pop()
        shown_token = {"Authorization": "Bearer 0123456789abcdef"}
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
        connection.request("GET", "/_control/now", headers=shown_token)
        status = connection.getresponse().status
        connection.close()

    assert re.fullmatch(rf"http://{shown}:\d+", url)
    assert urls == set()
    assert status == 200


@pytest.mark.skipif(not has_ipv6(), reason="needs IPv6")
def test_the_command_quotes_for_a_shell_what_it_would_take_for_a_pattern() -> None:
    with command("--manual", "--host", "::1") as (started, first):
        assert started.stdout is not None
        lines = list(iter(started.stdout.readline, "Ctrl-C ends it.\n"))

    url = first.split()[5]
    examples = [line for line in lines if "curl " in line or line.startswith("AWS CLI:")]
    assert len(examples) == 8
    assert all(f"'{url}'" in line for line in examples)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_cleanly_however_often_it_is_told_to(number: signal.Signals) -> None:
    with command("--manual") as (started, _):
        for _ in range(50):
            started.send_signal(number)
        told, _ = started.communicate(timeout=30)

    assert (started.returncode, told.endswith("Ended.\n")) == (0, True)
    assert "Traceback" not in told


def test_the_command_takes_settings() -> None:
    settings = ("--setting", "maximum_pipelines=1", "--setting", "region=eu-west-1")
    with command("--manual", *settings) as (started, first):
        url = first.split()[5]
        assert started.stdout is not None
        assert "--region eu-west-1" in started.stdout.readline() + started.stdout.readline()
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
        errors = []
        for number in range(2):
            body = json.dumps({"name": "n", "uniqueId": str(number)})
            connection.request("POST", "/", body, {"X-Amz-Target": "DataPipeline.CreatePipeline"})
            errors.append(json.loads(connection.getresponse().read()).get("__type"))
        connection.close()

    assert errors[0] is None
    assert errors[1] is not None


def test_the_command_tells_of_a_port_in_use(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["serve", "--port", server.url.rpartition(":")[2]])

    assert status == 2
    assert "cannot be listened on" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["sing"],
        *(["serve", f"--speed={speed}"] for speed in ("0", "-1", "nan", "inf", "x", "1e999")),
        *(["serve", f"--port={port}"] for port in ("x", "99999", "-1", "1.5", "")),
        ["serve", "--speed", "2", "--manual"],
    ],
    ids=" ".join,
)
def test_the_command_refuses_what_it_does_not_know(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage: pytest-datapipeline" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--start", "yesterday", "yesterday"),
        ("--region", "us east", "--region: region is 'us east'; name a region"),
        ("--region", "", "--region: region is empty"),
        ("--setting", "consistency", "it must be name=value"),
        ("--setting", "consistent=eventual", "Did you mean 'consistency'?"),
        ("--setting", "consistency=soon", "--setting: consistency is 'soon'; it can be"),
        ("--setting", "freeze=maybe", "--setting: freeze is 'maybe'; it can be true or false"),
        ("--setting", "settle=x", "--setting: settle is 'x'; it must be a number"),
    ],
)
def test_the_command_tells_of_a_wrong_value(
    capsys: pytest.CaptureFixture[str], option: str, value: str, told: str
) -> None:
    before = threading.active_count(), signal.getsignal(signal.SIGINT)

    status = main(["serve", option, value])

    assert status == 2
    assert told in capsys.readouterr().err
    assert (threading.active_count(), signal.getsignal(signal.SIGINT)) == before
