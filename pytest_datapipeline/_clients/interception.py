"""boto3 and botocore clients of this process: the one file that touches botocore's private parts.

A request is cut off as late as can be: after parameter validation, serialisation, the user's event
handlers and botocore's retry bookkeeping, and before the connection. What comes back is parsed,
retried and turned into exceptions by botocore itself. The cut is in a method of the class
`Endpoint`, so it serves every client, however old it is, and moto's handlers do not run.
"""

from __future__ import annotations

import inspect
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import botocore
import botocore.exceptions
from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint
from botocore.hooks import HierarchicalEmitter, first_non_none_response
from botocore.retries import adaptive, bucket, quota, standard, throttling
from botocore.session import Session
from botocore.signers import RequestSigner

from .._fake.exchange import Failure, Reply, Request
from .._service.settings import POLL_SECONDS
from ..errors import told_by_message
from .guard import SERVICE_ID
from .imports import when_imported
from .whole_calls import transport_error, with_defaults

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel

    from .._time.timekeeper import Actor

__tracebackhide__ = told_by_message

# How the service is named in botocore's events.
EVENTS = "data-pipeline"


class Double(Protocol):
    """What answers the calls."""

    @property
    def region(self) -> str: ...
    def answer(self, request: Request) -> Reply | Failure: ...
    async def answer_async(self, request: Request) -> Reply | Failure: ...
    def back_off(self, operation: str, invocation_id: str, seconds: float) -> None: ...
    async def back_off_async(self, operation: str, invocation_id: str, seconds: float) -> None: ...
    def sleep(self, seconds: float) -> None: ...
    def seconds(self) -> float: ...


class MovedParts(RuntimeError):
    """This botocore has moved what the fake is built on."""


# What the interception relies on, looked at once: a new botocore that has moved it is told of by
# name, and not by a strange failure in the middle of somebody's test.
# With the number of arguments that each is called with, self included.
_RELIED_ON: list[tuple[Any, str, int]] = [
    (Endpoint, "_do_get_response", 4),
    (Endpoint, "_needs_retry", 4),
    (Endpoint, "make_request", 3),
    (RequestSigner, "_choose_signer", 4),
    (Session, "create_client", 2),
    (HierarchicalEmitter, "emit", 2),
]


@cache
def checked_botocore() -> None:
    """`check_botocore`, once in a process."""
    check_botocore()


def check_botocore() -> None:
    """Raise MovedParts if this botocore is not built as the interception expects."""
    check_parts("botocore", botocore.__version__, _RELIED_ON)
    emitter: Any = HierarchicalEmitter()
    if not hasattr(emitter._handlers, "prefix_search"):
        raise MovedParts(f"botocore {botocore.__version__} has changed its event emitter.")


def check_parts(library: str, version: str, parts: list[tuple[Any, str, int]]) -> None:
    """Raise MovedParts unless each method is there and takes that many arguments."""
    for owner, name, arguments in parts:
        if not _takes(getattr(owner, name, None), arguments):
            raise MovedParts(
                f"{library} {version} has moved or changed {owner.__name__}.{name}, which "
                f"pytest-datapipeline is built on. Install an older {library} or a newer "
                "pytest-datapipeline."
            )


def _takes(method: Any, arguments: int) -> bool:
    try:
        inspect.signature(method).bind(*range(arguments))
    except TypeError:
        return False
    return True


