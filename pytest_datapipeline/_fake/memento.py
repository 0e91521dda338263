"""What objects hold at one moment, to be put back into the same objects later.

What the service sets up for later, its timers above all, are functions that hold objects: they can
be called, not copied. So nothing is copied here but contents: each object that can be reached is
kept with a shallow copy of what it holds. Putting that back makes the whole what it was, for
handles and timers as well, as they lead to the same objects.
"""

from __future__ import annotations

import random
from array import array
from collections import OrderedDict, defaultdict, deque
from functools import cache, partial
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from .._time.actors.loose_ends import LooseEnds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_PACKAGE = __name__.split(".")[0] + "."
# What is no part of a world, or does not change once it is made: that of others, such as threads,
# is left alone as well. Each is a module, or a package with all that is in it. Of what keeps time,
# only who is followed after a cancellation is of one world: see `_STILL`.
_LEFT_ALONE = tuple(
    f"{_PACKAGE}{name}."
    for name in (
        *("_clients", "_time", "_fake.driving", "_fake.gates", "_fake.world", "fake", "settings"),
        *("_service.definitions", "_service.expressions", "_service.settings"),
        # Of calls that are over. A snapshot is refused while others are not.
        *("_record.call", "_contract.rule"),
    )
)
_STILL = LooseEnds.__module__


class Memento:
    """The contents of everything that some objects lead to."""

    def __init__(self, roots: Iterable[object]) -> None:
        self._kept: list[tuple[_Kind, Any, Any]] = []
        kinds: dict[type, _Kind | None] = {}
        # By id, and the objects themselves, so that no other gets the id meanwhile.
        seen: dict[int, object] = {}
        ahead = list(roots)
        while ahead:
            held = ahead.pop()
            kind: type = type(held)
            if kind not in kinds:
                kinds[kind] = _kind_of(kind)
            way = kinds[kind]
            if way is None or id(held) in seen:
                continue
            seen[id(held)] = held
            content = way.content(held)
            if way.put_back is not None:
                self._kept.append((way, held, content))
            ahead.extend(way.parts(held, content))

    def __len__(self) -> int:
        return len(self._kept)

    def put_back(self) -> None:
        """Have each of them hold what it held."""
        for kind, held, content in self._kept:
            assert kind.put_back is not None  # those without are not kept
            kind.put_back(held, content)


class _Kind:
    """How objects of a type are kept.

    Args:
        content: a copy of what one holds.
        put_back: has one hold that again; None if it cannot change.
        parts: the objects in it.
    """

    __slots__ = ("content", "parts", "put_back")

    def __init__(
        self,
        content: Callable[[Any], Any],
        put_back: Callable[[Any, Any], None] | None,
        parts: Callable[[Any, Any], Iterable[object]] = lambda _, content: content,
    ) -> None:
        self.content = content
        self.put_back = put_back
        self.parts = parts


def _refill(held: Any, content: Any) -> None:
    held.clear()
    held.update(content)


def _refill_queue(held: deque[Any], content: list[Any]) -> None:
    held.clear()
    held.extend(content)


def _keys_and_values(_: Any, content: dict[Any, Any]) -> Iterator[object]:
    yield from content
    yield from content.values()


def _rewrite(held: Any, content: Any) -> None:
    held[:] = content


_SEQUENCE = _Kind(list, _rewrite)
_MAPPING = _Kind(dict, _refill, _keys_and_values)
_FIXED = _Kind(tuple, None)
_BUILT_IN: dict[type, _Kind] = {
    list: _SEQUENCE,
    dict: _MAPPING,
    defaultdict: _MAPPING,
    OrderedDict: _MAPPING,
    set: _Kind(set, _refill),
    deque: _Kind(list, _refill_queue),
    array: _Kind(lambda held: held[:], _rewrite, lambda _held, _content: ()),
    random.Random: _Kind(
        random.Random.getstate, random.Random.setstate, lambda _held, _content: ()
    ),
    tuple: _FIXED,
    frozenset: _FIXED,
    MethodType: _Kind(lambda held: (held.__self__,), None),
    partial: _Kind(lambda held: _bound(held), None),
    FunctionType: _Kind(lambda held: _captured(held), None),
}


def _captured(function: FunctionType) -> tuple[object, ...]:
    """What a function of ours holds; what a test's holds is its own affair."""
    if not _is_ours(function):
        return ()
    return tuple(cell.cell_contents for cell in function.__closure__ or ())


def _bound(function: partial[Any]) -> tuple[object, ...]:
    """The same, of a function with some of its arguments."""
    if not _is_ours(function.func):
        return ()
    return (function.func, *function.args, *function.keywords.values())


def _is_ours(held: object) -> bool:
    return str(getattr(held, "__module__", None)).startswith(_PACKAGE)


@cache
def _kind_of(kind: type) -> _Kind | None:
    """How objects of a type are kept; None if they are left alone."""
    found = _BUILT_IN.get(kind)
    if found is not None:
        return found
    module = kind.__module__
    if not _is_ours(kind) or (f"{module}.".startswith(_LEFT_ALONE) and module != _STILL):
        return None
    if issubclass(kind, tuple):
        return _FIXED
    names = tuple(
        name
        for base in kind.__mro__
        for name in _slots(base)
        if name not in ("__dict__", "__weakref__")
    )
    return _Kind(partial(_attributes, names), partial(_set_attributes, names), _values)


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _attributes(names: tuple[str, ...], held: object) -> dict[str, Any]:
    content = dict(getattr(held, "__dict__", ()))
    for name in names:
        if hasattr(held, name):
            content[name] = getattr(held, name)
    return content


def _set_attributes(names: tuple[str, ...], held: object, content: dict[str, Any]) -> None:
    own = getattr(held, "__dict__", None)
    if own is not None:
        own.clear()
        own.update((name, content[name]) for name in content if name not in names)
    for name in names:
        # Not by setattr, which a frozen dataclass refuses.
        if name in content:
            object.__setattr__(held, name, content[name])
        elif hasattr(held, name):
            object.__delattr__(held, name)


def _values(_: object, content: dict[str, Any]) -> Iterable[object]:
    return content.values()
