"""The text by which one run of an exploration is found again."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import FakeUsageError, told_by_message
from .disturbances import Disturbance, parse

__tracebackhide__ = told_by_message

_BEFORE_SEED = "order="


class Replay(NamedTuple):
    """One run: which scenario, what goes wrong, and in which order others go first.

    Its text is `NAME::poll_for_task#1=answer_lost,set_task_status#1=throttling,order=7`.
    """

    name: str
    disturbances: tuple[Disturbance, ...]
    order: int | None = None

    def __str__(self) -> str:
        parts = [str(held) for held in self.disturbances]
        if self.order is not None:
            parts.append(f"{_BEFORE_SEED}{self.order}")
        return f"{self.name}::{','.join(parts)}"


def replay_of(text: object) -> Replay:
    """A run from its text.

    Raises:
        FakeUsageError: it is none.
    """
    name, found, listed = text.rpartition("::") if isinstance(text, str) else ("", "", "")
    if not found or not listed:
        raise FakeUsageError(
            f"{text!r} is no replay; take one from the table of an exploration, as "
            "'test_my_runner::poll_for_task#2=answer_lost'."
        )
    order = None
    disturbances = []
    for part in listed.split(","):
        if part.startswith(_BEFORE_SEED):
            seed = part.removeprefix(_BEFORE_SEED)
            if not seed.isdigit():
                raise FakeUsageError(f"{text!r}: {part!r} is no order; it is a number.")
            order = int(seed)
        else:
            disturbances.append(parse(part))
    return Replay(name, tuple(disturbances), order)
