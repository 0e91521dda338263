"""What a loop waits for beside time: connections, executors, child processes.

Skipped where aiobotocore is not installed.
"""

from __future__ import annotations

import asyncio
import select
import socket
import sys
import threading
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from support.coroutines import with_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from pytest_datapipeline import DataPipelineFake

pytestmark = pytest.mark.datapipeline(start="2024-01-01T00:00:00", settle=0.05)

# Real seconds that are longer than the setting `settle` above.
LONG = 0.3


@asynccontextmanager
async def idle_connection() -> AsyncIterator[None]:
    """A connection that is kept alive, and over which nothing comes, within one loop."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    yield
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


@contextmanager
def served(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """A server in a thread of its own, for one connection."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    yield listening.getsockname()
    thread.join()
    listening.close()


def answer_slowly(connection: socket.socket) -> None:
    """Answer what comes, after a while."""
    while connection.recv(1):
        threading.Event().wait(LONG / 3)
        connection.sendall(b"x")


class TestConnections:
    def test_a_sleep_beside_an_idle_connection_takes_virtual_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> None:
            async with idle_connection():
                await made.list_pipelines()
                await asyncio.sleep(3600)

        with_client(main)

        assert datapipeline_fake.clock.now().time().isoformat() == "01:00:00"

    @pytest.mark.parametrize("polls", [True, False])
    def test_the_wait_for_an_idle_connection_is_no_part_of_a_sleep(
        self, datapipeline_fake: DataPipelineFake, polls: bool
    ) -> None:
        async def main(made: Any) -> None:
            async with idle_connection():
                await made.list_pipelines()
                held = made.poll_for_task(workerGroup="wg") if polls else asyncio.sleep(80)
                waiting = asyncio.create_task(held)
                await asyncio.sleep(8)
                waiting.cancel()

        with_client(main)

        assert datapipeline_fake.clock.now().time().isoformat() == "00:00:08"

    @pytest.mark.datapipeline(settle=LONG * 2)
    def test_a_connection_that_was_idle_is_waited_for_when_something_is_sent_over_it(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any, address: tuple[str, int]) -> list[bytes]:
            await made.list_pipelines()
            reader, writer = await asyncio.open_connection(*address)
            answers = []
            for _ in range(2):
                writer.write(b"?")
                answers.append(await asyncio.wait_for(reader.read(1), 30))
                await asyncio.sleep(60)
            writer.close()
            await writer.wait_closed()
            return answers

        with served(answer_slowly) as address:
            answers = with_client(lambda made: main(made, address))

        assert answers == [b"x", b"x"]
        assert datapipeline_fake.clock.now().time().isoformat() == "00:02:00"

    def test_a_loop_that_has_not_called_the_fake_waits_for_its_connections_in_real_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(address: tuple[str, int]) -> bytes:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"?")
            answer = await asyncio.wait_for(reader.read(1), 30)
            writer.close()
            await writer.wait_closed()
            return answer

        with served(answer_slowly) as address:
            assert asyncio.run(main(address)) == b"x"

        assert datapipeline_fake.clock.now().time().isoformat() == "00:00:00"

    def test_a_connection_over_which_something_comes_all_the_time_does_not_stop_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        over = threading.Event()

        def chat(connection: socket.socket) -> None:
            while not over.wait(0.01):
                connection.sendall(b"x")

        async def main(made: Any, address: tuple[str, int]) -> None:
            await made.list_pipelines()
            _, writer = await asyncio.open_connection(*address)
            await asyncio.sleep(LONG)
            over.set()
            writer.close()
            await writer.wait_closed()

        with served(chat) as address:
            with_client(lambda made: main(made, address))

        assert datapipeline_fake.clock.now().microsecond == LONG * 1_000_000


