"""Runs a runner of whatever kind: a loop, a coroutine or a command."""

from __future__ import annotations

import contextlib
import inspect
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import pytest

from ..errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from .._record.call import CallMatcher
    from ..fake import DataPipelineFake

__tracebackhide__ = told_by_message

# A function that polls forever, a coroutine function that does, or a command line.
Runner: TypeAlias = (
    "Callable[[], object] | Callable[[], Coroutine[Any, Any, object]] | Sequence[str]"
)
# A runner that gets nowhere is stopped after so much virtual time.
_AT_MOST = timedelta(days=1)
# A runner's output is shown from here on, if its process has ended too early.
_LAST = 2_000


class Harness:
    """What the tests do with a runner.

    Args:
        fake: of the test.
        start: makes a runner.
        serve: starts the endpoint, for runners that are processes.
    """

    def __init__(
        self,
        fake: DataPipelineFake,
        start: Callable[[DataPipelineFake], Runner],
        serve: Callable[[], object],
    ) -> None:
        self._fake = fake
        self._start = start
        self._serve = serve
        self._processes: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []
        self._outputs = contextlib.ExitStack()

    def run(self, until: Callable[[], object] | None = None) -> None:
        """Have a runner work until all tasks have ended, or until something is so."""
        runner = self._start(self._fake)
        if _is_command(runner):
            self._run_processes([self._launch(runner)], until)
        elif inspect.iscoroutinefunction(runner):
            self._run_coroutines(self._fake.run(runner, until=until, max_time=_AT_MOST))
        else:
            self._fake.run(_loop(runner), until=until, max_time=_AT_MOST)

    def run_for(self, time: timedelta) -> None:
        """Have a runner work for so long in virtual time."""
        runner = self._start(self._fake)
        until = self._fake.clock.now() + time
        if _is_command(runner):
            pytest.skip("a process works in real time, and time would not wait for it")
        elif inspect.iscoroutinefunction(runner):
            self._run_coroutines(self._fake.run(runner, until=until))
        else:
            self._fake.run(_loop(runner), until=until)

    def run_and_die_at(self, call: CallMatcher) -> None:
        """Have a runner work until it comes to a call, at which it dies."""
        runner = self._start(self._fake)
        if _is_command(runner):
            with self._fake.hold(call) as held:
                process = self._launch(runner)
                held.wait()
                self._end(process, kill=True)
        elif inspect.iscoroutinefunction(runner):
            self._run_coroutines(self._fake.run(runner, die_at=call))
        else:
            self._fake.run(_loop(runner), die_at=call)

    def run_two(self) -> None:
        """Have two runners work until all tasks have ended."""
        runners = [self._start(self._fake) for _ in range(2)]
        if all(_is_command(runner) for runner in runners):
            self._run_processes([self._launch(runner) for runner in runners], None)
        elif inspect.iscoroutinefunction(runners[0]):
            self._run_coroutines(self._together(runners))
        else:
            # Their loops are endless: the end of the test ends them.
            threads = [threading.Thread(target=_loop(runner)) for runner in runners]
            for thread in threads:
                thread.start()
            self._fake.wait_until()

    def close(self) -> None:
        """End what is left."""
        with self._outputs:
            for process, _ in self._processes:
                self._end(process, kill=True)

    # -- coroutines -------------------------------------------------------------------------------

    def _run_coroutines(self, coroutine: Coroutine[Any, Any, object]) -> None:
        import asyncio

        asyncio.run(coroutine)

    async def _together(self, runners: Sequence[Any]) -> None:
        import asyncio

        tasks = [asyncio.ensure_future(runner()) for runner in runners]
        await self._fake.until()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- processes --------------------------------------------------------------------------------

    def _launch(self, command: Any) -> subprocess.Popen[bytes]:
        self._serve()
        # No pipe, which a runner that prints much would fill. A file without a name is gone when we
        # are, whatever happens.
        output = tempfile.TemporaryFile()  # noqa: SIM115  # the next line keeps it
        self._outputs.enter_context(output)
        # With the endpoint there, the environment leads to it.
        process = subprocess.Popen(list(command), stdout=output, stderr=subprocess.STDOUT)
        self._processes.append((process, output))
        return process

    def _run_processes(
        self,
        processes: Sequence[subprocess.Popen[bytes]],
        until: Callable[[], object] | None,
    ) -> None:
        def over() -> bool:
            return all(task.ended for task in self._fake.tasks) if until is None else bool(until())

        def one_has_ended() -> bool:
            return any(process.poll() is not None for process in processes)

        try:
            self._fake.wait_until(lambda: over() or one_has_ended())
        finally:
            for process in processes:
                self._end(process, kill=over())

    def _end(self, process: subprocess.Popen[bytes], *, kill: bool = False) -> None:
        early = process.poll()
        with contextlib.suppress(ProcessLookupError):
            # Asked to end, it may well wait for the answer to a poll that it has open.
            process.kill()
        process.wait()
        if early is not None and not kill:
            text = self.output_of(process)
            raise AssertionError(
                f"The runner's process ended by itself, with status {early}. Its output:\n{text}"
            )

    def output_of(self, process: subprocess.Popen[bytes]) -> str:
        """The end of what a process has printed."""
        for held, output in self._processes:
            if held is process:
                output.seek(0)
                return output.read().decode("utf-8", "replace")[-_LAST:]
        return ""


def _is_command(runner: object) -> bool:
    return isinstance(runner, Sequence) and not isinstance(runner, str)


def _loop(runner: object) -> Callable[[], object]:
    if not callable(runner):
        raise FakeUsageError(
            f"start() gave {runner!r}; it is to give a function that polls forever, a coroutine "
            "function that does, or a command line as a list."
        )
    return runner
