"""When a pipeline has finished, is inactive, or is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clock import SECOND
from ..components import pipeline as states
from ..settings import DEACTIVATION_SECONDS, DELETION_SECONDS

if TYPE_CHECKING:
    from ..clock import VirtualClock
    from ..components.pipeline import Pipeline
    from ..settings import ServiceSettings


class Ending:
    """Ends what a pipeline does once nothing of it is left to do."""

    def __init__(self, clock: VirtualClock, settings: ServiceSettings) -> None:
        self._clock = clock
        self._settings = settings

    def finish_if_done(self, pipeline: Pipeline) -> None:
        """Have a pipeline without open instances finish, or be inactive."""
        if pipeline.open or pipeline.uninformed:
            return
        if pipeline.state == states.DEACTIVATING:
            since = self._clock.now - (pipeline.last_deactivated or 0)
            eventual = self._settings.consistency == "eventual"
            if not eventual or since >= DEACTIVATION_SECONDS * SECOND:
                pipeline.state = states.INACTIVE
        elif pipeline.state == states.SCHEDULED and all(
            component.exhausted for component in pipeline.components.values()
        ):
            pipeline.state = states.FINISHED
            pipeline.finished = self._clock.now
            self.stop_timers(pipeline)

    def stop_timers(self, pipeline: Pipeline) -> None:
        """Have no further interval begin."""
        for timer in pipeline.timers.values():
            self._clock.cancel(timer)
        pipeline.timers.clear()


def gone(pipeline: Pipeline, now: int, settings: ServiceSettings) -> bool:
    """Whether a deleted pipeline cannot be seen any more."""
    if pipeline.deletion_requested is None:
        return False
    if settings.consistency == "immediate":
        return True
    return now >= pipeline.deletion_requested + DELETION_SECONDS * SECOND
