"""One endpoint for the tests of a whole session, and what outlives a test."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import textwrap

import pytest
from support.inner_pytest import OURS, run_apart

from pytest_datapipeline import DataPipelineFake, FakeUsageError
from pytest_datapipeline.endpoint import DataPipelineEndpoint

# Starting a Python takes its time on a busy machine.
pytestmark = pytest.mark.datapipeline(patience=60)


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


def test_the_shared_endpoint_leads_to_the_fake_of_the_wider_scope_that_a_test_requests(
    pytester: pytest.Pytester,
) -> None:
    result = shared(
        pytester,
        """
        @pytest.mark.parametrize("number", [1, 2])
        def test_it(module_datapipeline_fake, datapipeline_endpoint, number):
            headers = signed(datapipeline_endpoint.environment["AWS_ACCESS_KEY_ID"])
            assert ask("POST", "/", "{}", headers)[0] == 200
            assert len(module_datapipeline_fake.calls) == number
        """,
    )

    result.assert_outcomes(passed=2)


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
