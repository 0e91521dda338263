"""All pipelines, those that have been deleted included. Each belongs to a region."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ..clock import SECOND
from ..components import pipeline as states
from ..components.pipeline import Pipeline
from ..errors import pipeline_deleted, pipeline_not_found
from ..scheduling.ending import gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..clock import VirtualClock
    from ..components.component import PipelineComponent
    from ..errors import ServiceError
    from ..instances.instance import Attempt, Instance
    from ..instances.life import Tasks
    from ..settings import ServiceSettings

_ID = re.compile(r"df-0[0-9]{6,9}[A-Z0-9]+")


class Registry:
    """Keeps the pipelines, and finds them.

    Attributes:
        all: every pipeline by id, in the order of their creation.
        any_deleted: whether one has been deleted.
    """

    def __init__(self, clock: VirtualClock, settings: ServiceSettings, tasks: Tasks) -> None:
        self._clock = clock
        self._settings = settings
        self._tasks = tasks
        self.all: dict[str, Pipeline] = {}
        self.any_deleted: bool = False
        self._named: dict[tuple[str | None, str, str], Pipeline] = {}
        # How many a region has, and which, while none of them is being deleted.
        self._counts: Counter[str | None] = Counter()
        self._lists: dict[str, list[Pipeline]] = {}
        # Deleted ones that can still be seen.
        self._fading: list[Pipeline] = []

    def add(self, pipeline: Pipeline) -> None:
        """Keep a new pipeline."""
        self.all[pipeline.id] = pipeline
        self._named[pipeline.region, pipeline.name, pipeline.unique_id] = pipeline
        self._counts[pipeline.region] += 1
        self._lists.clear()

    def deleted(self, pipeline: Pipeline) -> None:
        """Take note that a pipeline is being deleted."""
        self.any_deleted = True
        self._remove(pipeline)
        self._fading.append(pipeline)

    def _remove(self, pipeline: Pipeline) -> None:
        self._named.pop((pipeline.region, pipeline.name, pipeline.unique_id), None)
        self._counts[pipeline.region] -= 1
        self._lists.clear()

    def named(self, region: str, name: str, unique_id: str) -> Pipeline | None:
        """The pipeline that was created under a name and a unique id, unless it is deleted."""
        return self._named.get((region, name, unique_id)) or self._named.get(
            (None, name, unique_id)
        )

    def count(self, region: str) -> int:
        """How many pipelines a region has; those that are being deleted count."""
        return self._counts[region] + self._counts[None] + len(self._faded(region))

    def _faded(self, region: str) -> list[Pipeline]:
        now = self._clock.now
        self._fading = [held for held in self._fading if not gone(held, now, self._settings)]
        return [held for held in self._fading if held.region in (None, region)]

    def find(
        self,
        pipeline_id: str,
        region: str,
        deleted: Callable[[str], ServiceError] = pipeline_deleted,
    ) -> Pipeline:
        """The pipeline of an id.

        Args:
            pipeline_id: the id.
            region: of the client that asks.
            deleted: makes the error for a pipeline that is deleted.

        Raises:
            ServiceError: it is deleted, or there is none. Observed: an id of the right form is
                said to be deleted, whether or not it ever was there.
        """
        pipeline = self.all.get(pipeline_id)
        if pipeline is None or pipeline.region not in (None, region):
            if _ID.fullmatch(pipeline_id) is None:
                raise pipeline_not_found(pipeline_id)
            raise deleted(pipeline_id)
        if gone(pipeline, self._clock.now, self._settings):
            raise deleted(pipeline_id)
        return pipeline

    def living(self, region: str) -> list[Pipeline]:
        """The pipelines of a region that have not been deleted."""
        if self._faded(region):
            return self._seen_from(region)
        found = self._lists.get(region)
        if found is None:
            found = self._lists[region] = self._seen_from(region)
        return found

    def _seen_from(self, region: str) -> list[Pipeline]:
        now = self._clock.now
        return [
            held
            for held in self.all.values()
            if held.region in (None, region) and not gone(held, now, self._settings)
        ]

    def existing(self) -> list[Pipeline]:
        """The pipelines of all regions that have not been deleted."""
        now = self._clock.now
        return [held for held in self.all.values() if not gone(held, now, self._settings)]

    def is_deleted(self, pipeline_id: str) -> bool:
        """Whether a pipeline has been deleted, or is about to be."""
        pipeline = self.all.get(pipeline_id)
        return pipeline is not None and pipeline.deletion_requested is not None

    def check_task(self, attempt: Attempt, seconds: int) -> None:
        """Refuse what is reported on a task of a pipeline that has been deleted for so long.

        Raises:
            ServiceError: PipelineDeletedException.
        """
        pipeline = self.all.get(attempt.instance.component.pipeline_id)
        requested = None if pipeline is None else pipeline.deletion_requested
        if (
            pipeline is not None
            and requested is not None
            and self._clock.now >= requested + seconds * SECOND
        ):
            raise pipeline_deleted(pipeline.id)

    def secrets(self) -> Iterator[str]:
        """The secret values of all definitions, however they came."""
        for pipeline in list(self.all.values()):
            yield from pipeline.definition.secrets()

    def forget(self, pipeline_id: str) -> None:
        """Undo the creation of a pipeline."""
        self._remove(self.all.pop(pipeline_id))

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do: no instance is open, and no schedule with an end has one
        to come.
        """
        return self._tasks.open == 0 and not any(
            held.activating
            or (
                held.working
                and any(
                    not component.exhausted
                    and component.schedule.count is not None
                    and not component.paused
                    for component in held.components.values()
                )
            )
            for held in self.all.values()
        )

    @property
    def endless(self) -> Iterator[PipelineComponent]:
        """What has another interval to come for ever."""
        for held in self.all.values():
            if held.working:
                for component in held.components.values():
                    if component.schedule.count is None and not component.paused:
                        yield component

    def adopt(self, pipeline_id: str, region: str | None, instance: Instance) -> None:
        """Have an instance that was put into a queue directly live in a pipeline."""
        pipeline = self.all.get(pipeline_id)
        if pipeline is not None and instance.component.id in pipeline.paused:
            instance.component.paused = True
        if pipeline is None:
            now = self._clock.now
            pipeline = Pipeline(pipeline_id, "enqueued-tasks", pipeline_id, region, now)
            pipeline.state = states.SCHEDULED
            pipeline.first_activation = pipeline.last_activation = now
            pipeline.version = 1
            self.add(pipeline)
        elif pipeline.enqueued and pipeline.region != region:
            # Tasks of several regions are in it by now: it is seen from everywhere.
            self._remove(pipeline)
            pipeline.region = None
            self.add(pipeline)
        pipeline.enqueued.append(instance)
