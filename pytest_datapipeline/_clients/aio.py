"""aiobotocore's clients: the asynchronous twin of botocore's, cut off at the same place."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import aiobotocore
import botocore
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.endpoint import AioEndpoint
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from aiobotocore.signers import AioRequestSigner
from botocore.hooks import first_non_none_response

from .._time.loops.callers import checkpoint, current_coroutine, in_trio
from ..errors import FakeUsageError, explained, told_by_message
from .hooks import SERVICE_ID, check_parts
from .messages import Failure
from .requests import (
    EVENTS,
    AnsweringEmitter,
    call_of,
    exception_of,
    foreign_handlers,
    headers_of,
    request_of,
    response_of,
    view_of,
    with_defaults,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .messages import Responding
    from .requests import ClientCall
    from .retries import Target

__tracebackhide__ = told_by_message


# With the number of arguments that each is called with, self included.
_RELIED_ON: list[tuple[Any, str, int]] = [
    (AioEndpoint, "_do_get_response", 4),
    (AioEndpoint, "_needs_retry", 4),
    (AioRequestSigner, "_choose_signer", 4),
    (AioSession, "_create_client", 2),
]


@cache
def _check_aiobotocore() -> None:
    check_parts("aiobotocore", aiobotocore.__version__, _RELIED_ON)


def replacements(target: Target) -> Iterator[tuple[type, str, Any]]:
    """What takes the place of which methods, while a fake is active."""
    _check_aiobotocore()
    endpoint: Any = AioEndpoint
    signer: Any = AioRequestSigner
    session: Any = AioSession
    do_get_response = endpoint._do_get_response
    needs_retry = endpoint._needs_retry
    choose_signer = signer._choose_signer

    async def _do_get_response(
        self: Any, request: Any, operation_model: Any, context: dict[str, Any]
    ) -> Any:
        if operation_model.service_model.service_id != SERVICE_ID:
            return await do_get_response(self, request, operation_model, context)
        target.retry_states.take_over(self, operation_model.name)
        emitter = _Emitter(
            self._event_emitter,
            lambda: _send(self, target.responder, request, operation_model.name, context),
        )
        return await do_get_response(view_of(self, emitter), request, operation_model, context)

    async def _needs_retry(
        self: Any,
        attempts: int,
        operation_model: Any,
        request_dict: dict[str, Any],
        response: Any = None,
        caught_exception: Any = None,
    ) -> Any:
        if operation_model.service_model.service_id != SERVICE_ID:
            return await needs_retry(
                self, attempts, operation_model, request_dict, response, caught_exception
            )
        delay = first_non_none_response(
            await self._event_emitter.emit(
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
        await target.responder.back_off_async(operation_model.name, invocation_id, float(delay))
        return True

    async def _choose_signer(
        self: Any, operation_name: str, signing_type: str, context: Any
    ) -> Any:
        chosen = await choose_signer(self, operation_name, signing_type, context)
        return botocore.UNSIGNED if self._service_id == SERVICE_ID else chosen

    yield AioEndpoint, "_do_get_response", _do_get_response
    yield AioEndpoint, "_needs_retry", _needs_retry
    yield AioRequestSigner, "_choose_signer", _choose_signer
    yield (
        AioSession,
        "_create_client",
        with_defaults(session._create_client, target.responder.region),
    )


async def _send(
    endpoint: Any, responder: Responding, request: Any, operation: str, context: dict[str, Any]
) -> Any:
    _check_session(endpoint)
    asked = request_of(request, operation, context, current_coroutine())
    reply = await responder.answer_async(asked)
    if isinstance(reply, Failure):
        raise exception_of(reply, asked)
    return response_of(AioAWSResponse, reply, asked, _Raw(reply.headers))


def _check_session(endpoint: Any) -> None:
    """Refuse what would fail without a double, which has no need of the session."""
    if isinstance(endpoint.http_session, AIOHTTPSession) and in_trio():
        raise FakeUsageError(
            explained(
                "This client of aiobotocore sends by aiohttp, which fails under trio. Make it with "
                "AioConfig(http_session_cls=HttpxSession), from aiobotocore.httpxsession.",
                about="aiohttp-under-trio",
            )
        )


async def answered(
    endpoint: Any,
    answer: Callable[[ClientCall], tuple[int, dict[str, Any]]],
    operation: str,
    request_dict: dict[str, Any],
) -> tuple[AioAWSResponse, dict[str, Any]]:
    """What a client that makes this call is answered, for a double that answers whole calls."""
    _check_session(endpoint)
    await checkpoint()
    call = call_of(operation, request_dict, current_coroutine().name)
    status, parsed = answer(call)
    headers = headers_of(parsed)
    return AioAWSResponse(call.url, status, headers, _Raw(headers)), parsed


class _Raw:
    """What older versions of aiobotocore read the headers from."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.raw_headers = [(name.encode(), value.encode()) for name, value in headers.items()]


class _Emitter(AnsweringEmitter):
    async def emit(self, event_name: str, **kwargs: Any) -> Any:
        if not event_name.startswith("before-send."):
            return await self._emitter.emit(event_name, **kwargs)
        response = None
        for handler in foreign_handlers(self._emitter, event_name):
            given = handler(event_name=event_name, **kwargs)
            if hasattr(given, "__await__"):
                given = await given
            response = given if response is None else response
        return [(self._answer, await self._answer() if response is None else response)]
