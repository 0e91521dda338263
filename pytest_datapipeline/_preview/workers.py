"""What plays the runners of a preview: it takes each task at once, and works as long as is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._service.components.component import Run

if TYPE_CHECKING:
    from .._service.clock import VirtualClock
    from .._service.instances.instance import Attempt
    from .._service.instances.life import Tasks
    from .plan import Plan

_HOSTNAME = "preview"
FAILURE = "It was to fail (--fail)."


class Workers:
    """Takes the tasks of all worker groups, and does what the plan says."""

    def __init__(self, clock: VirtualClock, tasks: Tasks, plan: Plan) -> None:
        self._clock = clock
        self._tasks = tasks
        self._plan = plan
        tasks.on_offered = self._offered

    def _offered(self, attempt: Attempt) -> None:
        # Not now: the scheduler is in the middle of something.
        self._clock.call_at(self._clock.now, lambda: self._take(attempt))

    def _take(self, attempt: Attempt) -> None:
        if not self._tasks.is_waiting(attempt):
            return
        self._tasks.hand_over(attempt, _HOSTNAME, None)
        task_id = attempt.task_id
        assert task_id is not None  # it has been handed over
        self._tasks.report(task_id, (), None)
        run = attempt.instance
        assert isinstance(run, Run)
        takes = self._plan.takes_of(run.component.id)
        fails = self._plan.fails_at(run.component.id, run.scheduled_start)
        if takes:
            self._keep(attempt, task_id, self._clock.now + takes)
            self._clock.call_later(takes, lambda: self._end(attempt, task_id, fails))
        else:
            self._end(attempt, task_id, fails)

    def _keep(self, attempt: Attempt, task_id: str, until: int) -> None:
        """Report progress, as a runner does that works for long."""
        again = attempt.instance.component.policy.report_progress_timeout // 2

        def report() -> None:
            if attempt.task_id == task_id and not attempt.canceled:
                self._tasks.report(task_id, (), None)
                self._keep(attempt, task_id, until)

        if again > 0 and self._clock.now + again < until:
            self._clock.call_later(again, report)

    def _end(self, attempt: Attempt, task_id: str, fails: bool) -> None:
        if attempt.task_id != task_id or attempt.canceled:
            return
        if fails:
            self._tasks.set_status(task_id, "FAILED", error_message=FAILURE)
        else:
            self._tasks.set_status(task_id, "FINISHED")
