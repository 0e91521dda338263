"""AWS JSON 1.1: reads requests, writes answers, errors and headers."""

from __future__ import annotations

import json
import math
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from ..clock import SECOND
from ..errors import ServiceError
from . import model
from .task_object import ROWS, TaskObject

CONTENT_TYPE = "application/x-amz-json-1.1"
_QUOTE = json.encoder.encode_basestring
_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
# Ten times as deep as the service's model allows.
_DEEPEST = 100


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number in JSON")


_DECODE = json.JSONDecoder(parse_constant=_no_number).decode


def parse_body(body: bytes | str | None) -> dict[str, Any]:
    """The parameters of a request.

    Raises:
        ServiceError: the body is no JSON object.
    """
    try:
        text = body.decode("utf-8") if isinstance(body, bytes) else body
        parameters = _DECODE(text) if text else {}
    except (ValueError, RecursionError):
        parameters = None
    if not isinstance(parameters, dict):
        raise ServiceError("SerializationException", "The request body is no JSON object.")
    return parameters


def parse_foreign_body(body: bytes | str | None) -> dict[str, Any]:
    """The parameters of a request that may come from anything but botocore.

    Raises:
        ServiceError: the body is no JSON object, or one that could not be kept and shown.
    """
    parameters = parse_body(body)
    problem = _oddity(parameters)
    if problem is not None:
        raise ServiceError("SerializationException", problem)
    return parameters


def _oddity(parameters: dict[str, Any]) -> str | None:
    level: list[Any] = [parameters]
    for _ in range(_DEEPEST):
        if not level:
            return None
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, float) and not math.isfinite(value):
                return "The request body has a number that is too large."
        level = inner
    return f"The request body is nested more than {_DEEPEST} deep."


def check_types(operation: str, parameters: dict[str, Any]) -> None:
    """Refuse parameters that are not of the types of the model.

    Raises:
        ServiceError: one is of another type.
    """
    problem = model.mistyped(operation, parameters)
    if problem is not None:
        raise ServiceError("SerializationException", problem)


# Tasks are the most frequent large answers: they are filled in as text, which is faster.
_ATTEMPT = ",".join(f'{{"key":"{key}","{kind}":%({name})s}}' for key, kind, name in ROWS)


def encode(answer: dict[str, Any] | TaskObject | None) -> bytes:
    """Compact JSON, as the service sends it; nothing for an operation without output."""
    if answer is None:
        return b""
    if isinstance(answer, TaskObject):
        text = _task_text(answer) if answer.plain else _ENCODE(answer.to_dict())
    else:
        text = _ENCODE(answer)
    # A lone surrogate can only be part of a request that an error text quotes.
    return text.encode("utf-8", "backslashreplace")


def _task_text(task: TaskObject) -> str:
    attempt_id = _QUOTE(task.attempt_id)
    fields = _ATTEMPT % {name: _QUOTE(value) for name, value in task.values.items()}
    for key, value, is_ref, _ in task.own:
        kind = "refValue" if is_ref else "stringValue"
        fields += f',{{"key":{_QUOTE(key)},"{kind}":{_QUOTE(value)}}}'
    return (
        f'{{"taskObject":{{"taskId":{_QUOTE(task.task_id)},"pipelineId":{_QUOTE(task.pipeline_id)},'
        f'"attemptId":{attempt_id},"objects":{{{attempt_id}:{{"id":{attempt_id},'
        f'"name":{attempt_id},"fields":[{fields}]}}}}}}}}'
    )


def encode_error(error: ServiceError) -> bytes:
    """An error body: the type without a prefix, and a lower-case `message`."""
    return encode({"__type": error.code, "message": error.message})


def headers(body: bytes, request_id: str, now: int) -> dict[str, str]:
    """The four headers that recorded answers have. `now` is in nanoseconds."""
    return {
        "x-amzn-requestid": request_id,
        "content-type": CONTENT_TYPE,
        "content-length": str(len(body)),
        "date": _date(now // SECOND),
    }


@lru_cache(maxsize=64)  # answers of the same second
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
