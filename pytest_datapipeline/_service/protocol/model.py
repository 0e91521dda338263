"""botocore's model of AWS Data Pipeline: its operations, shapes, constraints and errors.

Read from the botocore that the user has installed, so that an operation cannot be forgotten. The
client checks required members, types and minimum lengths before it sends; maximum lengths,
patterns and enumerations reach the service, and are checked here as the service does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import botocore.loaders
import botocore.model
from botocore import xform_name
from botocore.validate import ParamValidator

from ..errors import COMMON_ERRORS
from ..fields import is_text
from ..texts import did_you_mean, shorten

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel, Shape

SERVICE_NAME = "datapipeline"

# AWS's two descriptions of errorStackTrace disagree: 1024 characters in the model, 4095 on the
# current page of the API reference. A runner that follows the latter must not fail here.
MAXIMUM_LENGTHS = {("SetTaskStatus", "errorStackTrace"): 4095}


# The pattern that the model gives to all of its strings that have one.
_TEXT = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*"


@cache
def _described() -> dict[str, Any]:
    loader = botocore.loaders.create_loader()
    # `load_service_model` would list the folders of all services first, and there are hundreds.
    version = loader.determine_latest_version(SERVICE_NAME, "service-2")
    description: dict[str, Any] = loader.load_data(f"{SERVICE_NAME}/{version}/service-2")
    return description


@cache
def service_model() -> ServiceModel:
    """botocore's model of the service."""
    return botocore.model.ServiceModel(_described(), SERVICE_NAME)


@cache
def operations() -> dict[str, str]:
    """All operations: AWS's name to boto3's, as in `{"PollForTask": "poll_for_task", ...}`."""
    return {name: xform_name(name) for name in service_model().operation_names}


@lru_cache(maxsize=256)
def operation_name(name: str) -> str:
    """AWS's name of an operation, from that or boto3's.

    Raises:
        ValueError: the service has no such operation; the text suggests the nearest.
    """
    known = operations()
    if name in known:
        return name
    for operation, method in known.items():
        if method == name:
            return operation
    raise ValueError(
        f"AWS Data Pipeline has no operation {name!r}."
        f"{did_you_mean(name, [*known.values(), *known])} Its operations are: "
        f"{', '.join(sorted(known.values()))}."
    )


def operation_model(operation: str) -> OperationModel:
    """botocore's model of an operation, by AWS's name."""
    return service_model().operation_model(operation)


@lru_cache(maxsize=64)
def input_parameters(operation: str) -> tuple[str, ...]:
    """The names of an operation's parameters."""
    shape = operation_model(operation).input_shape
    return tuple(shape.members) if shape is not None else ()


@lru_cache(maxsize=64)
def modelled_errors(operation: str) -> dict[str, int]:
    """The errors that an operation has in AWS's model, each with its HTTP status."""
    return {
        shape.name: 500 if _described()["shapes"][shape.name].get("fault") else 400
        for shape in operation_model(operation).error_shapes
    }


@cache
def errors_of(operation: str) -> tuple[str, ...]:
    """The exceptions that AWS's model gives an operation."""
    return tuple(shape.name for shape in service_model().operation_model(operation).error_shapes)


def error_status(operation: str, code: str, other_names: tuple[str, ...] = ()) -> int:
    """The HTTP status that goes with an error code of an operation.

    Args:
        operation: AWS's name of the operation.
        code: the code.
        other_names: of other faults that could be meant, for the message.

    Raises:
        ValueError: AWS's model does not give the operation that error.
    """
    modelled = modelled_errors(operation)
    if code in modelled:
        return modelled[code]
    if code in COMMON_ERRORS:
        return COMMON_ERRORS[code][0]
    everywhere = {shape.name for shape in service_model().error_shapes}
    what = (
        f"{operation} does not raise {code} in AWS's model"
        if code in everywhere
        else f"{code!r} is no error of AWS Data Pipeline"
    )
    others = f" It can also be one of: {', '.join(other_names)}." if other_names else ""
    raise ValueError(
        f"{what}.{did_you_mean(code, [*modelled, *COMMON_ERRORS, *other_names])} {operation} "
        f"raises: {', '.join(modelled)}; every operation may raise: "
        f"{', '.join(COMMON_ERRORS)}.{others}"
    )


def output_problems(operation: str, response: dict[str, Any]) -> str:
    """The problems that botocore's validator finds in an answer; empty if there are none."""
    shape = operation_model(operation).output_shape
    if shape is None:
        return "" if not response else f"{operation} has no output, but got {response!r}"
    return str(ParamValidator().validate(response, shape).generate_report())


def shape_problems(shape_name: str, value: dict[str, Any]) -> str:
    """The problems that botocore's validator finds in a value of the shape; empty if none."""
    shape = service_model().shape_for(shape_name)
    return str(ParamValidator().validate(value, shape).generate_report())


