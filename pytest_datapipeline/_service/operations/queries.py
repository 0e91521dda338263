"""QueryObjects' conditions, and the markers by which a client turns pages."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from ..errors import ServiceError, invalid_request
from ..settings import MAXIMUM_SELECTORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SPHERES = ("COMPONENT", "INSTANCE", "ATTEMPT")

# What a condition can be about: a string, or (reference) the id of an object.
Queryable = dict[str, tuple[str, bool]]

# Documented: the fields that each comparison may act on, and how many values it takes.
_TIMES = ("@scheduledStartTime", "@scheduledEndTime", "@actualStartTime", "@actualEndTime")
_PARENTS = ("parent", "@componentParent", "@instanceParent")
_ANY = ("name", "@sphere", *_PARENTS, "@status", *_TIMES)
_OPERATORS: dict[str, tuple[tuple[str, ...], int]] = {
    "EQ": (_ANY, 1),
    "REF_EQ": (_ANY, 1),
    "LE": (_TIMES, 1),
    "GE": (_TIMES, 1),
    "BETWEEN": (_TIMES, 2),
}


def condition(query: Mapping[str, Any] | None) -> Callable[[Queryable], bool]:
    """Whether an object satisfies all of a query's selectors.

    Raises:
        ServiceError: a selector that the service does not take.
    """
    selectors = list((query or {}).get("selectors") or ())
    if len(selectors) > MAXIMUM_SELECTORS:
        raise invalid_request(
            "Web service limit exceeded",
            f"A query takes {MAXIMUM_SELECTORS} selectors, this one has {len(selectors)}",
        )
    tests = [_test(selector) for selector in selectors]
    return lambda found: all(test(found) for test in tests)


def _test(selector: Mapping[str, Any]) -> Callable[[Queryable], bool]:
    name = selector.get("fieldName")
    operator = selector.get("operator") or {}
    kind = operator.get("type")
    values = list(operator.get("values") or ())
    if not name:
        raise invalid_request("The request is missing a required value", "fieldName in query")
    if not kind:
        raise invalid_request(
            "The request is missing a required value", f"operator for field: {name} in query"
        )
    # Others than these the model has refused before.
    fields, count = _OPERATORS[kind]
    if name not in fields:
        raise invalid_request(
            "Invalid query",
            f"Operator {kind} cannot be used with field: {name}; it takes {', '.join(fields)}",
        )
    if len(values) != count:
        if count == 1:
            # Recorded, for EQ with several values.
            raise invalid_request(
                "The request is missing a required value",
                f"Missing single value for field: {name} in query",
            )
        raise invalid_request(
            "Invalid query", f"BETWEEN takes two values for field: {name}, not {len(values)}"
        )
    return _comparison(name, kind, values)


def _comparison(name: str, kind: str, values: list[str]) -> Callable[[Queryable], bool]:
    def test(found: Queryable) -> bool:
        held = found.get(name)
        if held is None:
            # Documented: a field that is not set fails the condition.
            return False
        value, is_ref = held
        # Documented: references are compared with REF_EQ alone, strings with the others.
        if is_ref != (kind == "REF_EQ"):
            return False
        if kind in ("EQ", "REF_EQ"):
            return value == values[0]
        if kind == "LE":
            return value <= values[0]
        if kind == "GE":
            return value >= values[0]
        return values[0] <= value <= values[1]

    return test


def check_sphere(sphere: str) -> str:
    """The sphere of a query.

    Raises:
        ServiceError: there is none of that name.
    """
    if sphere not in SPHERES:
        raise invalid_request(
            "Invalid query", f"Unknown sphere {sphere}; it can be {', '.join(SPHERES)}"
        )
    return sphere


class Markers:
    """Makes and reads markers: where a page begins, good for the same call alone."""

    @staticmethod
    def make(call: Any, position: int) -> str:
        return b64encode(f"{_digest(call)}:{position}".encode()).decode()

    @staticmethod
    def read(call: Any, marker: str | None) -> int:
        """Where the page begins that a marker stands for; 0 without one.

        Raises:
            ServiceError: the marker is from another call, or no marker.
        """
        if not marker:
            return 0
        try:
            digest, _, position = b64decode(marker, validate=True).decode("ascii").partition(":")
            if digest == _digest(call) and position.isdigit():
                return int(position)
        except ValueError:
            pass
        raise bad_marker(marker)


def bad_marker(marker: str) -> ServiceError:
    """The error for a marker that no answer to this call held."""
    return invalid_request("Invalid marker", f"{marker[:80]} is no marker of this call")


def _digest(call: Any) -> str:
    text = json.dumps(call, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
