"""Real processes: no Data Pipeline in sight."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

from task_runner import ShellProcess

if TYPE_CHECKING:
    from pathlib import Path


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    command = "trap '' TERM; echo ready; while :; do sleep 0.1; done"

    with ShellProcess(command, [], tmp_path, grace=0.05) as process:
        pid = process.pid
        while not process.stdout.read_text():
            assert process.wait(0.01) is None

    assert process.wait(0) == -9
    assert not _exists(pid)


def test_children_die_with_their_shell(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    with ShellProcess('exec 3> "$1"; sleep 600 & echo ready >&3; wait', [str(fifo)], tmp_path):
        select.select([reading], [], [], 10)
        said = os.read(reading, 100)
    # The end of the file, which comes when the last process that could write to it has ended.
    readable, _, _ = select.select([reading], [], [], 10)
    rest = os.read(reading, 100)
    os.close(reading)

    assert (said, readable, rest) == (b"ready\n", [reading], b"")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