class Interception:
    """Routes the Data Pipeline requests of all clients to a double while it is started."""

    def __init__(self, double: Double) -> None:
        self._double = double
        self._undo: list[tuple[type, str, Any]] = []
        self._retry_states = RetryStates(double)
        self._stop_waiting: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Take the calls over."""
        checked_botocore()
        double, retry_states = self._double, self._retry_states
        endpoint: Any = Endpoint
        signer: Any = RequestSigner
        do_get_response = endpoint._do_get_response
        needs_retry = endpoint._needs_retry
        choose_signer = signer._choose_signer

        def _do_get_response(
            self: Any, request: Any, operation_model: OperationModel, context: dict[str, Any]
        ) -> Any:
            if operation_model.service_model.service_id != SERVICE_ID:
                return do_get_response(self, request, operation_model, context)
            retry_states.take_over(self, operation_model.name)
            emitter = _AnsweringEmitter(
                self._event_emitter,
                lambda: _send(double, request, operation_model.name, context),
            )
            return do_get_response(view_of(self, emitter), request, operation_model, context)

        def _needs_retry(
            self: Any,
            attempts: int,
            operation_model: OperationModel,
            request_dict: dict[str, Any],
            response: Any = None,
            caught_exception: Any = None,
        ) -> Any:
            if operation_model.service_model.service_id != SERVICE_ID:
                return needs_retry(
                    self, attempts, operation_model, request_dict, response, caught_exception
                )
            # What botocore's own does, but for the sleep, which takes virtual time.
            delay = first_non_none_response(
                self._event_emitter.emit(
                    f"needs-retry.{EVENTS}.{operation_model.name}",
                    response=response,
                    endpoint=self,
                    operation=operation_model,
                    attempts=attempts,
                    caught_exception=caught_exception,
                    request_dict=request_dict,
                )
            )
            if delay is None or delay is False:
                return False
            invocation_id = request_dict["context"]["retries"]["invocation-id"]
            double.back_off(operation_model.name, invocation_id, float(delay))
            return True

        def _choose_signer(self: Any, operation_name: str, signing_type: str, context: Any) -> Any:
            chosen = choose_signer(self, operation_name, signing_type, context)
            # Unsigned requests need no credentials. Everything around the signature goes on
            # running: the user's handlers of choose-signer and before-sign among it.
            return botocore.UNSIGNED if self._service_id == SERVICE_ID else chosen

        self._replace(Endpoint, "_do_get_response", _do_get_response)
        self._replace(Endpoint, "_needs_retry", _needs_retry)
        self._replace(RequestSigner, "_choose_signer", _choose_signer)
        self._replace(Session, "create_client", with_defaults(Session.create_client, double.region))
        self._stop_waiting = when_imported("aiobotocore.session", self._start_asynchronous)

    def _start_asynchronous(self, _: object) -> None:
        from . import aio as aiobotocore

        for owner, name, replacement in aiobotocore.replacements(self._double, self._retry_states):
            self._replace(owner, name, replacement)

    def stop(self) -> None:
        """Leave botocore as it was."""
        self._stop_waiting()
        while self._undo:
            owner, name, original = self._undo.pop()
            setattr(owner, name, original)
        self._retry_states.give_back()

    def _replace(self, owner: type, name: str, replacement: Any) -> None:
        self._undo.append((owner, name, owner.__dict__[name]))
        setattr(owner, name, replacement)


def view_of(endpoint: Any, emitter: Any) -> Any:
    """The same endpoint, but with another emitter, for one call."""
    view = object.__new__(type(endpoint))
    view.__dict__ = {**endpoint.__dict__, "_event_emitter": emitter}
    return view


class _AnsweringEmitter:
    """An emitter in front of the client's: answers before-send itself, if no handler does."""

    def __init__(self, emitter: Any, answer: Callable[[], Any]) -> None:
        self._emitter = emitter
        self._answer = answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._emitter, name)

    def emit(self, event_name: str, **kwargs: Any) -> Any:
        if not event_name.startswith("before-send."):
            return self._emitter.emit(event_name, **kwargs)
        response = None
        for handler in foreign_handlers(self._emitter, event_name):
            given = handler(event_name=event_name, **kwargs)
            response = given if response is None else response
        return [(self._answer, self._answer() if response is None else response)]


def foreign_handlers(emitter: Any, event_name: str) -> list[Any]:
    """The handlers of an event, but for those of moto, which hooks every client of the process
    and would answer or refuse."""
    return [
        handler
        for handler in _handlers(emitter, event_name)
        if not (type(handler).__module__ or "").startswith("moto.")
    ]


def _handlers(emitter: Any, event_name: str) -> list[Any]:
    """The handlers of an event. Clients hold an aliasing emitter around the one that has them."""
    inner = getattr(emitter, "_emitter", emitter)
    found = inner._lookup_cache.get(event_name)
    if found is None:
        found = inner._handlers.prefix_search(event_name)
        inner._lookup_cache[event_name] = found
    return list(found)


# -- a request, and its answer --------------------------------------------------------------------


