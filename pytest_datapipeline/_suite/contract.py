"""All tests of a runner's contract in one class."""

from __future__ import annotations

from .troubles import Cancellation, Faults, Heartbeats, Others
from .working import Acknowledging, Ending, Polling, Reading


class RunnerContract(
    Polling, Acknowledging, Ending, Reading, Cancellation, Faults, Heartbeats, Others
):
    """The tests that every task runner should pass. Subclass it, and say how yours is started:

        class TestMyRunner(RunnerContract):
            claims = RunnerContract.claims - {"heartbeat", "terminate"}

            def start(self, fake):
                return MyRunner(self.worker_group).loop

            def task(self, *, seconds=0, fails=False, prints=""):
                return {"command": f"sleep {seconds}; exit {int(fails)}"}

    Attributes:
        claims: what your runner does; tests of anything else are skipped, with the reason. All by
            default.
        worker_group: what `start` is to have it poll.
        fake: the fake of the test, for `start` and `task`.
    """
