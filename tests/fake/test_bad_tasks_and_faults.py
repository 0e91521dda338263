"""What a test can get wrong in tasks that it enqueues, and in faults that it plans."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore import exceptions
from hypothesis import given
from hypothesis import strategies as st
from support.bad_input import (
    ANYTHING,
    COUNTS,
    DURATIONS,
    FEW,
    TEXTS,
    busy_fake,
    but_no,
    client,
    refused,
    state,
    texts_of,
    untyped,
)
from support.examples import examples

from pytest_datapipeline import (
    DataPipelineFake,
    FakeUsageError,
    poll_for_task,
    ref,
)
from pytest_datapipeline._service.protocol import model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import SearchStrategy


@pytest.fixture
def fake() -> Iterator[DataPipelineFake]:
    with busy_fake() as entered:
        yield entered


# -- enqueue ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("id", texts_of(1024)),
        ("type", texts_of(10_240)),
        ("pipeline_id", texts_of(1024)),
        ("region", but_no(str) | st.just("")),
        ("delay", DURATIONS),
        ("retry_delay", DURATIONS),
        ("report_progress_timeout", DURATIONS),
        ("attempt_timeout", DURATIONS),
        ("maximum_retries", COUNTS),
        ("at", but_no(str, datetime) | st.sampled_from(["", "soon", "12", "2020-13-01"])),
        ("objects", but_no(dict) | st.dictionaries(TEXTS, but_no(dict), min_size=1)),
    ],
)
def test_enqueue_refuses_a_wrong_value_of_each_argument(
    fake: DataPipelineFake, name: str, values: SearchStrategy[Any]
) -> None:
    @FEW
    @given(value=values)
    def check(value: Any) -> None:
        with refused(fake):
            untyped(fake.enqueue)("wg", {"command": "x"}, **{name: value})

    check()


@FEW
@given(data=st.data())
def test_enqueue_refuses_a_name_that_no_worker_group_can_have(data: st.DataObject) -> None:
    with DataPipelineFake() as fake, refused(fake, "The worker group"):
        untyped(fake.enqueue)(data.draw(st.none() | texts_of(1024)))


@FEW
@given(data=st.data())
def test_enqueue_refuses_a_task_that_is_no_mapping(data: st.DataObject) -> None:
    with DataPipelineFake() as fake, refused(fake, "it must be a mapping of fields"):
        untyped(fake.enqueue)("wg", data.draw(st.none() | but_no(dict)))


def test_a_delay_and_a_moment_together_are_refused(fake: DataPipelineFake) -> None:
    with refused(fake, "not both"):
        fake.enqueue("wg", delay=1, at="2021-01-01")


@pytest.mark.parametrize(
    "task",
    [
        pytest.param({"key": 5}, id="number"),
        pytest.param({"key": None}, id="none"),
        pytest.param({"key": True}, id="boolean"),
        pytest.param({"key": b"bytes"}, id="bytes"),
        pytest.param({"key": datetime(2020, 1, 1)}, id="time"),
        pytest.param({"key": {"a": "b"}}, id="mapping"),
        pytest.param({"key": ["a", 5]}, id="number in a list"),
        pytest.param({"key": [["a"]]}, id="list in a list"),
        pytest.param({"key": "x" * 10_241}, id="value of 10,241 characters"),
        pytest.param({"key": "a\0b"}, id="control character in a value"),
        pytest.param({"key": "\udc80"}, id="half a surrogate pair"),
        pytest.param({"x" * 257: "a"}, id="key of 257 characters"),
        pytest.param({"": "a"}, id="empty key"),
        pytest.param({5: "a"}, id="number as key"),
        pytest.param({None: "a"}, id="none as key"),
        pytest.param({"a\0": "a"}, id="control character in a key"),
        pytest.param({"key": ref("x" * 257)}, id="reference of 257 characters"),
        pytest.param({"key": ref("")}, id="empty reference"),
        pytest.param({"key": ref(None)}, id="reference to none"),  # type: ignore[arg-type]  # the mistake
        pytest.param({"@status": "RUNNING"}, id="field that the service sets"),
        pytest.param({"workerGroup": "other"}, id="another worker group"),
        pytest.param({"type": ["CopyActivity", "SqlActivity"]}, id="two types"),
        pytest.param({"type": ref("CopyActivity")}, id="reference as type"),
        pytest.param({"maximumRetries": "two"}, id="retries in words"),
        pytest.param({"maximumRetries": "-1"}, id="negative retries"),
        pytest.param({"maximumRetries": "1.5"}, id="broken retries"),
        pytest.param({"retryDelay": "soon"}, id="delay in words"),
        pytest.param({"retryDelay": "10"}, id="delay without a unit"),
        pytest.param({"retryDelay": "-1 minutes"}, id="negative delay"),
        pytest.param({"retryDelay": "9" * 30 + " weeks"}, id="endless delay"),
        pytest.param({"attemptTimeout": ref("1 hour")}, id="reference as time-out"),
    ],
)
def test_fields_that_the_service_could_not_hold_are_refused(
    fake: DataPipelineFake, task: dict[Any, Any]
) -> None:
    with refused(fake, "task"):
        fake.enqueue("wg", task)


@pytest.mark.parametrize(
    ("task", "longest"), [({"x" * 256: "a"}, 256), ({"key": "x" * 10_240}, 10_240)]
)
def test_keys_and_values_may_be_as_long_as_the_service_allows(
    fake: DataPipelineFake, task: dict[str, str], longest: int
) -> None:
    fake.enqueue("long", task)

    [objects] = client().poll_for_task(workerGroup="long")["taskObject"]["objects"].values()
    assert longest in {len(field["key"]) for field in objects["fields"]} | {
        len(field.get("stringValue", "")) for field in objects["fields"]
    }


@pytest.mark.parametrize(
    "objects",
    [{"": {}}, {"x" * 1025: {}}, {5: {}}, {"a\0": {}}, {"a": {"key": 5}}, {"a": {"": "x"}}],
)
def test_further_objects_that_the_service_could_not_hold_are_refused(
    fake: DataPipelineFake, objects: Any
) -> None:
    with refused(fake, "objects"):
        fake.enqueue("wg", objects=objects)


def whole(*fields: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A task object as boto3 returns it, with some of it changed."""
    made = {"id": "a", "name": "a", "fields": [{"key": "command", "stringValue": "x"}, *fields]}
    task = {"taskId": "t", "pipelineId": "df-1", "attemptId": "a", "objects": {"a": made}}
    return {**task, **changes}


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(whole({"key": "k", "stringValue": "v", "refValue": "r"}), id="both values"),
        pytest.param(whole({"key": "k"}), id="neither value"),
        pytest.param(whole({"stringValue": "v"}), id="no key"),
        pytest.param(whole({"key": "x" * 257, "stringValue": "v"}), id="long key"),
        pytest.param(whole({"key": "k", "stringValue": "x" * 10_241}), id="long value"),
        pytest.param(whole({"key": "k", "stringValue": 5}), id="number as value"),
        pytest.param(whole({"key": "k", "stringValue": "v", "more": "x"}), id="unknown member"),
        pytest.param(whole(taskId=5), id="number as task id"),
        pytest.param(whole(taskId=""), id="empty task id"),
        pytest.param(whole(taskId="x" * 2049), id="long task id"),
        pytest.param(whole(pipelineId=None), id="no pipeline id"),
        pytest.param(whole(pipelineId="x" * 1025), id="long pipeline id"),
        pytest.param(whole(attemptId="b"), id="attempt that is not there"),
        pytest.param(whole(attemptId=[]), id="list as attempt id"),
        pytest.param(whole(objects=None), id="no objects"),
        pytest.param(whole(objects=[]), id="list of objects"),
        pytest.param(whole(objects={}), id="empty objects"),
        pytest.param(whole(objects={"a": None}), id="none as object"),
        pytest.param(whole(objects={"a": {"id": "a", "name": "a"}}), id="object without fields"),
        pytest.param(
            whole(objects={"a": {"id": "b", "name": "b", "fields": []}}), id="object of another id"
        ),
        pytest.param(whole(more="x"), id="unknown member of the task"),
        pytest.param({"taskObject": None}, id="none as task object"),
        pytest.param({"taskObject": "x"}, id="text as task object"),
        pytest.param({"taskObject": {}}, id="empty task object"),
        pytest.param({"taskObject": {"attemptId": "a"}}, id="task object without objects"),
        pytest.param({"taskObject": whole({"key": "k"})}, id="fault in a response"),
    ],
)
def test_a_task_object_that_boto3_could_not_have_returned_is_refused(
    fake: DataPipelineFake, task: dict[str, Any]
) -> None:
    with refused(fake, "task"):
        fake.enqueue("wg", task)


