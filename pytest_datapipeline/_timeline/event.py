"""One thing that happened, as a timeline has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from .._service.clock import to_datetime

if TYPE_CHECKING:
    from datetime import datetime

    from .._record.call import Call

Kind = Literal[
    "enqueue",  # the test puts a task into a queue
    "ready",  # an attempt waits for a runner
    "poll",  # a poll that got no task, or waits for one
    "hand-over",  # a poll got a task
    "acknowledgement",  # the first report on a task
    "report",  # the others
    "heartbeat",
    "status",  # a SetTaskStatus
    "call",  # any other call
    "error",  # a call that the service refused, or that its client gave up
    "fault",  # a call that met a planned fault, or a runner that dies
    "retry",  # botocore waits before it makes a call again
    "lost",  # a task was handed to nobody
    "deadline",  # a deadline has passed: a task is taken back
    "end",  # a task has ended
    "clock",  # the test has moved the clock
    "finding",  # AWS asks for something else
    "advice",  # AWS advises something else
    "failure",  # the test fails
]

KINDS: tuple[Kind, ...] = get_args(Kind)
# Those that tell of something that has gone wrong.
WRONG: frozenset[Kind] = frozenset({"error", "fault", "lost", "deadline", "finding", "failure"})
# Those that say little where there are many.
QUIET: frozenset[Kind] = frozenset({"poll", "heartbeat", "report"})


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        kind: what it was; one of `KINDS`.
        lanes: who took part, who acted first: "test", "runner MainThread", "queue reports",
            "task Nightly".
        text: what happened, secrets masked.
        call: the call that it was, or that shows it; None if none.
        when_ns: when, in nanoseconds since 1970; of a call, when it was answered.
        since_ns: when it began, if it lasted.
    """

    kind: Kind
    lanes: tuple[str, ...]
    text: str
    call: Call | None
    when_ns: int
    since_ns: int | None = None

    def __repr__(self) -> str:
        return f"<{self.kind} at {self.when:%H:%M:%S}, {self.lane}: {self.text}>"

    @property
    def lane(self) -> str:
        """Who acted."""
        return self.lanes[0]

    @property
    def when(self) -> datetime:
        """When it happened, on the fake's clock (UTC)."""
        return to_datetime(self.when_ns)

    @property
    def since(self) -> datetime | None:
        """When it began, if it lasted (UTC)."""
        return None if self.since_ns is None else to_datetime(self.since_ns)

    @property
    def wrong(self) -> bool:
        """Whether it tells of something that has gone wrong."""
        return self.kind in WRONG

    @property
    def quiet(self) -> bool:
        """Whether it says little where there are many of them."""
        return self.kind in QUIET
