"""What has happened to instances and is still to be followed up."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..components.component import Run
    from ..components.pipeline import Pipeline


class Agenda:
    """Works off what follows from each event in a loop, so that a chain of a thousand objects is no
    recursion.

    Attributes:
        pipelines: those that have been activated, by id.
    """

    def __init__(self) -> None:
        self.pipelines: dict[str, Pipeline] = {}
        self._events: deque[tuple[Callable[[Run], None], Run]] = deque()
        self._working = False

    def pipeline_of(self, run: Run) -> Pipeline:
        """The pipeline that made an instance."""
        return self.pipelines[run.component.pipeline_id]

    def add(self, action: Callable[[Run], None], run: Run) -> None:
        """Have something done to an instance when its turn comes."""
        self._events.append((action, run))

    def work(self) -> None:
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

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Have nothing followed up before the end of the block."""
        before, self._working = self._working, True
        try:
            yield
        finally:
            self._working = before
        self.work()
