"""Methods of other libraries that ours stand in for, until they are given back."""

from __future__ import annotations

import inspect
from typing import Any


class MovedParts(RuntimeError):
    """A library has moved or changed what the fake is built on."""


def check_parts(library: str, version: str, parts: list[tuple[Any, str, int]]) -> None:
    """Raise MovedParts unless each method is there and takes that many arguments."""
    for owner, name, arguments in parts:
        if not _takes(getattr(owner, name, None), arguments):
            raise MovedParts(
                f"{library} {version} has moved or changed {owner.__name__}.{name}, which "
                f"pytest-datapipeline is built on. Install an older {library} or a newer "
                "pytest-datapipeline."
            )


def _takes(method: Any, arguments: int) -> bool:
    try:
        inspect.signature(method).bind(*range(arguments))
    except TypeError:
        return False
    return True


class Patches:
    """Replaced attributes of classes, with what was there before."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def replace(self, owner: type, name: str, replacement: Any) -> None:
        """Have `replacement` stand at a class's attribute."""
        self._undo.append((owner, name, owner.__dict__[name]))
        setattr(owner, name, replacement)

    def undo(self) -> None:
        """Give everything back, the latest first."""
        while self._undo:
            owner, name, original = self._undo.pop()
            setattr(owner, name, original)
