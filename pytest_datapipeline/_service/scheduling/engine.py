"""The scheduler: from an activated pipeline to instances, and from each instance to what follows.

An instance waits until everything that it needs has finished. Whenever one ends, those that need it
are looked at again; the queue of such events is worked off in a loop, so that a chain of a thousand
objects is no recursion.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..clock import SECOND, VirtualClock
from ..components import pipeline as states
from ..components.compile import compile_plan, is_on_demand, maximum_on_demand
from ..components.component import NODE, PRECONDITION, RESOURCE, PipelineComponent, Run
from ..errors import invalid_request
from ..expressions.template import ExpressionError
from ..instances.instance import (
    CANCELED,
    CASCADE_FAILED,
    CREATING,
    FAILED,
    FAILURES,
    FINISHED,
    FULFILLED,
    RUNNING,
    SKIPPED,
    USER_MANAGED_PRECONDITIONS,
    WAITING_FOR_RUNNER,
    WAITING_ON_DEPENDENCIES,
    Attempt,
    Component,
    Instance,
)
from ..settings import (
    ACTIVATION_SECONDS,
    CANCEL_SECONDS,
    DEACTIVATION_SECONDS,
    DELETION_SECONDS,
    EMPTY_SECONDS,
    INSTANCES_SECONDS,
    ServiceSettings,
)
from .alarms import Notification, publish
from .simulated import Simulated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..components.pipeline import Pipeline
    from ..definitions.definition import Definition
    from ..instances.life import Tasks

_AT_WORK = frozenset({WAITING_FOR_RUNNER, RUNNING})

# What a simulated resource or a precondition that the service checks comes to.
Outcome = Callable[[Run], str]


class Engine:
    """Runs activated pipelines on the clock."""

    def __init__(
        self,
        clock: VirtualClock,
        settings: ServiceSettings,
        tasks: Tasks,
        outcome_of: Outcome = lambda _: FINISHED,
    ) -> None:
        self.clock = clock
        self.settings = settings
        self.tasks = tasks
        self.outcome_of = outcome_of
        self.notifications: list[Notification] = []
        self._events: deque[tuple[Callable[[Run], None], Run]] = deque()
        self._working = False
        # Components whose next instance waits for the interval between two creations.
        self._paced: dict[PipelineComponent, None] = {}
        self._simulated = Simulated(self)
        self._pipelines: dict[str, Pipeline] = {}
        tasks.on_told = self._told
        tasks.on_ended = self._ended

    # -- activation -------------------------------------------------------------------------------

    def activate(self, pipeline: Pipeline, start: int | None = None) -> bool:
        """Begin or resume to work on the definition that was put last.

        Args:
            pipeline: the pipeline.
            start: intervals that begin before this moment are skipped.

        Returns:
            whether it does; an activation on demand can be ignored.

        Raises:
            ServiceError: an on-demand pipeline has as many runs as it may.
        """
        now = self.clock.now
        definition = pipeline.definition
        if is_on_demand(definition) and not self._may_run_on_demand(pipeline):
            return False
        resuming = pipeline.state in (states.INACTIVE, states.DEACTIVATING)
        if pipeline.first_activation is None:
            pipeline.first_activation = pipeline.last_activation = now
        if self.settings.consistency == "immediate":
            self._begin(pipeline, definition)
            pipeline.state = states.SCHEDULED
            self._set_off(pipeline, start, resuming)
            return True

        # Observed: a second later the activation shows, instances after five; where there is
        # nothing to run, the pipeline has finished after two.
        def begin() -> None:
            self._begin(pipeline, definition)
            pipeline.state = states.SCHEDULING
            instances = INSTANCES_SECONDS if pipeline.components else EMPTY_SECONDS
            later(instances - ACTIVATION_SECONDS, scheduled)

        def scheduled() -> None:
            pipeline.state = states.SCHEDULED
            self._set_off(pipeline, start, resuming)

        def later(seconds: int, action: Callable[[], None]) -> None:
            def act() -> None:
                pipeline.activating.remove(timer)
                action()

            timer = self.clock.call_later(seconds * SECOND, act)
            pipeline.activating.append(timer)

        later(ACTIVATION_SECONDS, begin)
        return True

    def _begin(self, pipeline: Pipeline, definition: Definition) -> None:
        """Have a definition be the active one."""
        if pipeline.version:
            pipeline.last_activation = self.clock.now
        pipeline.version += 1
        pipeline.finished = None
        earlier, pipeline.active = pipeline.active, definition
        self._install(pipeline, earlier)
        if is_on_demand(definition):
            # Two runs of one second would have the same ids.
            latest = pipeline.on_demand.end
            now = self.clock.now
            pipeline.on_demand.starts.append(now if latest is None else max(now, latest + SECOND))

    def _may_run_on_demand(self, pipeline: Pipeline) -> bool:
        going_on = {run.index for run in pipeline.runs if not run.ended}
        limit = maximum_on_demand(pipeline.definition)
        if len(going_on) + len(pipeline.activating) < limit:
            return True
        if self.settings.on_demand_reactivation == "ignore":
            return False
        if self.settings.on_demand_reactivation == "cancel":
            self._stop_activating(pipeline)
            self._cancel_all(
                [run for run in pipeline.runs if not run.ended],
                "The pipeline was activated again.",
            )
            return True
        raise invalid_request(
            "Web service limit exceeded",
            f"Exceeded number of concurrent executions. Please set the field maxActiveInstances to "
            f"a higher value (it is {limit}) in the Default object of your pipeline",
        )

    def _install(self, pipeline: Pipeline, earlier: Definition | None) -> None:
        """Make the components of the definition, which go on with the runs that there are."""
        assert pipeline.active is not None
        self._pipelines[pipeline.id] = pipeline
        before = {(held.id, _node_id(held)): held for held in pipeline.all_components}
        self._stop_timers(pipeline)
        unchanged = earlier is not None and pipeline.active.runs_as(earlier)
        found = compile_plan(pipeline, pipeline.active, self.settings)
        for component in found:
            predecessor = before.get((component.id, _node_id(component)))
            if predecessor is not None:
                component.take_over(predecessor, unchanged)
                for run in component.open.values():
                    # What it waits for may come in another order.
                    run.blocked = 0
        pipeline.components = {held.id: held for held in found if held.node is None}
        pipeline.guards = [held for held in found if held.node is not None]

    def _set_off(self, pipeline: Pipeline, start: int | None, resuming: bool) -> None:
        if start is not None:
            self._skip(pipeline, start)
        interrupted, pipeline.interrupted = pipeline.interrupted, []
        # Documented: on demand, an activation is a new run, and not a resumption.
        if resuming and pipeline.active is not None and not is_on_demand(pipeline.active):
            for run in interrupted:
                if run.ended and (start is None or run.scheduled_start >= start):
                    self.start_again(run)
        for component in pipeline.all_components:
            for run in component.open.values():
                if run.status == WAITING_ON_DEPENDENCIES:
                    self._events.append((self._enter, run))
        for component in list(pipeline.components.values()):
            self._advance(component)
        for component in pipeline.components.values():
            self._await_next(pipeline, component)
        self._work()
        self._finish_if_done(pipeline)

    def _skip(self, pipeline: Pipeline, start: int) -> None:
        """Leave out the intervals before a moment: their instances are SKIPPED."""
        for component in pipeline.components.values():
            if component.schedule is pipeline.on_demand:
                continue
            while not component.exhausted and (
                component.schedule.start_of(component.next_index) < start
            ):
                run = Run(component, component.next_index, pipeline.version)
                run.status = SKIPPED
                run.ended = True
                component.runs[run.index] = run
                pipeline.runs.append(run)
                component.next_index += 1

    # -- creating instances -----------------------------------------------------------------------

    def _advance(self, component: PipelineComponent) -> None:
        """Create the instances of a component that are due, as many as may be active."""
        if component.successor is not None:
            return
        pipeline = self._pipelines[component.pipeline_id]
        while (
            component.active < component.limit
            and pipeline.working
            and not component.paused
            and component.schedule.has(component.next_index)
            and component.due_at(component.next_index) <= self.clock.now
            and self._may_create(component)
        ):
            index = component.next_index
            component.next_index += 1
            self._create(component, index)

    def _may_create(self, component: PipelineComponent) -> bool:
        interval = round(self.settings.creation_interval * SECOND)
        now = self.clock.now
        if interval and component.created_at is not None:
            free_at = component.created_at + interval
            if free_at > now:
                if component not in self._paced:
                    self._paced[component] = None
                    self.clock.call_at(free_at, lambda: self._again(component))
                return False
        component.created_at = now
        return True

    def _again(self, component: PipelineComponent) -> None:
        self._paced.pop(component, None)
        self._advance(component)
        self._work()

    def _create(self, component: PipelineComponent, index: int) -> None:
        pipeline = self._pipelines[component.pipeline_id]
        run = Run(component, index, pipeline.version)
        run.actual_start = self.clock.now
        component.runs[index] = run
        pipeline.runs.append(run)
        component.latest = run.scheduled_start
        self._opened(run)
        component.active += 1
        if component.late_after is not None and component.schedule is not pipeline.on_demand:
            self.clock.call_later(component.late_after, lambda: self._late(run))
        for guard in component.preconditions:
            self._create(guard, index)
        self._events.append((self._enter, run))

    def _opened(self, run: Run) -> None:
        run.of.open[run.index] = run
        self._pipeline_of(run).open += 1
        self.tasks.opened()

    def _await_next(self, pipeline: Pipeline, component: PipelineComponent) -> None:
        """Have the components of a schedule looked at when its next interval comes."""
        schedule = component.schedule
        key = (id(schedule), component.at_end)
        if schedule is pipeline.on_demand or not pipeline.working or component.exhausted:
            return
        timer = pipeline.timers.get(key)
        if timer is not None and timer.callback is not None:
            return
        now = self.clock.now
        index = max(schedule.index_at(now), component.next_index - 1, 0)
        while schedule.has(index) and component.due_at(index) <= now:
            index += 1
        if schedule.has(index):
            pipeline.timers[key] = self.clock.call_at(
                component.due_at(index), lambda: self._interval_begins(pipeline, key)
            )

    def _interval_begins(self, pipeline: Pipeline, key: tuple[int, bool]) -> None:
        if not pipeline.working:
            return
        for component in list(pipeline.components.values()):
            if (id(component.schedule), component.at_end) == key:
                self._advance(component)
        for component in pipeline.components.values():
            if (id(component.schedule), component.at_end) == key:
                self._await_next(pipeline, component)
        self._work()

    # -- from dependencies to work ----------------------------------------------------------------

    def _work(self) -> None:
        """Work off what has happened, and what follows from it."""
        if self._working:
            return
        self._working = True
        try:
            while self._events:
                action, run = self._events.popleft()
                action(run)
        finally:
            self._working = False

    def _enter(self, run: Run) -> None:
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
            if resource.status == RUNNING:
                self.tasks.begin(run)
            else:
                self._simulated.want(resource)

    def _ill_formed(self, run: Run, error: ExpressionError) -> None:
        # Our choice: a run whose fields can not be evaluated fails, and is not tried again.
        run.note(error=str(error))
        attempt = self.begin_attempt(run, FAILED)
        attempt.error_message = str(error)
        attempt.ended = self.clock.now
        run.tries_left = 0
        self.end(run, FAILED)

    def begin_attempt(self, run: Run, status: str) -> Attempt:
        attempt = Attempt(run, len(run.attempts) + 1, self.clock.now)
        attempt.status = run.status = status
        run.attempts.append(attempt)
        run.tries_left -= 1
        self.tasks.happened()
        return attempt

    def end(self, run: Run, status: str) -> None:
        attempt = run.attempt
        if attempt is not None and attempt.ended is None:
            attempt.status = status
            attempt.ended = self.clock.now
        self.tasks.end(run, status)

    def _ended(self, instance: Instance) -> None:
        if isinstance(instance, Run):
            self._events.append((self._after, instance))
            self._work()

    def _pipeline_of(self, run: Run) -> Pipeline:
        return self._pipelines[run.component.pipeline_id]

    def _after(self, run: Run) -> None:
        component = run.of
        pipeline = self._pipeline_of(run)
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
                        self._enter(waiting)
        if component.runs_on is not None:
            for resource in component.runs_on.needed_by(run):
                if resource is not None and not resource.ended:
                    self._simulated.release(resource)
        self._advance(component)
        self._finish_if_done(pipeline)

    def _closed(self, run: Run) -> None:
        """Count an instance out that has ended."""
        component = run.of
        if component.open.pop(run.index, None) is not None:
            self._pipeline_of(run).open -= 1
            if not run.again:
                component.active -= 1

    def _look_at(self, waiting: Run, ended: Run) -> None:
        component = waiting.of
        if ended.status in FULFILLED:
            # The others have their turn when what they were seen to wait for has finished.
            if component.needs[waiting.blocked] is ended.of:
                self._check(waiting)
        elif waiting.origin.cascade:
            waiting.note(cascade_failed_on=ended.id)
            self.end(waiting, CASCADE_FAILED)

    def _finish_if_done(self, pipeline: Pipeline) -> None:
        if pipeline.open or pipeline.untold:
            return
        if pipeline.state == states.DEACTIVATING:
            since = self.clock.now - (pipeline.last_deactivated or 0)
            eventual = self.settings.consistency == "eventual"
            if not eventual or since >= DEACTIVATION_SECONDS * SECOND:
                pipeline.state = states.INACTIVE
        elif pipeline.state == states.SCHEDULED and all(
            component.exhausted for component in pipeline.components.values()
        ):
            pipeline.state = states.FINISHED
            pipeline.finished = self.clock.now
            self._stop_timers(pipeline)

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

    # -- failure ----------------------------------------------------------------------------------

    def _cancel_guards(self, run: Run) -> None:
        for guard in run.of.preconditions:
            checked = guard.runs.get(run.index)
            if checked is not None and not checked.ended:
                self.cancel(checked, f"{run.id} is {run.status}.")

    def _late(self, run: Run) -> None:
        if run.ended or run.of.paused:
            return
        if self.settings.late_until == "start" and self._has_started(run):
            return
        self._act(run.origin.on_late, run)
        self._work()

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

    # -- what is asked for ------------------------------------------------------------------------

    def cancel(self, run: Instance, reason: str) -> None:
        """Cancel an instance that has not ended."""
        if isinstance(run, Run):
            run.note(cancellation_reason=reason)
        attempt = run.attempt
        if attempt is not None and attempt.task_id is not None and isinstance(run, Run):
            pipeline = self._pipeline_of(run)
            if pipeline.state == states.DEACTIVATING:
                pipeline.untold[attempt] = None
        self.tasks.cancel(run)
        self._work()

    def mark_finished(self, run: Instance) -> None:
        """Call an instance finished without running it."""
        if run.ended and run.status == FINISHED:
            return
        if run.ended:
            # It is opened for the moment at which it ends anew.
            self._reopen(run)
        self.tasks.finish(run)
        self._work()

    def rerun(self, run: Instance) -> None:
        """Run an instance again that has ended, and under cascade what failed because of it."""
        if not isinstance(run, Run):
            self.start_again(run)
            return
        targets = [run]
        if run.of.family == RESOURCE:
            # Documented: a rerun of a resource is one of all that run on it.
            targets += [
                using
                for user in run.of.users
                for using in user.runs.values()
                if using.ended and using.status != SKIPPED and run in run.of.needed_by(using)
            ]
        seen: set[int] = set()
        while targets:
            target = targets.pop(0)
            if id(target) in seen:
                continue
            seen.add(id(target))
            if target.ended:
                self.start_again(target)
            if not target.origin.cascade:
                continue
            for guard in target.of.preconditions:
                checked = guard.runs.get(target.index)
                if checked is not None and checked.status == CANCELED:
                    targets.append(checked)
            targets += self._cascade_failed_consumers(target)
        self._work()

    @staticmethod
    def _cascade_failed_consumers(run: Run) -> list[Run]:
        found = []
        for dependent in run.of.dependents:
            if dependent.schedule is run.of.schedule:
                consumers = [dependent.runs.get(run.index)]
            else:
                consumers = [
                    consumer
                    for consumer in dependent.runs.values()
                    if run in run.of.needed_by(consumer)
                ]
            found += [
                consumer
                for consumer in consumers
                if consumer is not None and consumer.status == CASCADE_FAILED
            ]
        return found

    def start_again(self, run: Instance) -> None:
        """Open an instance anew that has ended."""
        self._reopen(run)
        if isinstance(run, Run):
            self._events.append((self._enter, run))
        else:
            self.tasks.start_again(run)

    def _reopen(self, run: Instance) -> None:
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
            pipeline = self._pipeline_of(run)
            if pipeline.state == states.FINISHED:
                pipeline.state = states.SCHEDULED
            self._opened(run)
        else:
            self.tasks.opened()

    def pause(self, component: Component) -> None:
        """Start no more instances of a component. Our choice: those that run, run on."""
        component.paused = True

    def resume(self, component: Component) -> None:
        """Go on with a component that was paused."""
        component.paused = False
        if not isinstance(component, PipelineComponent):
            self.tasks.start_resumed()
            return
        for run in list(component.open.values()):
            self._events.append((self._enter, run))
        self._advance(component)
        self._work()

    def deactivate(self, pipeline: Pipeline, cancel_active: bool) -> None:
        """Create no more instances, and cancel those that there are or wait for their end."""
        if not pipeline.working and pipeline.state != states.DEACTIVATING:
            return
        self._stop_activating(pipeline)
        pipeline.state = states.DEACTIVATING
        pipeline.last_deactivated = self.clock.now
        self._stop_timers(pipeline)
        doomed = [
            run
            for run in pipeline.instances
            if not run.ended and (cancel_active or not self._is_running(run))
        ]
        pipeline.interrupted += doomed
        self._cancel_all(doomed, "The pipeline was deactivated.")
        self._patiently(pipeline)
        if self.settings.consistency == "eventual":
            self.clock.call_later(
                DEACTIVATION_SECONDS * SECOND, lambda: self._finish_if_done(pipeline)
            )
        else:
            self._finish_if_done(pipeline)

    @staticmethod
    def _is_running(run: Instance) -> bool:
        attempt = run.attempt
        held = attempt is not None and attempt.task_id is not None
        return held or run.status in (RUNNING, CREATING)

    def _cancel_all(self, runs: Sequence[Instance], reason: str) -> None:
        # What follows from each comes after all of them: no one fails because of another.
        nested, self._working = self._working, True
        try:
            for run in runs:
                self.cancel(run, reason)
        finally:
            self._working = nested
        self._work()

    def _patiently(self, pipeline: Pipeline) -> None:
        """Do not wait for ever for runners that may be dead."""

        since = pipeline.last_deactivated

        def give_up() -> None:
            if pipeline.last_deactivated == since:
                pipeline.untold.clear()
                self._finish_if_done(pipeline)

        if pipeline.untold:
            self.clock.call_later(CANCEL_SECONDS * SECOND, give_up)

    def _told(self, attempt: Attempt) -> None:
        run = attempt.instance
        if isinstance(run, Run):
            pipeline = self._pipeline_of(run)
            if pipeline.untold.pop(attempt, False) is None:
                self._finish_if_done(pipeline)

    def delete(self, pipeline: Pipeline) -> None:
        """Begin to delete a pipeline: what is worked on is canceled."""
        pipeline.deletion_requested = self.clock.now
        pipeline.state_before_deletion = pipeline.state
        pipeline.state = states.DELETING
        self._stop_activating(pipeline)
        self._stop_timers(pipeline)
        self._cancel_all(
            [run for run in pipeline.instances if not run.ended], "The pipeline was deleted."
        )

    def _stop_activating(self, pipeline: Pipeline) -> None:
        """Have an activation that has not got as far as instances come to nothing."""
        for timer in pipeline.activating:
            self.clock.cancel(timer)
        pipeline.activating.clear()
        created = max((held.next_index for held in pipeline.components.values()), default=0)
        del pipeline.on_demand.starts[created:]

    def _stop_timers(self, pipeline: Pipeline) -> None:
        for timer in pipeline.timers.values():
            self.clock.cancel(timer)
        pipeline.timers.clear()


def gone(pipeline: Pipeline, now: int, settings: ServiceSettings) -> bool:
    """Whether a deleted pipeline can not be seen any more."""
    if pipeline.deletion_requested is None:
        return False
    if settings.consistency == "immediate":
        return True
    return now >= pipeline.deletion_requested + DELETION_SECONDS * SECOND


def _node_id(component: PipelineComponent) -> str | None:
    return None if component.node is None else component.node.id