def test_of_several_tasks_all_or_none_are_enqueued(fake: DataPipelineFake) -> None:
    with refused(fake, r"tasks\[2\]\['command'\] is 5"):
        fake.enqueue("other", {"command": "a"}, {"command": "b"}, {"command": 5})

    assert "taskObject" not in client().poll_for_task(workerGroup="other")


def test_a_refused_task_takes_no_name_from_the_next(fake: DataPipelineFake) -> None:
    with refused(fake):
        fake.enqueue("wg", {"command": 5}, id="mine")

    task = fake.enqueue("own", {"command": "x"}, id="mine")
    answer = client().poll_for_task(workerGroup="own")

    assert task.id == "mine"
    assert answer["taskObject"]["attemptId"] == "@mine_2020-01-01T00:00:00_Attempt=1"


def test_a_worker_group_may_be_named(fake: DataPipelineFake) -> None:
    assert fake.enqueue(worker_group="reports", id="mine").worker_group == "reports"


def test_a_task_before_its_worker_group_is_told_of(fake: DataPipelineFake) -> None:
    with pytest.raises(FakeUsageError, match="it must be a string, and comes before the task"):
        untyped(fake.enqueue)({"command": "x"}, "reports")


@pytest.mark.parametrize("argument", ["retries", "name", "worker_group"])
def test_an_argument_that_enqueue_has_not_is_a_type_error(
    fake: DataPipelineFake, argument: str
) -> None:
    before = state(fake)

    with pytest.raises(TypeError):
        untyped(fake.enqueue)("wg", **{argument: "x"})

    assert state(fake) == before


