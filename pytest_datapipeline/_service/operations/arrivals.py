"""Instances that come straight into the queue of a worker group, with no schedule behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..clock import SECOND
from ..instances.instance import INTERVAL, GivenComponent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..instances.instance import Instance
    from ..instances.life import Tasks
    from .registry import Registry

_Interval = tuple[str, str, int]


@dataclass(frozen=True)
class Arrival:
    """An instance that is to be enqueued.

    Attributes:
        ready_at: when a runner can have it, in nanoseconds since 1970.
        scheduled: whether its interval is given; otherwise it gets the next free one.
    """

    instance: Instance
    region: str | None
    ready_at: int
    scheduled: bool


class Refused(Exception):
    """An arrival that cannot be enqueued beside what is there.

    Attributes:
        index: which of the arrivals.
        kind: what of it is the obstacle.
        value: the id that is taken or gone.
    """

    def __init__(
        self, index: int, kind: Literal["taskId", "attemptId", "interval", "pipeline"], value: str
    ) -> None:
        super().__init__(index, kind, value)
        self.index = index
        self.kind = kind
        self.value = value


class Arrivals:
    """Takes instances in, each interval of a component and each id once."""

    def __init__(self, pipelines: Registry, tasks: Tasks) -> None:
        self._pipelines = pipelines
        self._tasks = tasks
        self._intervals: set[_Interval] = set()
        self._ids: set[tuple[str, str]] = set()

    def enqueue(self, arrivals: Sequence[Arrival]) -> None:
        """Take all of them in, or none.

        Raises:
            Refused: the pipeline of one has been deleted, or its interval or an id is taken.
        """
        self._check(arrivals)
        for arrival in arrivals:
            instance = arrival.instance
            while not arrival.scheduled and _interval_of(instance) in self._intervals:
                # A component has one instance for each interval of its schedule.
                instance.scheduled_start += INTERVAL
                instance.scheduled_end += INTERVAL
            self._intervals.add(_interval_of(instance))
            self._ids.update(_ids_of(instance))
            self._pipelines.adopt(instance.component.pipeline_id, arrival.region, instance)
            self._tasks.add(instance, arrival.ready_at)

    def _check(self, arrivals: Sequence[Arrival]) -> None:
        ids: set[tuple[str, str]] = set()
        intervals: set[_Interval] = set()
        for index, arrival in enumerate(arrivals):
            instance = arrival.instance
            pipeline_id = instance.component.pipeline_id
            if self._pipelines.is_deleted(pipeline_id):
                raise Refused(index, "pipeline", pipeline_id)
            for kind, value in _ids_of(instance):
                known = (kind, value) in self._ids or (kind, value) in ids
                if known or (kind == "taskId" and self._tasks.knows(value)):
                    raise Refused(index, kind, value)
                ids.add((kind, value))
            if arrival.scheduled:
                interval = _interval_of(instance)
                if interval in intervals or interval in self._intervals:
                    raise Refused(index, "interval", instance.id)
                intervals.add(interval)


def _interval_of(instance: Instance) -> _Interval:
    component = instance.component
    return component.pipeline_id, component.id, instance.scheduled_start // SECOND


def _ids_of(instance: Instance) -> list[tuple[Literal["taskId", "attemptId"], str]]:
    """The ids that a whole task object has brought."""
    component = instance.component
    if not isinstance(component, GivenComponent):
        return []
    found: list[tuple[Literal["taskId", "attemptId"], str]] = []
    if component.first_task_id is not None:
        found.append(("taskId", component.first_task_id))
    if component.first_attempt_id is not None:
        found.append(("attemptId", component.first_attempt_id))
    return found