def _send(double: Double, request: Any, operation: str, context: dict[str, Any]) -> Any:
    asked = request_of(request, operation, context)
    reply = double.answer(asked)
    if isinstance(reply, Failure):
        raise exception_of(reply, asked)
    return response_of(AWSResponse, reply, asked)


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
        thread=actor or threading.current_thread(),
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
    """botocore's, with the reason that a task runner's author needs to know. Of the same name, as
    code may log that."""

    fmt = (
        'Read timeout on endpoint URL: "{endpoint_url}". An empty PollForTask is held for '
        "{poll_seconds} seconds and this client gives up after {read_timeout}: the poll goes on "
        "without it, and a task handed to it is lost for two minutes. Make the client with "
        "Config(read_timeout=...) above {poll_seconds} seconds."
    )


def exception_of(failure: Failure, asked: Request) -> BaseException:
    """What botocore raises for a failed connection."""
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
    return RuntimeError(f"a fault without an exception: {failure!r}")


# -- botocore's own memory of failures ------------------------------------------------------------


class RetryStates:
    """Gives each client a fresh retry state on virtual time, and gives back what it had.

    In the modes standard and adaptive a client remembers earlier failures: a retry quota, and the
    rate at which it sends. A client that is made once would carry them from test to test.
    """

    def __init__(self, double: Double) -> None:
        self._double = double
        self._endpoints: dict[int, Any] = {}
        self._saved: list[tuple[Any, dict[str, Any]]] = []
        self._lock = threading.RLock()

    def take_over(self, endpoint: Any, operation: str) -> None:
        """Start afresh the retry state behind an endpoint, the first time that it is seen."""
        if id(endpoint) in self._endpoints:
            return
        with self._lock:
            if id(endpoint) in self._endpoints:
                return
            self._endpoints[id(endpoint)] = endpoint
            event_name = f"needs-retry.{EVENTS}.{operation}"
            for handler in _handlers(endpoint._event_emitter, event_name):
                owner: Any = getattr(handler, "__self__", None)
                if isinstance(owner, standard.RetryHandler):
                    checker: Any = owner
                    self._renew(checker._retry_quota._quota, quota.RetryQuota())
                elif isinstance(owner, adaptive.ClientRateLimiter):
                    self._renew(owner, _virtual_limiter(self._double, owner))
                elif type(owner).__name__.endswith("ClientRateLimiter"):
                    self._renew(owner, _virtual_asynchronous_limiter(self._double, owner))

    def give_back(self) -> None:
        """Put back what was there before."""
        for owner, state in self._saved:
            owner.__dict__.clear()
            owner.__dict__.update(state)
        self._saved.clear()
        self._endpoints.clear()

    def _renew(self, owner: Any, fresh: Any) -> None:
        self._saved.append((owner, dict(owner.__dict__)))
        owner.__dict__.update(fresh.__dict__)


class _VirtualClock(bucket.Clock):
    def __init__(self, double: Double) -> None:
        super().__init__()
        self._double = double

    def sleep(self, amount: float) -> None:
        self._double.sleep(amount)

    def current_time(self) -> float:
        return self._double.seconds()


class _VirtualCondition:
    """Stands for the condition on which a client waits until it may send: waits in virtual time."""

    def __init__(self, lock: Any, double: Double) -> None:
        self._lock = lock
        self._double = double

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()

    def notify(self) -> None:
        pass

    def wait(self, seconds: float) -> None:
        self._lock.release()
        try:
            self._double.sleep(seconds)
        finally:
            self._lock.acquire()


def _virtual_limiter(double: Double, limiter: Any) -> Any:
    clock = _VirtualClock(double)
    tokens: Any = bucket.TokenBucket(max_rate=1, clock=clock)
    tokens._new_fill_rate_condition = _VirtualCondition(tokens._lock, double)
    return adaptive.ClientRateLimiter(
        rate_adjustor=throttling.CubicCalculator(
            starting_max_rate=0, start_time=clock.current_time()
        ),
        rate_clocker=adaptive.RateClocker(clock),
        token_bucket=tokens,
        throttling_detector=limiter._throttling_detector,
        clock=clock,
    )


def _virtual_asynchronous_limiter(double: Double, limiter: Any) -> Any:
    """The same for aiobotocore, whose limiter sleeps by the loop's timers, which are virtual."""
    clock = _VirtualClock(double)
    return type(limiter)(
        rate_adjustor=throttling.CubicCalculator(
            starting_max_rate=0, start_time=clock.current_time()
        ),
        rate_clocker=adaptive.RateClocker(clock),
        token_bucket=type(limiter._token_bucket)(max_rate=1, clock=clock),
        throttling_detector=limiter._throttling_detector,
        clock=clock,
    )