@examples(100)
@given(data=st.data())
def test_what_enqueue_accepts_can_be_handed_out(data: st.DataObject) -> None:
    maybe = st.sampled_from(["x", "", "df-1", ref("x"), ["a", "b"], [], "1 minute", "2"]) | ANYTHING
    keys = st.sampled_from(["command", "type", "maximumRetries", "retryDelay", "@version"]) | TEXTS
    task = data.draw(st.dictionaries(keys, maybe, max_size=2))
    names = ["id", "type", "pipeline_id", "objects", "at", "maximum_retries", "retry_delay"]
    options = data.draw(st.dictionaries(st.sampled_from(names), maybe, max_size=1))

    with DataPipelineFake(start="2020-01-01T00:00:00", idle_limit=1e12) as fake:
        try:
            enqueued = untyped(fake.enqueue)("wg", task, **options)
        except FakeUsageError:
            return
        if enqueued.deadline is not None:
            fake.clock.move_to(enqueued.deadline)
        answer = client().poll_for_task(workerGroup="wg")

    assert model.output_problems("PollForTask", {"taskObject": answer["taskObject"]}) == ""


# -- fail ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "suggestion"),
    [
        ("poll_for_tasks", "poll_for_task"),
        ("PollForTasks", "PollForTask"),
        ("set_taskstatus", "set_task_status"),
        ("reportTaskProgress", "ReportTaskProgress"),
    ],
)
def test_fail_refuses_an_unknown_operation_with_the_nearest_name(
    fake: DataPipelineFake, call: str, suggestion: str
) -> None:
    with refused(fake, f"Did you mean '{suggestion}'"):
        fake.fail(call, "throttling")


@pytest.mark.parametrize(
    ("error", "suggestion"),
    [
        ("InternalServiceErorr", "InternalServiceError"),
        ("TaskNotFound", "TaskNotFoundException"),
        ("throtling", "throttling"),
        ("read-timeout", "read_timeout"),
        ("runner_died", "runner_dies"),
    ],
)
def test_fail_refuses_an_unknown_error_with_the_nearest_name(
    fake: DataPipelineFake, error: str, suggestion: str
) -> None:
    with refused(fake, f"Did you mean '{suggestion}'"):
        fake.fail("poll_for_task", error)


@pytest.mark.parametrize("error", ["InternalServiceErorr", "PipelineDeletedException", "throtling"])
def test_fail_makes_one_suggestion(fake: DataPipelineFake, error: str) -> None:
    with pytest.raises(FakeUsageError) as caught:
        fake.fail("poll_for_task", error)

    assert str(caught.value).count("Did you mean") == 1


