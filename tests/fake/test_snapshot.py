"""A fake that is put back to what it was."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from freezegun import freeze_time
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.runner import GROUP, finish, poll, take

from pytest_datapipeline import (
    DataPipelineFake,
    FakeUsageError,
    UnmetExpectations,
    WorkerGroupWarning,
)

if TYPE_CHECKING:
    from collections.abc import Callable

START = "2030-01-01T00:00:00"
NIGHTLY = {
    "objects": [
        {
            "id": "Default",
            "scheduleType": "cron",
            "schedule": {"ref": "Daily"},
            "failureAndRerunMode": "CASCADE",
            "workerGroup": GROUP,
        },
        {
            "id": "Daily",
            "type": "Schedule",
            "period": "1 day",
            "startDateTime": START,
            "occurrences": "5",
        },
        {
            "id": "Extract",
            "type": "ShellCommandActivity",
            "command": "extract #{@scheduledStartTime}",
            "maximumRetries": "1",
            "retryDelay": "10 minutes",
        },
        {
            "id": "Load",
            "type": "ShellCommandActivity",
            "command": "load",
            "dependsOn": {"ref": "Extract"},
            "onSuccess": {"ref": "Tell"},
        },
        {
            "id": "Tell",
            "type": "SnsAlarm",
            "topicArn": "arn:aws:sns:us-east-1:1:topic",
            "subject": "loaded",
            "message": "#{node.@scheduledStartTime}",
            "role": "role",
        },
    ]
}


pytestmark = pytest.mark.datapipeline(start=START, unmet_faults_fail=False)


@pytest.fixture
def fake(datapipeline_fake: DataPipelineFake) -> DataPipelineFake:
    return datapipeline_fake


# -- what is put back ------------------------------------------------------------------------------


def test_what_came_after_the_snapshot_is_gone(
    fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    fake.enqueue(GROUP, id="Before")
    snapshot = fake.snapshot()

    fake.enqueue(GROUP, id="After")
    fake.pipelines.activate(NIGHTLY)
    fake.fail("poll_for_task", "throttling")
    fake.terminate()
    datapipeline_client.report_task_runner_heartbeat(taskrunnerId="runner")
    fake.clock.advance(3600)
    fake.restore(snapshot)

    assert [task.id for task in fake.tasks] == ["Before"]
    assert [pipeline.name for pipeline in fake.pipelines] == ["enqueued-tasks"]
    assert fake.calls == []
    assert fake.heartbeats == {}
    assert fake.clock.now() == datetime(2030, 1, 1, tzinfo=timezone.utc)
    assert len(fake.timeline.events) == 1
    task = poll(datapipeline_client)
    assert task["objects"][task["attemptId"]]["id"].startswith("@Before")
    answer = datapipeline_client.report_task_runner_heartbeat(taskrunnerId="runner")
    assert answer["terminate"] is False


def test_handles_of_what_was_there_go_on(fake: DataPipelineFake, datapipeline_client: Any) -> None:
    pipeline = fake.pipelines.activate(NIGHTLY)
    task = fake.enqueue("other")
    snapshot = fake.snapshot()
    for _ in range(2):
        assert task.status == "WAITING_FOR_RUNNER"
        assert pipeline.state == "SCHEDULED"

        finish(datapipeline_client, poll(datapipeline_client, workerGroup="other")["taskId"])
        task.assert_finished()
        pipeline.run(lambda _: None)
        pipeline.assert_finished()
        assert len(fake.pipelines.notifications) == 5

        fake.restore(snapshot)


def test_ids_come_as_they_came(fake: DataPipelineFake, datapipeline_client: Any) -> None:
    def ids() -> tuple[str, str, str]:
        made = datapipeline_client.create_pipeline(name="n", uniqueId="u")
        task = fake.enqueue(GROUP)
        return made["pipelineId"], task.instance_id, poll(datapipeline_client)["taskId"]

    ids_before = ids()
    snapshot = fake.snapshot()
    first = ids()
    fake.restore(snapshot)

    assert ids() == first != ids_before


def test_a_task_that_was_out_falls_due_again(
    fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = fake.enqueue(GROUP)
    take(datapipeline_client)
    snapshot = fake.snapshot()
    for _ in range(2):
        fake.clock.advance(899)
        assert task.status == "RUNNING"
        fake.clock.advance(1)
        assert task.status == "WAITING_FOR_RUNNER"

        fake.restore(snapshot)


def test_functions_that_play_runners_are_there_again(fake: DataPipelineFake) -> None:
    fake.work(lambda _: "FAILED")
    snapshot = fake.snapshot()
    fake.work(lambda _: "FINISHED")
    fake.restore(snapshot)

    task = fake.enqueue(GROUP, maximum_retries=0)
    fake.wait_until(task)

    assert task.status == "FAILED"


def test_a_planned_fault_is_met_again(fake: DataPipelineFake, datapipeline_client: Any) -> None:
    fault = fake.fail("list_pipelines", "InternalServiceError")
    snapshot = fake.snapshot()
    for _ in range(2):
        with pytest.raises(datapipeline_client.exceptions.InternalServiceError):
            datapipeline_client.list_pipelines()
        assert fault.met == 1

        fake.restore(snapshot)
    assert fault.met == 0


def test_a_snapshot_outlives_a_reset(fake: DataPipelineFake) -> None:
    pipeline = fake.pipelines.activate(NIGHTLY)
    snapshot = fake.snapshot()

    fake.reset()
    assert len(fake.pipelines) == 0
    fake.restore(snapshot)

    assert [held.id for held in fake.pipelines] == [pipeline.id]
    pipeline.run(lambda _: None)
    pipeline.assert_finished()


def test_snapshots_are_restored_in_any_order(fake: DataPipelineFake) -> None:
    empty = fake.snapshot()
    fake.enqueue(GROUP, id="One")
    one = fake.snapshot()
    fake.enqueue(GROUP, id="Two")
    two = fake.snapshot()
    for snapshot, ids in [
        (empty, []),
        (two, ["One", "Two"]),
        (one, ["One"]),
        (two, ["One", "Two"]),
    ]:
        fake.restore(snapshot)

        assert [task.id for task in fake.tasks] == ids


def test_what_was_done_with_a_task_object_of_the_test_s_own_stays_its_own(
    fake: DataPipelineFake,
) -> None:
    mine: dict[str, list[str]] = {"seen": []}
    fake.work(lambda work: mine["seen"].append(work.id))
    snapshot = fake.snapshot()
    fake.wait_until(fake.enqueue(GROUP, id="Nightly"))
    fake.restore(snapshot)

    assert mine == {"seen": ["Nightly"]}


def test_what_was_warned_of_since_is_warned_of_again(
    fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    fake.enqueue(GROUP.upper())
    snapshot = fake.snapshot()
    for _ in range(2):
        with pytest.warns(WorkerGroupWarning, match="tasks wait in 'REPORTS'"):
            poll(datapipeline_client)

        fake.restore(snapshot)


# -- the time --------------------------------------------------------------------------------------


def test_the_clocks_of_the_test_go_back_with_the_fake_s() -> None:
    with DataPipelineFake(start=START, freeze=True) as fake:
        snapshot = fake.snapshot()
        fake.clock.advance(3600)
        assert datetime.now() == datetime(2030, 1, 1, 1)
        fake.restore(snapshot)

        assert datetime.now() == datetime(2030, 1, 1)
        fake.clock.advance(60)
        assert datetime.now() == datetime(2030, 1, 1, 0, 1)


def test_time_that_the_test_has_frozen_goes_back_as_well() -> None:
    with freeze_time(START) as frozen, DataPipelineFake() as fake:
        snapshot = fake.snapshot()
        frozen.tick(3600)
        assert fake.clock.now().hour == 1
        fake.restore(snapshot)

        assert fake.clock.now().hour == 0
        assert datetime.now() == datetime(2030, 1, 1)
        frozen.tick(60)
        assert fake.clock.now().minute == 1


def test_time_that_was_frozen_since_stays_what_the_test_says() -> None:
    with DataPipelineFake(start=START) as fake:
        task = fake.enqueue(GROUP, delay=60)
        snapshot = fake.snapshot()
        with freeze_time("2030-01-01T00:00:30"):
            fake.restore(snapshot)

            assert datetime.now() == datetime(2030, 1, 1, 0, 0, 30)
            assert fake.clock.now() == datetime(2030, 1, 1, 0, 0, 30, tzinfo=timezone.utc)
            assert task.status == "WAITING_ON_DEPENDENCIES"


def test_sleeps_are_virtual_after_it_as_before() -> None:
    with DataPipelineFake(start=START, virtual_sleep=True) as fake:
        snapshot = fake.snapshot()
        fake.restore(snapshot)

        time.sleep(3600)

        assert fake.clock.now().hour == 1


# -- those who wait --------------------------------------------------------------------------------


def waiting(fake: DataPipelineFake, client: Any) -> threading.Thread:
    thread = threading.Thread(target=poll, args=(client,), name="runner")
    thread.start()
    fake.wait_until(lambda: fake.waiting, move_time=False)
    return thread


def test_a_thread_that_waits_is_ended(fake: DataPipelineFake, datapipeline_client: Any) -> None:
    task = fake.enqueue(GROUP, delay=60)
    snapshot = fake.snapshot()
    thread = waiting(fake, datapipeline_client)

    fake.restore(snapshot)
    thread.join(10)

    assert not thread.is_alive()
    assert fake.waiting == []
    fake.clock.advance(60)
    assert poll(datapipeline_client)["taskId"] == task.task_id


def test_a_poll_that_its_client_has_given_up_waits_again(fake: DataPipelineFake) -> None:
    client = boto3.client(
        "datapipeline", config=Config(read_timeout=30, retries={"total_max_attempts": 1})
    )
    with pytest.raises(ReadTimeoutError):
        client.poll_for_task(workerGroup=GROUP)
    snapshot = fake.snapshot()
    for _ in range(2):
        assert len(fake.waiting) == 1
        fake.enqueue(GROUP)
        assert fake.waiting == []

        fake.restore(snapshot)


def test_no_snapshot_is_taken_while_a_call_waits(
    fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    thread = waiting(fake, datapipeline_client)

    with pytest.raises(FakeUsageError, match="These wait: thread 'runner' in PollForTask"):
        fake.snapshot()

    fake.clock.advance(90)
    thread.join()


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["reset", "snapshot", "restore"])
def test_it_is_not_done_in_the_midst_of_a_call(fake: DataPipelineFake, what: str) -> None:
    snapshot = fake.snapshot()
    does: dict[str, Callable[[], object]] = {
        "reset": fake.reset,
        "snapshot": fake.snapshot,
        "restore": lambda: fake.restore(snapshot),
    }
    refused: list[str] = []

    def work(_: object) -> None:
        try:
            does[what]()
        except FakeUsageError as error:
            refused.append(str(error))

    fake.work(work)
    fake.wait_until(fake.enqueue(GROUP))

    assert [text.partition(" was called ")[0] for text in refused] == [f"{what}()"]


def test_it_is_not_done_within_a_driven_loop(fake: DataPipelineFake) -> None:
    with pytest.raises(FakeUsageError, match=r"^snapshot\(\) was called while a call or run\(\)"):
        fake.run(fake.snapshot, until=lambda: False)


def test_another_fake_s_snapshot_is_refused(fake: DataPipelineFake) -> None:
    with DataPipelineFake() as other:
        foreign = other.snapshot()

    with pytest.raises(FakeUsageError, match=r"takes a snapshot of this fake, not <Snapshot at "):
        fake.restore(foreign)
    with pytest.raises(FakeUsageError, match=r"takes a snapshot of this fake, not 'yesterday'"):
        fake.restore("yesterday")  # type: ignore[arg-type]  # no snapshot


def test_a_fake_behind_another_is_not_restored(fake: DataPipelineFake) -> None:
    snapshot = fake.snapshot()

    with (
        DataPipelineFake(),
        pytest.raises(FakeUsageError, match=r"this one is behind another DataPipelineFake"),
    ):
        fake.restore(snapshot)


def test_a_snapshot_tells_what_it_is_of(fake: DataPipelineFake, datapipeline_client: Any) -> None:
    fake.enqueue(GROUP)
    poll(datapipeline_client)

    assert repr(fake.snapshot()) == "<Snapshot at 2030-01-01T00:00:00+00:00: 1 task, 1 call>"


# -- what is told at the end -----------------------------------------------------------------------


def test_what_was_found_before_a_restore_still_fails_the_test() -> None:
    fake = DataPipelineFake(start=START, contract="fail")
    with pytest.raises(UnmetExpectations, match="late-acknowledgement"), fake:
        snapshot = fake.snapshot()
        fake.enqueue(GROUP)
        client = boto3.client("datapipeline")
        poll(client)
        poll(client)
        fake.restore(snapshot)
        assert fake.findings == []


# -- whatever happens ------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("enqueue"), st.integers(0, 300), st.sampled_from([GROUP, "other"])),
        st.tuples(st.just("activate"), st.booleans()),
        st.tuples(st.just("poll"), st.sampled_from([GROUP, "other"])),
        st.tuples(st.just("report"), st.integers(0, 5)),
        st.tuples(st.just("end"), st.integers(0, 5), st.sampled_from(["FINISHED", "FAILED"])),
        st.tuples(st.just("advance"), st.sampled_from([1, 120, 900, 86_400])),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
        st.tuples(st.just("rerun"), st.integers(0, 5)),
        st.tuples(st.just("deactivate"), st.booleans()),
        st.tuples(st.just("delete")),
        st.tuples(st.just("fail"), st.sampled_from(["PollForTask", "SetTaskStatus"])),
    ),
    max_size=12,
)


class Player:
    """Takes steps, and tells what came of each."""

    def __init__(self, fake: DataPipelineFake, client: Any) -> None:
        self.fake = fake
        self.client = client
        self.task_ids: list[str] = []
        self.pipeline_ids: list[str] = []

    def play(self, steps: list[tuple[Any, ...]]) -> list[object]:
        """What came of the steps, and how everything stands then."""
        task_ids, pipeline_ids = list(self.task_ids), list(self.pipeline_ids)
        told = [self._step(*step) for step in steps]
        stands = [
            *(repr(pipeline) for pipeline in self.fake.pipelines),
            *((task.id, task.status, task.task_id) for task in self.fake.tasks),
            repr(self.fake.calls),
            repr(self.fake.findings),
            repr(self.fake.timeline),
            self.fake.pipelines.notifications,
        ]
        self.task_ids, self.pipeline_ids = task_ids, pipeline_ids
        return [*told, *stands]

    def begin(self, steps: list[tuple[Any, ...]]) -> None:
        for step in steps:
            self._step(*step)

    def _step(self, kind: str, *given: Any) -> object:
        try:
            return getattr(self, f"_{kind}")(*given)
        except (self.client.exceptions.ClientError, FakeUsageError) as error:
            return str(error)

    def _enqueue(self, delay: int, group: str) -> object:
        return repr(self.fake.enqueue(group, {"command": "true"}, delay=delay, retry_delay=60))

    def _activate(self, fails: bool) -> object:
        made = self.fake.pipelines.activate(NIGHTLY, start=START if fails else None)
        self.pipeline_ids.append(made.id)
        return made.id

    def _poll(self, group: str) -> object:
        task: dict[str, Any] = self.client.poll_for_task(workerGroup=group).get("taskObject", {})
        if task:
            self.task_ids.append(task["taskId"])
        return task

    def _report(self, index: int) -> object:
        task_id = self.task_ids[index % len(self.task_ids)] if self.task_ids else "none"
        return self.client.report_task_progress(taskId=task_id)["canceled"]

    def _end(self, index: int, status: str) -> object:
        task_id = self.task_ids[index % len(self.task_ids)] if self.task_ids else "none"
        self.client.set_task_status(taskId=task_id, taskStatus=status)
        return status

    def _advance(self, seconds: int) -> object:
        self.fake.clock.advance(timedelta(seconds=seconds))
        return self.fake.clock.now()

    def _cancel(self, index: int) -> object:
        tasks = self.fake.tasks
        if tasks:
            tasks[index % len(tasks)].cancel()
        return len(tasks)

    def _rerun(self, index: int) -> object:
        tasks = self.fake.tasks
        if not tasks:
            return None
        task = tasks[index % len(tasks)]
        self.client.set_status(
            pipelineId=task.pipeline_id, objectIds=[task.instance_id], status="RERUN"
        )
        return task.instance_id

    def _deactivate(self, cancel: bool) -> object:
        for pipeline_id in self.pipeline_ids:
            self.client.deactivate_pipeline(pipelineId=pipeline_id, cancelActive=cancel)
        return len(self.pipeline_ids)

    def _delete(self) -> object:
        for pipeline_id in self.pipeline_ids:
            self.client.delete_pipeline(pipelineId=pipeline_id)
        return len(self.pipeline_ids)

    def _fail(self, operation: str) -> object:
        return repr(self.fake.fail(operation, "InvalidRequestException"))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(before=STEPS, between=STEPS, after=STEPS)
@example(
    before=[("activate", True), ("poll", GROUP), ("report", 0), ("advance", 120)],
    between=[("end", 0, "FINISHED"), ("poll", GROUP), ("delete",), ("advance", 86_400)],
    after=[("end", 0, "FAILED"), ("advance", 900), ("poll", GROUP), ("end", 1, "FINISHED")],
)
def test_what_comes_after_it_comes_again_whatever_was_between(
    before: list[tuple[Any, ...]], between: list[tuple[Any, ...]], after: list[tuple[Any, ...]]
) -> None:
    with DataPipelineFake(
        start=START, unmet_faults_fail=False, contract="report", idle_limit=10**9
    ) as fake:
        player = Player(fake, boto3.client("datapipeline", config=Config(read_timeout=100)))
        player.begin(before)
        snapshot = fake.snapshot()
        first = player.play(after)

        fake.restore(snapshot)
        player.play(between)
        fake.restore(snapshot)

        assert player.play(after) == first


# -- what stays the test's own, and what others do meanwhile ---------------------------------------


def play(seen: list[str], work: Any) -> None:
    seen.append(work.id)


def test_what_a_partial_of_the_test_holds_stays_its_own(fake: DataPipelineFake) -> None:
    seen: list[str] = []
    fake.work(partial(play, seen))
    snapshot = fake.snapshot()
    fake.wait_until(fake.enqueue(GROUP, id="Nightly"))
    fake.restore(snapshot)

    assert seen == ["Nightly"]


@pytest.mark.datapipeline(kept_calls=3)
def test_calls_that_were_dropped_are_counted_as_then(
    fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    for _ in range(5):
        datapipeline_client.list_pipelines()
    snapshot, before = fake.snapshot(), repr(fake.calls)
    for _ in range(5):
        datapipeline_client.list_pipelines()
    fake.restore(snapshot)

    assert fake.calls.dropped == 2
    assert repr(fake.calls) == before


def test_a_pool_serves_again_after_a_restore(fake: DataPipelineFake) -> None:
    def work_one() -> None:
        client = boto3.client("datapipeline", config=Config(read_timeout=100))
        finish(client, take(client))

    task = fake.enqueue(GROUP, delay=60)
    snapshot = fake.snapshot()
    with ThreadPoolExecutor(1) as pool:
        for _ in range(3):
            done = pool.submit(work_one)
            fake.wait_until(task)
            done.result(10)
            task.assert_finished()
            fake.restore(snapshot)


@pytest.mark.parametrize("how", ["reset", "restore"])
def test_calls_that_come_meanwhile_reach_the_fake(fake: DataPipelineFake, how: str) -> None:
    fake.enqueue("other", *[{}] * 300)
    snapshot = fake.snapshot()
    client = boto3.client("datapipeline", config=Config(retries={"total_max_attempts": 1}))
    failed: list[BaseException] = []
    over = threading.Event()

    def first_call() -> None:
        try:
            client.list_pipelines()
        except BaseException as error:
            failed.append(error)

    def spawn() -> None:
        while not over.is_set():
            thread = threading.Thread(target=first_call)
            thread.start()
            thread.join()

    spawner = threading.Thread(target=spawn)
    spawner.start()
    for _ in range(50):
        fake.restore(snapshot) if how == "restore" else fake.reset()
    over.set()
    spawner.join(10)

    assert [error for error in failed if not isinstance(error, SystemExit)] == []


@pytest.mark.parametrize("how", ["reset", "restore"])
def test_it_is_not_done_while_a_coroutine_waits_for_a_condition(
    fake: DataPipelineFake, how: str
) -> None:
    snapshot = fake.snapshot()

    async def main() -> None:
        waits = asyncio.create_task(fake.until(lambda: False))
        await asyncio.sleep(1)
        with pytest.raises(FakeUsageError, match=rf"^{how}\(\) was called while"):
            fake.restore(snapshot) if how == "restore" else fake.reset()
        waits.cancel()
        await asyncio.wait([waits])

    asyncio.run(main())


def test_what_each_example_breaks_is_told_once() -> None:
    fake = DataPipelineFake(contract="fail")
    with pytest.raises(UnmetExpectations) as told, fake:
        snapshot = fake.snapshot()
        client = boto3.client("datapipeline")
        for _ in range(3):
            fake.enqueue(GROUP, {}, {})
            poll(client)
            poll(client)
            fake.restore(snapshot)

    assert str(told.value).count("short-read-timeout (") == 1


def test_a_cancellation_is_followed_again(fake: DataPipelineFake, datapipeline_client: Any) -> None:
    task = fake.enqueue(GROUP)
    snapshot = fake.snapshot()

    def ignores_it() -> None:
        held = take(datapipeline_client)
        while True:
            fake.clock.advance(60)
            datapipeline_client.report_task_progress(taskId=held)

    def told() -> list[Any]:
        task.cancel(delay=90)
        fake.run(ignores_it)
        return [call.response for call in fake.calls if call == "report_task_progress"]

    first = told()
    fake.restore(snapshot)

    assert told() == first
    assert {"canceled": True} in first


def test_a_wait_for_a_canceled_task_s_runner_ends_after_a_restore_too(
    fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = fake.enqueue(GROUP)
    stop = threading.Event()
    snapshots = []
    for _ in range(2):

        def is_silent() -> None:
            take(datapipeline_client)
            stop.wait(10)

        stop.clear()
        thread = threading.Thread(target=is_silent)
        snapshots.append(fake.snapshot())
        thread.start()
        fake.wait_until(lambda: task.status == "RUNNING", move_time=False)
        task.cancel()
        fake.wait_until(task)
        assert fake.clock.now() == datetime(2030, 1, 1, 0, 5, tzinfo=timezone.utc)

        stop.set()
        thread.join(10)
        fake.restore(snapshots[0])
