"""Requests that nobody else looks at: made in fewer steps, and the same as any others."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import boto3
import botocore.endpoint
import botocore.useragent
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import HeadersDict
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.history import BaseHistoryHandler, HistoryRecorder

from pytest_datapipeline import DataPipelineFake
from pytest_datapipeline._clients import light
from pytest_datapipeline._service.protocol import model

APP: Any = {"user_agent_appid": "mine"}  # botocore-stubs does not know it
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "legacy": {"config": Config(retries={"mode": "legacy", "max_attempts": 2})},
    "standard": {"config": Config(retries={"mode": "standard"})},
    "adaptive": {"config": Config(retries={"mode": "adaptive"})},
    "user agent": {"config": Config(user_agent="mine/1.0", user_agent_extra="and/more")},
    "extra": {"config": Config(user_agent_extra="and/more")},
    "app": {"config": Config(**APP)},
    "unsigned": {"config": Config(signature_version=UNSIGNED)},
    "endpoint": {"endpoint_url": "http://localhost:4566/path"},
    "no TLS": {"use_ssl": False},
    "FIPS": {"config": Config(use_fips_endpoint=True)},
    "China": {"region_name": "cn-north-1"},
    "compressed": {"config": Config(request_min_compression_size_bytes=1)},
}


class Sent(BaseHistoryHandler):
    """The requests of all clients, as botocore sends them."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def emit(self, event_type: str, payload: Any, source: str) -> None:
        if event_type == "HTTP_REQUEST":
            self.requests.append(payload)

    def comparable(self) -> list[Any]:
        """What is the same for the same calls, and types."""
        found = []
        for request in self.requests:
            headers = list(request["headers"].items())
            assert type(request["headers"]) is HeadersDict
            names = [name for name, _ in headers]
            # A new id for each call, and a moment of the real clock.
            told = [pair for pair in headers if pair[0] != "amz-sdk-invocation-id"]
            told = [(name, re.sub(r"ttl=\w+", "ttl", str(value))) for name, value in told]
            found.append({**request, "headers": told, "names": names})
        self.requests.clear()
        return found


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    recorder, handler = HistoryRecorder(), Sent()
    recorder.add_handler(handler)
    recorder.enable()
    monkeypatch.setattr(botocore.endpoint, "history_recorder", recorder)
    return handler


def value_of(shape: Any) -> Any:
    """A value of a shape, with all members of structures."""
    kind = shape.type_name
    if kind == "structure":
        return {name: value_of(member) for name, member in shape.members.items()}
    if kind == "list":
        return [value_of(shape.member)]
    if kind == "string":
        return shape.enum[0] if shape.enum else "é"
    return {"boolean": True, "integer": 1, "timestamp": 1}[kind]


def call_all(client: Any) -> None:
    for operation, method in model.operations().items():
        shape = model.operation_model(operation).input_shape
        with suppress(ClientError):
            getattr(client, method)(**({} if shape is None else value_of(shape)))


def listen(client: Any, event: str = "request-created") -> None:
    client.meta.events.register(f"{event}.data-pipeline", lambda **_: None)


@pytest.mark.parametrize("given", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_requests_of_all_operations_are_those_that_a_listener_would_see(
    datapipeline_fake: DataPipelineFake, sent: Sent, given: dict[str, Any]
) -> None:
    region = given.get("region_name", "us-east-1")
    datapipeline_fake.enqueue("é", {}, {}, {}, region=region)
    client = boto3.client("datapipeline", **given)
    call_all(client)
    call_all(client)
    alone = sent.comparable()

    listen(client)
    listen(client, "before-endpoint-resolution")
    call_all(client)

    assert len(alone) == 2 * 19
    assert alone == 2 * sent.comparable()


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_requests_of_retries_are_those_that_a_listener_would_see(
    datapipeline_fake: DataPipelineFake, sent: Sent, mode: Any
) -> None:
    client = boto3.client("datapipeline", config=Config(retries={"mode": mode}))
    datapipeline_fake.fail("list_pipelines", error="throttling", times=2, per="request")
    client.list_pipelines()
    alone = sent.comparable()

    listen(client)
    datapipeline_fake.fail("list_pipelines", error="throttling", times=2, per="request")
    client.list_pipelines()

    assert len(alone) == 3
    assert alone == sent.comparable()


@pytest.mark.parametrize("event", ["request-created", "before-sign"])
def test_a_listener_gets_a_request_with_headers_of_botocores_class(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, sent: Sent, event: str
) -> None:
    def sign(request: Any, **_: Any) -> None:
        assert isinstance(request.headers, HTTPHeaders)
        request.headers.add_header("X-Trace", "mine")

    datapipeline_client.list_pipelines()
    datapipeline_client.meta.events.register(f"{event}.data-pipeline.ListPipelines", sign)
    datapipeline_client.list_pipelines()
    datapipeline_client.meta.events.unregister(f"{event}.data-pipeline.ListPipelines", sign)
    datapipeline_client.list_pipelines()

    assert ["X-Trace" in request["headers"] for request in sent.requests] == [False, True, False]


def test_a_listener_to_the_resolution_of_endpoints_has_his_say_at_any_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, sent: Sent
) -> None:
    def elsewhere(builtins: dict[str, Any], **_: Any) -> None:
        builtins["SDK::Endpoint"] = "http://elsewhere.invalid"

    datapipeline_client.list_pipelines()
    events = datapipeline_client.meta.events
    events.register("before-endpoint-resolution.data-pipeline", elsewhere)
    datapipeline_client.list_pipelines()

    assert [request["url"] for request in sent.requests] == [
        "https://datapipeline.us-east-1.amazonaws.com/",
        "http://elsewhere.invalid/",
    ]


def test_a_user_agent_that_is_changed_is_the_new_one(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, sent: Sent
) -> None:
    datapipeline_client.list_pipelines()
    datapipeline_client.meta.config.user_agent_extra = "and/more"
    datapipeline_client.list_pipelines()
    datapipeline_client.meta.config.user_agent_extra = ""
    datapipeline_client.list_pipelines()

    agents = [request["headers"]["User-Agent"].decode() for request in sent.requests]
    assert agents[1] == f"{agents[0]} and/more"
    assert agents[2] == agents[0]


def test_a_method_that_somebody_has_replaced_is_his(
    monkeypatch: pytest.MonkeyPatch, sent: Sent
) -> None:
    create_request: Any = botocore.endpoint.Endpoint.create_request

    def traced(self: Any, params: Any, operation_model: Any = None) -> Any:
        params["headers"]["X-Trace"] = "mine"
        return create_request(self, params, operation_model)

    monkeypatch.setattr(botocore.endpoint.Endpoint, "create_request", traced)
    with DataPipelineFake():
        boto3.client("datapipeline").list_pipelines()

    assert sent.requests[0]["headers"]["X-Trace"] == b"mine"


def test_a_botocore_with_other_insides_makes_its_requests_by_itself(
    monkeypatch: pytest.MonkeyPatch, sent: Sent
) -> None:
    monkeypatch.delattr(botocore.useragent, "UserAgentString")
    light._parts.cache_clear()
    create_request = botocore.endpoint.Endpoint.create_request
    try:
        with DataPipelineFake():
            assert botocore.endpoint.Endpoint.create_request is create_request
            boto3.client("datapipeline").list_pipelines()
    finally:
        light._parts.cache_clear()

    assert len(sent.requests) == 1
