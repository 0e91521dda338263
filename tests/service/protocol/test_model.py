"""What botocore's model says of the service, and the checks of the input that are made from it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader, create_loader
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_datapipeline._service.protocol import model

PATTERN = (
    r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*"  # as AWS's model writes it
)


def violation(value: str, path: str, constraint: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: Member must {constraint}"


# -- operations -----------------------------------------------------------------------------------


def test_all_19_operations_are_known_in_both_spellings() -> None:
    operations = model.operations()

    assert len(operations) == 19
    assert operations["PollForTask"] == "poll_for_task"
    assert operations["ReportTaskRunnerHeartbeat"] == "report_task_runner_heartbeat"


def test_the_model_is_botocores_latest_read_without_a_look_at_other_services(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    latest = create_loader().load_service_model("datapipeline", "service-2")
    monkeypatch.setattr(Loader, "list_available_services", lambda *_: pytest.fail("listed"))
    model._described.cache_clear()

    assert model._described() == latest


@pytest.mark.parametrize("operation", sorted(model.operations()))
def test_an_operation_is_found_by_either_spelling(operation: str) -> None:
    assert model.operation_name(operation) == operation
    assert model.operation_name(model.operations()[operation]) == operation


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("poll_for_tasks", "poll_for_task"),
        ("PollForTasks", "PollForTask"),
        ("set_task_state", "set_task_status"),
        ("report_progress", "report_task_progress"),
    ],
)
def test_an_unknown_operation_is_refused_with_the_nearest_name(name: str, suggestion: str) -> None:
    with pytest.raises(ValueError, match=f"Did you mean '{suggestion}'"):
        model.operation_name(name)


def test_the_parameters_of_an_operation_are_known() -> None:
    assert model.input_parameters("SetTaskStatus") == (
        "taskId",
        "taskStatus",
        "errorId",
        "errorMessage",
        "errorStackTrace",
    )


# -- errors ---------------------------------------------------------------------------------------


@pytest.mark.rule("errors-of-operations", "not-found-status")
def test_the_errors_of_an_operation_come_with_their_status() -> None:
    assert model.modelled_errors("PollForTask") == {
        "InternalServiceError": 500,
        "InvalidRequestException": 400,
        "TaskNotFoundException": 400,
    }


@pytest.mark.parametrize("operation", sorted(model.operations()))
def test_every_operation_has_the_errors_that_all_share(operation: str) -> None:
    assert model.error_status(operation, "InternalServiceError") == 500
    assert model.error_status(operation, "InvalidRequestException") == 400
    assert model.error_status(operation, "ThrottlingException") == 400


def test_an_error_of_another_operation_is_refused() -> None:
    with pytest.raises(ValueError, match="PollForTask does not raise PipelineDeletedException"):
        model.error_status("PollForTask", "PipelineDeletedException")


def test_an_error_of_no_operation_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(
        ValueError,
        match=r"'TaskNotFound' is no error .* Did you mean 'TaskNotFoundException'",
    ):
        model.error_status("PollForTask", "TaskNotFound")


# -- constraints of the input ---------------------------------------------------------------------


def test_parameters_that_keep_the_constraints_break_none() -> None:
    parameters = {
        "taskId": "x" * 2048,
        "taskStatus": "FINISHED",
        "errorId": "",
        "errorMessage": "\0 is no matter here: this shape has no pattern",
        "errorStackTrace": "a\r\n\tb \U0001f600 \ue000 \ufffd",
    }

    assert model.input_violations("SetTaskStatus", parameters) == []


@pytest.mark.parametrize(
    ("operation", "parameters", "path"),
    [
        ("PollForTask", {}, "workerGroup"),
        ("SetTaskStatus", {"taskId": "x"}, "taskStatus"),
        (
            "ReportTaskProgress",
            {"taskId": "x", "fields": [{"key": "a"}, {"stringValue": "b"}]},
            "fields.2.member.key",
        ),
    ],
)
def test_a_missing_member_must_not_be_null(
    operation: str, parameters: dict[str, Any], path: str
) -> None:
    assert model.input_violations(operation, parameters) == [violation("null", path, "not be null")]


@pytest.mark.parametrize("parameters", [{"workerGroup": None}, {}])
def test_null_is_as_good_as_missing(parameters: dict[str, Any]) -> None:
    assert model.input_violations("PollForTask", parameters) == [
        "Value null at 'workerGroup' failed to satisfy constraint: Member must not be null"
    ]


@pytest.mark.rule("shape-lengths")
@pytest.mark.parametrize(
    ("operation", "parameters", "path", "longest"),
    [
        ("PollForTask", {"workerGroup": "{}"}, "workerGroup", 1024),
        ("PollForTask", {"workerGroup": "wg", "hostname": "{}"}, "hostname", 1024),
        (
            "PollForTask",
            {"workerGroup": "wg", "instanceIdentity": {"document": "{}"}},
            "instanceIdentity.document",
            1024,
        ),
        ("ReportTaskProgress", {"taskId": "{}"}, "taskId", 2048),
        (
            "ReportTaskProgress",
            {"taskId": "x", "fields": [{"key": "{}"}]},
            "fields.1.member.key",
            256,
        ),
        (
            "ReportTaskProgress",
            {"taskId": "x", "fields": [{"key": "k", "stringValue": "{}"}]},
            "fields.1.member.stringValue",
            10240,
        ),
        (
            "ReportTaskProgress",
            {"taskId": "x", "fields": [{"key": "k", "refValue": "{}"}]},
            "fields.1.member.refValue",
            256,
        ),
        # AWS's two documents say 1024 and 4095; ours is the milder.
        (
            "SetTaskStatus",
            {"taskId": "x", "taskStatus": "FAILED", "errorStackTrace": "{}"},
            "errorStackTrace",
            4095,
        ),
        ("ReportTaskRunnerHeartbeat", {"taskrunnerId": "{}"}, "taskrunnerId", 1024),
        ("EvaluateExpression", {"pipelineId": "{}"}, "pipelineId", 1024),
    ],
)
def test_a_text_may_be_as_long_as_its_shape_says_and_not_longer(
    operation: str, parameters: dict[str, Any], path: str, longest: int
) -> None:
    fits = model.input_violations(operation, filled(parameters, "x" * longest))
    too_long = model.input_violations(operation, filled(parameters, "x" * (longest + 1)))

    constraint = f"have length less than or equal to {longest}"
    assert not [found for found in fits if f"'{path}'" in found]
    [found] = [found for found in too_long if f"'{path}'" in found]
    assert found.startswith("Value 'xxxx")
    assert found.endswith(violation("", path, constraint).removeprefix("Value  "))


def filled(value: Any, text: str) -> Any:
    """The value with the text in place of each `{}`."""
    if isinstance(value, dict):
        return {key: filled(held, text) for key, held in value.items()}
    if isinstance(value, list):
        return [filled(held, text) for held in value]
    return text if value == "{}" else value


@pytest.mark.rule("empty-name")
@pytest.mark.parametrize(
    ("operation", "parameters", "path"),
    [
        ("ReportTaskProgress", {"taskId": ""}, "taskId"),
        ("ReportTaskProgress", {"taskId": "x", "fields": [{"key": ""}]}, "fields.1.member.key"),
        ("PollForTask", {"workerGroup": "wg", "hostname": ""}, "hostname"),
    ],
)
def test_a_text_that_must_not_be_empty_has_at_least_one_character(
    operation: str, parameters: dict[str, Any], path: str
) -> None:
    assert model.input_violations(operation, parameters) == [
        violation("''", path, "have length greater than or equal to 1")
    ]


@pytest.mark.parametrize("character", ["\0", "\x1f", "\x0b", "\ud800", "\ufffe"])
def test_a_character_outside_of_the_pattern_is_refused(character: str) -> None:
    found = model.input_violations("PollForTask", {"workerGroup": f"a{character}b"})

    assert found == [
        violation(
            f"'a{character}b'", "workerGroup", f"satisfy regular expression pattern: {PATTERN}"
        )
    ]


@settings(deadline=None)
@given(
    text=st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
        | st.sampled_from("\r\n\t"),
        max_size=50,
    )
)
def test_any_other_character_is_taken(text: str) -> None:
    assert model.input_violations("PollForTask", {"workerGroup": text}) == []


@pytest.mark.parametrize("status", ["DONE", "finished", "", "FINISHED "])
def test_a_task_status_is_one_of_three(status: str) -> None:
    found = model.input_violations("SetTaskStatus", {"taskId": "x", "taskStatus": status})

    assert found == [
        violation(f"'{status}'", "taskStatus", "satisfy enum value set: [FINISHED, FAILED, FALSE]")
    ]


def test_the_operator_of_a_query_is_one_of_five() -> None:
    selector = {"fieldName": "@status", "operator": {"type": "NE", "values": ["x"]}}

    found = model.input_violations(
        "QueryObjects",
        {"pipelineId": "df-1", "sphere": "INSTANCE", "query": {"selectors": [selector]}},
    )

    assert found == [
        violation(
            "'NE'",
            "query.selectors.1.member.operator.type",
            "satisfy enum value set: [EQ, REF_EQ, LE, GE, BETWEEN]",
        )
    ]


def test_a_pipeline_has_at_most_ten_tags() -> None:
    tags = [{"key": f"key {number}", "value": ""} for number in range(11)]

    most = model.input_violations("AddTags", {"pipelineId": "df-1", "tags": tags[:10]})
    [found] = model.input_violations("AddTags", {"pipelineId": "df-1", "tags": tags})

    assert most == []
    assert found.endswith(
        "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 10"
    )


def test_all_violations_are_told() -> None:
    found = model.input_violations("SetTaskStatus", {"taskStatus": "DONE", "errorId": "\0"})

    assert found == [
        violation("null", "taskId", "not be null"),
        violation("'DONE'", "taskStatus", "satisfy enum value set: [FINISHED, FAILED, FALSE]"),
        violation("'\0'", "errorId", f"satisfy regular expression pattern: {PATTERN}"),
    ]


def test_a_long_value_is_shown_without_its_middle() -> None:
    [found] = model.input_violations("PollForTask", {"workerGroup": "x" * 5000})

    assert len(found) < 400


# -- outputs and other values ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "response", "problem"),
    [
        ("PollForTask", {}, ""),
        ("PollForTask", {"taskObject": {}}, ""),
        ("ReportTaskProgress", {"canceled": False}, ""),
        ("ReportTaskProgress", {}, "canceled"),
        ("ReportTaskProgress", {"canceled": "no"}, "canceled"),
        ("PollForTask", {"taskObject": {"taskId": 5}}, "taskObject.taskId"),
        ("DeletePipeline", {}, ""),
        ("DeletePipeline", {"pipelineId": "df-1"}, "no output"),
    ],
)
def test_an_answer_is_checked_against_its_shape(
    operation: str, response: dict[str, Any], problem: str
) -> None:
    problems = model.output_problems(operation, response)

    assert bool(problems) == bool(problem)
    assert problem in problems


def test_a_value_is_checked_against_any_shape() -> None:
    assert model.shape_problems("Field", {"key": "k", "stringValue": "v"}) == ""
    assert "key" in model.shape_problems("Field", {"stringValue": "v"})