@pytest.mark.parametrize("operation", sorted(model.operations()))
def test_fail_refuses_an_exception_that_the_operation_has_not_in_aws_s_model(
    fake: DataPipelineFake, operation: str
) -> None:
    known = {shape.name for shape in model.service_model().error_shapes}

    for error in known - set(model.modelled_errors(operation)):
        with refused(fake, f"{operation} does not raise {error} in AWS's model"):
            fake.fail(operation, error)
        with refused(fake, f"{operation} does not raise {error} in AWS's model"):
            fake.fail(operation, getattr(client().exceptions, error))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("call", st.none() | but_no(str) | st.sampled_from(["", "nonsense", poll_for_task])),
        (
            "error",
            st.none()
            | but_no(str, int)
            | st.booleans()
            | st.sampled_from(["", "nonsense", -1, 0, 200, 300, 600, 10**30]),
        ),
        ("message", but_no(str)),
        ("times", st.none() | COUNTS | st.just(0)),
        ("after", st.none() | COUNTS),
        ("per", st.none() | ANYTHING),
        ("optional", but_no(bool)),
    ],
)
def test_fail_refuses_a_wrong_value_of_each_argument(
    fake: DataPipelineFake, name: str, values: SearchStrategy[Any]
) -> None:
    @FEW
    @given(value=values)
    def check(value: Any) -> None:
        arguments: dict[str, Any] = {"call": "poll_for_task", "error": "InternalServiceError"}
        with refused(fake):
            untyped(fake.fail)(**{**arguments, name: value})

    check()


def client_error(code: object, message: object = "text", status: object = 400) -> Any:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return exceptions.ClientError(response, "PollForTask")


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Exception, id="any exception"),
        pytest.param(ValueError("x"), id="instance of any exception"),
        pytest.param(KeyboardInterrupt, id="exception that is no error"),
        pytest.param(int, id="class that is no exception"),
        pytest.param(exceptions.ClientError, id="error without a code"),
        pytest.param(exceptions.BotoCoreError, id="error without a meaning"),
        pytest.param(exceptions.ClientError({}, "PollForTask"), id="empty error"),
        pytest.param(client_error("NoSuchKey"), id="code of another service"),
        pytest.param(client_error(5), id="number as code"),
        pytest.param(client_error([]), id="list as code"),
        pytest.param(client_error("PipelineDeletedException"), id="code of another operation"),
        pytest.param(client_error("TaskNotFoundException", 5), id="number as text"),
        pytest.param(client_error("TaskNotFoundException", "x", "400"), id="text as status"),
        pytest.param(client_error("TaskNotFoundException", "x", 200), id="status of a success"),
    ],
)
def test_fail_refuses_exceptions_that_the_call_can_not_meet(
    fake: DataPipelineFake, error: object
) -> None:
    with refused(fake):
        fake.fail("poll_for_task", error)


@pytest.mark.parametrize("error", [500, "connect_timeout", "not_json", exceptions.ReadTimeoutError])
def test_a_message_goes_with_an_error_of_the_service_only(
    fake: DataPipelineFake, error: object
) -> None:
    with refused(fake, "goes with an error of the service"):
        fake.fail("poll_for_task", error, message="text")


def test_a_call_after_a_refused_fault_is_answered(fake: DataPipelineFake) -> None:
    with refused(fake):
        fake.fail("poll_for_task", "nonsense")

    assert "taskObject" in client().poll_for_task(workerGroup="wg")


@examples(100)
@given(data=st.data())
def test_what_fail_accepts_is_met_as_an_error_of_botocore(data: st.DataObject) -> None:
    codes = st.sampled_from(["TaskNotFoundException", "throttling", "InternalFailure"])
    statuses = st.integers(300, 600)
    instances = st.builds(client_error, codes, TEXTS | ANYTHING, statuses | ANYTHING)
    error = data.draw(codes | statuses | instances | ANYTHING)
    message = data.draw(st.none() | TEXTS | ANYTHING)

    with DataPipelineFake(unmet_faults_fail=False) as fake:
        try:
            fault = untyped(fake.fail)("poll_for_task", error, message=message)
        except FakeUsageError:
            return
        with pytest.raises((exceptions.ClientError, exceptions.BotoCoreError)):
            client().poll_for_task(workerGroup="wg")

    assert fault.met == 1
