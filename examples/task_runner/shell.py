"""Shell commands as real processes that can be killed together with their children."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self


# Seconds after which the end of a command is noticed at the latest.
LONGEST_PAUSE = 0.05


class ShellProcess:
    """A running command, whose output goes to the files `stdout` and `stderr` of a folder.

    Leaving its `with` block kills it if it still runs, whatever was the reason to leave.
    """

    def __init__(
        self,
        command: str,
        arguments: Sequence[str],
        folder: Path,
        *,
        grace: float = 5.0,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.stdout = folder / "stdout"
        self.stderr = folder / "stderr"
        self.grace = grace
        self._never = threading.Event()
        with self.stdout.open("wb") as stdout, self.stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", command, "sh", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                # A process group of its own: what the command starts is killed with it.
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self.kill()

    @property
    def pid(self) -> int:
        """The process id, which is the id of the process group as well."""
        return self._process.pid

    def wait(self, seconds: float) -> int | None:
        """The exit status (negative: the signal that ended it); None if it runs on."""
        waited = pause = 0.0
        while (status := self._process.poll()) is None and waited < seconds:
            pause = min(2 * pause or 0.001, LONGEST_PAUSE, seconds - waited)
            # Unlike Popen.wait this reads no clock, which somebody may have set or frozen.
            self._never.wait(pause)
            waited += pause
        return status

    def kill(self) -> None:
        """End the command and all its children: politely first, and after `grace` for good."""
        self._signal(signal.SIGTERM)
        self.wait(self.grace)
        # Even if the shell has ended, a child of it may have ignored SIGTERM.
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        # There may be none left to signal.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)
