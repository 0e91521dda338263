"""What the tasks of a trio run wait for, other than time: functions, child processes, connections.

A task tells itself: the frames that it awaits, which trio shows to debuggers.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    from collections.abc import Iterator

# What every wait ends in.
_TRAPS = "trio._core._traps"


@dataclass
class Waits:
    """The waits of all tasks of the run.

    Attributes:
        frames: the innermost frame of each. As long as none of them is another, no task has run.
        functions: how many tasks wait for a function in a thread.
        child: whether one waits for a child process.
        connections: the waits for something to come over a connection.
        watched: whether one waits for the moment at which all others wait.
    """

    frames: list[Any] = field(default_factory=list)
    functions: int = 0
    child: bool = False
    connections: dict[int, Any] = field(default_factory=dict)
    watched: bool = False

    def same_as(self, other: Waits) -> bool:
        """Whether no task has run in between."""
        return len(self.frames) == len(other.frames) and all(
            map(lambda mine, its: mine is its, self.frames, other.frames)
        )


def waits() -> Waits:
    """Look at all tasks; for the run's own thread."""
    found = Waits()
    for task in _tasks(trio.lowlevel.current_root_task()):
        awaited = [frame for frame, _ in task.iter_await_frames()]
        modules = [str(frame.f_globals.get("__name__")) for frame in awaited]
        if "trio._core._entry_queue" in modules:
            # It waits for callbacks from elsewhere.
            continue
        while modules and modules[-1] == _TRAPS:
            modules.pop()
        if not modules:
            continue
        innermost = awaited[len(modules) - 1]
        names = {frame.f_code.co_name for frame in awaited}
        found.frames.append(innermost)
        if innermost.f_code.co_name == "to_thread_run_sync":
            found.functions += 1
        elif innermost.f_code.co_name == "wait_all_tasks_blocked":
            found.watched = True
        elif any(module.startswith("trio._subprocess") for module in modules):
            found.child = True
        elif modules[-1].startswith("trio._core._io_") and "accept" not in names:
            found.connections[id(innermost)] = innermost
    return found


def asleep() -> Iterator[Any]:
    """The tasks that do nothing but sleep until a moment; for the run's own thread."""
    for task in _tasks(trio.lowlevel.current_root_task()):
        names = [
            frame.f_code.co_name
            for frame, _ in task.iter_await_frames()
            if frame.f_globals is trio.sleep_until.__globals__
        ]
        if names[-2:] == ["sleep_until", "sleep_forever"]:
            yield task


def _tasks(root: Any) -> Iterator[Any]:
    found = [] if root is None else [root]
    for task in found:
        yield task
        found += [child for nursery in task.child_nurseries for child in nursery.child_tasks]


def workers() -> set[threading.Thread]:
    """trio's worker threads, whether they have something to do or not."""
    return {
        thread
        for thread in threading.enumerate()
        if str(getattr(getattr(thread, "_target", None), "__module__", "")).startswith("trio.")
    }


def is_guest_of_asyncio() -> bool:
    """Whether the run of this thread is driven by a loop of asyncio's."""
    asyncio: Any = sys.modules.get("asyncio")
    try:
        return asyncio is not None and asyncio.get_running_loop() is not None
    except RuntimeError:
        return False
