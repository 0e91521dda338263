"""How a test lets time pass until a pipeline has come to where it wants it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ... import checks
from ..._service.clock import to_datetime
from ..._service.components.pipeline import STATES
from ..._service.texts import did_you_mean
from ...errors import FakeUsageError, Stuck, explained, together, told_by_message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._service.components.pipeline import Pipeline as Record
    from ..._service.service import Service
    from ..._time.timekeeper import Timekeeper
    from ..players import Work, Workers

__tracebackhide__ = told_by_message

Condition = Callable[[], object]


class Running:
    """What `Pipeline.run` does.

    Args:
        wait: lets time pass until a condition holds; told what that is, and whether it is about the
            service alone.
    """

    def __init__(
        self,
        service: Service,
        time: Timekeeper,
        wait: Callable[[Any, str, bool], None],
        workers: Workers,
    ) -> None:
        self._service = service
        self._time = time
        self._wait_until = wait
        self._workers = workers

    def run(
        self,
        record: Record,
        told: Callable[[], str],
        work: Callable[[Work], object] | None,
        until: str | datetime | timedelta | Condition | None,
        max_time: float | timedelta | None,
    ) -> None:
        """`Pipeline.run`. `told`: how the pipeline stands, for messages."""
        condition = self._condition(record, until)
        with self._working(work, record.id):
            self._wait(condition, record.name, told, max_time, ours=not callable(until))

    def _condition(
        self,
        record: Record,
        until: str | datetime | timedelta | Condition | None,
    ) -> Any:
        if isinstance(until, timedelta):
            return to_datetime(self._time.now()) + until
        if isinstance(until, datetime):
            return until
        if isinstance(until, str):
            state = until.upper()
            if state not in STATES:
                return _moment(until)
            # An activation that does not show yet ends these two.
            ends = state in ("FINISHED", "INACTIVE")
            return lambda: record.state == state and not (ends and record.activating)
        if callable(until):
            return until
        if until is not None:
            raise FakeUsageError(
                f"until is {until!r}; it can be a state, a datetime, a timedelta or a predicate."
            )
        if record.state == "PENDING" and record.first_activation is None:
            raise FakeUsageError(
                explained(
                    f"{record.name!r} was never activated: it would never finish.",
                    about="never-activated",
                )
            )
        endless = [held.id for held in record.components.values() if held.schedule.count is None]
        if endless:
            raise FakeUsageError(
                explained(
                    f"The schedule of {', '.join(endless[:3])} has no end: {record.name!r} never "
                    "finishes. Give until=, a moment or a predicate.",
                    about="schedule-never-ends",
                )
            )
        return lambda: record.state == "FINISHED" and not record.activating

    @contextmanager
    def _working(self, work: Callable[[Work], object] | None, pipeline_id: str) -> Iterator[None]:
        if work is None:
            yield
            return
        worker = self._workers.add(work, pipeline_id=pipeline_id)
        try:
            yield
        finally:
            self._workers.remove(worker)

    def _wait(
        self,
        condition: Any,
        name: str,
        told: Callable[[], str],
        max_time: float | timedelta | None,
        *,
        ours: bool,
    ) -> None:
        if max_time is None:
            wrapped = condition
        else:
            limit = self._time.now() + checks.seconds("max_time", max_time)
            inner = condition

            def wrapped() -> bool:
                if self._time.clock.now > limit:
                    raise Stuck(
                        explained(
                            f"max_time has passed in virtual time.\n{told()}",
                            about="pipeline-max-time",
                        )
                    )
                if isinstance(inner, datetime):
                    return to_datetime(self._time.clock.now) >= inner
                return bool(inner())

        try:
            self._wait_until(wrapped, f"the pipeline {name!r}", ours)
        except Stuck as error:
            if told() in str(error):
                raise
            raise Stuck(together([str(error), f"{self._who_is_missing()}{told()}"])) from None

    def _who_is_missing(self) -> str:
        queues = self._service.tasks.queues
        groups = sorted(filter(queues.has_waiting, queues.names))
        if not groups:
            return ""
        return (
            f"Tasks wait for runners of {', '.join(map(repr, groups[:3]))}. Give run() a function "
            "that plays the runner, have datapipeline_fake.work() play it, or start a runner in a "
            "thread.\n"
        )


def _moment(text: str) -> datetime:
    try:
        return to_datetime(checks.moment("until", text))
    except FakeUsageError:
        raise FakeUsageError(
            f"until is {text!r}, which is neither a state of a pipeline nor a moment."
            f"{did_you_mean(text.upper(), STATES)} The states are: {', '.join(STATES)}."
        ) from None