class TestTimers:
    def test_fractions_of_seconds_are_slept_however_they_add_up(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> None:
            await made.list_pipelines()
            for number in range(1, 1001):
                await asyncio.sleep(number / 1000)

        with_client(main)

        # Each is rounded up to a microsecond.
        slept = datapipeline_fake.clock.now().timestamp() - 1704067200
        assert 500.5 <= slept < 500.502


@pytest.fixture(params=["threads", "processes"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """An executor that is not the loop's own."""
    made: Executor = (
        ThreadPoolExecutor(2)
        if request.param == "threads"
        else ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    )
    with made:
        yield made


class TestExecutors:
    @pytest.mark.datapipeline(patience=60)
    def test_time_waits_for_a_function_in_an_executor_of_ones_own(
        self, datapipeline_fake: DataPipelineFake, executor: Executor
    ) -> None:
        async def main(made: Any) -> Any:
            poll = asyncio.create_task(made.poll_for_task(workerGroup="wg"))
            await asyncio.sleep(0)
            await asyncio.get_running_loop().run_in_executor(
                executor, select.select, [], [], [], LONG
            )
            datapipeline_fake.enqueue("wg")
            return await poll

        assert "taskObject" in with_client(main)
        assert datapipeline_fake.clock.now().time().isoformat() == "00:00:00"

    def test_time_does_not_wait_for_functions_that_wait_for_it(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        made = boto3.client("datapipeline", config=Config(read_timeout=100))

        def poll() -> Any:
            return made.poll_for_task(workerGroup="wg")

        async def main() -> list[Any]:
            loop = asyncio.get_running_loop()
            # The third is queued behind the others.
            return await asyncio.gather(*(loop.run_in_executor(pool, poll) for _ in range(3)))

        with ThreadPoolExecutor(2) as pool:
            answers = asyncio.run(main())

        assert not any("taskObject" in answer for answer in answers)
        assert datapipeline_fake.clock.now().time().isoformat() == "00:03:00"

    def test_an_executor_of_another_kind_may_wait_for_time_too(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        made = boto3.client("datapipeline", config=Config(read_timeout=100))

        class Wrapped(Executor):
            def submit(self, *args: Any, **kwargs: Any) -> Any:
                return pool.submit(*args, **kwargs)

        async def main() -> Any:
            return await asyncio.get_running_loop().run_in_executor(
                Wrapped(), lambda: made.poll_for_task(workerGroup="wg")
            )

        with ThreadPoolExecutor(1) as pool:
            answer = asyncio.run(main())

        assert "taskObject" not in answer

    def test_functions_leave_no_mark_on_the_moments_of_others(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        beats = []

        async def beat(made: Any) -> None:
            while True:
                await made.report_task_runner_heartbeat(taskrunnerId="r")
                beats.append(datapipeline_fake.clock.now().time().isoformat())
                await asyncio.sleep(60)

        async def main(made: Any) -> None:
            beating = asyncio.create_task(beat(made))
            for _ in range(3):
                await asyncio.to_thread(threading.Event().wait, LONG / 3)
                await asyncio.sleep(50)
            beating.cancel()

        with_client(main)

        assert beats == ["00:00:00", "00:01:00", "00:02:00"]

    def test_a_function_that_was_given_up_does_not_keep_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        go_on = threading.Event()

        async def main(made: Any) -> None:
            await made.list_pipelines()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.to_thread(go_on.wait, 20), LONG)
            await asyncio.sleep(3600)
            go_on.set()

        with_client(main)

        assert datapipeline_fake.clock.now().time().isoformat() == "01:00:00.300000"

    def test_a_loop_that_is_closed_waits_for_its_functions_in_real_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> None:
            await made.list_pipelines()
            given_up = asyncio.ensure_future(asyncio.to_thread(threading.Event().wait, LONG))
            await asyncio.sleep(0)
            given_up.cancel()

        with_client(main)

        assert datapipeline_fake.clock.now().time().isoformat() == "00:00:00"

    def test_a_coroutine_function_is_refused_by_asyncio_itself(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> None:
            loop: Any = asyncio.get_running_loop()
            loop.set_debug(True)
            with pytest.raises(TypeError, match="run_in_executor"):
                await loop.run_in_executor(None, asyncio.sleep, 1)

        with_client(main)


class TestAnyio:
    def test_time_waits_for_a_function_in_a_worker_thread(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        anyio = pytest.importorskip("anyio")

        async def main(made: Any) -> Any:
            poll = asyncio.create_task(made.poll_for_task(workerGroup="wg"))
            await asyncio.sleep(0)
            await anyio.to_thread.run_sync(threading.Event().wait, LONG)
            datapipeline_fake.enqueue("wg")
            return await poll

        assert "taskObject" in with_client(main)
        assert datapipeline_fake.clock.now().time().isoformat() == "00:00:00"

    def test_time_does_not_wait_for_one_that_waits_for_it_or_has_nothing_to_do(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        anyio = pytest.importorskip("anyio")
        made = boto3.client("datapipeline", config=Config(read_timeout=100))

        async def main() -> Any:
            answer = await anyio.to_thread.run_sync(lambda: made.poll_for_task(workerGroup="wg"))
            await asyncio.sleep(3600)
            return answer

        assert "taskObject" not in asyncio.run(main())
        assert datapipeline_fake.clock.now().time().isoformat() == "01:01:30"


class TestChildProcesses:
    @pytest.mark.parametrize("polls", [True, False])
    def test_one_that_hangs_is_timed_out(
        self, datapipeline_fake: DataPipelineFake, polls: bool
    ) -> None:
        async def main(made: Any) -> None:
            await made.list_pipelines()
            held = made.poll_for_task(workerGroup="wg") if polls else asyncio.sleep(80)
            waiting = asyncio.create_task(held)
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
            )
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(child.wait(), LONG)
            child.kill()
            await child.wait()
            waiting.cancel()

        with_client(main)

        assert datapipeline_fake.clock.now().time().isoformat() == "00:00:00.300000"

    def test_what_falls_due_meanwhile_happens_in_its_order(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        datapipeline_fake.enqueue("wg", delay=LONG / 2)

        async def main(made: Any) -> Any:
            poll = asyncio.create_task(made.poll_for_task(workerGroup="wg"))
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
            )
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(child.wait(), LONG)
            child.kill()
            await child.wait()
            return await poll

        assert "taskObject" in with_client(main)
        assert datapipeline_fake.clock.now().time().isoformat() == "00:00:00.300000"


def test_a_sleep_as_short_as_the_clock_s_resolution_ends(
    datapipeline_fake: DataPipelineFake,
) -> None:
    async def sleeps(client: Any) -> None:
        await client.list_pipelines()
        for tenths in range(1, 200):
            await asyncio.sleep(tenths * 1e-10)

    with_client(sleeps)

    assert len(datapipeline_fake.calls) == 1
