"""Hooks into other libraries: modules acted on when somebody imports them, methods replaced."""

from __future__ import annotations

import importlib.abc
import importlib.util
import inspect
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# How botocore's model names the service.
SERVICE_ID = "Data Pipeline"


def when_imported(name: str, act: Callable[[ModuleType], None]) -> Callable[[], None]:
    """Call `act` with a module: now, or as soon as it has been imported.

    Returns:
        what ends the waiting for it.
    """
    module = sys.modules.get(name)
    if module is not None:
        act(module)
        return lambda: None
    finder = _Finder(name, act)
    sys.meta_path.insert(0, finder)
    return finder.leave


class _Finder(importlib.abc.MetaPathFinder):
    """Finds nothing itself, and calls back once the module has been executed."""

    def __init__(self, name: str, act: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._act = act

    def leave(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        if name != self._name:
            return None
        self.leave()
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            loader = spec.loader
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self._act(module)

            loader.exec_module = exec_module  # type: ignore[method-assign]  # of this loader alone
        return spec


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


# In place of what a class has from another.
_INHERITED = object()


class Patches:
    """Replaced attributes of classes, with what was there before."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def replace(self, owner: type, name: str, replacement: Any) -> None:
        """Have `replacement` stand at a class's attribute."""
        self._undo.append((owner, name, owner.__dict__.get(name, _INHERITED)))
        setattr(owner, name, replacement)

    def undo(self) -> None:
        """Give everything back, the latest first."""
        while self._undo:
            owner, name, original = self._undo.pop()
            if original is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
