"""Expressions in the context of an object: EvaluateExpression, and evaluated descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.pipelines import (
    activated,
    activity,
    as_dict,
    daily,
    put,
    request_of,
    take,
)

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")

RUN = "@A_2020-01-01T00:00:00"
ATTEMPT = f"{RUN}_Attempt=1"


def node(id: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "type": "S3DataNode", "filePath": f"s3://bucket/{id}", **fields}


def evaluated(client: Any, pipeline_id: str, object_id: str, expression: str) -> str:
    answer = client.evaluate_expression(
        pipelineId=pipeline_id, objectId=object_id, expression=expression
    )
    return str(answer["evaluatedExpression"])


@pytest.mark.rule("evaluate-text", "published-evaluation")
def test_a_whole_text_is_evaluated_on_a_component(datapipeline_client: Any) -> None:
    schedule = {
        "id": "Schedule",
        "type": "Schedule",
        "period": "1 hour",
        "startDateTime": "2012-12-12T00:00:00",
        "endDateTime": "2012-12-21T18:00:00",
    }
    made = datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"]
    put(datapipeline_client, made, [schedule])

    text = evaluated(
        datapipeline_client,
        made,
        "Schedule",
        "Transform started at #{startDateTime} and finished at #{endDateTime}",
    )

    assert text == ("Transform started at 2012-12-12T00:00:00 and finished at 2012-12-21T18:00:00")


@pytest.mark.rule("expression-references", "expression-parent", "expression-parameters")
@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("#{command}", "echo x"),
        ("#{input.filePath}", "s3://bucket/N"),
        ("#{parent.@id}", "A"),
        ("#{@scheduledEndTime}", "2020-01-02T00:00:00"),
        ("#{format(minusDays(@scheduledStartTime, 1), 'YYYY-MM-dd')}", "2019-12-31"),
        ("#{myWord}", "x"),
        ("#{myNumber + 1}", "43"),
        ("#{'step: ' + step}", "[step: a, step: b]"),
        ("no expression", "no expression"),
    ],
)
def test_an_attempt_s_expressions_see_its_fields_references_and_parameters(
    datapipeline_client: Any, expression: str, result: str
) -> None:
    made = datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"]
    datapipeline_client.put_pipeline_definition(
        pipelineId=made,
        **_definition(),
    )
    datapipeline_client.activate_pipeline(pipelineId=made)

    assert evaluated(datapipeline_client, made, ATTEMPT, expression) == result


def _definition() -> dict[str, Any]:
    objects = daily(
        node("N"),
        {
            "id": "A",
            "type": "EmrActivity",
            "input": {"ref": "N"},
            "step": ["a", "b"],
            "preStepCommand": "x",
            "command": "echo #{myWord}",
        },
    )
    parameters = [{"id": "myWord", "type": "String"}, {"id": "myNumber", "type": "Integer"}]
    values = {"myWord": "x", "myNumber": "42"}
    return request_of({"objects": objects, "parameters": parameters, "values": values})


@pytest.mark.parametrize(
    ("object_id", "expression", "code"),
    [
        (RUN, "#{nothing}", "InvalidRequestException"),
        (RUN, "#{1 +}", "InvalidRequestException"),
        (RUN, "#{unknown(1)}", "InvalidRequestException"),
        ("Nobody", "x", "InvalidRequestException"),
        ("@Nobody_2020-01-01T00:00:00_Attempt=1", "x", "TaskNotFoundException"),
    ],
)
def test_an_expression_that_can_not_be_evaluated_is_refused(
    datapipeline_client: Any, object_id: str, expression: str, code: str
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))

    with pytest.raises(getattr(datapipeline_client.exceptions, code)):
        evaluated(datapipeline_client, pipeline_id, object_id, expression)


@pytest.mark.parametrize(
    ("object_id", "expression", "expected"),
    [
        ("A", "#{@sphere} #{@status} #{@version}", "COMPONENT SCHEDULED 1"),
        (RUN, "#{@sphere} #{@status} #{@componentParent}", "INSTANCE WAITING_FOR_RUNNER A"),
        (RUN, "#{@attemptCount} #{@triesLeft} #{@headAttempt}", f"2 1 {RUN}_Attempt=2"),
        (ATTEMPT, "#{@sphere} #{@status} #{@instanceParent}", f"ATTEMPT FAILED {RUN}"),
        (ATTEMPT, "#{@actualStartTime}", "2020-01-01T00:00:00"),
        (RUN, "#{hostname}: #{errorId}, #{errorMessage}", "h: E, it broke"),
    ],
)
def test_expressions_see_the_runtime_fields(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    object_id: str,
    expression: str,
    expected: str,
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    task = datapipeline_client.poll_for_task(workerGroup="wg", hostname="h")["taskObject"]
    datapipeline_client.set_task_status(
        taskId=task["taskId"], taskStatus="FAILED", errorId="E", errorMessage="it broke"
    )
    datapipeline_fake.clock.advance(600)

    assert evaluated(datapipeline_client, pipeline_id, object_id, expression) == expected


def test_a_runtime_field_that_is_not_there_yet_can_not_be_evaluated(
    datapipeline_client: Any,
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException, match="errorId"):
        evaluated(datapipeline_client, pipeline_id, RUN, "#{errorId}")


def test_an_optional_parameter_without_a_value_is_nothing(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.pipelines.activate(
        {
            "objects": daily(activity("A", command="run [#{myOption}]")),
            "parameters": [{"id": "myOption", "optional": "true"}],
        }
    )

    task = take(datapipeline_client)

    fields = as_dict(task["objects"][task["attemptId"]]["fields"])
    assert fields["command"] == "run []"


@pytest.mark.rule("optional-keeps-its-place")
def test_an_optional_parameter_without_a_value_keeps_its_place_in_a_list(
    datapipeline_client: Any,
) -> None:
    pipeline_id = datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"]
    arguments = ["one=#{myA}", "two=#{myOpt}", "three=#{myB}"]
    datapipeline_client.put_pipeline_definition(
        pipelineId=pipeline_id,
        **request_of(
            {
                "objects": daily(activity("A", scriptArgument=arguments)),
                "parameters": [{"id": "myA"}, {"id": "myOpt", "optional": "true"}, {"id": "myB"}],
                "values": {"myA": "1", "myB": "3"},
            }
        ),
    )
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    task = take(datapipeline_client)

    fields = as_dict(task["objects"][task["attemptId"]]["fields"])
    assert fields["scriptArgument"] == ["one=1", "two=", "three=3"]


def test_fields_that_refer_to_each_other_in_a_circle_are_told_of(
    datapipeline_client: Any,
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A", myA="#{myB}", myB="#{myA}")))

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        evaluated(datapipeline_client, pipeline_id, RUN, "#{myA}")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("#{@scheduledStartTime} #{myWord}", "2020-01-01T00:00:00 x"),
        ("#{@status}", "WAITING_FOR_RUNNER"),
        ("#{myStatus}", "WAITING_FOR_RUNNER"),
    ],
)
def test_each_attempt_gets_its_fields_as_they_are_when_it_is_handed_out(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, command: str, said: str
) -> None:
    held = activity("A", command=command, myStatus="#{@status}", myWord="x", maximumRetries="1")
    activated(datapipeline_client, daily(held, occurrences=1))

    first = take(datapipeline_client)
    datapipeline_client.set_task_status(taskId=first["taskId"], taskStatus="FAILED")
    datapipeline_fake.clock.advance(600)
    second = take(datapipeline_client)

    for task in (first, second):
        assert as_dict(task["objects"][task["attemptId"]]["fields"])["command"] == said
