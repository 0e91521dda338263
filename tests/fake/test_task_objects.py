"""Whole task objects that a test enqueues: as they were recorded, or as it has written them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datapipeline import FakeUsageError, poll_for_task

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake, DataPipelineStubber

START = {"key": "@scheduledStartTime", "stringValue": "2012-12-12T00:00:00"}
END = {"key": "@scheduledEndTime", "stringValue": "2012-12-13T00:00:00"}
ATTEMPT = "@Daily_2012-12-12T00:00:00_Attempt=1"


def whole(*fields: dict[str, str], **changes: Any) -> dict[str, Any]:
    own = [
        {"key": "@componentParent", "refValue": "Daily"},
        {"key": "type", "stringValue": "ShellCommandActivity"},
        {"key": "command", "stringValue": "true"},
        *fields,
    ]
    attempt_id = changes.get("attemptId", ATTEMPT)
    return {
        "taskId": "task-1",
        "pipelineId": "df-0123",
        "attemptId": attempt_id,
        "objects": {attempt_id: {"id": attempt_id, "name": attempt_id, "fields": own}},
        **changes,
    }


def taken(client: Any) -> tuple[dict[str, Any], dict[str, str]]:
    task = client.poll_for_task(workerGroup="wg")["taskObject"]
    fields = task["objects"][task["attemptId"]]["fields"]
    return task, {field["key"]: field.get("stringValue", field.get("refValue")) for field in fields}


def test_the_scheduled_times_of_a_task_object_are_those_of_its_instance(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", whole(START, END))

    task_object, fields = taken(datapipeline_client)

    assert task.scheduled_start == datetime(2012, 12, 12, tzinfo=timezone.utc)
    assert task.instance_id == "@Daily_2012-12-12T00:00:00"
    assert task_object["attemptId"] == ATTEMPT
    assert fields["@scheduledStartTime"] == "2012-12-12T00:00:00"
    assert fields["@scheduledEndTime"] == "2012-12-13T00:00:00"
    assert fields["@instanceParent"] == fields["@activeInstances"] == task.instance_id
    keys = [field["key"] for field in task_object["objects"][ATTEMPT]["fields"]]
    assert len(keys) == len(set(keys))


def test_the_scheduled_times_of_plain_fields_are_those_of_the_instance(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", {"@scheduledStartTime": "2012-12-12T00:00:00"}, id="A")

    task_object, fields = taken(datapipeline_client)

    assert task.instance_id == "@A_2012-12-12T00:00:00"
    assert task_object["attemptId"] == "@A_2012-12-12T00:00:00_Attempt=1"
    assert fields["@scheduledEndTime"] == "2012-12-12T01:00:00"


def test_an_end_alone_gives_the_start_an_hour_before(
    datapipeline_fake: DataPipelineFake,
) -> None:
    task = datapipeline_fake.enqueue("wg", {"@scheduledEndTime": "2012-12-12T01:00:00"})

    assert task.scheduled_start == datetime(2012, 12, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    [
        "2012-12-12",
        "2012-12-12 00:00:00",
        "2012-12-12T00:00:00Z",
        "2012-12-12T00:00:00.5",
        "2012-13-12T00:00:00",
        "0000-12-12T00:00:00",
        "",
    ],
)
def test_a_scheduled_time_that_the_service_would_not_write_is_refused(
    datapipeline_fake: DataPipelineFake, text: str
) -> None:
    fields = {"@scheduledStartTime": text}

    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.enqueue("wg", fields)

    assert str(caught.value) == (
        f"task['@scheduledStartTime'] is {text!r}; it must be a time as the service writes it, as "
        "in '2012-12-12T00:00:00'."
    )
    assert datapipeline_fake.tasks == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ((START, START), r"\['@scheduledStartTime'\] is given twice"),
        (({"key": "@scheduledStartTime", "refValue": "x"},), "refers to 'x'"),
        (
            (END, {**START, "stringValue": "2012-12-14T00:00:00"}),
            r"\['@scheduledEndTime'\] is before '@scheduledStartTime'",
        ),
        (({"key": "workerGroup", "stringValue": "other"},), r"\['workerGroup'\] is 'other', but"),
    ],
)
def test_fields_of_a_task_object_that_can_not_be_are_refused_with_their_place(
    datapipeline_fake: DataPipelineFake, fields: Any, problem: str
) -> None:
    with pytest.raises(FakeUsageError, match=rf"task\['objects'\]\['@Daily_.*'\]\s*{problem}"):
        datapipeline_fake.enqueue("wg", whole(*fields))


@pytest.mark.parametrize("member", ["taskId", "attemptId"])
def test_a_task_object_that_is_enqueued_already_is_refused(
    datapipeline_fake: DataPipelineFake, member: str
) -> None:
    first = whole()
    datapipeline_fake.enqueue("wg", first)
    other = {"taskId": "task-2", "attemptId": "@Daily_2012-12-13T00:00:00_Attempt=1"}
    again = whole(**{**other, member: first[member]})

    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.enqueue("wg", again)

    assert str(caught.value) == (
        f"task[{member!r}] {first[member]!r} is enqueued already: give each task object a taskId "
        "and an attemptId of its own."
    )
    assert len(datapipeline_fake.tasks) == 1


def test_the_same_task_object_twice_in_one_call_is_refused(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with pytest.raises(FakeUsageError, match=r"tasks\[1\]\['taskId'\] 'task-1' is enqueued"):
        datapipeline_fake.enqueue("wg", whole(), whole())

    assert datapipeline_fake.tasks == []


def test_a_task_that_a_runner_holds_can_not_be_enqueued_again(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")
    answer = datapipeline_client.poll_for_task(workerGroup="wg")

    with pytest.raises(FakeUsageError, match=r"task\['taskObject'\]\['taskId'\] .* is enqueued"):
        datapipeline_fake.enqueue("wg", answer)


def test_one_interval_of_a_component_has_one_instance(
    datapipeline_fake: DataPipelineFake,
) -> None:
    fields = {"@scheduledStartTime": "2012-12-12T00:00:00"}
    datapipeline_fake.enqueue("wg", fields, id="A")

    with pytest.raises(FakeUsageError, match=r"task: @A_2012-12-12T00:00:00 is enqueued already"):
        datapipeline_fake.enqueue("wg", fields, id="A")


@pytest.mark.parametrize(
    ("task", "missing"),
    [
        ({"taskId": "t", "attemptId": "a"}, "objects"),
        ({"taskId": "t", "objects": {}}, "attemptId"),
        ({"taskId": "t", "pipelineId": "df-1"}, "attemptId, objects"),
    ],
)
def test_a_task_object_that_lacks_a_member_is_not_taken_for_fields(
    datapipeline_fake: DataPipelineFake, task: dict[str, Any], missing: str
) -> None:
    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.enqueue("wg", task)

    assert str(caught.value) == f"task lacks {missing}."


def test_fields_may_be_named_as_a_member_of_a_task_object(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg", {"taskId": "5"})

    assert taken(datapipeline_client)[1]["taskId"] == "5"


def test_the_policy_of_a_field_that_is_no_number_is_refused_in_plain_words(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.enqueue("wg", {"maximumRetries": "x"})

    assert str(caught.value) == (
        "task['maximumRetries'] is 'x'; it must be a whole number, as in '2'."
    )


def test_a_script_takes_the_worker_group_of_a_whole_task_object(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    recorded = whole({"key": "workerGroup", "stringValue": "reports"})

    datapipeline_stubber.add_task(None, {"taskObject": recorded})

    answer = datapipeline_client.poll_for_task(workerGroup="reports")
    assert answer["taskObject"]["taskId"] == "task-1"
    assert datapipeline_stubber.calls == [poll_for_task()]
