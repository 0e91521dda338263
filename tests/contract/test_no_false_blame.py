"""What looks like a mistake of a runner, and is another's doing or was not known to it yet."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError
from support.runner import GROUP, HOST, finish, poll, take, work, work_one

from pytest_datapipeline import report_task_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_datapipeline import DataPipelineFake

FIELDS = [{"key": "by", "stringValue": "another thread"}]


def in_thread(function: Callable[[], object], name: str | None = None) -> threading.Thread:
    """Start what may be told that its task is gone."""

    def run() -> None:
        with contextlib.suppress(Exception):
            function()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def beat(client: Any, runner: str) -> bool:
    answer = client.report_task_runner_heartbeat(taskrunnerId=runner, hostname=HOST)
    return bool(answer["terminate"])


# -- an answer that has yet to be known -----------------------------------------------------------


def test_a_report_that_was_made_before_another_thread_heard_of_the_cancellation_is_right(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)

    with datapipeline_fake.hold(report_task_progress(fields=FIELDS)) as gate:
        reporter = in_thread(
            lambda: datapipeline_client.report_task_progress(taskId=task_id, fields=FIELDS)
        )
        gate.wait()
        task.cancel()
        datapipeline_fake.clock.advance(10)
        datapipeline_client.report_task_progress(taskId=task_id)
    reporter.join()

    assert not datapipeline_fake.findings


def test_a_report_that_botocore_repeats_is_no_new_one_after_the_cancellation(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)
    datapipeline_fake.fail(report_task_progress(fields=FIELDS), 503, per="request")
    reporter = in_thread(
        lambda: datapipeline_client.report_task_progress(taskId=task_id, fields=FIELDS)
    )
    datapipeline_fake.wait_until(lambda: len(datapipeline_fake.calls) == 3, move_time=False)

    task.cancel()
    datapipeline_client.report_task_progress(taskId=task_id)
    datapipeline_fake.clock.advance(60)
    reporter.join()

    assert not datapipeline_fake.findings


def test_a_final_status_at_the_moment_of_another_thread_s_cancellation_is_right(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)
    task.cancel()

    in_thread(lambda: datapipeline_client.report_task_progress(taskId=task_id)).join()
    finish(datapipeline_client, task_id)

    assert not datapipeline_fake.findings


def test_a_poll_that_botocore_repeats_is_no_new_one_after_terminate(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.fail("poll_for_task", "throttling", per="request")
    beat(datapipeline_client, "runner-1")
    poller = in_thread(lambda: poll(datapipeline_client))
    datapipeline_fake.wait_until(lambda: len(datapipeline_fake.calls) == 2, move_time=False)

    datapipeline_fake.terminate("runner-1")
    beat(datapipeline_client, "runner-1")
    datapipeline_fake.clock.advance(200)
    poller.join()

    assert not datapipeline_fake.findings


# -- who is who -----------------------------------------------------------------------------------


def test_a_runner_that_is_started_again_on_the_test_s_thread_is_another_one(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    starts = iter(("one", "two", "three"))

    def loop() -> None:
        beat(datapipeline_client, next(starts))
        work(datapipeline_client)

    for _ in range(3):
        datapipeline_fake.enqueue(GROUP)
        datapipeline_fake.run(loop)

    assert not datapipeline_fake.findings


def test_runners_whose_threads_have_one_name_are_told_apart(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    for runner in ("one", "two", "three"):
        in_thread(partial(beat, datapipeline_client, runner), "heartbeat").join()

    assert not datapipeline_fake.findings


def test_a_new_runner_may_poll_after_another_was_terminated(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.terminate("one")
    beat(datapipeline_client, "one")
    datapipeline_fake.clock.advance(60)
    datapipeline_fake.enqueue(GROUP)

    in_thread(lambda: work_one(datapipeline_client)).join()

    assert not datapipeline_fake.findings


# -- runners that the test ends -------------------------------------------------------------------


@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.datapipeline(ignored_rules="no-heartbeat")
def test_a_runner_that_run_has_ended_with_a_task_in_hand_is_not_blamed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, calls: int
) -> None:
    datapipeline_fake.enqueue(GROUP)

    datapipeline_fake.run(
        lambda: work(datapipeline_client), until=lambda: len(datapipeline_fake.calls) == calls
    )
    datapipeline_fake.run(lambda: work(datapipeline_client))

    assert not datapipeline_fake.findings


@pytest.mark.datapipeline(ignored_rules="no-heartbeat")
def test_a_runner_that_has_gone_on_before_a_restore_is_not_blamed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    taken: list[str] = []
    in_thread(lambda: taken.append(take(datapipeline_client))).join()
    before = datapipeline_fake.snapshot()
    in_thread(lambda: finish(datapipeline_client, taken[0])).join()

    datapipeline_fake.restore(before)
    datapipeline_fake.run(lambda: work(datapipeline_client))

    assert not datapipeline_fake.findings


# -- gates, and time that a test moves ------------------------------------------------------------


def test_a_status_that_is_held_until_the_task_is_taken_back_was_not_late(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, report_progress_timeout=60)

    with datapipeline_fake.hold("set_task_status") as gate:
        worker = in_thread(lambda: work_one(datapipeline_client))
        gate.wait()
        idle = in_thread(
            lambda: poll(datapipeline_client, workerGroup="others", hostname="runner-2.example")
        )
        datapipeline_fake.wait_until(lambda: not idle.is_alive())
    worker.join()

    assert not datapipeline_fake.findings


@pytest.mark.parametrize("seconds", [100, 130])
def test_a_task_whose_answer_was_held_may_be_acknowledged_later(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, seconds: int
) -> None:
    datapipeline_fake.enqueue(GROUP)

    with datapipeline_fake.hold("report_task_progress") as acknowledgement:
        with datapipeline_fake.hold("poll_for_task", at="answer") as answer:
            worker = in_thread(lambda: work_one(datapipeline_client))
            answer.wait()
            datapipeline_fake.clock.advance(seconds)
        acknowledgement.wait()
        datapipeline_fake.clock.advance(30)
    worker.join()

    assert not datapipeline_fake.findings


def test_a_thread_that_works_while_the_test_moves_the_clock_does_not_report_seldom(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    begun, goes_on = threading.Event(), threading.Event()

    def job(_: Any) -> None:
        begun.set()
        goes_on.wait(10)

    worker = in_thread(lambda: work_one(datapipeline_client, job))
    begun.wait(10)
    datapipeline_fake.clock.advance(600)
    goes_on.set()
    worker.join()

    assert not datapipeline_fake.findings


# -- heartbeats and back-off ----------------------------------------------------------------------


def test_a_heartbeat_that_fails_as_planned_was_sent(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.fail("report_task_runner_heartbeat", "InternalServiceError", after=1)

    for _ in range(3):
        with contextlib.suppress(datapipeline_client.exceptions.ClientError):
            beat(datapipeline_client, "runner-1")
        for _ in range(8):
            poll(datapipeline_client)

    assert not datapipeline_fake.findings


def test_no_heartbeat_is_expected_while_no_runner_is_there(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    for _ in range(2):
        beat(datapipeline_client, "runner-1")
        poll(datapipeline_client)
        datapipeline_fake.clock.advance(86_400)

    assert not datapipeline_fake.findings


def test_each_task_s_calls_back_off_by_themselves(
    datapipeline_fake: DataPipelineFake,
) -> None:
    config = Config(read_timeout=100, retries={"total_max_attempts": 1})
    client = boto3.client("datapipeline", config=config)
    tasks = []
    for _ in range(3):
        datapipeline_fake.enqueue(GROUP)
        tasks.append(poll(client)["taskId"])
        client.report_task_progress(taskId=tasks[-1])
    datapipeline_fake.fail("set_task_status", "throttling", times=9)
    pause = 20

    while tasks:
        for task_id in list(tasks):
            with contextlib.suppress(client.exceptions.ClientError):
                client.set_task_status(taskId=task_id, taskStatus="FINISHED")
                tasks.remove(task_id)
        datapipeline_fake.clock.advance(pause)
        pause *= 2

    assert not datapipeline_fake.findings


def test_a_runner_that_ends_sends_no_heartbeats_while_another_polls(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    for host in ("one", "two"):
        if host == "one":
            datapipeline_client.report_task_runner_heartbeat(taskrunnerId=host, hostname=host)
        for _ in range(9):
            datapipeline_client.poll_for_task(workerGroup="empty", hostname=host)

    assert "no-heartbeat" not in str(datapipeline_fake.findings)


def test_pauses_in_real_time_between_which_time_moves_for_others_are_not_judged(
    datapipeline_fake: DataPipelineFake,
) -> None:
    config = Config(read_timeout=100, retries={"total_max_attempts": 1})
    client = boto3.client("datapipeline", config=config)
    datapipeline_fake.fail("poll_for_task", "throttling", times=6)

    for moved in (0, 65, 0, 0, 0, 0):
        with contextlib.suppress(client.exceptions.ClientError):
            poll(client)
        datapipeline_fake.clock.advance(moved)

    assert not datapipeline_fake.findings


def test_a_creation_in_another_region_repeats_none(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.fail("create_pipeline", "answer_lost")
    for region in ("us-east-1", "eu-west-1"):
        client = boto3.client("datapipeline", region)
        with contextlib.suppress(ConnectionClosedError):
            client.create_pipeline(name="etl", uniqueId=f"etl-{region}")

    assert not datapipeline_fake.findings


def test_a_pipeline_that_fails_after_it_was_described_was_not_taken_for_a_success(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        [
            {"id": "Default", "scheduleType": "ondemand"},
            {"id": "A", "type": "ShellCommandActivity", "command": "true"}
            | {"workerGroup": "w", "maximumRetries": "0"},
        ]
    )
    for _ in range(2):
        datapipeline_client.describe_pipelines(pipelineIds=[pipeline.id])

    pipeline.run(lambda _: "FAILED")

    assert not datapipeline_fake.findings


def test_a_call_that_hangs_is_not_the_silence_of_who_makes_one_after_the_other(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    datapipeline_fake.fail("report_task_runner_heartbeat", "connect_timeout", times=2)
    task_id = poll(datapipeline_client)["taskId"]
    datapipeline_client.report_task_progress(taskId=task_id)

    for _ in range(2):
        with contextlib.suppress(ConnectTimeoutError):
            datapipeline_client.report_task_runner_heartbeat(taskrunnerId="runner-1")
    datapipeline_client.report_task_progress(taskId=task_id)

    assert "seldom-reports" not in str(datapipeline_fake.findings)


@pytest.mark.parametrize(
    "pauses",
    [
        pytest.param([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60], id="up to a limit"),
        pytest.param([60, 60, 60, 60, 60], id="every minute"),
    ],
)
def test_pauses_that_are_long_need_not_grow(
    datapipeline_fake: DataPipelineFake, pauses: list[int]
) -> None:
    config = Config(read_timeout=100, retries={"total_max_attempts": 1})
    client = boto3.client("datapipeline", config=config)
    datapipeline_fake.fail("poll_for_task", "throttling", times=len(pauses) + 1)

    for pause in [*pauses, 0]:
        with contextlib.suppress(client.exceptions.ClientError):
            poll(client)
        datapipeline_fake.clock.advance(pause)

    assert not datapipeline_fake.findings


def test_each_operation_has_a_back_off_of_its_own(datapipeline_fake: DataPipelineFake) -> None:
    config = Config(read_timeout=100, retries={"total_max_attempts": 1})
    client = boto3.client("datapipeline", config=config)
    for call, pauses in (("poll_for_task", [8, 16, 32]), ("report_task_runner_heartbeat", [1, 2])):
        datapipeline_fake.fail(call, "throttling", times=len(pauses))
        for pause in pauses:
            with contextlib.suppress(client.exceptions.ClientError):
                poll(client) if call == "poll_for_task" else beat(client, "runner-1")
            datapipeline_fake.clock.advance(pause)

    assert not datapipeline_fake.findings


# -- worker groups, regions, expressions, creations -----------------------------------------------


@pytest.mark.filterwarnings("ignore::pytest_datapipeline.WorkerGroupWarning")
def test_two_worker_groups_may_differ_in_case_alone(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP.upper())
    poll(datapipeline_client)

    datapipeline_fake.enqueue(GROUP)
    work_one(datapipeline_client)

    assert not datapipeline_fake.findings


def test_a_worker_group_with_a_comma_may_have_a_task_that_is_not_ready(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("a,b", delay=3600)

    poll(datapipeline_client, workerGroup="a,b")

    assert not datapipeline_fake.findings


@pytest.mark.filterwarnings("ignore::pytest_datapipeline.WorkerGroupWarning")
def test_a_runner_may_serve_two_regions(datapipeline_fake: DataPipelineFake) -> None:
    config = Config(read_timeout=100)
    here = boto3.client("datapipeline", region_name="us-east-1", config=config)
    there = boto3.client("datapipeline", region_name="eu-west-1", config=config)
    datapipeline_fake.enqueue(GROUP, region="us-east-1")

    poll(there)
    work_one(here)

    assert not datapipeline_fake.findings


def test_a_thread_may_evaluate_expressions_for_a_task_that_another_has_polled(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, {"command": "one"}, {"command": "two"})
    polled: list[Any] = []
    in_thread(lambda: polled.append(poll(datapipeline_client))).join()
    poll(datapipeline_client)

    datapipeline_client.evaluate_expression(
        pipelineId=polled[0]["pipelineId"],
        objectId=polled[0]["attemptId"],
        expression="#{1 + 1}",
    )

    assert not datapipeline_fake.findings


def test_a_creation_that_was_never_sent_has_left_no_pipeline(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.fail("create_pipeline", "connection_refused")

    for unique_id in ("one", "two"):
        with contextlib.suppress(Exception):
            datapipeline_client.create_pipeline(name="reports", uniqueId=unique_id)

    assert not datapipeline_fake.findings


# -- a fault excuses what it has caused, and nothing else -----------------------------------------


def test_a_report_that_failed_does_not_excuse_the_silence_after_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)
    datapipeline_fake.fail("report_task_progress", "InternalServiceError")
    with contextlib.suppress(datapipeline_client.exceptions.ClientError):
        datapipeline_client.report_task_progress(taskId=task_id)

    datapipeline_fake.clock.advance(3600)
    with contextlib.suppress(datapipeline_client.exceptions.ClientError):
        finish(datapipeline_client, task_id)

    assert datapipeline_fake.findings == ["silent-too-long", "stale-task"]


def test_an_acknowledgement_that_failed_is_to_be_repeated_within_two_minutes(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    task_id = poll(datapipeline_client)["taskId"]
    datapipeline_fake.fail("report_task_progress", "InternalServiceError")
    with contextlib.suppress(datapipeline_client.exceptions.ClientError):
        datapipeline_client.report_task_progress(taskId=task_id)

    datapipeline_fake.clock.advance(600)
    with contextlib.suppress(datapipeline_client.exceptions.ClientError):
        datapipeline_client.report_task_progress(taskId=task_id)

    assert "late-acknowledgement" in datapipeline_fake.findings.ids


def test_a_task_may_be_left_to_the_service_after_a_report_that_failed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, maximum_retries=0)
    datapipeline_fake.fail("report_task_progress", "answer_lost")

    def loop() -> None:
        while True:
            with contextlib.suppress(Exception):
                work_one(datapipeline_client)

    datapipeline_fake.run(loop)

    assert not datapipeline_fake.findings.broken
