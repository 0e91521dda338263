"""Who may call the endpoint: programs, no page in a browser, and beyond this machine a token."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pytest_datapipeline._http import handler as http_handler
from pytest_datapipeline._http import server as http_server
from pytest_datapipeline._http.controls import Server
from pytest_datapipeline._http.serve import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.datapipeline(allow_real_calls=True)

TOKEN = "0123456789abcdef"
START = "2024-01-01T00:00:00+00:00"


@contextmanager
def serving(**given: Any) -> Iterator[Server]:
    made = Server(speed=0, start="2024-01-01T00:00:00", **given)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def port_of(server: Server) -> int:
    return int(server.url.rpartition(":")[2])


def asked(
    server: Server, path: str = "/_control/advance", body: str = '{"seconds": 60}', **headers: str
) -> tuple[int, Any]:
    """The answer to a POST with exactly these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=20)
    try:
        connection.putrequest("POST", path, skip_host="Host" in headers)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


# -- pages in a browser ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1.2.3", "localhost:4100", "localhost:", "LOCALHOST", "fake.localhost"),
        *("[::1]", "[::1]:4100", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]:4100"),
    ],
)
def test_a_request_for_this_machine_is_served(server: Server, host: str) -> None:
    assert asked(server, Host=host)[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:4100", "127.0.0.1.evil.example", "10.0.0.1", "[2001::1]"]
)
@pytest.mark.parametrize("path", ["/", "/_control/advance"])
def test_a_request_for_another_name_that_leads_here_is_refused(
    server: Server, host: str, path: str
) -> None:
    status, answer = asked(server, path, Host=host)

    assert status == 403
    assert answer["message"].startswith("The request is for the host '")
    assert server.fake.clock.now().isoformat() == START


@pytest.mark.parametrize(
    "host",
    [
        *("[::1]evil.example", "127.0.0.1:80@evil.example", "localhost:80:80", "localhost:x"),
        *("evil.example/.localhost", "evil.example#.localhost", "[::1", "::1", "[localhost]", ":1"),
    ],
)
def test_a_request_whose_host_is_no_host_is_refused(server: Server, host: str) -> None:
    status, answer = asked(server, Host=host)

    assert status == 403
    assert answer["message"] == (
        f"The request is for the host {host!r}, which is no name or address, with or without a "
        "port. Send the Host that the endpoint's URL has."
    )
    assert server.fake.clock.now().isoformat() == START


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
def test_a_request_from_a_web_page_is_refused(server: Server, origin: str) -> None:
    status, answer = asked(server, Origin=origin, Content_Type="text/plain")

    assert status == 403
    assert answer == {
        "message": f"The request comes from a web page, {origin}. Pages may not call this endpoint."
    }
    assert server.fake.clock.now().isoformat() == START


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site"])
def test_a_request_that_a_browser_says_to_be_another_site_s_is_refused(
    server: Server, site: str
) -> None:
    status, answer = asked(server, Sec_Fetch_Site=site)

    assert status == 403
    assert f"(Sec-Fetch-Site: {site})" in answer["message"]
    assert server.fake.clock.now().isoformat() == START


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_a_request_that_its_user_typed_is_served(server: Server, site: str) -> None:
    assert asked(server, Sec_Fetch_Site=site)[0] == 200


