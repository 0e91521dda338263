"""What happened in virtual time, event by event, and who took part."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from freezegun import freeze_time
from support.pipelines import activated, activity, on_demand
from support.runner import GROUP, finish, poll, take, work_one

from pytest_datapipeline import DataPipelineFake, FakeUsageError, set_task_status

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineEndpoint

START = "2020-01-01T00:00:00"
pytestmark = pytest.mark.datapipeline(start=START, contract="report")


def told(fake: DataPipelineFake, kind: Any = None) -> list[str]:
    """The events, each with who acted."""
    return [f"{event.lane}: {event.text}" for event in fake.timeline.filter(kind=kind)]


def kinds(fake: DataPipelineFake) -> list[str]:
    return [event.kind for event in fake.timeline if event.kind not in ("finding", "advice")]


# -- a task and its runner -------------------------------------------------------------------------


def test_the_way_of_a_task_is_told_from_the_queue_to_its_end(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly")

    work_one(datapipeline_client)

    assert told(datapipeline_fake) == [
        "test: enqueues Nightly in 'reports'",
        "runner MainThread: poll_for_task(workerGroup='reports', hostname='runner-1.example') -> "
        "<Nightly>",
        "runner MainThread: report_task_progress(taskId=<Nightly>) -> "
        "acknowledged in 0 s, of 120 s",
        "runner MainThread: set_task_status(taskId=<Nightly>, taskStatus='FINISHED') -> "
        "Nightly is FINISHED",
    ]
    assert datapipeline_fake.timeline.lanes == [
        *("test", "runner MainThread", "queue reports", "task Nightly")
    ]


def test_a_hand_over_is_in_the_lanes_of_the_runner_the_queue_and_the_task(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly", delay=60)

    poll(datapipeline_client)

    (event,) = datapipeline_fake.timeline.filter(kind="hand-over")
    assert event.lanes == ("runner MainThread", "queue reports", "task Nightly")
    assert event.call is datapipeline_fake.calls[0]
    assert event.since == event.call.time
    assert event.when == event.call.ended == event.since + timedelta(seconds=60)


def test_a_task_that_becomes_ready_later_is_told_of_twice(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly", delay=60)

    poll(datapipeline_client)

    assert told(datapipeline_fake)[:2] == [
        "test: enqueues Nightly in 'reports', ready 60 s later",
        "queue reports: Nightly waits for a runner",
    ]


def test_deadlines_that_were_met_say_how_nearly(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly")
    task_id = poll(datapipeline_client)["taskId"]
    for seconds in (119, 300):
        datapipeline_fake.clock.advance(seconds)
        datapipeline_client.report_task_progress(taskId=task_id)

    reports = [*told(datapipeline_fake, "acknowledgement"), *told(datapipeline_fake, "report")]
    assert [report.partition(" -> ")[2] for report in reports] == [
        "acknowledged in 119 s, of 120 s",
        "reported in 5 min, of 900 s",
    ]


def test_a_missed_acknowledgement_is_told_of_the_task_with_its_hand_overs(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly")
    poll(datapipeline_client)
    datapipeline_fake.clock.advance(200)
    poll(datapipeline_client)

    (event,) = datapipeline_fake.timeline.filter(kind="deadline")
    assert event.lane == "task Nightly"
    assert event.text == (
        "Nightly hand-over 1 was not acknowledged within 120 s: it is taken back, and queued again"
    )
    assert f"{event.when:%H:%M:%S}" == "00:02:00"
    assert told(datapipeline_fake, "hand-over")[1].endswith("-> <Nightly hand-over 2>")


def test_silence_after_the_acknowledgement_and_the_next_attempt_are_told(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly", retry_delay=60)
    take(datapipeline_client)

    datapipeline_fake.clock.advance(1000)

    assert told(datapipeline_fake)[-2:] == [
        "task Nightly: Nightly attempt 1 was not reported on for 900 s: the attempt has FAILED",
        "queue reports: Nightly attempt 2 waits for a runner",
    ]


def test_a_deadline_that_the_test_has_pass_is_told_as_the_test_s(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP, id="Nightly")
    poll(datapipeline_client)

    task.expire()

    (event,) = datapipeline_fake.timeline.filter(kind="deadline")
    assert "was not acknowledged within 120 s (by the test)" in event.text


def test_an_attempt_timeout_is_told(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly", attempt_timeout=60, maximum_retries=0)
    take(datapipeline_client)

    datapipeline_fake.clock.advance(60)

    assert told(datapipeline_fake, "deadline") == [
        "task Nightly: Nightly has FAILED: The attempt did not end within attemptTimeout."
    ]


def test_a_failed_attempt_says_when_the_next_one_is(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly", maximum_retries=1)
    finish(datapipeline_client, take(datapipeline_client), taskStatus="FAILED")
    before = told(datapipeline_fake, "status")
    datapipeline_fake.clock.advance(600)
    finish(datapipeline_client, take(datapipeline_client), taskStatus="FAILED")

    assert before[0].endswith("-> the next attempt is at 00:10:00")
    first, second = told(datapipeline_fake, "status")
    assert first.endswith("-> the next attempt is at 00:10:00")
    assert second.endswith("-> Nightly is FAILED after 2 attempts")


def test_a_canceled_task_ends_before_its_runner_learns_of_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP, id="Nightly")
    task_id = take(datapipeline_client)
    task.cancel()
    datapipeline_client.report_task_progress(taskId=task_id)
    finish(datapipeline_client, task_id)

    assert [line.partition(" -> ")[2] or line for line in told(datapipeline_fake)[-4:-1]] == [
        "task Nightly: Nightly is CANCELED",
        "canceled",
        "it was canceled, nothing changes",
    ]


def test_runs_of_the_same_component_have_lanes_of_their_own(
    datapipeline_fake: DataPipelineFake,
) -> None:
    for day in (1, 2):
        datapipeline_fake.enqueue(GROUP, id="Nightly", at=f"2020-02-0{day}")

    assert [lane for lane in datapipeline_fake.timeline.lanes if lane.startswith("task")] == [
        "task Nightly_2020-02-01T00:00:00",
        "task Nightly_2020-02-02T00:00:00",
    ]


def test_tasks_of_pipelines_are_in_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, on_demand(activity("Copy")))

    datapipeline_fake.pipelines[pipeline_id].run(work=lambda _: None)

    assert told(datapipeline_fake)[-4:] == [
        "runner MainThread: activate_pipeline(pipelineId='" + pipeline_id + "') -> {}",
        "queue wg: Copy waits for a runner",
        "runner played-by-the-test: works on Copy",
        "task Copy: Copy is FINISHED",
    ]


# -- calls that fail -------------------------------------------------------------------------------


def test_planned_faults_and_the_back_off_after_them_are_told(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.fail("poll_for_task", "throttling", per="request")

    poll(datapipeline_client)

    (fault,) = datapipeline_fake.timeline.filter(kind="fault")
    (retry,) = datapipeline_fake.timeline.filter(kind="retry")
    assert re.search(
        r"-> ThrottlingException \(a fault planned at \S+test_timeline_events.py:\d+\)$", fault.text
    )
    assert fault.wrong
    assert retry.text.endswith("before it tries that again")
    assert told(datapipeline_fake, "poll")[-1].endswith("(attempt 2) -> no task, after 90 s")


def test_an_error_of_the_service_is_told_with_its_message(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    with contextlib.suppress(datapipeline_client.exceptions.TaskNotFoundException):
        datapipeline_client.report_task_progress(taskId="unknown")

    assert told(datapipeline_fake, "error") == [
        "runner MainThread: report_task_progress(taskId='unknown') -> "
        "TaskNotFoundException: The specified task was not found."
    ]


def test_a_runner_that_dies_is_told_of(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)

    datapipeline_fake.run(lambda: work_one(datapipeline_client), die_at=set_task_status())

    assert re.fullmatch(
        r"runner MainThread: the runner dies \(a fault planned at \S+test_timeline_events.py:\d+\)",
        told(datapipeline_fake)[-1],
    )


def test_a_task_whose_poll_was_given_up_is_lost(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly")
    datapipeline_fake.fail("poll_for_task", "answer_lost")
    with contextlib.suppress(Exception):
        poll(datapipeline_client)

    assert told(datapipeline_fake, "lost") == [
        "queue reports: Nightly is handed to a poll that does not get it"
    ]


# -- the test itself -------------------------------------------------------------------------------


def test_moves_of_the_clock_are_told_before_what_they_bring(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly")
    poll(datapipeline_client)

    datapipeline_fake.clock.advance(timedelta(hours=2))

    assert kinds(datapipeline_fake)[-2:] == ["clock", "deadline"]
    assert told(datapipeline_fake, "clock") == ["test: moves the clock by 2 h, to 02:00:00"]


def test_what_happened_before_time_was_frozen_at_an_earlier_moment_comes_first(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_client.list_pipelines()

    with freeze_time("2012-12-12"):
        datapipeline_client.poll_for_task(workerGroup=GROUP)

    assert kinds(datapipeline_fake) == ["call", "clock", "poll"]
    assert told(datapipeline_fake, "clock") == [
        "test: freezes time at 2012-12-12 00:00:00, which is now the present"
    ]


def test_a_function_that_plays_the_runners_has_a_lane(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.work()
    datapipeline_fake.enqueue(GROUP, id="Nightly")

    datapipeline_fake.wait_until()

    assert told(datapipeline_fake)[-2:] == [
        "runner played-by-the-test: works on Nightly",
        "task Nightly: Nightly is FINISHED",
    ]


def test_a_function_that_fails_is_told_in_order_with_its_error(
    datapipeline_fake: DataPipelineFake,
) -> None:
    def work(_: object) -> None:
        raise KeyError("command")

    datapipeline_fake.work(work)
    datapipeline_fake.enqueue(GROUP, id="Nightly", maximum_retries=1)

    datapipeline_fake.wait_until()

    assert told(datapipeline_fake)[1:] == [
        "runner played-by-the-test: works on Nightly attempt 1",
        "task Nightly: Nightly attempt 1 has FAILED: KeyError: 'command'",
        f"queue {GROUP}: Nightly attempt 2 waits for a runner",
        "runner played-by-the-test: works on Nightly attempt 2",
        "task Nightly: Nightly attempt 2 has FAILED: KeyError: 'command'",
        "task Nightly: Nightly is FAILED: KeyError: 'command'",
    ]


def test_a_held_poll_is_told_after_what_it_is_answered_by(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    thread = threading.Thread(target=poll, args=(datapipeline_client,))
    thread.start()
    datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)

    datapipeline_fake.enqueue(GROUP)

    thread.join(30)
    assert kinds(datapipeline_fake) == ["enqueue", "hand-over"]


def test_a_finding_is_told_when_it_is_seen(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly")
    poll(datapipeline_client)

    for _ in range(2):
        poll(datapipeline_client, workerGroup="others")

    (event,) = datapipeline_fake.timeline.filter(kind="finding")
    assert event.text.startswith("late-acknowledgement (breaks AWS's rules): MainThread was handed")
    assert event.when == datapipeline_fake.timeline.filter(kind="deadline")[0].when


def test_advice_is_a_kind_of_its_own_that_is_not_wrong(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)

    datapipeline_client.poll_for_task(workerGroup=GROUP)

    (event,) = datapipeline_fake.timeline.filter(kind="advice")
    assert event.text.startswith("no-hostname (against AWS's advice): ")
    assert not event.wrong
    assert str(datapipeline_fake.timeline).splitlines()[-1].startswith("? ")


# -- other runners ---------------------------------------------------------------------------------


def test_a_thread_has_a_lane_with_its_name_and_wakes_after_what_woke_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    thread = threading.Thread(target=lambda: work_one(datapipeline_client), name="worker-1")
    thread.start()
    datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)
    datapipeline_client.list_pipelines()

    datapipeline_fake.wait_until(datapipeline_fake.enqueue(GROUP, id="Nightly"))
    thread.join()

    assert kinds(datapipeline_fake) == [
        *("call", "enqueue", "hand-over", "acknowledgement", "status")
    ]
    assert "runner worker-1" in datapipeline_fake.timeline.lanes


def test_a_poll_that_waits_is_told_as_waiting(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    threading.Thread(target=lambda: poll(datapipeline_client)).start()
    datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)

    assert told(datapipeline_fake)[0].endswith("-> waiting")


@pytest.mark.datapipeline(patience=60)
def test_a_runner_over_http_has_a_lane_with_its_host_name(
    datapipeline_fake: DataPipelineFake, datapipeline_endpoint: DataPipelineEndpoint
) -> None:
    def asked(operation: str, **parameters: str) -> Any:
        # A connection for each call, as a runner without a session has them.
        connection = http.client.HTTPConnection("127.0.0.1", datapipeline_endpoint.port, timeout=20)
        headers = {"X-Amz-Target": f"DataPipeline.{operation}"}
        with contextlib.closing(connection):
            connection.request("POST", "/", json.dumps(parameters), headers)
            return json.loads(connection.getresponse().read())

    datapipeline_fake.enqueue(GROUP)
    task = asked("PollForTask", workerGroup=GROUP, hostname="host-1")["taskObject"]
    asked("ReportTaskProgress", taskId=task["taskId"])
    asked("ListPipelines")

    lanes = [
        event.lane
        for event in datapipeline_fake.timeline
        if event.kind not in ("finding", "advice")
    ]
    assert lanes[:3] == ["test", "runner host-1", "runner host-1"]
    assert lanes[3].startswith("runner connection from port ")


# -- asking for a part of it -----------------------------------------------------------------------


def test_a_lane_can_be_asked_for_by_its_name_alone(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly")
    datapipeline_fake.enqueue("other", id="Other")

    timeline = datapipeline_fake.timeline

    assert len(timeline.filter(lane="Nightly")) == 1
    assert timeline.filter(lane="task Nightly").events == timeline.filter(lane=GROUP).events
    assert timeline.filter(lane="test", kind="enqueue").events == timeline.events


def test_an_unknown_lane_or_kind_is_refused_with_those_that_there_are(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly")

    with pytest.raises(FakeUsageError, match=r"no lane 'task Nightle'\. Did you mean 'task Night"):
        datapipeline_fake.timeline.filter(lane="task Nightle")
    with pytest.raises(FakeUsageError, match=r"no kind 'handover' of events\. Did you mean 'hand-"):
        datapipeline_fake.timeline.filter(kind="handover")  # type: ignore[arg-type]  # on purpose


@pytest.mark.datapipeline(kept_calls=2)
def test_calls_that_the_record_keeps_no_longer_are_not_in_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    for _ in range(3):
        datapipeline_client.list_pipelines()

    assert len(datapipeline_fake.timeline) == 2
    assert datapipeline_fake.timeline.dropped == 1
    assert str(datapipeline_fake.timeline).startswith(". (1 earlier calls are not kept)")


@pytest.mark.datapipeline(contract="off")
def test_it_needs_no_findings(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly")
    poll(datapipeline_client)
    datapipeline_fake.clock.advance(200)

    assert kinds(datapipeline_fake) == ["enqueue", "hand-over", "clock", "deadline"]


@pytest.mark.datapipeline(kept_calls=2)
def test_as_many_notes_are_kept_as_calls(datapipeline_fake: DataPipelineFake) -> None:
    for number in range(10):
        datapipeline_fake.enqueue(GROUP, id=f"Task{number}").cancel()

    kept = datapipeline_fake.timeline.filter(kind="enqueue")
    ends = datapipeline_fake.timeline.filter(kind="end")
    assert [event.lanes[-1] for event in kept] == ["task Task8", "task Task9"]
    assert [event.lane for event in ends][-2:] == ["task Task8", "task Task9"]
    assert len(ends) <= 4