_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "timestamp": (int, float),
}


def mistyped(operation: str, parameters: dict[str, Any]) -> str | None:
    """An error text for a parameter of a wrong type, or None. Null counts as absent."""
    shape = operation_model(operation).input_shape
    return None if shape is None else _mistyped(shape, parameters, "")


def _mistyped(shape: Any, value: Any, path: str) -> str | None:
    if value is None:
        return None
    kind = shape.type_name
    fits = isinstance(value, _TYPES[kind])
    # In Python a boolean is an int; in the model it is not.
    if not fits or isinstance(value, bool) != (kind == "boolean"):
        return f"{path or 'The request'} must be of type {kind}"
    inner: list[tuple[Any, Any, str]] = []
    if kind == "structure":
        inner = [
            (member, value.get(name), f"{path}.{name}" if path else name)
            for name, member in shape.members.items()
        ]
    elif kind == "list":
        if None in value:
            return f"{path} must not hold null"
        inner = [(shape.member, item, f"{path}[{index}]") for index, item in enumerate(value)]
    return next((found for given in inner if (found := _mistyped(*given)) is not None), None)


# -- constraints of the input, checked as the service does ----------------------------------------

# Where a value is: the path of what holds it, and its name or its number in a list. Put into words
# only where something is wrong: a definition has thousands of values.
_Path = tuple[Any, Any]
_Check = Callable[[Any, _Path, list[str]], None]
_TOP: _Path = (None, None)


@lru_cache(maxsize=64)
def _input_check(operation: str) -> _Check:
    shape = operation_model(operation).input_shape
    return _no_check if shape is None else _check_of(shape, operation)


def input_violations(operation: str, parameters: dict[str, Any]) -> list[str]:
    """The constraints that the parameters violate, in the service's wording."""
    found: list[str] = []
    _input_check(operation)(parameters, _TOP, found)
    return found


def _no_check(value: Any, path: _Path, found: list[str]) -> None:
    pass


def _check_of(shape: Shape, operation: str, member: str = "") -> _Check:
    # Compiled once per operation: this runs for every call that the fake answers.
    if shape.type_name == "structure":
        return _structure_check(shape, operation)
    if shape.type_name == "list":
        return _list_check(shape, operation)
    if shape.type_name == "string":
        return _string_check(shape, MAXIMUM_LENGTHS.get((operation, member)))
    return _no_check


def _structure_check(shape: Any, operation: str) -> _Check:
    members = [
        (name, _check_of(target, operation, name), name in shape.required_members)
        for name, target in shape.members.items()
    ]

    def check(value: Any, path: _Path, found: list[str]) -> None:
        for name, check_member, required in members:
            given = value.get(name)
            if given is not None:
                check_member(given, (path, name), found)
            elif required:
                found.append(_violation(None, (path, name), "not be null"))

    return check


def _list_check(shape: Any, operation: str) -> _Check:
    check_member = _check_of(shape.member, operation)
    longest = shape.metadata.get("max")

    def check(value: Any, path: _Path, found: list[str]) -> None:
        if longest is not None and len(value) > longest:
            found.append(_violation(value, path, f"have length less than or equal to {longest}"))
        for index, item in enumerate(value, 1):
            check_member(item, (path, index), found)

    return check


def _string_check(shape: Any, longest: int | None) -> _Check:
    if longest is None:
        longest = shape.metadata.get("max")
    shortest = shape.metadata.get("min") or 0
    pattern = shape.metadata.get("pattern")
    matches = _matcher(pattern) if pattern else None
    values = shape.enum

    def check(value: Any, path: _Path, found: list[str]) -> None:
        if values and value not in values:
            allowed = f"[{', '.join(values)}]"
            found.append(_violation(value, path, f"satisfy enum value set: {allowed}"))
        if longest is not None and len(value) > longest:
            found.append(_violation(value, path, f"have length less than or equal to {longest}"))
        if len(value) < shortest:
            found.append(
                _violation(value, path, f"have length greater than or equal to {shortest}")
            )
        if matches is not None and not matches(value):
            found.append(_violation(value, path, f"satisfy regular expression pattern: {pattern}"))

    return check


def _matcher(pattern: str) -> Callable[[str], object]:
    # The model has Java's patterns, where a surrogate pair is a character beyond U+FFFF.
    ours = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    return is_text if pattern == _TEXT else re.compile(ours).fullmatch


def _violation(value: Any, path: _Path, constraint: str) -> str:
    shown = "null" if value is None else f"'{shorten(str(value), 200)}'"
    where = _in_words(path)
    return f"Value {shown} at '{where}' failed to satisfy constraint: Member must {constraint}"


def _in_words(path: _Path) -> str:
    names: list[str] = []
    while path is not _TOP:
        path, name = path
        names.insert(0, f"{name}.member" if isinstance(name, int) else name)
    return ".".join(names)
