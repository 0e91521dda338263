"""Creates the instances of components when they are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clock import SECOND
from ..components.component import RESOURCE, Run
from ..instances.instance import SKIPPED

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clock import VirtualClock
    from ..components.component import PipelineComponent
    from ..components.pipeline import Pipeline
    from ..instances.life import Tasks
    from ..settings import ServiceSettings
    from .agenda import Agenda


class Creation:
    """Creates instances: at their intervals, as many as may be active, no faster than allowed.

    Args:
        enter: what begins with an instance that was created.
        late: what is done with one that is late.
    """

    def __init__(
        self,
        clock: VirtualClock,
        settings: ServiceSettings,
        tasks: Tasks,
        agenda: Agenda,
        enter: Callable[[Run], None],
        late: Callable[[Run], None],
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._tasks = tasks
        self._agenda = agenda
        self._enter = enter
        self._late = late
        # Components whose next instance waits for the interval between two creations.
        self._paced: dict[PipelineComponent, None] = {}

    def skip(self, pipeline: Pipeline, start: int) -> None:
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

    def advance(self, component: PipelineComponent) -> None:
        """Create the instances of a component that are due, as many as may be active."""
        if component.successor is not None:
            return
        pipeline = self._agenda.pipelines[component.pipeline_id]
        while (
            component.active < component.limit
            and pipeline.working
            and not component.paused
            and component.schedule.has(component.next_index)
            and component.due_at(component.next_index) <= self._clock.now
            and _is_wanted(component)
            and self._may_create(component)
        ):
            index = component.next_index
            component.next_index += 1
            self._create(component, index)

    def _may_create(self, component: PipelineComponent) -> bool:
        interval = round(self._settings.creation_interval * SECOND)
        now = self._clock.now
        if interval and component.created_at is not None:
            free_at = component.created_at + interval
            if free_at > now:
                if component not in self._paced:
                    self._paced[component] = None
                    self._clock.call_at(free_at, lambda: self._again(component))
                return False
        component.created_at = now
        return True

    def _again(self, component: PipelineComponent) -> None:
        self._paced.pop(component, None)
        self.advance(component)
        self._agenda.work()

    def _create(self, component: PipelineComponent, index: int) -> None:
        pipeline = self._agenda.pipelines[component.pipeline_id]
        run = Run(component, index, pipeline.version)
        if component.family != RESOURCE:
            run.actual_start = self._clock.now
        component.runs[index] = run
        pipeline.runs.append(run)
        component.latest = run.scheduled_start
        self.opened(run)
        component.active += 1
        if component.late_after is not None and component.schedule is not pipeline.on_demand:
            self._clock.call_later(component.late_after, lambda: self._late(run))
        for guard in component.preconditions:
            self._create(guard, index)
        if component.followers:
            self._agenda.add(self._bring, run)
        self._agenda.add(self._enter, run)

    def _bring(self, run: Run) -> None:
        """Create the data nodes that an instance works with."""
        for node in run.of.followers:
            self.advance(node)

    def opened(self, run: Run) -> None:
        """Count an instance that has not ended."""
        run.of.open[run.index] = run
        self._agenda.pipeline_of(run).open += 1
        self._tasks.opened()

    def await_next(self, pipeline: Pipeline, component: PipelineComponent) -> None:
        """Have the components of a schedule looked at when its next interval comes."""
        schedule = component.schedule
        key = (id(schedule), component.at_end)
        if schedule is pipeline.on_demand or not pipeline.working or component.exhausted:
            return
        timer = pipeline.timers.get(key)
        if timer is not None and timer.callback is not None:
            return
        now = self._clock.now
        index = max(schedule.index_at(now), component.next_index - 1, 0)
        while schedule.has(index) and component.due_at(index) <= now:
            index += 1
        if schedule.has(index):
            pipeline.timers[key] = self._clock.call_at(
                component.due_at(index), lambda: self._interval_begins(pipeline, key)
            )

    def _interval_begins(self, pipeline: Pipeline, key: tuple[int, bool]) -> None:
        if not pipeline.working:
            return
        for component in list(pipeline.components.values()):
            if (id(component.schedule), component.at_end) == key:
                self.advance(component)
        for component in pipeline.components.values():
            if (id(component.schedule), component.at_end) == key:
                self.await_next(pipeline, component)
        self._agenda.work()


def _is_wanted(component: PipelineComponent) -> bool:
    """Whether the next run of a data node is one that an instance of its users works with. It has
    nothing to wait for, and would finish at once for each interval that is due, years of them.
    """
    schedule, index = component.schedule, component.next_index
    for leader in component.leaders:
        created = leader.next_index
        if leader.schedule is schedule:
            if index < created:
                return True
        elif created and schedule.start_of(index) < leader.schedule.end_of(created - 1):
            return True
    # Of those that have run out, and of a node without users, it is ahead of nobody.
    return all(leader.exhausted for leader in component.leaders)
