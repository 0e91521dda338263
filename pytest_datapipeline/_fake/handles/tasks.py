"""Tasks as a test holds them, with their attempts and reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ... import checks
from ..._service.clock import to_datetime
from ..._service.errors import ServiceError
from ..._service.fields import as_mapping
from ..._service.instances.instance import CANCELED, ENDED, FAILED, FINISHED
from ..._service.service import Caller
from ..._service.settings import ACKNOWLEDGE_SECONDS
from ..._service.texts import shorten
from ...errors import FakeUsageError, explained, told_by_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._service.instances.instance import Attempt as AttemptRecord
    from ..._service.instances.instance import Instance
    from ..._service.service import Service
    from ..._time.timekeeper import Timekeeper

__tracebackhide__ = told_by_message


@dataclass(frozen=True)
class ProgressReport:
    """One ReportTaskProgress: its time (UTC) and its fields, a repeated key as a list."""

    time: datetime
    fields: dict[str, Any]


class Attempt:
    """One try of a task, as it stands at the moment at which it is asked."""

    __slots__ = ("_record",)

    def __init__(self, record: AttemptRecord) -> None:
        self._record = record

    def __repr__(self) -> str:
        return f"<Attempt {self.number}, {self.status}, of {self._record.instance.id}>"

    @property
    def number(self) -> int:
        """1 for the first."""
        return self._record.number

    @property
    def id(self) -> str:
        """The id of the attempt object, as runners see it."""
        return self._record.id

    @property
    def status(self) -> str:
        """WAITING_FOR_RUNNER, RUNNING, FINISHED, FAILED or CANCELED."""
        return self._record.status

    @property
    def task_ids(self) -> list[str]:
        """The task ids of its hand-overs; more than one if it went unacknowledged."""
        return list(self._record.task_ids)

    @property
    def hostname(self) -> str | None:
        """The host name that the last runner gave when it polled."""
        return self._record.hostname

    @property
    def handed_over(self) -> datetime | None:
        """When it was last handed to a runner (UTC)."""
        return _time(self._record.handed_over)

    @property
    def acknowledged(self) -> datetime | None:
        """When the first ReportTaskProgress came (UTC)."""
        return _time(self._record.acknowledged)

    @property
    def ended(self) -> datetime | None:
        """When it ended (UTC)."""
        return _time(self._record.ended)

    @property
    def progress(self) -> list[ProgressReport]:
        """Its ReportTaskProgress calls, the acknowledgement included."""
        return [
            ProgressReport(to_datetime(report.at), as_mapping(report.fields))
            for report in self._record.progress
        ]

    @property
    def error_id(self) -> str | None:
        """The errorId of its SetTaskStatus."""
        return self._record.error_id

    @property
    def error_message(self) -> str | None:
        """The errorMessage of its SetTaskStatus, or why the service failed it."""
        return self._record.error_message

    @property
    def error_stack_trace(self) -> str | None:
        """The errorStackTrace of its SetTaskStatus."""
        return self._record.error_stack_trace


class Task:
    """A task that the test has enqueued, or an instance of a pipeline."""

    __slots__ = ("_instance", "_service", "_time")

    def __init__(self, instance: Instance, service: Service, time: Timekeeper) -> None:
        self._instance = instance
        self._service = service
        self._time = time

    def __repr__(self) -> str:
        tries = len(self._instance.attempts)
        attempt = f", attempt {tries}" if tries else ""
        return f"<Task {self.id} in {self.worker_group!r}: {self.status}{attempt}>"

    @property
    def id(self) -> str:
        """The id of the pipeline component that it is a run of."""
        return self._instance.component.id

    @property
    def instance_id(self) -> str:
        """The id of the instance, as the service shows it."""
        return self._instance.id

    @property
    def type(self) -> str:
        """The type of its component, such as ShellCommandActivity."""
        return self._instance.component.type

    @property
    def scheduled_start(self) -> datetime:
        """When the interval begins for which it runs (UTC)."""
        return to_datetime(self._instance.scheduled_start)

    @property
    def started(self) -> datetime | None:
        """When the service began to process it, waiting included (UTC)."""
        return _time(self._instance.actual_start)

    @property
    def finished(self) -> datetime | None:
        """When it ended, in whichever way (UTC)."""
        return _time(self._instance.actual_end)

    @property
    def pipeline_id(self) -> str:
        """The pipeline that it belongs to."""
        return self._instance.component.pipeline_id

    @property
    def worker_group(self) -> str:
        """The worker group whose runners it is for."""
        return self._instance.component.worker_group_of(self._instance)

    @property
    def region(self) -> str | None:
        """The region whose clients it is for; None for the first that polls."""
        return self._instance.component.region

    @property
    def status(self) -> str:
        """Where it stands, in the service's words.

        WAITING_ON_DEPENDENCIES until it is ready, then WAITING_FOR_RUNNER, RUNNING, and in the end
        FINISHED, FAILED (after the last try) or CANCELED; of a pipeline also CASCADE_FAILED,
        SKIPPED, CREATING and TIMEDOUT.
        """
        return self._instance.status

    @property
    def ended(self) -> bool:
        """Whether its status is a final one."""
        return self._instance.ended

    @property
    def task_id(self) -> str | None:
        """The task id of the latest hand-over; None before the first."""
        for attempt in reversed(self._instance.attempts):
            if attempt.task_ids:
                return attempt.task_ids[-1]
        return None

    @property
    def attempts(self) -> list[Attempt]:
        """Its tries so far."""
        return [Attempt(record) for record in self._instance.attempts]

    @property
    def hostname(self) -> str | None:
        """The host name of the runner that took the latest attempt."""
        attempt = self._instance.attempt
        return attempt.hostname if attempt is not None else None

    @property
    def progress(self) -> list[ProgressReport]:
        """The ReportTaskProgress calls of all attempts, in order."""
        return [report for attempt in self.attempts for report in attempt.progress]

    @property
    def error_id(self) -> str | None:
        """The errorId of the latest attempt."""
        return self._latest(lambda attempt: attempt.error_id)

    @property
    def error_message(self) -> str | None:
        """The errorMessage of the latest attempt."""
        return self._latest(lambda attempt: attempt.error_message)

    @property
    def error_stack_trace(self) -> str | None:
        """The errorStackTrace of the latest attempt."""
        return self._latest(lambda attempt: attempt.error_stack_trace)

    @property
    def deadline(self) -> datetime | None:
        """When the service acts on it by itself (UTC).

        It becomes ready, its acknowledgement or report falls due, or it is tried again. None if it
        waits for a runner or has ended.
        """
        return _time(self._service.tasks.deadline(self._instance))

    def cancel(self, *, delay: float | timedelta = 0) -> None:
        """Cancel it, as SetStatus TRY_CANCEL does.

        A runner that holds it learns of it at its next ReportTaskProgress.

        Args:
            delay: seconds or a timedelta until then, in virtual time, so that it comes while a
                runner works. If the task has ended by then, nothing happens.

        Raises:
            FakeUsageError: it has ended, or `delay` is no duration.
        """
        wait = checks.seconds("delay", delay)
        with self._time.lock:
            self._time.sync()
            if self.ended:
                raise FakeUsageError(
                    explained(f"{self!r} has ended and cannot be canceled.", about="task-has-ended")
                )
            if wait:
                self._service.clock.call_later(wait, self._cancel_unless_ended)
            else:
                self._set_status("TRY_CANCEL")

    def _cancel_unless_ended(self) -> None:
        if not self.ended:
            self._set_status("TRY_CANCEL")

    def rerun(self) -> None:
        """Run it again, as SetStatus RERUN does.

        It has a new attempt, and as many tries as at first. Under failureAndRerunMode cascade what
        failed because of it runs again as well.

        Raises:
            FakeUsageError: the service refuses it: it has not ended, or its pipeline is FINISHED.
        """
        self._set_status("RERUN")

    def mark_finished(self) -> None:
        """Call it FINISHED without running it, as SetStatus MARK_FINISHED does.

        Raises:
            FakeUsageError: the service refuses it: its pipeline is FINISHED.
        """
        self._set_status("MARK_FINISHED")

    def _set_status(self, status: str) -> None:
        with self._time.lock:
            self._time.sync()
            region = self._service.pipelines.all[self.pipeline_id].region or ""
            parameters = {
                "pipelineId": self.pipeline_id,
                "objectIds": [self.instance_id],
                "status": status,
            }
            try:
                self._service.handle("SetStatus", parameters, Caller(region))
            except ServiceError as error:
                raise FakeUsageError(
                    f"The service refuses {status} for {self!r}: {error.message}."
                ) from None

    def expire(self) -> None:
        """Have its deadline fall due now, without moving time.

        An acknowledgement or a progress report that is still to come is late, a delay is over.

        Raises:
            FakeUsageError: nothing is due.
        """
        with self._time.lock:
            if self.deadline is None:
                raise FakeUsageError(
                    explained(
                        f"{self!r} has no deadline that could expire: "
                        + ("it has ended." if self.ended else "it waits for a runner to poll."),
                        about="no-deadline",
                    )
                )
            self._service.tasks.expire(self._instance)

    def assert_finished(self) -> None:
        """Fail the test unless it is FINISHED."""
        __tracebackhide__ = True
        if self.status != FINISHED and self._instance not in self._service.tasks.disturbed:
            raise AssertionError(f"{self.id} should be FINISHED. {self._story()}")

    def assert_failed(self, error_id: str | None = None) -> None:
        """Fail the test unless its latest attempt FAILED, with this errorId if one is given."""
        __tracebackhide__ = True
        attempt = self._instance.attempt
        failed = [record for record in self._instance.attempts if record.status == FAILED]
        if not failed or (attempt is not None and attempt.status in ENDED - {FAILED}):
            raise AssertionError(f"{self.id} should have FAILED. {self._story()}")
        if error_id is not None and failed[-1].error_id != error_id:
            raise AssertionError(
                f"{self.id} should have failed with errorId {error_id!r}, but has "
                f"{failed[-1].error_id!r}. {self._story()}"
            )

    def assert_canceled(self) -> None:
        """Fail the test unless it is CANCELED."""
        __tracebackhide__ = True
        if self.status != CANCELED:
            raise AssertionError(f"{self.id} should be CANCELED. {self._story()}")

    def assert_acknowledged(self, within: float | timedelta = ACKNOWLEDGE_SECONDS) -> None:
        """Fail the test unless its latest attempt was acknowledged in time.

        Args:
            within: so many seconds, or a timedelta, after its hand-over.
        """
        __tracebackhide__ = True
        limit = within if isinstance(within, timedelta) else timedelta(seconds=within)
        attempts = [attempt for attempt in self.attempts if attempt.handed_over is not None]
        if not attempts:
            raise AssertionError(f"{self.id} was never handed to a runner. {self._story()}")
        handed_over, acknowledged = attempts[-1].handed_over, attempts[-1].acknowledged
        if acknowledged is None:
            raise AssertionError(f"{self.id} was never acknowledged. {self._story()}")
        if handed_over is not None and acknowledged - handed_over > limit:
            raise AssertionError(
                f"{self.id} should be acknowledged within {limit}, but was after "
                f"{acknowledged - handed_over}. {self._story()}"
            )

    def _latest(self, pick: Callable[[AttemptRecord], str | None]) -> str | None:
        for attempt in reversed(self._instance.attempts):
            value = pick(attempt)
            if value is not None:
                return value
        return None

    def _story(self) -> str:
        lines = [f"It is {self.status}, in worker group {self.worker_group!r}."]
        for record in self._instance.attempts:
            parts = [f"attempt {record.number} {record.status}"]
            if record.handed_over is not None:
                parts.append(f"handed over {to_datetime(record.handed_over):%H:%M:%S}")
            if record.acknowledged is not None:
                parts.append(f"acknowledged {to_datetime(record.acknowledged):%H:%M:%S}")
            if record.ended is not None:
                parts.append(f"ended {to_datetime(record.ended):%H:%M:%S}")
            if record.error_id is not None or record.error_message is not None:
                text = shorten(record.error_message or "", 100).rstrip(".")
                name = "" if record.error_id is None else f" {record.error_id!r}"
                parts.append(f"error{name}: {text}")
            lines.append("; ".join(parts) + ".")
        return "\n  ".join(lines)


def _time(ns: int | None) -> datetime | None:
    return None if ns is None else to_datetime(ns)
