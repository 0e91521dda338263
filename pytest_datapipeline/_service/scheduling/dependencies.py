"""What lets an instance go on, and what follows when it ends.

An instance waits until everything that it needs has finished. Whenever one ends, those that need it
are looked at again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..components import pipeline as states
from ..components.component import NODE, PRECONDITION, RESOURCE, PipelineComponent, Run
from ..expressions.template import ExpressionError
from ..instances.instance import (
    CASCADE_FAILED,
    FAILED,
    FAILURES,
    FINISHED,
    FULFILLED,
    RUNNING,
    USER_MANAGED_PRECONDITIONS,
    WAITING_FOR_RUNNER,
    WAITING_ON_DEPENDENCIES,
    Attempt,
    Instance,
)
from .alarms import Notification, publish
from .creation import Creation
from .simulated import Simulated

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clock import VirtualClock
    from ..instances.life import Tasks
    from ..settings import ServiceSettings
    from .agenda import Agenda
    from .ending import Ending

_AT_WORK = frozenset({WAITING_FOR_RUNNER, RUNNING})


class Dependencies:
    """The way of each instance from its creation to what its end lets go on.

    Attributes:
        notifications: what alarms have published.
        outcome_of: how a simulated resource ends, or a precondition that the service
            checks.
    """

    def __init__(
        self,
        clock: VirtualClock,
        settings: ServiceSettings,
        tasks: Tasks,
        agenda: Agenda,
        ending: Ending,
        outcome_of: Callable[[Run], str],
    ) -> None:
        self.clock = clock
        self.settings = settings
        self.tasks = tasks
        self.outcome_of = outcome_of
        self.notifications: list[Notification] = []
        self._agenda = agenda
        self._ending = ending
        self._creation = Creation(clock, settings, tasks, agenda, self.enter, self.late)
        self._simulated = Simulated(self)

    @property
    def creation(self) -> Creation:
        """What creates the instances."""
        return self._creation

    def enter(self, run: Run) -> None:
        """Begin with an instance, or begin anew: it may depend on what has failed before."""
        if run.origin.cascade and run.status == WAITING_ON_DEPENDENCIES and not run.of.paused:
            failed = self._failed_need(run)
            if failed is not None:
                run.note(cascade_failed_on=failed.id)
                self.end(run, CASCADE_FAILED)
        self._check(run)

    @staticmethod
    def _failed_need(run: Run) -> Run | None:
        for need in run.of.needs:
            for needed in need.needed_by(run):
                if needed is not None and needed.ended and needed.status in FAILURES:
                    return needed
        return None

    def _check(self, run: Run) -> None:
        """See whether an instance that waits on its dependencies can go on."""
        component = run.of
        if run.ended or run.status != WAITING_ON_DEPENDENCIES or component.paused:
            return
        if component.family == RESOURCE:
            if any(user.status in _AT_WORK for user in self._simulated.users_of(run)):
                self._simulated.launch(run)
            else:
                self._simulated.release(run)
            return
        needs = component.needs
        first = run.blocked
        for position in range(first, len(needs)):
            if not self._fulfilled(needs[position], run):
                run.blocked = position
                return
        # What was fulfilled when it was looked at may have been run again since.
        for position in range(first):
            if not self._fulfilled(needs[position], run):
                run.blocked = position
                return
        run.blocked = 0
        self._ready(run)

    def _fulfilled(self, need: PipelineComponent, run: Run) -> bool:
        if need.schedule is run.of.schedule:
            same = need.runs.get(run.index)
            if same is not None and same.status in FULFILLED:
                return True
        for needed in need.needed_by(run):
            if needed is None:
                return False
            if needed.status not in FULFILLED:
                return False
        return True

    def _ready(self, run: Run) -> None:
        component = run.origin
        if component.family == NODE:
            self.end(run, FINISHED)
            return
        if component.family == PRECONDITION:
            self.tasks.await_precondition(run)
        if component.family == PRECONDITION and component.type not in USER_MANAGED_PRECONDITIONS:
            self.begin_attempt(run, RUNNING)
            self._simulated.look(run)
        else:
            if component.evaluates:
                try:
                    component.fields_of(run)
                except ExpressionError as error:
                    self._ill_formed(run, error)
                    return
            if component.runs_on is None:
                self.tasks.begin(run)
            else:
                self._ready_on(component.runs_on, run)

    def _ready_on(self, managed: PipelineComponent, run: Run) -> None:
        # Observed: an activity waits for its runner from the moment that its resource is wanted.
        run.status = WAITING_FOR_RUNNER
        for resource in managed.needed_by(run):
            if resource is None:
                continue
            if resource.status != RUNNING:
                self._simulated.want(resource)
            elif run.attempt is None or run.attempt.ended is not None:
                # Of a shorter schedule than its own, there are several.
                self.tasks.begin(run)

    def _ill_formed(self, run: Run, error: ExpressionError) -> None:
        # Our choice: a run whose fields cannot be evaluated fails, and is not tried again.
        run.note(error=str(error))
        attempt = self.begin_attempt(run, FAILED)
        attempt.error_message = str(error)
        attempt.ended = self.clock.now
        run.tries_left = 0
        self.end(run, FAILED)

    def begin_attempt(self, run: Run, status: str) -> Attempt:
        """A new attempt at an instance that the service works on itself."""
        attempt = Attempt(run, len(run.attempts) + 1, self.clock.now)
        attempt.status = run.status = status
        run.attempts.append(attempt)
        run.tries_left -= 1
        self.tasks.happened()
        return attempt

    def end(self, run: Run, status: str) -> None:
        """End an instance, and the attempt at it."""
        attempt = run.attempt
        if attempt is not None and attempt.ended is None:
            attempt.status = status
            attempt.ended = self.clock.now
        self.tasks.end(run, status)

    def ended(self, instance: Instance) -> None:
        """Take note that an instance has ended."""
        if isinstance(instance, Run):
            self._agenda.add(self._after, instance)
            self._agenda.work()

    def _after(self, run: Run) -> None:
        component = run.of
        pipeline = self._agenda.pipeline_of(run)
        if not run.ended:
            return
        self._closed(run)
        self._keep_health(run)
        # Documented for cascade. Otherwise, our choice: nobody needs what guards an ended instance.
        self._cancel_guards(run)
        if run.status == FINISHED:
            self._act(run.origin.on_success, run)
        elif run.status in FAILURES:
            self._act(run.origin.on_fail, run)
            if component.family == RESOURCE:
                self._simulated.failed(run)
        for dependent in component.dependents:
            if dependent.schedule is component.schedule:
                waiting = dependent.open.get(run.index)
                if waiting is not None and waiting.status == WAITING_ON_DEPENDENCIES:
                    self._look_at(waiting, run)
            else:
                for waiting in list(dependent.open.values()):
                    if waiting.status == WAITING_ON_DEPENDENCIES:
                        self.enter(waiting)
        if component.runs_on is not None:
            for resource in component.runs_on.needed_by(run):
                if resource is not None and not resource.ended:
                    self._simulated.release(resource)
        self._creation.advance(component)
        self._ending.finish_if_done(pipeline)

    def _closed(self, run: Run) -> None:
        """Count an instance out that has ended."""
        component = run.of
        run.evaluated = None
        if component.open.pop(run.index, None) is not None:
            self._agenda.pipeline_of(run).open -= 1
            if not run.again:
                component.active -= 1

    def _look_at(self, waiting: Run, ended: Run) -> None:
        component = waiting.of
        if ended.status in FULFILLED:
            # Only the need that it is blocked on can release it.
            if component.needs[waiting.blocked] is ended.of:
                self._check(waiting)
        elif waiting.origin.cascade:
            waiting.note(cascade_failed_on=ended.id)
            self.end(waiting, CASCADE_FAILED)

    def _keep_health(self, run: Run) -> None:
        """Documented: the health of a component is that of its instance that ended last; one whose
        precondition fails is in ERROR.
        """
        now = self.clock.now
        component = run.of
        if run.status == FINISHED:
            component.latest_completed = run.scheduled_start
        component.finished_at = now
        health = "HEALTHY" if run.status == FINISHED else "ERROR"
        if component.node is not None:
            if health == "ERROR":
                component.node.health = (health, run.id, now)
            return
        component.health = (health, run.id, now)

    def _cancel_guards(self, run: Run) -> None:
        for guard in run.of.preconditions:
            checked = guard.runs.get(run.index)
            if checked is not None and not checked.ended:
                self.cancel(checked, f"{run.id} is {run.status}.")

    def late(self, run: Run) -> None:
        """Act on an instance that was to have ended by now, or started."""
        if run.ended or run.of.paused:
            return
        if self._has_started(run):
            return
        self._act(run.origin.on_late, run)
        self._agenda.work()

    def _has_started(self, run: Run) -> bool:
        if not run.of.is_for_runners:
            return bool(run.attempts)
        by_hand_over = self.settings.running_from == "hand-over"
        return run.status == RUNNING or any(
            (attempt.handed_over if by_hand_over else attempt.acknowledged) is not None
            for attempt in run.attempts
        )

    def _act(self, actions: list[str], run: Run) -> None:
        for action_id in actions:
            kind = run.origin.definition.type_of(action_id)
            if kind == "Terminate":
                if not run.ended:
                    self.cancel(run, f"Terminated by {action_id}.")
            elif kind == "SnsAlarm":
                self.notifications.append(publish(action_id, run, self.clock.now))
                self.tasks.happened()

    def cancel(self, run: Instance, reason: str) -> None:
        """Cancel an instance that has not ended."""
        if isinstance(run, Run):
            run.note(cancellation_reason=reason)
        attempt = run.attempt
        if attempt is not None and attempt.task_id is not None and isinstance(run, Run):
            pipeline = self._agenda.pipeline_of(run)
            if pipeline.state == states.DEACTIVATING:
                pipeline.uninformed[attempt] = None
        self.tasks.cancel(run)
        self._agenda.work()

    def start_again(self, run: Instance) -> None:
        """Open an instance anew that has ended."""
        self.reopen(run)
        if isinstance(run, Run):
            self._agenda.add(self.enter, run)
        else:
            self.tasks.start_again(run)

    def reopen(self, run: Instance) -> None:
        """Have an instance that has ended be open again."""
        run.ended = False
        run.status = WAITING_ON_DEPENDENCIES
        # Our choice: the numbers of attempts go on, and there are as many tries as at first.
        run.tries_left = run.component.policy.maximum_retries + 1
        run.actual_end = None
        if isinstance(run, Run):
            self._closed(run)
            # Documented: what is run again does not count as active.
            run.again = True
            run.blocked = 0
            run.details = None
            pipeline = self._agenda.pipeline_of(run)
            if pipeline.state == states.FINISHED:
                pipeline.state = states.SCHEDULED
            self._creation.opened(run)
        else:
            self.tasks.opened()
