"""Nothing of a test stays: its fake can be collected as soon as the test is over."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

SUITE = """
    import gc
    import weakref

    import pytest

    fakes = []

    @pytest.fixture
    def seen(request):
        double = request.getfixturevalue(request.param)
        fakes.append(weakref.ref(double))
        return double

    @pytest.fixture
    def breaks_at_its_end(seen):
        yield
        raise RuntimeError("the fixture's end")

    doubles = pytest.mark.parametrize(
        "seen", ["datapipeline_fake", "datapipeline_stubber"], indirect=True
    )

    @doubles
    @pytest.mark.parametrize("number", range(5))
    def test_passes(seen, number):
        pass

    @doubles
    @pytest.mark.parametrize("number", range(5))
    def test_fails(seen, number):
        assert not seen

    @doubles
    @pytest.mark.parametrize("number", range(5))
    def test_skips(seen, number):
        pytest.skip("not today")

    @doubles
    @pytest.mark.parametrize("number", range(5))
    def test_breaks_at_its_end(breaks_at_its_end, seen, number):
        pass

    def test_passes_with_tasks_and_pipelines(datapipeline_fake, datapipeline_client):
        fakes.append(weakref.ref(datapipeline_fake))
        datapipeline_fake.enqueue("wg", *[{"command": "true"}] * 3)
        datapipeline_fake.pipelines.create([])
        datapipeline_client.poll_for_task(workerGroup="wg")

    # pytest keeps what failed last for a debugger: this is something else.
    def test_fails_without_a_fake():
        assert False

    def test_the_end():
        gc.collect()
        assert len(fakes) == 41
        assert [fake() for fake in fakes if fake() is not None] == []
"""


def test_a_fake_can_be_collected_after_its_test_whatever_the_outcome(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(SUITE)

    # In a process of its own: pytester keeps the arguments of all hooks that it sees called.
    result = pytester.runpytest_subprocess("-p", "no:randomly")

    result.assert_outcomes(passed=22, failed=11, skipped=10, errors=10)


INTERRUPTED = """
    import asyncio
    import threading
    import weakref

    import boto3
    import pytest

    from pytest_datapipeline import DataPipelineFake

    fakes = []

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    def test_by_hand(datapipeline_fake):
        fakes.append(weakref.ref(datapipeline_fake))
        interrupt()

    def test_with_a_stubber(datapipeline_stubber):
        fakes.append(weakref.ref(datapipeline_stubber))
        interrupt()

    def test_in_the_middle_of_a_pipeline(datapipeline_fake):
        fakes.append(weakref.ref(datapipeline_fake))
        activity = {"type": "ShellCommandActivity", "command": "true", "workerGroup": "wg"}
        datapipeline_fake.pipelines.activate(
            [{"id": "Default", "scheduleType": "ondemand"}, {"id": "A", **activity}]
        ).run(interrupt)

    def test_in_the_middle_of_a_call(datapipeline_fake, datapipeline_client):
        fakes.append(weakref.ref(datapipeline_fake))
        datapipeline_client.meta.events.register("before-send", interrupt)
        datapipeline_client.list_pipelines()

    def test_while_a_thread_waits_for_a_task(datapipeline_fake, datapipeline_client):
        fakes.append(weakref.ref(datapipeline_fake))
        poll = datapipeline_client.poll_for_task
        threading.Thread(target=lambda: poll(workerGroup="wg"), daemon=True).start()
        datapipeline_fake.wait_until(lambda: len(datapipeline_fake.waiting) == 1, move_time=False)
        interrupt()

    def test_in_a_coroutine(datapipeline_fake):
        fakes.append(weakref.ref(datapipeline_fake))

        async def runner():
            interrupt()

        asyncio.run(runner())

    def test_of_a_context_manager():
        with DataPipelineFake() as fake:
            fakes.append(weakref.ref(fake))
            boto3.client("datapipeline").list_pipelines()
            interrupt()
"""
INTERRUPTIONS = """
    import gc
    import sys

    import botocore.endpoint
    import pytest

    import test_interrupted

    before = dict(vars(botocore.endpoint.Endpoint))
    tests = [name for name in vars(test_interrupted) if name.startswith("test_")]
    for name in tests:
        arguments = ["-q", "-p", "pytest_datapipeline", f"test_interrupted.py::{name}"]
        assert pytest.main(arguments) == pytest.ExitCode.INTERRUPTED, name
        gc.collect()
        assert len(test_interrupted.fakes) == 1, name
        assert test_interrupted.fakes.pop()() is None, name
        assert dict(vars(botocore.endpoint.Endpoint)) == before, name
    print(f"{len(tests)} interruptions left nothing")
"""


def test_a_fake_that_is_interrupted_can_be_collected_and_gives_botocore_back(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_interrupted=INTERRUPTED, interruptions=INTERRUPTIONS)

    result = pytester.run(sys.executable, "interruptions.py")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["7 interruptions left nothing"])
