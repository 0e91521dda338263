"""The contract of runners holds for a runner that is right, in every way in which it can be run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.small_runner import SmallRunner

from pytest_datapipeline import DataPipelineFake, RunnerContract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Small:
    """How a small runner is told what its work does."""

    def task(
        self, *, seconds: float = 0, fails: bool = False, prints: str = ""
    ) -> Mapping[str, Any] | None:
        fields = {"command": "true", "seconds": str(seconds), "fails": str(fails)}
        # In a form that a field can hold, whatever it is.
        return {**fields, "prints": json.dumps(prints)} if prints else fields


class TestALoop(Small, RunnerContract):
    """A function on the test's thread."""

    def start(self, fake: DataPipelineFake) -> Callable[[], object]:
        return SmallRunner(self.worker_group, fake.clock.now).loop
