"""Who takes part in virtual time: the threads, coroutines and connections that make calls.

Each waits for time, is on its way to its next call, or is away doing something else. Before time
moves there is one question: who could still act?
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..threads import idles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


class Actor(Protocol):
    """Who makes calls: a thread or a coroutine of this process, or a connection from elsewhere."""

    @property
    def name(self) -> str: ...
    def is_alive(self) -> bool: ...


@dataclass
class Wait:
    """One actor's wait: how to end it, what it is for, and how to raise an error in it."""

    actor: Actor
    wake: Callable[[], object]
    what: str
    fail: Callable[[BaseException], object] | None = None


class Participants:
    """Where everybody is. The caller holds the fake's lock.

    Attributes:
        home: the test's own thread.
        waiting: who waits for time, or for what comes with it.
        callers: the threads that have made calls.
    """

    def __init__(self, before: Participants | None = None) -> None:
        """`before`: those of the fake until now, where it begins again."""
        self.home: threading.Thread = threading.current_thread()
        self.waiting: dict[Actor, Wait] = {}
        self.callers: set[threading.Thread] = set()
        self._on_the_way: dict[Actor, None] = {}
        # Threads that need no chance to make a first call: those older than the fake, and callers.
        self._older: frozenset[threading.Thread]
        self._older = frozenset(threading.enumerate()) if before is None else before._older
        self._known: set[threading.Thread] = set(self._older)
        self._overlooked: set[threading.Thread] = set()
        if before is not None:
            # Threads that served may serve again. Connections that are open will send requests.
            still = (*before.waiting, *before._on_the_way)
            self._on_the_way.update((actor, None) for actor in still if thread_of(actor) is None)

    # -- comings and goings -----------------------------------------------------------------------

    def arrives(self, actor: Actor) -> None:
        """It makes a call."""
        thread = thread_of(actor)
        if thread is not None:
            self._known.add(thread)
        self.is_let_go(actor)

    def waits(self, wait: Wait) -> None:
        """It waits."""
        self.waiting[wait.actor] = wait
        self._on_the_way.pop(wait.actor, None)

    def may_come_back(self, actor: Actor) -> bool:
        """Whether it is nobody who is taken to be busy elsewhere, as he was silent."""
        if actor is self.home or self.is_at_home(actor):
            return True
        return actor in self.waiting or actor in self._on_the_way

    def is_let_go(self, actor: Actor) -> None:
        """It waits no longer, and is expected to call again soon."""
        self.waiting.pop(actor, None)
        # A coroutine on the home thread goes on as soon as that thread does not move time.
        if not self.is_at_home(actor):
            self._on_the_way[actor] = None

    def departs(self, actor: Actor, returns: bool) -> None:
        """Its call is over. `returns`: whether it is expected to call again soon."""
        if not returns:
            self._on_the_way.pop(actor, None)
        elif not self.is_at_home(actor):
            self._on_the_way[actor] = None

    def overlook(self, thread: threading.Thread) -> None:
        """A thread serves others, and makes no calls of its own."""
        self._known.add(thread)
        self._overlooked.add(thread)

    def may_work(self, thread: threading.Thread) -> bool:
        """Whether it has made calls, or may do so."""
        return thread in self.callers or self.is_young(thread)

    def is_young(self, thread: threading.Thread) -> bool:
        """Whether it was started since, and may be a runner's."""
        return thread not in self._older and thread not in self._overlooked

    def take_as_settled(self) -> None:
        """Go on without those who are on their way."""
        self._known.update(threading.enumerate())
        self._on_the_way.clear()

    # -- who could still act ----------------------------------------------------------------------

    def is_at_home(self, actor: Actor) -> bool:
        """Whether it is a coroutine of the home thread."""
        return getattr(actor, "thread", None) is self.home

    def unsettled(self, me: threading.Thread, idle: Collection[threading.Thread] = ()) -> bool:
        """Whether somebody other than `me` is on the way; `idle` are threads that are not."""
        for actor in self._on_the_way:
            if actor is not me and actor.is_alive() and actor not in idle:
                return True
        # A thread that a test has just started is on its way to its first call.
        return any(
            thread not in self._known
            and thread is not me
            and thread not in self.waiting
            and thread not in idle
            for thread in threading.enumerate()
        )

    def other_threads(self) -> bool:
        """Whether another thread is there that could do something."""
        me = threading.current_thread()
        return any(
            thread is not me and (thread in self.callers or thread not in self._older)
            for thread in threading.enumerate()
        )

    def who_has_ended(self) -> str:
        """Sentences about the threads that have made calls and are no more."""
        gone = sorted(called(thread) for thread in self.callers if not thread.is_alive())
        return "".join(f" The {thread} made calls and has ended." for thread in gone[:3])

    def others(self) -> bool:
        """Whether another thread or a connection could do something."""
        return self.other_threads() or any(
            thread_of(actor) is None and actor.is_alive() for actor in self._on_the_way
        )

    # -- who waits --------------------------------------------------------------------------------

    def someone_waits(self, at_home: bool) -> bool:
        """Whether a thread waits, or, `at_home`, a coroutine there."""
        return any(
            isinstance(actor, threading.Thread) or (at_home and self.is_at_home(actor))
            for actor in self.waiting
        )

    def waiting_threads(self) -> set[threading.Thread]:
        """The threads that wait."""
        return {actor for actor in self.waiting if isinstance(actor, threading.Thread)}

    def threads_at_end(self) -> list[threading.Thread]:
        """The threads that wait or are on their way, to be ended with the fake."""
        return [
            actor
            for actor in (*self.waiting, *self._on_the_way)
            if isinstance(actor, threading.Thread) and actor in self.callers
        ]

    def about_to_call(self) -> set[threading.Thread]:
        """The threads that were started since, are at work, and have yet to make their first call.
        One that waits for work may be anybody's."""
        frames = sys._current_frames()
        return {
            thread
            for thread in threading.enumerate()
            if thread not in self._known
            and (frame := frames.get(thread.ident or 0)) is not None
            and not idles(frame)
        }

    def who_waits(self) -> str:
        """All waits, for messages."""
        return "; ".join(f"{called(wait.actor)} in {wait.what}" for wait in self.waiting.values())


def called(actor: Actor) -> str:
    """How messages name an actor."""
    if isinstance(actor, threading.Thread):
        return f"thread {actor.name!r}"
    kind = "" if thread_of(actor) is None else "coroutine "
    return f"{kind}{actor.name!r}"


def thread_of(actor: Actor) -> threading.Thread | None:
    """The thread that a thread is, or in which a coroutine runs; None for a connection."""
    thread: threading.Thread | None = getattr(actor, "thread", None)
    return actor if isinstance(actor, threading.Thread) else thread
