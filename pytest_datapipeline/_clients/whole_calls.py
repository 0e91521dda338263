"""What holds for botocore's clients whoever answers them: how they are made, and how they fail.

Also the interception of whole client calls, for a double that answers those and not HTTP requests.
"""

from __future__ import annotations

import inspect
import threading
from dataclasses import dataclass
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Literal

import botocore.exceptions
from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint
from botocore.session import Session

from .._service.protocol import aws_json as wire
from ..errors import told_by_message
from .guard import SERVICE_ID
from .imports import when_imported

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel

__tracebackhide__ = told_by_message

SERVICE_NAME = "datapipeline"

TransportFailure = Literal[
    "connect_timeout", "read_timeout", "connection_refused", "connection_dropped"
]


def transport_error(kind: TransportFailure, url: str) -> botocore.exceptions.BotoCoreError:
    """The exception that botocore raises when a connection fails in this way."""
    exceptions = botocore.exceptions
    if kind == "read_timeout":
        return exceptions.ReadTimeoutError(endpoint_url=url)
    if kind == "connect_timeout":
        return exceptions.ConnectTimeoutError(endpoint_url=url)
    if kind == "connection_refused":
        return exceptions.EndpointConnectionError(
            endpoint_url=url, error=ConnectionRefusedError(111, "Connection refused")
        )
    return exceptions.ConnectionClosedError(endpoint_url=url)


# Asked for each time that a fake is entered, and not cheap.
_signature = cache(inspect.signature)


def with_defaults(create_client: Any, region: str) -> Any:
    """`Session.create_client`, but Data Pipeline clients get a region and credentials if they are
    made without.

    Credentials are not used, but looking for them is slow where there are none: botocore asks the
    network.
    """
    signature = _signature(create_client)

    @wraps(create_client)
    def create(self: Any, service_name: str, *args: Any, **kwargs: Any) -> Any:
        if service_name != SERVICE_NAME:
            return create_client(self, service_name, *args, **kwargs)
        given = dict(signature.bind(self, service_name, *args, **kwargs).arguments)
        if not _has_region(self, given):
            given["region_name"] = region
        if given.get("aws_access_key_id") is None and given.get("aws_secret_access_key") is None:
            given["aws_access_key_id"] = given["aws_secret_access_key"] = "unused"
        return create_client(**given)

    return create


def _has_region(session: Any, given: dict[str, Any]) -> bool:
    configs = (given.get("config"), session.get_default_client_config())
    return (
        given.get("region_name") is not None
        or any(config is not None and config.region_name is not None for config in configs)
        or session.get_config_variable("region") is not None
    )


@dataclass(frozen=True)
class ClientCall:
    """One call of a client, as botocore would send it. `read_timeout` is in seconds, `caller` the
    name of the thread or of asyncio's task."""

    operation: str
    parameters: dict[str, Any]
    region: str
    url: str
    read_timeout: float | None
    caller: str


class ClientCalls:
    """Routes the Data Pipeline calls of all clients, however old, to `answer` while it is started:
    boto3's, botocore's and aiobotocore's.

    A call is cut off after parameter validation, serialisation and the user's handlers of
    `before-call`, and before botocore signs, sends and retries. `answer` returns the HTTP status
    and the parsed response, or raises what the caller is to see.
    """

    def __init__(
        self, answer: Callable[[ClientCall], tuple[int, dict[str, Any]]], region: str
    ) -> None:
        self._answer = answer
        self._region = region
        self._undo: list[tuple[Any, str, Any]] = []
        self._stop_waiting: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Take the calls over."""
        answer = self._answer
        make_request: Any = Endpoint.make_request

        @wraps(make_request)
        def _make_request(
            self: Any, operation_model: OperationModel, request_dict: dict[str, Any]
        ) -> Any:
            if operation_model.service_model.service_id != SERVICE_ID:
                return make_request(self, operation_model, request_dict)
            operation = operation_model.name
            if inspect.iscoroutinefunction(self._send_request):
                from .aio import answered

                return answered(answer, operation, request_dict)
            call = call_of(operation, request_dict, threading.current_thread().name)
            status, parsed = answer(call)
            return AWSResponse(call.url, status, headers_of(parsed), None), parsed

        self._replace(Endpoint, "make_request", _make_request)
        self._replace(Session, "create_client", with_defaults(Session.create_client, self._region))
        self._stop_waiting = when_imported("aiobotocore.session", self._start_asynchronous)

    def _start_asynchronous(self, module: Any) -> None:
        session: Any = module.AioSession
        self._replace(
            session, "_create_client", with_defaults(session._create_client, self._region)
        )

    def stop(self) -> None:
        """Leave botocore as it was."""
        self._stop_waiting()
        while self._undo:
            owner, name, original = self._undo.pop()
            setattr(owner, name, original)

    def _replace(self, owner: type, name: str, replacement: Any) -> None:
        self._undo.append((owner, name, owner.__dict__[name]))
        setattr(owner, name, replacement)


def headers_of(parsed: dict[str, Any]) -> Any:
    """The HTTP headers of a parsed response."""
    return parsed["ResponseMetadata"].get("HTTPHeaders", {})


def call_of(operation: str, request_dict: dict[str, Any], caller: str) -> ClientCall:
    """The call that botocore is about to send."""
    context = request_dict["context"]
    # A call may bring a time-out of its own, which goes before that of the client.
    read_timeout = context.get("read_timeout")
    if read_timeout is None:
        read_timeout = context["client_config"].read_timeout
    return ClientCall(
        operation=operation,
        parameters=wire.parse_body(request_dict["body"]),
        region=context["client_region"],
        url=request_dict["url"],
        read_timeout=read_timeout,
        caller=caller,
    )
