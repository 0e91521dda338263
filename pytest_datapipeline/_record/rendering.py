"""How values and calls are printed: on one line, with long values shortened and secrets masked."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from .._service.fields import MASK
from .secrets import Hide, as_it_is, is_secret

# Strings longer than this are shown without their middle: task ids have over 900 characters.
_LONGEST = 40
# A definition may be in the parameters of a call, and a listing in its answer.
_LONGEST_PARAMETERS = 300
_LONGEST_OUTCOME = 60
# -- values ---------------------------------------------------------------------------------------


def shown(value: object, hide: Hide = as_it_is) -> str:
    """A value as messages show it."""
    if isinstance(value, str):
        value = hide(value)
        return repr(value) if len(value) <= _LONGEST else _without_middle(value, repr)
    if isinstance(value, Mapping):
        if is_secret(value):
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


# -- calls ----------------------------------------------------------------------------------------


def method(operation: str) -> str:
    """boto3's name of an operation."""
    # As botocore's xform_name does for this service's names, which hold no abbreviations.
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def typed(operation: str, parameters: Mapping[str, Any], hide: Hide = as_it_is) -> str:
    """A call as one would type it."""
    given = ", ".join(f"{name}={shown(value, hide)}" for name, value in parameters.items())
    return f"{method(operation)}({cut(given, _LONGEST_PARAMETERS)})"


def answered(response: Mapping[str, Any] | None, hide: Hide) -> str:
    """What a call was answered: the attempt of a task, or the response."""
    task = response.get("taskObject") if response else None
    if isinstance(task, Mapping) and "attemptId" in task:
        attempt = str(task["attemptId"])
        return f"task {attempt if len(attempt) <= _LONGEST else _without_middle(attempt)}"
    return cut(shown(response, hide), _LONGEST_OUTCOME)
