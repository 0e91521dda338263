"""Between botocore and our messages: its requests to ours, our answers to its responses and errors.

Also what a client gets that is made with nothing: a region, and credentials.
"""

from __future__ import annotations

import inspect
import threading
from dataclasses import dataclass
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Literal

import botocore.exceptions

from .._service.protocol import aws_json
from .._service.settings import POLL_SECONDS
from ..errors import meant_for_client
from .messages import Failure, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._time.actors.participants import Actor

SERVICE_NAME = "datapipeline"
# How botocore's events name the service.
EVENTS = "data-pipeline"

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

    def complete(session: Any, given: dict[str, Any]) -> None:
        if not _has_region(session, given):
            given["region_name"] = region
        if given.get("aws_access_key_id") is None and given.get("aws_secret_access_key") is None:
            given["aws_access_key_id"] = given["aws_secret_access_key"] = "unused"

    return _completed(create_client, complete)


def with_region(create_client: Any, region_of: Callable[[], str]) -> Any:
    """`Session.create_client`, but Data Pipeline clients get a region if they are made without."""

    def complete(session: Any, given: dict[str, Any]) -> None:
        if not _has_region(session, given):
            given["region_name"] = region_of()

    return _completed(create_client, complete)


def _completed(create_client: Any, complete: Callable[[Any, dict[str, Any]], None]) -> Any:
    """`Session.create_client`, with the arguments for Data Pipeline clients completed."""
    signature = _signature(create_client)

    @wraps(create_client)
    def create(self: Any, service_name: str, *args: Any, **kwargs: Any) -> Any:
        if service_name != SERVICE_NAME:
            return create_client(self, service_name, *args, **kwargs)
        given = dict(signature.bind(self, service_name, *args, **kwargs).arguments)
        complete(self, given)
        return create_client(**given)

    return create


def _has_region(session: Any, given: dict[str, Any]) -> bool:
    configs = (given.get("config"), session.get_default_client_config())
    return (
        given.get("region_name") is not None
        or any(config is not None and config.region_name is not None for config in configs)
        or session.get_config_variable("region") is not None
    )


# -- requests, and their answers ------------------------------------------------------------------


def request_of(
    request: Any, operation: str, context: dict[str, Any], actor: Actor | None = None
) -> Request:
    """What the double is asked. `actor`: who asks; by default the calling thread."""
    config = context["client_config"]
    retries = context.get("retries", {})
    return Request(
        operation=operation,
        body=request.body,
        region=context["client_region"],
        url=request.url,
        actor=actor or threading.current_thread(),
        # A call may bring time-outs of its own, which go before those of the client.
        read_timeout=context.get("read_timeout", config.read_timeout),
        connect_timeout=context.get("connect_timeout", config.connect_timeout),
        attempt=retries.get("attempt", 1),
        invocation_id=retries.get("invocation-id", ""),
    )


def response_of(kind: Any, reply: Reply, asked: Request, raw: Any = None) -> Any:
    """The double's answer as botocore's response of this class."""
    response = kind(asked.url, reply.status, reply.headers, raw)
    response._content = reply.body
    return response


class ReadTimeoutError(botocore.exceptions.ReadTimeoutError):
    """botocore's, with the reason that a task runner's author needs to know. It goes by the same
    name, as code may log that, and reports show it."""

    __module__ = botocore.exceptions.__name__

    fmt = (
        'Read timeout on endpoint URL: "{endpoint_url}". An empty PollForTask is held for '
        "{poll_seconds} seconds and this client gives up after {read_timeout}: the poll goes on "
        "without it, and a task handed to it is lost for two minutes. Make the client with "
        "Config(read_timeout=...) above {poll_seconds} seconds."
    )

    # By its name, pickle would find botocore's.
    def __reduce__(self) -> tuple[Any, ...]:
        return _read_timeout, (self.kwargs,)


def _read_timeout(details: dict[str, Any]) -> ReadTimeoutError:
    return ReadTimeoutError(**details)


def exception_of(failure: Failure, asked: Request) -> BaseException:
    """What botocore raises for a failed connection."""
    return meant_for_client(_exception_of(failure, asked))


def _exception_of(failure: Failure, asked: Request) -> BaseException:
    url, read_timeout = asked.url, asked.read_timeout
    if failure.kind == "poll_read_timeout":
        return ReadTimeoutError(
            endpoint_url=url, read_timeout=read_timeout, poll_seconds=POLL_SECONDS
        )
    if (
        failure.kind == "read_timeout"
        or failure.kind == "connect_timeout"
        or failure.kind == "connection_refused"
        or failure.kind == "connection_dropped"
    ):
        return transport_error(failure.kind, url)
    exception = failure.exception
    if isinstance(exception, BaseException):
        return exception
    raise RuntimeError(f"a fault without an exception: {failure!r}")


# -- whole calls ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClientCall:
    """One call of a client, as botocore would send it. `read_timeout` is in seconds, `caller` the
    name of the thread or of the coroutine's task."""

    operation: str
    parameters: dict[str, Any]
    region: str
    url: str
    read_timeout: float | None
    caller: str


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
        parameters=aws_json.parse_body(request_dict["body"]),
        region=context["client_region"],
        url=request_dict["url"],
        read_timeout=read_timeout,
        caller=caller,
    )


# -- botocore's events ----------------------------------------------------------------------------


class AnsweringEmitter:
    """An emitter in front of a client's; subclasses answer before-send if no handler does."""

    def __init__(self, emitter: Any, answer: Callable[[], Any]) -> None:
        self._emitter = emitter
        self._answer = answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._emitter, name)


def view_of(endpoint: Any, emitter: Any) -> Any:
    """The same endpoint, but with another emitter, for one call."""
    view = object.__new__(type(endpoint))
    view.__dict__ = {**endpoint.__dict__, "_event_emitter": emitter}
    return view


def foreign_handlers(emitter: Any, event_name: str) -> list[Any]:
    """The handlers of an event, but for those of moto, which hooks every client of the process
    and would answer or refuse."""
    return [
        handler
        for handler in handlers(emitter, event_name)
        if not (type(handler).__module__ or "").startswith("moto.")
    ]


def handlers(emitter: Any, event_name: str) -> list[Any]:
    """The handlers of an event. Clients hold an aliasing emitter around the one that has them."""
    inner = getattr(emitter, "_emitter", emitter)
    found = inner._lookup_cache.get(event_name)
    if found is None:
        found = inner._handlers.prefix_search(event_name)
        inner._lookup_cache[event_name] = found
    return list(found)