def test_a_request_without_a_host_is_served(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as raw:
        raw.sendall(b"GET /_control/now HTTP/1.0\r\n\r\n")

        assert raw.recv(1000).startswith(b"HTTP/1.0 200")


PAGE = """<!doctype html><title>A page</title><script>
const send = (path, body) => fetch("http://127.0.0.1:%(port)d" + path,
    {method: "POST", mode: "no-cors", headers: {"Content-Type": "text/plain"}, body});
Promise.allSettled([
    send("/_control/advance", '{"seconds": 60}'),
    send("/", "{}"),
]).then(() => fetch("/done"));
</script>"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_page_in_chromium_changes_nothing(server: Server, tmp_path: Path) -> None:
    page = (PAGE % {"port": port_of(server)}).encode()
    done = threading.Event()

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/done":
                done.set()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Site) as site:
        serving_pages = threading.Thread(target=site.serve_forever)
        serving_pages.start()
        chromium = subprocess.Popen(
            [
                *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--disable-dev-shm-usage", f"--user-data-dir={tmp_path}"),
                *("--remote-debugging-port=0", f"http://localhost:{site.server_port}/"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            came = done.wait(60)
        finally:
            chromium.kill()
            chromium.wait()
            site.shutdown()
            serving_pages.join()

    assert came
    assert server.fake.clock.now().isoformat() == START


# -- requests that do not come to their end -------------------------------------------------------


def test_a_request_that_announces_too_much_is_refused_before_it_has_come(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\nx")

        assert raw.recv(1000).startswith(b"HTTP/1.1 413")
        while raw.recv(1000):
            pass  # it hangs up


def test_a_connection_on_which_nothing_comes_is_hung_up_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_handler, "HEAD_SECONDS", 0.05)
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as raw:
        assert raw.recv(1000) == b""


def test_a_request_whose_head_does_not_come_is_hung_up_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_handler, "HEAD_SECONDS", 0.05)
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nHost: local")

        assert raw.recv(1000) == b""


NOW = b"GET /_control/now HTTP/1.1\r\nHost: localhost\r\n\r\n"
REQUESTS = {
    "no-body": NOW,
    "length": b"POST /_control/now HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    "chunks": b"POST /_control/now HTTP/1.1\r\nHost: localhost\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
}


def status_of_answer(raw: socket.socket) -> int:
    """The status of the one answer that comes."""
    with http.client.HTTPResponse(raw) as answer:
        answer.begin()
        answer.read()
        return answer.status


@pytest.mark.parametrize("request_before", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("begun", [b"P", NOW[:-1]], ids=["a-byte", "all-but-a-byte"])
def test_a_request_that_begins_with_the_end_of_another_and_does_not_come_is_hung_up_on(
    server: Server, monkeypatch: pytest.MonkeyPatch, request_before: bytes, begun: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as raw:
        raw.sendall(NOW)
        assert status_of_answer(raw) == 200
        # The connection has been made, and is not limited by this any more.
        monkeypatch.setattr(http_handler, "HEAD_SECONDS", 0.05)

        raw.sendall(request_before + begun)

        assert status_of_answer(raw) == 200
        assert raw.recv(1000) == b""


@pytest.mark.parametrize("request_before", REQUESTS.values(), ids=REQUESTS)
def test_a_request_that_comes_with_the_end_of_another_is_answered(
    server: Server, request_before: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as raw:
        raw.sendall(request_before + NOW[:5])
        assert status_of_answer(raw) == 200

        raw.sendall(NOW[5:])

        assert status_of_answer(raw) == 200


def test_a_request_whose_body_does_not_come_is_told_so(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "BODY_SECONDS", 0.05)
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx")

        assert raw.recv(1000).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("request_before", REQUESTS.values(), ids=REQUESTS)
def test_a_connection_that_rests_between_requests_is_kept(
    server: Server, monkeypatch: pytest.MonkeyPatch, request_before: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as resting:
        resting.sendall(NOW)
        assert status_of_answer(resting) == 200
        monkeypatch.setattr(http_handler, "HEAD_SECONDS", 0.05)
        resting.sendall(request_before)
        assert status_of_answer(resting) == 200

        # What does not come on another connection is longer overdue than this one's rest.
        with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as raw:
            assert raw.recv(1000) == b""
        resting.sendall(NOW)

        assert status_of_answer(resting) == 200


# -- beyond this machine --------------------------------------------------------------------------


def client(server: Server, key: str) -> Any:
    return boto3.client(
        "datapipeline",
        region_name="us-east-1",
        endpoint_url=server.url,
        aws_access_key_id=key,
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_a_client_whose_access_key_is_the_token_is_served() -> None:
    with serving(host="0.0.0.0", token=TOKEN) as server:
        assert client(server, TOKEN).list_pipelines()["pipelineIdList"] == []


def test_a_client_with_another_access_key_is_refused() -> None:
    with serving(host="0.0.0.0", token=TOKEN) as server, pytest.raises(ClientError) as caught:
        client(server, "testing").list_pipelines()

    assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"
    assert "AWS_ACCESS_KEY_ID=TOKEN" in caught.value.response["Error"]["Message"]


def test_the_control_api_takes_the_token_alone() -> None:
    with serving(host="0.0.0.0", token=TOKEN) as server:
        without = asked(server)
        wrong = asked(server, Authorization="Bearer 0123456789abcdeX")
        right = asked(server, Authorization=f"Bearer {TOKEN}")

    assert (without[0], wrong[0], right[0]) == (401, 401, 200)
    assert "'Authorization: Bearer TOKEN'" in without[1]["message"]


@pytest.mark.parametrize(
    ("path", "status"), [(b"/_control/now", 401), (b"/", 403)], ids=["control", "service"]
)
def test_a_token_that_is_no_text_is_a_wrong_one(path: bytes, status: int) -> None:
    with (
        serving(host="0.0.0.0", token=TOKEN) as server,
        socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as raw,
    ):
        raw.sendall(
            b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: Bearer Credential=\xe9/20240101/us-east-1/x/y\r\n\r\n"
        )

        assert status_of_answer(raw) == status


def test_an_endpoint_that_listens_everywhere_is_called_by_any_name() -> None:
    with serving(host="0.0.0.0", token=TOKEN) as server:
        status, _ = asked(server, Host="fake:4100", Authorization=f"Bearer {TOKEN}")

    assert status == 200


def test_an_endpoint_that_listens_by_a_name_is_called_by_it() -> None:
    with serving(host="localhost") as server:
        assert asked(server, Host="localhost")[0] == 200
        assert asked(server, Host="fake")[0] == 403


@pytest.mark.parametrize("token", ["short", "with spaces in its middle", "0123456789abcde!"])
def test_a_token_that_can_be_no_access_key_is_refused(
    token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--token", token])

    assert "take 16 to 128 letters and digits" in capsys.readouterr().err
