"""What stands in the way of time: runners at work on tasks, and clients that are yet to come."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from ..._service.clock import to_datetime
from ..limits import AT_MOST, STANDING_STILL, Patience, real_time
from ..threads import idles_in_pool
from .hand_overs import HandOvers
from .participants import Actor, Participants, called

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ..._service.clock import VirtualClock
    from ..._service.instances.life import Tasks

_NOTHING_TO_COME = "nothing is going to happen: no poll waits, and no task has a deadline"


class Obstacles:
    """Why time may not move by itself. The caller holds the fake's lock.

    Attributes:
        expected: why others who are yet to come have to be waited for.
        hand_overs: the tasks that one has polled for, and another may work on.
    """

    def __init__(
        self,
        clock: VirtualClock,
        tasks: Tasks,
        patience: Patience,
        participants: Callable[[], Participants],
    ) -> None:
        self.expected: Callable[[], str | None] = lambda: None
        self.hand_overs: HandOvers = HandOvers(tasks, patience, participants)
        self._clock = clock
        self._tasks = tasks
        self._patience = patience
        self._participants = participants
        # How far time was when it was last seen to stand still, since when, and when that was seen.
        self._still_at = 0
        self._still_since = 0.0
        self._looked_at_still = -math.inf

    def in_the_way(self) -> str | None:
        """Why time may not move to the next timer of the service; None if it may."""
        upcoming = self._clock.next_at()
        if upcoming is None:
            return _NOTHING_TO_COME
        return self._worked_on(upcoming) or self.expected()

    def unsettled(self, me: threading.Thread, idle: Collection[threading.Thread] = ()) -> bool:
        """Whether somebody other than `me` may be about to act; `idle` are threads that are not."""
        return self._participants().unsettled(me, idle) or self.hand_overs.unsettled(idle)

    def take_as_settled(self) -> None:
        """Go on without those."""
        self._participants().take_as_settled()
        self.hand_overs.take_as_settled()

    def why_nothing_happens(self, told: str) -> str:
        """What explains a wait in which nothing happens, of which that much is `told` already: its
        id in the catalog of messages."""
        upcoming = self._clock.next_at()
        worked_on = None if upcoming is None else self._worked_on(upcoming)
        return "runner-still-works" if worked_on and worked_on in told else "nothing-happens"

    def held_up_by_work(self, obstacle: str, elapsed: int) -> str | None:
        """What to say if a runner has kept time from moving for too long. It may make calls all the
        while, such as reports on a task in which it hangs, so that it is not silent.

        Who waits for it asks again and again.

        Args:
            obstacle: what stands in the way.
            elapsed: nanoseconds by which time has moved on.
        """
        now, patience = real_time(), self._patience.stalled
        between = patience + 2 * AT_MOST * self._patience.settle
        if elapsed != self._still_at or now - self._looked_at_still > between:
            self._still_at, self._still_since = elapsed, now
        self._looked_at_still = now
        longest = STANDING_STILL * patience
        if now - self._still_since <= longest:
            return None
        if self.why_nothing_happens(obstacle) != "runner-still-works":
            return None
        return f"Time has stood still for {longest:g} real seconds"

    def begins_to_wait(self) -> None:
        """Somebody waits anew for time to move: until now it has not been held up for him."""
        self._looked_at_still = -math.inf

    def _worked_on(self, upcoming: int) -> str | None:
        """Who would lose a task at a moment that he is working on."""
        participants = self._participants()
        for attempt in self._tasks.held:
            holder: Actor = attempt.holder  # type: ignore[assignment]  # what held holds has one
            deadline = self._tasks.deadline(attempt.instance)
            if (
                deadline is not None
                and upcoming >= deadline
                and holder not in participants.waiting
                and holder.is_alive()
                # Where all of the loop waits, its coroutines wait for time, and are late.
                and not participants.is_at_home(holder)
                and not (isinstance(holder, threading.Thread) and idles_in_pool(holder))
            ):
                return (
                    f"{called(holder)} still works on {attempt.id}, which would be taken "
                    f"from it at {to_datetime(deadline):%H:%M:%S}"
                )
        return self.hand_overs.in_the_way(upcoming)
