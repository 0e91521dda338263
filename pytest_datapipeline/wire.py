"""AWS JSON 1.1: bytes to request, answer to bytes."""

from __future__ import annotations

import json
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from .clock import SECOND
from .service.errors import ServiceError

CONTENT_TYPE = "application/x-amz-json-1.1"
_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def parse_body(body: bytes | str | None) -> dict[str, Any]:
    """The parameters of a request.

    Raises:
        ServiceError: the body is no JSON object.
    """
    try:
        text = body.decode("utf-8") if isinstance(body, bytes) else body
        parameters = json.loads(text) if text else {}
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        raise ServiceError("SerializationException", "The request body is no JSON object.")
    return parameters


def encode(answer: dict[str, Any]) -> bytes:
    """Compact JSON, as the service sends it."""
    text = _ENCODE(answer)
    # Half a surrogate pair can only come from a request, quoted in an error text.
    return text.encode("utf-8", "backslashreplace")


def encode_error(error: ServiceError) -> bytes:
    """An error body: the type without a prefix, and a lower-case `message`."""
    return encode({"__type": error.code, "message": error.message})


def headers(body: bytes, request_id: str, now: int) -> dict[str, str]:
    """The headers of an answer: the four that were seen on recorded ones. `now` in nanoseconds."""
    return {
        "x-amzn-requestid": request_id,
        "content-type": CONTENT_TYPE,
        "content-length": str(len(body)),
        "date": _date(now // SECOND),
    }


@lru_cache(maxsize=64)  # answers of the same second
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
