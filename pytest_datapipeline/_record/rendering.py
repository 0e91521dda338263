"""How calls and their parameters are printed: on one line, with long values shortened and secrets
masked.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._service.fields import MASK

if TYPE_CHECKING:
    from .calls import Call

# Strings longer than this are shown without their middle: task ids have over 900 characters.
_LONGEST = 40
# A definition may be in the parameters of a call, and a listing in its answer.
_LONGEST_PARAMETERS = 300
_LONGEST_OUTCOME = 60
# What a secret this short is part of is not for that reason one itself.
_SHORTEST_WITHIN = 4

Hide = Callable[[str], str]


class Secrets:
    """The secrets that calls have brought: values of what has a name that begins with a star.

    Looked for when something is printed: a long test makes many calls, and prints few.
    """

    def __init__(self, calls: Sequence[Call] = ()) -> None:
        self._calls = calls
        self._looked_at = 0
        self._known: set[str] = set()
        # Those that came without a call.
        self.further: Callable[[], Iterable[str]] = lambda: ()

    def add(self, secrets: Iterable[str]) -> None:
        """Take note of secrets."""
        self._known.update(secrets)

    def hide(self) -> Hide:
        """What masks the secrets that are known by now in a text."""
        for call in self._calls[self._looked_at :]:
            self._known.update(_secrets_in(call.operation, call.parameters))
        self._looked_at = len(self._calls)
        known = {secret for secret in (*self._known, *self.further()) if secret}
        if not known:
            return _as_it_is
        within = sorted((text for text in known if len(text) >= _SHORTEST_WITHIN), key=len)

        def hide(text: str) -> str:
            if text in known:
                return MASK
            for secret in reversed(within):
                text = text.replace(secret, MASK)
            return text

        return hide


def _secrets_in(operation: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    if operation not in ("ActivatePipeline", "PutPipelineDefinition", "ValidatePipelineDefinition"):
        return
    for value in _mappings(parameters.get("parameterValues")):
        if _is_secret(value):
            yield str(value["stringValue"])
    for held in _mappings(parameters.get("pipelineObjects")):
        for field in _mappings(held.get("fields")):
            if _is_secret(field):
                yield str(field["stringValue"])
    for held in _mappings(parameters.get("parameterObjects")):
        if str(held.get("id")).startswith("*"):
            for attribute in _mappings(held.get("attributes")):
                if attribute.get("key") == "default" and "stringValue" in attribute:
                    yield str(attribute["stringValue"])


def _mappings(value: object) -> list[Mapping[str, Any]]:
    """What of a value is as botocore would send it: other clients can send anything."""
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, Mapping)]


def _as_it_is(text: str) -> str:
    return text


# -- values ---------------------------------------------------------------------------------------


def shown(value: object, hide: Hide = _as_it_is) -> str:
    """A value as messages show it."""
    if isinstance(value, str):
        value = hide(value)
        return repr(value) if len(value) <= _LONGEST else _without_middle(value, repr)
    if isinstance(value, Mapping):
        if _is_secret(value):
            value = {**value, "stringValue": MASK}
        held = (f"{key!r}: {_shown_at(key, item, hide)}" for key, item in value.items())
        return "{" + ", ".join(held) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(shown(held, hide) for held in value) + "]"
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    return hide(repr(value))


def _shown_at(key: object, value: object, hide: Hide) -> str:
    secret = isinstance(value, str) and isinstance(key, str) and key.startswith("*")
    return repr(MASK) if secret else shown(value, hide)


def _without_middle(text: str, show: Callable[[str], str] = str) -> str:
    # The checksum, so that ids that differ in the middle alone are shown differently too.
    checksum = zlib.crc32(text.encode(errors="surrogatepass"))
    return f"{show(text[:12])}..{checksum:08x}..{show(text[-12:])}"


def cut(text: str, longest: int) -> str:
    """A text without its end, if it is long."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _is_secret(value: Mapping[Any, Any]) -> bool:
    """Whether it is a field, or the value of a parameter, that the service keeps secret."""
    name = value.get("key", value.get("id"))
    return "stringValue" in value and isinstance(name, str) and name.startswith("*")


# -- calls ----------------------------------------------------------------------------------------


def method(operation: str) -> str:
    """boto3's name of an operation."""
    # As botocore's xform_name does for this service's names, which hold no abbreviations.
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def typed(operation: str, parameters: Mapping[str, Any], hide: Hide = _as_it_is) -> str:
    """A call as one would type it."""
    given = ", ".join(f"{name}={shown(value, hide)}" for name, value in parameters.items())
    return f"{method(operation)}({cut(given, _LONGEST_PARAMETERS)})"


def outcome(call: Call, hide: Hide) -> str:
    """What came of a call."""
    if call.error is not None:
        return call.error
    if call.ended_ns is None:
        return "waiting"
    response = call.response
    task = response.get("taskObject") if response else None
    if isinstance(task, Mapping) and "attemptId" in task:
        attempt = str(task["attemptId"])
        return f"task {attempt if len(attempt) <= _LONGEST else _without_middle(attempt)}"
    return cut(shown(response, hide), _LONGEST_OUTCOME)


def one_line(call: Call, hide: Hide) -> str:
    """A call by itself."""
    retry = f" (attempt {call.attempt})" if call.attempt > 1 else ""
    made = typed(call.operation, call.parameters, hide)
    return f"{made} at {call.time:%H:%M:%S}{retry} -> {outcome(call, hide)}"


def table_line(call: Call, threads: bool, hide: Hide) -> str:
    """A call among others. `threads`: whether to name its thread."""
    thread = f" [{call.thread}]" if threads else ""
    retry = f" attempt {call.attempt}" if call.attempt > 1 else ""
    made = typed(call.operation, call.parameters, hide)
    return f"{call.time:%H:%M:%S}{thread} {made}{retry} -> {outcome(call, hide)}"
