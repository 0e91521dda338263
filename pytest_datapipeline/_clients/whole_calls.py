"""The interception of whole client calls, for the Stubber, which answers these and no requests."""

from __future__ import annotations

import inspect
import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint
from botocore.session import Session

from ..errors import told_by_message
from .hooks import SERVICE_ID, Patches, when_imported
from .requests import ClientCall, call_of, headers_of, with_defaults

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel

__tracebackhide__ = told_by_message


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
        self._patches = Patches()
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

                return answered(self, answer, operation, request_dict)
            call = call_of(operation, request_dict, threading.current_thread().name)
            status, parsed = answer(call)
            return AWSResponse(call.url, status, headers_of(parsed), None), parsed

        self._patches.replace(Endpoint, "make_request", _make_request)
        self._patches.replace(
            Session, "create_client", with_defaults(Session.create_client, self._region)
        )
        self._stop_waiting = when_imported("aiobotocore.session", self._start_asynchronous)

    def _start_asynchronous(self, module: Any) -> None:
        session: Any = module.AioSession
        self._patches.replace(
            session, "_create_client", with_defaults(session._create_client, self._region)
        )

    def stop(self) -> None:
        """Leave botocore as it was."""
        self._stop_waiting()
        self._patches.undo()
