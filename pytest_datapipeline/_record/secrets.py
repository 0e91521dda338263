"""Secrets in calls and definitions: values of what has a name that begins with a star."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from .._service.fields import MASK

# Shorter secrets are masked only where they are the whole value.
_SHORTEST_WITHIN = 4

Hide = Callable[[str], str]


class Bringing(Protocol):
    """A call, as far as secrets are looked for in it."""

    @property
    def operation(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...


class Secrets:
    """The secrets that calls have brought: values of what has a name that begins with a star.

    Looked for when something is printed: a long test makes many calls, and prints few.
    """

    def __init__(self, calls: Sequence[Bringing] = ()) -> None:
        self._calls = calls
        self._looked_at = 0
        self._known: set[str] = set()
        # Those that came without a call.
        self.further: Callable[[], Iterable[str]] = lambda: ()

    def add(self, secrets: Iterable[str]) -> None:
        """Take note of secrets."""
        self._known.update(secrets)

    def drop_first(self) -> None:
        """Take note of the first call's secrets, which is about to be dropped."""
        if self._looked_at:
            self._looked_at -= 1
        else:
            first = self._calls[0]
            self._known.update(_secrets_in(first.operation, first.parameters))

    def hide(self) -> Hide:
        """What masks the secrets that are known by now in a text."""
        for call in self._calls[self._looked_at :]:
            self._known.update(_secrets_in(call.operation, call.parameters))
        self._looked_at = len(self._calls)
        known = {secret for secret in (*self._known, *self.further()) if secret}
        if not known:
            return as_it_is
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
        if is_secret(value):
            yield str(value["stringValue"])
    for held in _mappings(parameters.get("pipelineObjects")):
        for field in _mappings(held.get("fields")):
            if is_secret(field):
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


def as_it_is(text: str) -> str:
    return text


def is_secret(value: Mapping[Any, Any]) -> bool:
    """Whether it is a field, or the value of a parameter, that the service keeps secret."""
    name = value.get("key", value.get("id"))
    return "stringValue" in value and isinstance(name, str) and name.startswith("*")
