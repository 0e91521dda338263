"""boto3 and botocore clients of this process: where their requests leave botocore's way.

A request is cut off as late as can be: after parameter validation, serialisation, the user's event
handlers and botocore's retry bookkeeping, and before the connection. What comes back is parsed,
retried and turned into exceptions by botocore itself. The cut is in a method of the class
`Endpoint`, so it serves every client, however old it is, and moto's handlers do not run.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import botocore
from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint
from botocore.hooks import HierarchicalEmitter, first_non_none_response
from botocore.session import Session
from botocore.signers import RequestSigner

from .._time.timekeeper import Superseded
from ..errors import told_by_message
from . import light
from .hooks import SERVICE_ID, MovedParts, Patches, check_parts, when_imported
from .messages import Failure
from .requests import (
    EVENTS,
    AnsweringEmitter,
    exception_of,
    foreign_handlers,
    request_of,
    response_of,
    view_of,
    with_defaults,
)
from .retries import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel

    from .messages import Responding

__tracebackhide__ = told_by_message


# What the interception relies on, checked once: if a new botocore has moved a part, the error names
# it, instead of a strange failure in the middle of a test.
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


class Interception:
    """Routes the Data Pipeline requests of all clients to a responder while it is started."""

    def __init__(self, responder: Responding) -> None:
        self.target: Target = Target(responder)
        self._patches = Patches()
        self._stop_waiting: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Take the calls over."""
        checked_botocore()
        target = self.target
        target.retry_states.take_back()
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
            target.retry_states.take_over(self, operation_model.name)
            emitter = _Emitter(
                self._event_emitter,
                lambda: _send(target, request, operation_model.name, context),
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
            target.responder.back_off(operation_model.name, invocation_id, float(delay))
            return True

        def _choose_signer(self: Any, operation_name: str, signing_type: str, context: Any) -> Any:
            chosen = choose_signer(self, operation_name, signing_type, context)
            # Unsigned requests need no credentials. Everything around the signature goes on
            # running: the user's handlers of choose-signer and before-sign among it.
            return botocore.UNSIGNED if self._service_id == SERVICE_ID else chosen

        self._patches.replace(Endpoint, "_do_get_response", _do_get_response)
        self._patches.replace(Endpoint, "_needs_retry", _needs_retry)
        self._patches.replace(RequestSigner, "_choose_signer", _choose_signer)
        self._patches.replace(
            Session, "create_client", with_defaults(Session.create_client, target.responder.region)
        )
        for owner, name, replacement in light.replacements():
            self._patches.replace(owner, name, replacement)
        self._stop_waiting = when_imported("aiobotocore.session", self._start_asynchronous)

    def _start_asynchronous(self, _: object) -> None:
        from . import aio

        for owner, name, replacement in aio.replacements(self.target):
            self._patches.replace(owner, name, replacement)

    def stop(self) -> None:
        """Leave botocore as it was."""
        self._stop_waiting()
        self._patches.undo()
        self.target.retry_states.give_back()


class _Emitter(AnsweringEmitter):
    def emit(self, event_name: str, **kwargs: Any) -> Any:
        if not event_name.startswith("before-send."):
            return self._emitter.emit(event_name, **kwargs)
        response = None
        for handler in foreign_handlers(self._emitter, event_name):
            given = handler(event_name=event_name, **kwargs)
            response = given if response is None else response
        return [(self._answer, self._answer() if response is None else response)]


def _send(target: Target, request: Any, operation: str, context: dict[str, Any]) -> Any:
    asked = request_of(request, operation, context)
    while True:
        try:
            reply = target.responder.answer(asked)
            break
        except Superseded:
            # It came while the fake was reset: the new world answers.
            continue
    if isinstance(reply, Failure):
        raise exception_of(reply, asked)
    return response_of(AWSResponse, reply, asked)
