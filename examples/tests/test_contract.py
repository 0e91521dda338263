"""The runner passes the contract of task runners: some eighty tests for a dozen lines."""

from __future__ import annotations

import base64
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from task_runner import TaskRunner

from pytest_datapipeline import RunnerContract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_datapipeline import DataPipelineFake


class VirtualEvent(threading.Event):
    """Waits in the fake's time: the setting virtual_sleep, which the contract has, does that to
    time.sleep alone."""

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(timeout or 0)
        return self.is_set()


class TestTheRunner(RunnerContract):
    # Its commands are real processes, which take real time: a task cannot take an hour here.
    claims = RunnerContract.claims - {"long_work", "cancellation", "preconditions"}

    @pytest.fixture(autouse=True)
    def _output(self, tmp_path: Path) -> None:
        self.output = tmp_path

    def start(self, fake: DataPipelineFake) -> Callable[[], object]:
        runner = TaskRunner(
            [self.worker_group], self.output, hostname="example", stopped=VirtualEvent()
        )

        def loop() -> None:
            threading.Thread(target=runner.heartbeat).start()
            runner.work(self.worker_group)

        return loop

    def task(
        self, *, seconds: float = 0, fails: bool = False, prints: str = ""
    ) -> Mapping[str, object] | None:
        if seconds:
            return None
        printed = base64.b64encode(prints.encode()).decode()
        return {"command": f"printf %s '{printed}' | base64 -d >&2; exit {int(fails)}"}


class TestTheProgram(RunnerContract):
    """The same as a process of its own, as it runs in production."""

    # It waits in real time: what takes more than a moment of that is not for a test.
    claims = frozenset({"failures", "error_texts", "hostname", "output", "restart", "two_runners"})

    @pytest.fixture(autouse=True)
    def _output(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.output = tmp_path
        monkeypatch.setenv("PYTHONPATH", "examples")

    def start(self, fake: DataPipelineFake) -> list[str]:
        arguments = ["--worker-group", self.worker_group, "--output", str(self.output)]
        return [sys.executable, "-m", "task_runner", *arguments]

    task = TestTheRunner.task
