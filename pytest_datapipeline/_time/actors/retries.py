"""The calls that botocore tries again: each is one call of the runner's, and not over yet."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from ..threads import idles_in_pool
from .participants import thread_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .participants import Actor, Participants


class Retries:
    """Who tries a call again, or is about to. Each actor has one call at a time."""

    def __init__(self) -> None:
        self._ids: dict[Actor, str] = {}

    def fails(self, actor: Actor, invocation_id: str) -> None:
        """A call is answered by a failure: botocore has yet to decide whether to try it again."""
        if thread_of(actor) is not None:  # of a connection the next request says what it is
            self._ids[actor] = invocation_id

    @contextlib.contextmanager
    def of(self, actor: Actor, invocation_id: str) -> Iterator[None]:
        """Note that a call is not over yet, unless the wait for its next attempt is ended."""
        self._ids[actor] = invocation_id
        try:
            yield
        except BaseException:
            self._ids.pop(actor, None)
            raise

    def end(self, actor: Actor) -> None:
        """What it has tried before is tried no more."""
        self._ids.pop(actor, None)

    def clear(self) -> None:
        """A world begins, in which nobody has called."""
        self._ids.clear()

    def under_way(self, participants: Participants) -> set[str]:
        """The ids of the calls that are tried again, or may be; of those whose caller has yet to
        show what it makes of the last attempt as well."""
        return {
            held
            for actor, held in list(self._ids.items())
            if actor.is_alive()
            and participants.may_come_back(actor)
            and not (isinstance(actor, threading.Thread) and idles_in_pool(actor))
        }
