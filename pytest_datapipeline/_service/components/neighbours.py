"""The instances that an instance works with, or that work with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..instances.instance import FULFILLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .component import PipelineComponent, Run


def needs_of(run: Run) -> list[str]:
    """The ids of what an instance still waits for; an instance to come is named by its object."""
    found = []
    for need in run.of.needs:
        for needed in need.needed_by(run):
            if needed is None:
                found.append(need.id)
            elif needed.status not in FULFILLED:
                found.append(needed.id)
    return found


def running_on(resource: Run) -> Iterator[Run]:
    """The instances that run on one of a resource, in the order of their intervals."""
    for user in resource.of.users:
        for run in _around(resource, user):
            if resource in resource.of.needed_by(run):
                yield run


def _around(resource: Run, user: PipelineComponent) -> Iterator[Run]:
    """The instances whose intervals and the resource's have a moment in common, or may have."""
    schedule = user.schedule
    if schedule is resource.of.schedule:
        index = last = resource.index
    else:
        index = max(schedule.index_at(resource.scheduled_start), 0)
        last = schedule.index_at(resource.scheduled_end)
    for place in range(index, last + 1):
        run = user.runs.get(place)
        if run is not None:
            yield run
