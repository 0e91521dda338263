"""What a test expects of a call, as botocore's Stubber takes it, made into a matcher."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from botocore.utils import parse_to_aware_datetime

from .._record.call import CallMatcher
from .._service.protocol import model
from ..errors import FakeUsageError, told_by_message, usage_errors

__tracebackhide__ = told_by_message


def checked(method: object, expected_params: object) -> tuple[str, CallMatcher | None]:
    """The operation, and a matcher for what is expected of its parameters.

    Raises:
        FakeUsageError: no operation, or no mapping of parameters.
    """
    if not isinstance(method, str):
        raise FakeUsageError(f"The method is {method!r}; it must be a name, as 'poll_for_task'.")
    with usage_errors(about="unknown-operation"):
        operation = model.operation_name(method)
    if expected_params is None:
        return operation, None
    if not isinstance(expected_params, Mapping):
        raise FakeUsageError(
            f"expected_params is {expected_params!r}; it must be a mapping of parameters."
        )
    expected = {name: _copied(value) for name, value in expected_params.items()}
    shape: Any = model.operation_model(operation).input_shape
    for name in expected:
        member = shape.members.get(name) if shape is not None else None
        if member is not None and member.type_name == "timestamp":
            expected[name] = _seconds(expected[name])
    return operation, CallMatcher(operation, expected)


def _seconds(value: Any) -> Any:
    """A time as a call holds it, in seconds since 1970, if it is one in one of boto3's forms."""
    if isinstance(value, (datetime, str)):
        return calendar.timegm(parse_to_aware_datetime(cast("Any", value)).utctimetuple())
    return value


def _copied(value: Any) -> Any:
    """A copy of plain containers. What is in them may be a matcher, which a copy could break."""
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return [_copied(item) for item in value]
    return value
