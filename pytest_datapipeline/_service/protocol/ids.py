"""Identifiers in the service's format, and shuffling: random, but repeatable by their seed."""

from __future__ import annotations

import random
from base64 import b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Ids:
    """The source of one fake's identifiers."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._requests = 0
        self._middle = b64encode(self._random.randbytes(653)).decode()[:870]

    def pipeline_id(self) -> str:
        """Like `df-0590406117G8DPQZY2HA`: 0, six to nine digits, and letters to 20 characters."""
        digits = "0" + "".join(self._random.choices("0123456789", k=self._random.randint(6, 9)))
        return f"df-{digits}{''.join(self._random.choices(_ALPHABET, k=20 - len(digits)))}"

    def task_id(self) -> str:
        """As long (921 characters) as those that AWS publishes, and with `/`, `+`, `:` and `=`."""
        # Only both ends are random: drawing 870 more characters each time would be slow.
        ends = b64encode(self._random.randbytes(34)).decode()
        return f"{ends[:24]}{self._middle}:{ends[24:]}:1"

    def resource_id(self, prefix: str) -> str:
        """Like an EC2 instance's or an EMR cluster's id."""
        return f"{prefix}-{self._random.getrandbits(68):017x}"

    def marker(self) -> str:
        """An opaque marker, different each time."""
        return b64encode(self._random.randbytes(48)).decode()

    def request_id(self) -> str:
        """A UUID of version 1, which is what the service's request ids are."""
        self._requests += 1
        return f"{self._requests:08x}-68c8-11e7-9d5b-a7c2f1b5a6e1"

    def shuffle(self, items: list[Any]) -> None:
        """Put them in an arbitrary order."""
        self._random.shuffle(items)

    def shuffle_fields(self, fields: list[Any], key: Callable[[Any], str]) -> None:
        """The same for fields, except that those with one key, a list, keep their order."""
        lists: dict[str, list[Any]] = {}
        for field in fields:
            lists.setdefault(key(field), []).append(field)
        keys = [key(field) for field in fields]
        self._random.shuffle(keys)
        turns = {name: iter(items) for name, items in lists.items()}
        fields[:] = [next(turns[name]) for name in keys]
