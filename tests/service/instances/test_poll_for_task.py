"""PollForTask: queues, the 90-second long poll, the hand-over, and the client's read time-out."""

from __future__ import annotations

import linecache
import pickle
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from pytest_datapipeline import WorkerGroupWarning, ref

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


def client_of(region: str = "us-east-1", **config: Any) -> Any:
    return boto3.client(
        "datapipeline", region_name=region, config=Config(**{"read_timeout": 100, **config})
    )


def fields_of(task_object: dict[str, Any]) -> dict[str, str]:
    held = task_object["objects"][task_object["attemptId"]]["fields"]
    return {field["key"]: field.get("stringValue", field.get("refValue")) for field in held}


@pytest.mark.rule("poll-ready-at-once")
def test_a_ready_task_is_handed_over_at_once(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", {"command": "echo hi"})
    before = datapipeline_fake.clock.now()

    answer = datapipeline_client.poll_for_task(workerGroup="wg")

    assert answer["taskObject"]["taskId"] == task.task_id
    assert datapipeline_fake.clock.now() == before


@pytest.mark.rule("poll-no-task")
def test_an_empty_poll_takes_90_virtual_seconds_and_has_no_task_object(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    before = datapipeline_fake.clock.now()

    answer = datapipeline_client.poll_for_task(workerGroup="wg")

    assert set(answer) == {"ResponseMetadata"}
    assert datapipeline_fake.clock.now() - before == timedelta(seconds=90)


def test_tasks_of_a_worker_group_go_out_in_the_order_in_which_they_became_ready(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    late = datapipeline_fake.enqueue("wg", delay=10)
    first, second = datapipeline_fake.enqueue("wg", {}, {})

    taken = [datapipeline_client.poll_for_task(workerGroup="wg") for _ in range(3)]

    ids = [answer["taskObject"]["taskId"] for answer in taken]
    assert ids == [first.task_id, second.task_id, late.task_id]


@pytest.mark.rule("poll-exact-worker-group")
@pytest.mark.parametrize("other", ["WG", "wg ", "wg*", "w", "wg2"])
# That such names are warned of is another test's.
@pytest.mark.filterwarnings("ignore::pytest_datapipeline.WorkerGroupWarning")
def test_worker_groups_are_compared_exactly(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, other: str
) -> None:
    datapipeline_fake.enqueue("wg")

    answer = datapipeline_client.poll_for_task(workerGroup=other)

    assert "taskObject" not in answer


@pytest.mark.rule("worker-group-many-pipelines")
def test_many_pipelines_share_a_worker_group(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg", pipeline_id="df-0000001AAAAAAAAAAAAA")
    datapipeline_fake.enqueue("wg", pipeline_id="df-0000002BBBBBBBBBBBBB")

    taken = [datapipeline_client.poll_for_task(workerGroup="wg") for _ in range(2)]

    assert [answer["taskObject"]["pipelineId"] for answer in taken] == [
        "df-0000001AAAAAAAAAAAAA",
        "df-0000002BBBBBBBBBBBBB",
    ]


@pytest.mark.rule("poll-90-seconds")
def test_a_task_that_becomes_ready_ends_the_wait_of_a_poll(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", delay=30)
    before = datapipeline_fake.clock.now()

    answer = datapipeline_client.poll_for_task(workerGroup="wg")

    assert answer["taskObject"]["taskId"] == task.task_id
    assert datapipeline_fake.clock.now() - before == timedelta(seconds=30)


@pytest.mark.rule("worker-group-region")
def test_a_task_of_a_region_is_not_for_clients_of_another(
    datapipeline_fake: DataPipelineFake,
) -> None:
    task = datapipeline_fake.enqueue("wg", region="eu-west-1")

    with pytest.warns(WorkerGroupWarning, match="clients of another region than 'us-west-2'"):
        elsewhere = client_of("us-west-2").poll_for_task(workerGroup="wg")
    there = client_of("eu-west-1").poll_for_task(workerGroup="wg")

    assert "taskObject" not in elsewhere
    assert there["taskObject"]["taskId"] == task.task_id


def test_a_task_without_a_region_goes_to_the_first_matching_poll_of_any(
    datapipeline_fake: DataPipelineFake,
) -> None:
    task = datapipeline_fake.enqueue("wg")

    answer = client_of("ap-northeast-1").poll_for_task(workerGroup="wg")

    assert answer["taskObject"]["taskId"] == task.task_id


def test_tasks_with_and_without_a_region_keep_their_common_order(
    datapipeline_fake: DataPipelineFake,
) -> None:
    anywhere = datapipeline_fake.enqueue("wg")
    here = datapipeline_fake.enqueue("wg", region="eu-west-1")
    client = client_of("eu-west-1")

    taken = [client.poll_for_task(workerGroup="wg")["taskObject"]["taskId"] for _ in range(2)]

    assert taken == [anywhere.task_id, here.task_id]


@pytest.mark.rule("poll-hostname")
def test_the_host_name_is_kept_on_the_attempt(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")

    datapipeline_client.poll_for_task(workerGroup="wg", hostname="ip-10-0-0-7.ec2.internal")

    assert task.attempts[0].hostname == "ip-10-0-0-7.ec2.internal"


@pytest.mark.rule("poll-instance-identity")
def test_the_instance_identity_is_accepted_and_recorded(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    identity = {"document": "{}", "signature": "c2ln"}
    datapipeline_fake.enqueue("wg")

    datapipeline_client.poll_for_task(workerGroup="wg", instanceIdentity=identity)

    assert datapipeline_fake.calls[0].parameters["instanceIdentity"] == identity


# -- the task object ------------------------------------------------------------------------------


@pytest.mark.rule("task-fields-materialised", "task-objects-map")
@pytest.mark.datapipeline(start="2012-12-12T00:00:00")
def test_the_attempt_has_the_fields_of_the_published_example(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("workerGroup", {"command": "echo hello"}, id="SayHello")

    task_object = datapipeline_client.poll_for_task(workerGroup="workerGroup")["taskObject"]

    assert task_object["attemptId"] == "@SayHello_2012-12-12T00:00:00_Attempt=1"
    assert fields_of(task_object) == {
        "@componentParent": "SayHello",
        "@scheduledStartTime": "2012-12-12T00:00:00",
        "parent": "SayHello",
        "@sphere": "ATTEMPT",
        "workerGroup": "workerGroup",
        "@instanceParent": "@SayHello_2012-12-12T00:00:00",
        "type": "ShellCommandActivity",
        "@status": "WAITING_FOR_RUNNER",
        "@version": "1",
        "schedule": "Schedule",
        "@actualStartTime": "2012-12-12T00:00:00",
        "command": "echo hello",
        "@scheduledEndTime": "2012-12-12T01:00:00",
        "@activeInstances": "@SayHello_2012-12-12T00:00:00",
        "@pipelineId": task_object["pipelineId"],
    }


@pytest.mark.rule("task-id-length")
def test_the_task_id_is_as_long_and_as_ugly_as_the_published_ones(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")

    task_id = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]["taskId"]

    assert len(task_id) == 921
    assert set("/+:=") <= set(task_id)


@pytest.mark.rule("list-values")
def test_lists_are_repeated_keys_and_references_are_ref_values(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg", {"step": ["a", "b"], "output": ref("MyOutput")})

    task_object = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]

    fields = task_object["objects"][task_object["attemptId"]]["fields"]
    assert [field for field in fields if field["key"] in ("step", "output")] == [
        {"key": "step", "stringValue": "a"},
        {"key": "step", "stringValue": "b"},
        {"key": "output", "refValue": "MyOutput"},
    ]


def test_further_objects_come_with_the_attempt(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    output = {"MyOutput": {"type": "S3DataNode", "directoryPath": "s3://bucket/out"}}
    datapipeline_fake.enqueue("wg", {"output": ref("MyOutput")}, objects=output)

    task_object = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]

    assert set(task_object["objects"]) == {task_object["attemptId"], "MyOutput"}
    assert task_object["objects"]["MyOutput"] == {
        "id": "MyOutput",
        "name": "MyOutput",
        "fields": [
            {"key": "type", "stringValue": "S3DataNode"},
            {"key": "directoryPath", "stringValue": "s3://bucket/out"},
        ],
    }


@pytest.mark.datapipeline(task_objects="attempt")
def test_a_setting_leaves_the_attempt_alone_in_the_task_object(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg", {"output": ref("Out")}, objects={"Out": {"type": "S3DataNode"}})

    task_object = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]

    assert list(task_object["objects"]) == [task_object["attemptId"]]


@pytest.mark.datapipeline(shuffle=True, seed=3)
def test_a_setting_brings_fields_and_objects_in_an_arbitrary_order(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    others = {f"Node{index}": {"type": "S3DataNode"} for index in range(9)}
    datapipeline_fake.enqueue("wg", {}, {}, objects=others)

    first = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
    second = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]

    assert list(first["objects"]) != [first["attemptId"], *others]
    keys = [
        [field["key"] for field in taken["objects"][taken["attemptId"]]["fields"]]
        for taken in (first, second)
    ]
    assert keys[0] != keys[1]
    assert sorted(keys[0]) == sorted(keys[1])


def test_the_same_component_has_another_interval_for_each_of_its_tasks(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg", {}, {}, id="Hourly")

    taken = [datapipeline_client.poll_for_task(workerGroup="wg") for _ in range(2)]

    assert len({answer["taskObject"]["attemptId"] for answer in taken}) == 2


# -- the client's read time-out -------------------------------------------------------------------


@pytest.mark.rule("client-time-out")
def test_a_default_client_gives_up_an_empty_poll_and_is_told_why(
    datapipeline_fake: DataPipelineFake,
) -> None:
    client = boto3.client("datapipeline", config=Config(retries={"total_max_attempts": 1}))
    before = datapipeline_fake.clock.now()

    with pytest.raises(ReadTimeoutError) as caught:
        client.poll_for_task(workerGroup="wg")

    assert datapipeline_fake.clock.now() - before == timedelta(seconds=60)
    assert str(caught.value) == (
        'Read timeout on endpoint URL: "https://datapipeline.us-east-1.amazonaws.com/". An empty '
        "PollForTask is held for 90 seconds and this client gives up after 60: the poll goes on "
        "without it, and a task handed to it is lost for two minutes. Make the client with "
        "Config(read_timeout=...) above 90 seconds."
    )


def test_botocore_retries_a_poll_that_timed_out(datapipeline_fake: DataPipelineFake) -> None:
    client = client_of(read_timeout=60, retries={"total_max_attempts": 3, "mode": "standard"})

    with pytest.raises(ReadTimeoutError):
        client.poll_for_task(workerGroup="wg")

    assert [call.attempt for call in datapipeline_fake.calls] == [1, 2, 3]
    assert {call.error for call in datapipeline_fake.calls} == {"ReadTimeoutError"}


def test_the_answer_wins_where_the_read_time_out_is_90_seconds(
    datapipeline_fake: DataPipelineFake,
) -> None:
    answer = client_of(read_timeout=90).poll_for_task(workerGroup="wg")

    assert "taskObject" not in answer


def test_an_abandoned_poll_takes_a_task_that_is_lost_until_the_acknowledgement_is_due(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    impatient = client_of(read_timeout=60, retries={"total_max_attempts": 1})
    with pytest.raises(ReadTimeoutError):
        impatient.poll_for_task(workerGroup="wg")
    task = datapipeline_fake.enqueue("wg")
    lost_id, enqueued_at = task.task_id, datapipeline_fake.clock.now()

    answers = [datapipeline_client.poll_for_task(workerGroup="wg") for _ in range(2)]

    assert lost_id is not None
    assert "taskObject" not in answers[0]
    assert answers[1]["taskObject"]["taskId"] not in (lost_id, None)
    assert datapipeline_fake.clock.now() - enqueued_at == timedelta(seconds=120)


def test_an_abandoned_poll_leaves_the_queue_after_its_90_seconds(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    impatient = client_of(read_timeout=60, retries={"total_max_attempts": 1})
    with pytest.raises(ReadTimeoutError):
        impatient.poll_for_task(workerGroup="wg")
    datapipeline_fake.clock.advance(30)
    task = datapipeline_fake.enqueue("wg")

    answer = datapipeline_client.poll_for_task(workerGroup="wg")

    assert answer["taskObject"]["taskId"] == task.task_id


@pytest.mark.datapipeline(honour_read_timeout=False)
def test_a_setting_lets_an_impatient_client_wait(datapipeline_fake: DataPipelineFake) -> None:
    answer = client_of(read_timeout=5).poll_for_task(workerGroup="wg")

    assert "taskObject" not in answer
    assert [call.read_timeout for call in datapipeline_fake.calls] == [5]


# -- what the service refuses ---------------------------------------------------------------------


def test_an_empty_worker_group_is_an_invalid_request(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as caught:
        datapipeline_client.poll_for_task(workerGroup="")

    assert "The request is missing a required value: workerGroup" in str(caught.value)


def test_an_over_long_worker_group_is_a_validation_error(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    with pytest.raises(ClientError) as caught:
        datapipeline_client.poll_for_task(workerGroup="w" * 1025)

    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert error["Message"].endswith(
        "at 'workerGroup' failed to satisfy constraint: Member must have length less than or equal "
        "to 1024"
    )


@pytest.mark.parametrize("polled", ["Reports", "reports ", "report", "reportz", "reporst"])
def test_an_empty_poll_warns_of_tasks_in_a_group_with_nearly_the_same_name(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, polled: str
) -> None:
    datapipeline_fake.enqueue("reports")

    with pytest.warns(WorkerGroupWarning) as caught:
        datapipeline_client.poll_for_task(workerGroup=polled)

    assert str(caught[0].message) == (
        f"PollForTask on {polled!r} ended empty while tasks wait in 'reports'; names are compared "
        "exactly, case included.\n"
        "Help: pytest-datapipeline explain worker-group-spelling"
    )


def test_a_poll_that_a_client_gives_up_is_told_of_groups_that_are_named_nearly_so_too(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.enqueue("reports")
    client = client_of(read_timeout=60, retries={"total_max_attempts": 1})

    with pytest.warns(WorkerGroupWarning, match="PollForTask on 'Reports' ended empty"):  # noqa: SIM117  # the warning comes first
        with pytest.raises(ReadTimeoutError):
            client.poll_for_task(workerGroup="Reports")


def test_the_warning_is_of_the_line_that_polls(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("reports")

    with pytest.warns(WorkerGroupWarning) as caught:
        datapipeline_client.poll_for_task(workerGroup="Reports")

    assert caught[0].filename == __file__
    assert "poll_for_task(workerGroup" in linecache.getline(__file__, caught[0].lineno)


def test_code_that_logs_the_class_of_a_time_out_sees_botocore_s_name(
    datapipeline_fake: DataPipelineFake,
) -> None:
    client = client_of(read_timeout=60, retries={"total_max_attempts": 1})

    with pytest.raises(ReadTimeoutError) as caught:
        client.poll_for_task(workerGroup="wg")

    kind = type(caught.value)
    assert f"{kind.__module__}.{kind.__qualname__}" == "botocore.exceptions.ReadTimeoutError"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_an_empty_poll_says_nothing_of_groups_with_other_names(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("invoices")

    answer = datapipeline_client.poll_for_task(workerGroup="reports")

    assert "taskObject" not in answer
