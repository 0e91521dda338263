"""The guard keeps calls from AWS, and leaves alone what other mocks and local servers answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import moto  # noqa: F401  # by the first import it changes botocore for good
import pytest

Run = Callable[..., pytest.RunResult]


class _Server(ThreadingHTTPServer):
    """A server of the user's own that answers every request like ListPipelines."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.operations: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # so that connections are kept alive
    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.operations.append(self.headers["X-Amz-Target"])
        body = json.dumps({"pipelineIdList": [{"id": "df-1", "name": "theirs"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def port(server: _Server) -> int:
    return server.server_address[1]


BEFORE = """
    import boto3
    import pytest

    def client(**arguments):
        return boto3.client("datapipeline", "us-east-1", aws_access_key_id="a",
                            aws_secret_access_key="b", **arguments)

    def names(client):
        return [held["name"] for held in client.list_pipelines()["pipelineIdList"]]
"""

THEIRS = """
    def test_server():
        assert names(client()) == ["theirs"]
"""

MOTO = (
    BEFORE
    + """
    from moto import mock_aws

    {}
    @mock_aws
    def test_moto_alone():
        made = client()
        made.create_pipeline(name="moto's", uniqueId="u")
        assert names(made) == ["moto's"]
"""
)


def test_moto_alone_answers_where_no_fake_is(run: Run) -> None:
    run(MOTO.format("")).assert_outcomes(passed=1)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}", "http://localhost:{}"])
def test_a_local_server_that_a_client_was_given_answers(run: Run, port: int, url: str) -> None:
    source = (
        BEFORE
        + f"""
    def test_server():
        assert names(client(endpoint_url="{url.format(port)}")) == ["theirs"]
"""
    )

    run(source).assert_outcomes(passed=1)


def test_a_local_server_that_the_environment_names_answers(
    run: Run, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DATA_PIPELINE", f"http://127.0.0.1:{port}")

    result = run(BEFORE + THEIRS)

    result.assert_outcomes(passed=1)


def test_a_local_server_that_a_profile_names_answers(
    run: Run, port: int, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = pytester.makefile(".config", f"[default]\nendpoint_url = http://127.0.0.1:{port}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))

    result = run(BEFORE + THEIRS)

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("host", ["moto", "localstack.internal", "amazonaws.com.example.org"])
def test_the_name_of_a_container_is_let_through(run: Run, port: int, host: str) -> None:
    source = (
        BEFORE
        + f"""
    import socket

    def test_container(monkeypatch):
        real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda _, *more: real("127.0.0.1", *more))
        assert names(client(endpoint_url="http://{host}:{port}")) == ["theirs"]
"""
    )

    run(source).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "host",
    [
        "datapipeline.us-east-1.amazonaws.com",
        "datapipeline.cn-north-1.amazonaws.com.cn",
        "datapipeline.us-iso-east-1.c2s.ic.gov",
        "datapipeline.eu-west-1.api.aws",
        "vpce-1-a.datapipeline.us-east-1.vpce.amazonaws.com",
        "DataPipeline.us-east-1.AmazonAWS.com.",
    ],
)
def test_every_host_of_aws_is_guarded(run: Run, port: int, server: _Server, host: str) -> None:
    source = (
        BEFORE
        + f"""
    import socket

    def test_aws(monkeypatch):
        real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda _, *more: real("127.0.0.1", *more))
        with pytest.raises(AssertionError, match="kept from the network"):
            client(endpoint_url="http://{host}:{port}").list_pipelines()
"""
    )

    run(source).assert_outcomes(passed=0, failed=1)

    assert server.operations == []


def test_a_connection_that_an_earlier_test_was_allowed_to_open_is_guarded(
    run_in_a_process: Run, port: int, server: _Server
) -> None:
    source = (
        BEFORE
        + f"""
    import socket
    made = client(endpoint_url="http://datapipeline.us-east-1.amazonaws.com:{port}")

    @pytest.fixture(autouse=True)
    def near(monkeypatch):
        real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda _, *more: real("127.0.0.1", *more))

    @pytest.mark.datapipeline(allow_real_calls=True)
    def test_allowed():
        assert names(made) == ["theirs"]

    def test_not_allowed():
        made.list_pipelines()
"""
    )

    result = run_in_a_process(source)

    result.assert_outcomes(passed=1, failed=1)
    assert server.operations == ["DataPipeline.ListPipelines"]


def test_a_patch_below_botocore_s_endpoint_answers(run: Run) -> None:
    source = (
        BEFORE
        + """
    from botocore.awsrequest import AWSResponse

    def test_patched(monkeypatch):
        class Raw:
            def stream(self, *_, **__):
                yield b'{"pipelineIdList": [{"id": "df-1", "name": "patched"}]}'
        monkeypatch.setattr("botocore.httpsession.URLLib3Session.send",
                            lambda _, request: AWSResponse(request.url, 200, {}, Raw()))
        assert names(client()) == ["patched"]
"""
    )

    run(source).assert_outcomes(passed=1)


def test_a_call_without_credentials_is_refused_as_one_with_them(
    run_in_a_process: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    source = """
        import boto3

        def test_call():
            boto3.client("datapipeline", "us-east-1").list_pipelines()
    """

    result = run_in_a_process(source)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E*UnexpectedCall: ListPipelines was called on AWS Data Pipeline*")


# -- strict, and off -------------------------------------------------------------------------------

STRICT = "@pytest.mark.datapipeline(guard='strict')"


def test_a_strict_guard_refuses_what_moto_would_answer(run: Run) -> None:
    result = run(MOTO.format(STRICT))

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        "E*UnexpectedCall: CreatePipeline was called on AWS Data Pipeline, *The guard is strict: "
        "other mocks and local servers may answer with the ini option datapipeline_guard = aws or *"
    )


def test_the_guard_is_strict_for_all_tests_by_the_ini_file(run: Run) -> None:
    run(MOTO.format(""), ini="datapipeline_guard = strict").assert_outcomes(failed=1)


def test_the_guard_is_strict_for_a_run_by_the_command_line(run: Run) -> None:
    run(MOTO.format(""), "--datapipeline-guard=strict").assert_outcomes(failed=1)


def test_a_test_may_let_mocks_answer_where_the_guard_is_strict(run: Run) -> None:
    marker = "@pytest.mark.datapipeline(guard='aws')"

    run(MOTO.format(marker), ini="datapipeline_guard = strict").assert_outcomes(passed=1)


OFF = (
    BEFORE
    + """
    {}
    def test_call(monkeypatch):
        monkeypatch.setattr("botocore.awsrequest.AWSHTTPSConnection.connect", lambda _: 1 / 0)
        with pytest.raises(Exception, match="division by zero"):
            client().list_pipelines()
"""
)


def test_the_guard_can_be_turned_off(run_in_a_process: Run) -> None:
    result = run_in_a_process(OFF.format(""), ini="datapipeline_guard = off")

    result.assert_outcomes(passed=1)


def test_an_unknown_guard_is_told_at_once(run: Run) -> None:
    result = run("def test(): pass", ini="datapipeline_guard = lax")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "*the ini option datapipeline_guard: guard is 'lax'; it can be 'strict' or 'aws' or 'off'."
    )


# -- aiobotocore -----------------------------------------------------------------------------------

COROUTINE = """
    import asyncio
    import pytest

    async def names(**arguments):
        session = pytest.importorskip("aiobotocore.session").get_session()
        async with session.create_client(
            "datapipeline", region_name="us-east-1", aws_access_key_id="a",
            aws_secret_access_key="b", **arguments
        ) as client:
            answer = await client.list_pipelines()
            return [held["name"] for held in answer["pipelineIdList"]]
"""


def test_a_coroutine_s_call_to_aws_is_refused(run: Run) -> None:
    pytest.importorskip("aiobotocore")

    result = run(COROUTINE + "\n    def test_call():\n        asyncio.run(names())\n")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E*UnexpectedCall: ListPipelines was called on AWS Data Pipeline*")


def test_a_coroutine_s_call_to_a_local_server_is_let_through(run: Run, port: int) -> None:
    pytest.importorskip("aiobotocore")
    source = (
        COROUTINE
        + f"""
    def test_call():
        assert asyncio.run(names(endpoint_url="http://127.0.0.1:{port}")) == ["theirs"]
"""
    )

    run(source).assert_outcomes(passed=1)


def needs_httpx() -> None:
    """Skip where aiobotocore is missing, knows one kind of session only, or has no httpx."""
    if pytest.importorskip("aiobotocore.httpxsession").httpx is None:
        pytest.skip("aiobotocore has no httpx")


# Where aioresponses, VCR and the mocks of httpx step in.
MOCKED = {
    "aiohttp": """
        class Response:
            status, headers, raw_headers, url = 200, {}, [], "https://x/"
            async def read(self):
                return b'{"pipelineIdList": [{"id": "df-1", "name": "mocked"}]}'

        async def answer(self, *args, **kwargs):
            return Response()

        monkeypatch.setattr("aiohttp.ClientSession._request", answer)
        assert asyncio.run(names()) == ["mocked"]
    """,
    "the session": """
        from aiobotocore.awsrequest import AioAWSResponse

        class Raw:
            async def read(self):
                return b'{"pipelineIdList": [{"id": "df-1", "name": "mocked"}]}'

        async def answer(self, request):
            return AioAWSResponse(request.url, 200, {}, Raw())

        monkeypatch.setattr("aiobotocore.httpsession.AIOHTTPSession.send", answer)
        assert asyncio.run(names()) == ["mocked"]
    """,
    "httpx": """
        from aiobotocore import httpxsession as sessions
        from aiobotocore.config import AioConfig

        httpx = sessions.httpx

        async def answer(self, request):
            return httpx.Response(
                200, content=b'{"pipelineIdList": [{"id": "df-1", "name": "mocked"}]}'
            )

        monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answer)
        config = AioConfig(http_session_cls=sessions.HttpxSession)
        assert asyncio.run(names(config=config)) == ["mocked"]
    """,
}


@pytest.mark.parametrize("below", MOCKED)
def test_what_is_mocked_below_a_coroutine_s_client_is_let_through(run: Run, below: str) -> None:
    pytest.importorskip("aiobotocore")
    if below == "httpx":
        needs_httpx()

    result = run(COROUTINE + "\n    def test_call(monkeypatch):" + MOCKED[below])

    result.assert_outcomes(passed=1)


def test_a_coroutine_s_call_over_httpx_is_refused(run: Run) -> None:
    needs_httpx()
    source = """
    def test_call():
        from aiobotocore import httpxsession as sessions
        from aiobotocore.config import AioConfig

        with pytest.raises(AssertionError, match="ListPipelines was called on AWS Data Pipeline"):
            asyncio.run(names(config=AioConfig(http_session_cls=sessions.HttpxSession)))
"""

    result = run(COROUTINE + source)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("*ListPipelines was called on AWS Data Pipeline*")
    result.stdout.no_fnmatch_line("*DID NOT RAISE*")


def test_a_coroutine_s_session_of_another_kind_is_refused_before_it_sends(run: Run) -> None:
    needs_httpx()
    source = """
    def test_call():
        from aiobotocore.httpsession import AIOHTTPSession

        class Session(AIOHTTPSession):
            async def send(self, request):
                raise LookupError("it was sent")

        from aiobotocore.config import AioConfig

        asyncio.run(names(config=AioConfig(http_session_cls=Session)))
"""

    result = run(COROUTINE + source)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("*ListPipelines was called on AWS Data Pipeline*")
    result.stdout.no_fnmatch_line("E*it was sent*")
