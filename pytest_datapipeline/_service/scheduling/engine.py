"""The scheduler: what activated pipelines do, and what is asked of their instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..components.component import RESOURCE, PipelineComponent, Run
from ..components.neighbours import running_on
from ..instances.instance import CANCELED, CASCADE_FAILED, FINISHED, SKIPPED
from .activation import Activation
from .agenda import Agenda
from .dependencies import Dependencies
from .ending import Ending

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clock import VirtualClock
    from ..components.pipeline import Pipeline
    from ..instances.instance import Component, Instance
    from ..instances.life import Tasks
    from ..settings import ServiceSettings
    from .alarms import Notification


class Engine:
    """Runs activated pipelines on the clock, and does to their instances what is asked for.

    Args:
        outcome_of: how a simulated resource ends, or a precondition that the service
            checks; by default all goes well.
    """

    def __init__(
        self,
        clock: VirtualClock,
        settings: ServiceSettings,
        tasks: Tasks,
        outcome_of: Callable[[Run], str] = lambda _: FINISHED,
    ) -> None:
        self._tasks = tasks
        self._agenda = Agenda()
        ending = Ending(clock, settings)
        self._dependencies = Dependencies(clock, settings, tasks, self._agenda, ending, outcome_of)
        self._activation = Activation(clock, settings, self._agenda, ending, self._dependencies)
        self.activate: Callable[..., bool] = self._activation.activate
        self.deactivate: Callable[..., None] = self._activation.deactivate
        self.delete: Callable[[Pipeline], None] = self._activation.delete
        self.cancel: Callable[[Instance, str], None] = self._dependencies.cancel
        tasks.on_informed = self._activation.informed
        tasks.on_ended = self._dependencies.ended

    @property
    def notifications(self) -> list[Notification]:
        """What alarms have published, in order."""
        return self._dependencies.notifications

    def mark_finished(self, run: Instance) -> None:
        """Call an instance finished without running it."""
        if run.ended and run.status == FINISHED:
            return
        if run.ended:
            # Reopen it: only an open instance ends.
            self._dependencies.reopen(run)
        self._tasks.finish(run)
        self._agenda.work()

    def rerun(self, run: Instance) -> None:
        """Run an instance again that has ended, and under cascade what failed because of it."""
        if not isinstance(run, Run):
            self._dependencies.start_again(run)
            return
        targets = [run]
        if run.of.family == RESOURCE:
            # Documented: a rerun of a resource is one of all that run on it.
            targets += [
                using for using in running_on(run) if using.ended and using.status != SKIPPED
            ]
        seen: set[int] = set()
        while targets:
            target = targets.pop(0)
            if id(target) in seen:
                continue
            seen.add(id(target))
            if target.ended:
                self._dependencies.start_again(target)
            if not target.origin.cascade:
                continue
            for guard in target.of.preconditions:
                checked = guard.runs.get(target.index)
                if checked is not None and checked.status == CANCELED:
                    targets.append(checked)
            targets += self._cascade_failed_consumers(target)
        self._agenda.work()

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

    def pause(self, component: Component) -> None:
        """Start no more instances of a component. Our choice: those that run, run on."""
        component.paused = True

    def resume(self, component: Component) -> None:
        """Go on with a component that was paused."""
        component.paused = False
        if not isinstance(component, PipelineComponent):
            self._tasks.start_resumed()
            return
        for run in list(component.open.values()):
            self._agenda.add(self._dependencies.enter, run)
        self._dependencies.creation.advance(component)
        self._agenda.work()
