"""What a test sees of time and of the task runners: the clock, polls that wait, heartbeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ... import checks
from ..._service.clock import to_datetime
from ...errors import told_by_message

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ..._service.service import Service
    from ..._time.timekeeper import Timekeeper

__tracebackhide__ = told_by_message


class FakeClock:
    """The fake's clock. A test moves it, and so does a poll that waits on the test's thread."""

    def __init__(self, timekeeper: Timekeeper) -> None:
        self._time = timekeeper

    def __repr__(self) -> str:
        return f"<FakeClock at {self.now().isoformat()}>"

    def now(self) -> datetime:
        """The present moment (aware, UTC)."""
        return to_datetime(self._time.now())

    def advance(self, delta: float | timedelta) -> None:
        """Move time on by seconds or a timedelta.

        What falls due on the way happens at its own moment, and threads that it lets go act before
        time moves further.

        Raises:
            FakeUsageError: the duration is negative.
        """
        self._time.advance(checks.seconds("the duration", delta))

    def move_to(self, target: datetime | str) -> None:
        """Move time on to a moment: a datetime (UTC if it has no zone) or an ISO text.

        Raises:
            FakeUsageError: the moment has passed.
        """
        self._time.move_to(checks.moment("the moment", target))


@dataclass(frozen=True)
class Heartbeat:
    """One ReportTaskRunnerHeartbeat: its time (UTC) and what came with it."""

    time: datetime
    worker_group: str | None
    hostname: str | None


@dataclass(frozen=True)
class WaitingPoll:
    """A PollForTask that the service holds.

    `thread` is the name of the thread that waits; None if its client has given up (`abandoned`).
    """

    worker_group: str
    region: str
    hostname: str | None
    since: datetime
    thread: str | None
    abandoned: bool


def waiting_polls(service: Service) -> list[WaitingPoll]:
    """The polls that the service holds."""
    return [
        WaitingPoll(
            poll.worker_group,
            poll.region,
            poll.hostname,
            to_datetime(poll.since),
            getattr(poll.holder, "name", None),
            poll.abandoned,
        )
        for poll in service.tasks.queues.polls()
    ]


def heartbeats_of(service: Service) -> dict[str, list[Heartbeat]]:
    """The heartbeats of each task runner, by its taskrunnerId."""
    return {
        runner: [
            Heartbeat(to_datetime(record.at), record.worker_group, record.hostname)
            for record in records
        ]
        for runner, records in service.heartbeats.items()
    }
