"""Functions that play task runners, without polling: a task that becomes ready is theirs."""

from __future__ import annotations

import inspect
import traceback
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .._service.clock import to_datetime
from .._service.fields import Field, as_mapping
from .._service.instances.instance import USER_MANAGED_PRECONDITIONS
from ..errors import FakeUsageError, explained, told_by_message

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .._service.clock import VirtualClock
    from .._service.instances.instance import Attempt
    from .._service.instances.life import Tasks

__tracebackhide__ = told_by_message

_HOSTNAME = "played-by-the-test"
_STATUSES = ("FINISHED", "FAILED", "FALSE")
_LONGEST_TRACE = 1024


@dataclass(frozen=True)
class Work:
    """One task, as a function gets it that plays the task runner.

    Attributes:
        id: the id of the pipeline component.
        type: its type.
        pipeline_id: the pipeline.
        worker_group: the worker group for whose runners the task is.
        instance_id: the id of the instance.
        attempt: the number of the attempt, from 1.
        scheduled_start: when the interval begins for which it runs (UTC).
        fields: the fields of the attempt, a repeated key as a list.
        task_object: the whole task object, as poll_for_task would have returned it.
    """

    id: str
    type: str
    pipeline_id: str
    worker_group: str
    instance_id: str
    attempt: int
    scheduled_start: datetime
    # Most functions look at neither, and a long run makes very many.
    _answer: Any = field(repr=False)

    @cached_property
    def task_object(self) -> dict[str, Any]:
        answer = self._answer if isinstance(self._answer, dict) else self._answer.to_dict()
        found: dict[str, Any] = answer["taskObject"]
        return found

    @cached_property
    def fields(self) -> dict[str, Any]:
        attempt = self.task_object["objects"][self.task_object["attemptId"]]
        return as_mapping(
            tuple(
                Field(
                    held["key"],
                    held.get("refValue", held.get("stringValue", "")),
                    "refValue" in held,
                )
                for held in attempt["fields"]
            )
        )


class Worker:
    """One such function, and the tasks that it takes."""

    def __init__(
        self,
        function: Callable[[Work], object],
        worker_group: str | None,
        pipeline_id: str | None,
        duration: int,
    ) -> None:
        self.function = function
        self.worker_group = worker_group
        self.pipeline_id = pipeline_id
        self.duration = duration

    def takes(self, attempt: Attempt) -> bool:
        component = attempt.instance.component
        if self.pipeline_id not in (None, component.pipeline_id):
            return False
        if self.worker_group is None:
            return True
        return self.worker_group == component.worker_group_of(attempt.instance)


class Workers:
    """All functions that play task runners, the latest first."""

    def __init__(self, clock: VirtualClock, tasks: Tasks) -> None:
        self._clock = clock
        self._tasks = tasks
        self._workers: list[Worker] = []
        tasks.on_offered = self._offered

    def add(
        self,
        function: Callable[[Work], object],
        worker_group: str | None = None,
        pipeline_id: str | None = None,
        duration: int = 0,
    ) -> Worker:
        """Have a function work on all tasks, or on those of a worker group or pipeline.

        Args:
            function: gets the work; its answer or its exception is the final status.
            worker_group: whose tasks; None for those of all.
            pipeline_id: whose tasks; None for those of all.
            duration: nanoseconds from the acknowledgement to the final status.

        Raises:
            FakeUsageError: it is none, or cannot be called with the work.
        """
        _check_player(function)
        worker = Worker(function, worker_group, pipeline_id, duration)
        self._workers.insert(0, worker)
        for attempt in self._tasks.queues.waiting():
            self._offered(attempt)
        return worker

    def remove(self, worker: Worker) -> None:
        self._workers.remove(worker)

    def _offered(self, attempt: Attempt) -> None:
        if any(worker.takes(attempt) for worker in self._workers):
            # Not now: the caller is in the middle of something.
            self._clock.call_at(self._clock.now, lambda: self._take(attempt))

    def _take(self, attempt: Attempt) -> None:
        worker = next((held for held in self._workers if held.takes(attempt)), None)
        if worker is None or not self._tasks.is_waiting(attempt):
            return
        answer = self._tasks.hand_over(attempt, _HOSTNAME, None)
        task_id = attempt.task_id
        assert task_id is not None  # it has been handed over
        self._tasks.report(task_id, (), None)
        status, error = self._play(worker, _work_of(attempt, answer))
        if worker.duration:
            self._keep(attempt, task_id, self._clock.now + worker.duration)
            self._clock.call_later(
                worker.duration, lambda: self._set(attempt, task_id, status, error)
            )
        else:
            self._set(attempt, task_id, status, error)

    def _keep(self, attempt: Attempt, task_id: str, until: int) -> None:
        """Report progress often enough that the task is not taken away before it is done."""
        again = attempt.instance.component.policy.report_progress_timeout // 2

        def report() -> None:
            if attempt.task_id == task_id and not attempt.canceled:
                self._tasks.report(task_id, (), None)
                self._keep(attempt, task_id, until)

        if self._clock.now + again < until:
            self._clock.call_later(again, report)

    def _set(
        self, attempt: Attempt, task_id: str, status: str, error: BaseException | None
    ) -> None:
        if attempt.task_id != task_id or attempt.canceled:
            return
        trace = None
        if error is not None:
            # Without our own call of the function, which is no part of its story.
            frames = error.__traceback__ and error.__traceback__.tb_next
            trace = "".join(traceback.format_exception(type(error), error, frames))
        self._tasks.set_status(
            task_id,
            status,
            error_id=None if error is None else type(error).__name__,
            error_message=None if error is None else str(error),
            error_stack_trace=None if trace is None else trace[-_LONGEST_TRACE:],
        )

    @staticmethod
    def _play(worker: Worker, work: Work) -> tuple[str, BaseException | None]:
        try:
            answer = worker.function(work)
        except AssertionError:
            # A check of the test's own: the retries of the service must not hide it.
            raise
        except Exception as error:
            return "FAILED", error
        if answer is None or answer is True:
            return "FINISHED", None
        if answer is False:
            return ("FALSE" if work.type in USER_MANAGED_PRECONDITIONS else "FAILED"), None
        if answer in _STATUSES:
            return str(answer), None
        raise FakeUsageError(
            explained(
                f"The function that plays the runner of {work.id} returned {answer!r}; it can "
                "return None or True (FINISHED), 'FAILED', 'FALSE', or raise an exception "
                "(FAILED).",
                about="player-returns-a-value",
            )
        )


def _check_player(function: Any) -> None:
    # An error of the call would be one of the work, and make the task fail.
    if not callable(function):
        raise FakeUsageError(f"work() takes a function of the work, not {function!r}.")
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):  # not of Python
        return
    try:
        signature.bind(None)
    except TypeError:
        raise FakeUsageError(
            f"The function that plays the runner, {getattr(function, '__name__', function)}"
            f"{signature}, is called with the work alone, and takes something else."
        ) from None


def _work_of(attempt: Attempt, answer: Any) -> Work:
    instance = attempt.instance
    component = instance.component
    return Work(
        component.id,
        component.type,
        component.pipeline_id,
        component.worker_group_of(instance),
        instance.id,
        attempt.number,
        to_datetime(instance.scheduled_start),
        answer,
    )
