"""Activating pipelines, deactivating them, and beginning to delete them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clock import SECOND
from ..components import pipeline as states
from ..components.compile import compile_plan, is_on_demand, maximum_on_demand
from ..components.component import PipelineComponent, Run
from ..errors import invalid_request
from ..instances.instance import CREATING, RUNNING, WAITING_ON_DEPENDENCIES
from ..settings import (
    ACTIVATION_SECONDS,
    CANCEL_SECONDS,
    DEACTIVATION_SECONDS,
    EMPTY_SECONDS,
    INSTANCES_SECONDS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..clock import VirtualClock
    from ..components.pipeline import Pipeline
    from ..definitions.definition import Definition
    from ..instances.instance import Attempt, Instance
    from ..settings import ServiceSettings
    from .agenda import Agenda
    from .dependencies import Dependencies
    from .ending import Ending


class Activation:
    """Sets pipelines off and stops them."""

    def __init__(
        self,
        clock: VirtualClock,
        settings: ServiceSettings,
        agenda: Agenda,
        ending: Ending,
        dependencies: Dependencies,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._agenda = agenda
        self._ending = ending
        self._dependencies = dependencies
        self._creation = dependencies.creation

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
        now = self._clock.now
        definition = pipeline.definition
        if is_on_demand(definition) and not self._may_run_on_demand(pipeline):
            return False
        resuming = pipeline.state in (states.INACTIVE, states.DEACTIVATING)
        if pipeline.first_activation is None:
            pipeline.first_activation = pipeline.last_activation = now
        if self._settings.consistency == "immediate":
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

            timer = self._clock.call_later(seconds * SECOND, act)
            pipeline.activating.append(timer)

        later(ACTIVATION_SECONDS, begin)
        return True

    def _begin(self, pipeline: Pipeline, definition: Definition) -> None:
        """Have a definition be the active one."""
        if pipeline.version:
            pipeline.last_activation = self._clock.now
        pipeline.version += 1
        pipeline.finished = None
        earlier, pipeline.active = pipeline.active, definition
        self._install(pipeline, earlier)
        if is_on_demand(definition):
            # Two runs of one second would have the same ids.
            latest = pipeline.on_demand.end
            now = self._clock.now
            pipeline.on_demand.starts.append(now if latest is None else max(now, latest + SECOND))

    def _may_run_on_demand(self, pipeline: Pipeline) -> bool:
        # Of those that have not ended: there may be thousands that have.
        going_on = {index for held in pipeline.all_components for index in held.open}
        limit = maximum_on_demand(pipeline.definition)
        if len(going_on) + len(pipeline.activating) < limit:
            return True
        if self._settings.on_demand_reactivation == "ignore":
            return False
        if self._settings.on_demand_reactivation == "cancel":
            self._stop_activating(pipeline)
            self._cancel_all(
                [run for held in pipeline.all_components for run in held.open.values()],
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
        self._agenda.pipelines[pipeline.id] = pipeline
        self._ending.stop_timers(pipeline)
        if earlier is not None and pipeline.active.runs_as(earlier):
            return
        before = {(held.id, _node_id(held)): held for held in pipeline.all_components}
        found = compile_plan(pipeline, pipeline.active, self._settings)
        for component in found:
            predecessor = before.get((component.id, _node_id(component)))
            if predecessor is not None:
                component.take_over(predecessor)
                for run in component.open.values():
                    # What it waits for may come in another order.
                    run.blocked = 0
        pipeline.components = {held.id: held for held in found if held.node is None}
        pipeline.guards = [held for held in found if held.node is not None]

    def _set_off(self, pipeline: Pipeline, start: int | None, resuming: bool) -> None:
        if start is not None:
            self._creation.skip(pipeline, start)
        interrupted, pipeline.interrupted = pipeline.interrupted, []
        # Documented: on demand, an activation is a new run, and not a resumption.
        if resuming and pipeline.active is not None and not is_on_demand(pipeline.active):
            for run in interrupted:
                if run.ended and (start is None or run.scheduled_start >= start):
                    self._dependencies.start_again(run)
        for component in pipeline.all_components:
            for run in component.open.values():
                if run.status == WAITING_ON_DEPENDENCIES:
                    self._agenda.add(self._dependencies.enter, run)
        for component in list(pipeline.components.values()):
            self._creation.advance(component)
        for component in pipeline.components.values():
            self._creation.await_next(pipeline, component)
        self._agenda.work()
        self._ending.finish_if_done(pipeline)

    def deactivate(self, pipeline: Pipeline, cancel_active: bool) -> None:
        """Create no more instances, and cancel those that there are or wait for their end."""
        if not pipeline.working and pipeline.state != states.DEACTIVATING:
            return
        self._stop_activating(pipeline)
        pipeline.state = states.DEACTIVATING
        pipeline.last_deactivated = self._clock.now
        self._ending.stop_timers(pipeline)
        doomed = [
            run
            for run in pipeline.instances
            if not run.ended and (cancel_active or not self._is_running(run))
        ]
        pipeline.interrupted += doomed
        self._cancel_all(doomed, "The pipeline was deactivated.")
        self._give_up_waiting_later(pipeline)
        if self._settings.consistency == "eventual":
            self._clock.call_later(
                DEACTIVATION_SECONDS * SECOND, lambda: self._ending.finish_if_done(pipeline)
            )
        else:
            self._ending.finish_if_done(pipeline)

    @staticmethod
    def _is_running(run: Instance) -> bool:
        attempt = run.attempt
        held = attempt is not None and attempt.task_id is not None
        return held or run.status in (RUNNING, CREATING)

    def _cancel_all(self, runs: Sequence[Instance], reason: str) -> None:
        # What follows from each comes after all of them: no one fails because of another.
        with self._agenda.held_back():
            for run in runs:
                self._dependencies.cancel(run, reason)

    def _give_up_waiting_later(self, pipeline: Pipeline) -> None:
        """Finish deactivating after CANCEL_SECONDS even if a runner never asks."""
        since = pipeline.last_deactivated

        def give_up() -> None:
            if pipeline.last_deactivated == since:
                pipeline.uninformed.clear()
                self._ending.finish_if_done(pipeline)

        if pipeline.uninformed:
            self._clock.call_later(CANCEL_SECONDS * SECOND, give_up)

    def informed(self, attempt: Attempt) -> None:
        """Take note that the runner of a canceled attempt knows."""
        run = attempt.instance
        if isinstance(run, Run):
            pipeline = self._agenda.pipeline_of(run)
            if pipeline.uninformed.pop(attempt, False) is None:
                self._ending.finish_if_done(pipeline)

    def delete(self, pipeline: Pipeline) -> None:
        """Begin to delete a pipeline: what is worked on is canceled."""
        pipeline.deletion_requested = self._clock.now
        pipeline.state_before_deletion = pipeline.state
        pipeline.state = states.DELETING
        self._stop_activating(pipeline)
        self._ending.stop_timers(pipeline)
        self._cancel_all(
            [run for run in pipeline.instances if not run.ended], "The pipeline was deleted."
        )

    def _stop_activating(self, pipeline: Pipeline) -> None:
        """Have an activation that has not got as far as instances come to nothing."""
        for timer in pipeline.activating:
            self._clock.cancel(timer)
        pipeline.activating.clear()
        created = max((held.next_index for held in pipeline.components.values()), default=0)
        del pipeline.on_demand.starts[created:]


def _node_id(component: PipelineComponent) -> str | None:
    return None if component.node is None else component.node.id
