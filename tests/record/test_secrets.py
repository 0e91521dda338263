"""Fields and parameters with a star are secret: their values are in no report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.pipelines import activity, fields_of, on_demand, take

from pytest_datapipeline import Call, put_pipeline_definition

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

SECRET = "correct-horse"


def put(client: Any) -> str:
    pipeline_id: str = client.create_pipeline(name="n", uniqueId="u")["pipelineId"]
    client.put_pipeline_definition(
        pipelineId=pipeline_id,
        pipelineObjects=[
            {
                "id": "Db",
                "name": "Db",
                "fields": [{"key": "*password", "stringValue": SECRET}],
            }
        ],
        parameterValues=[{"id": "*myPassword", "stringValue": SECRET}],
    )
    return pipeline_id


def test_a_call_does_not_show_the_secrets_that_were_put(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    put(datapipeline_client)

    assert SECRET not in repr(datapipeline_fake.calls)
    assert "*****" in repr(datapipeline_fake.calls[-1])


def test_a_call_still_holds_the_secrets_that_were_put(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    put(datapipeline_client)

    assert datapipeline_fake.calls[-1] == put_pipeline_definition(
        parameterValues=[{"id": "*myPassword", "stringValue": SECRET}]
    )


def test_the_definition_is_returned_with_its_secrets(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = put(datapipeline_client)

    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)

    assert got["pipelineObjects"][0]["fields"] == [{"key": "*password", "stringValue": SECRET}]
    assert SECRET not in repr(datapipeline_fake.calls)


@pytest.mark.rule("secret-fields")
def test_a_description_shows_stars(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = put(datapipeline_client)

    described = datapipeline_client.describe_objects(pipelineId=pipeline_id, objectIds=["Db"])

    fields = {
        held["key"]: held.get("stringValue") for held in described["pipelineObjects"][0]["fields"]
    }
    assert fields["*password"] == "*****"
    assert len(datapipeline_fake.calls) == 3


DATABASE = {
    "id": "Db",
    "type": "JdbcDatabase",
    "connectionString": "jdbc:x",
    "jdbcDriverClass": "X",
    "username": "u",
    "*password": SECRET,
}


@pytest.mark.rule("secret-fields")
def test_a_secret_field_is_masked_in_the_fields_that_use_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    user = activity("A", myDb={"ref": "Db"}, command="login #{myDb.*password} now")
    pipeline = datapipeline_fake.pipelines.activate(on_demand(DATABASE, user))
    (instance,) = pipeline.instances

    fields = fields_of(datapipeline_client, pipeline.id, instance.instance_id, evaluate=True)
    task = take(datapipeline_client)

    assert fields["command"] == "login ***** now"
    assert f"login {SECRET} now" in json.dumps(task)


@pytest.mark.parametrize("secret", ["A", "1", "WAITING"])
def test_a_secret_masks_nothing_that_it_is_not_in(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, secret: str
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        on_demand(activity("A", command="#{*mySecret}", stdout="s3://A/1")),
        values={"*mySecret": secret},
    )
    (instance,) = pipeline.instances

    fields = fields_of(datapipeline_client, pipeline.id, instance.instance_id, evaluate=True)

    assert fields["command"] == "*****"
    assert fields["stdout"] == "s3://A/1"
    assert fields["@status"] == "WAITING_FOR_RUNNER"
    assert fields["@componentParent"] == "A"
    assert fields["@version"] == "1"


def test_the_star_of_a_secret_may_be_left_out_where_it_is_used(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.pipelines.activate(
        on_demand(activity("A", command="login #{mySecret}")), values={"*mySecret": SECRET}
    )

    assert f"login {SECRET}" in json.dumps(take(datapipeline_client))


def test_a_finding_does_not_quote_a_secret(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"]

    answer = datapipeline_client.put_pipeline_definition(
        pipelineId=pipeline_id,
        pipelineObjects=[
            {
                "id": "S",
                "name": "S",
                "fields": [
                    {"key": "type", "stringValue": "Schedule"},
                    {"key": "period", "stringValue": "#{*myPeriod}"},
                ],
            }
        ],
        parameterObjects=[
            {"id": "*myNumber", "attributes": [{"key": "type", "stringValue": "Integer"}]}
        ],
        parameterValues=[
            {"id": "*myNumber", "stringValue": SECRET},
            {"id": "*myPeriod", "stringValue": SECRET},
        ],
    )

    texts = json.dumps(answer["validationErrors"])
    assert "'*myNumber' value '*****' is no Integer" in texts
    assert "'period' value '*****' must be a period" in texts
    assert SECRET not in texts


def test_an_expression_that_fails_does_not_quote_a_secret(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.create(
        on_demand(activity("A", command="#{*mySecret}")), values={"*mySecret": SECRET}
    )

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        datapipeline_client.evaluate_expression(
            pipelineId=pipeline.id, objectId="A", expression="#{day(*mySecret)}"
        )

    assert "*****" in str(error.value)
    assert SECRET not in str(error.value)


def printed(fake: DataPipelineFake) -> str:
    return repr(fake.calls) + "".join(repr(call) for call in fake.calls)


def a_command(secret: str, name: str = "*mySecret") -> dict[str, Any]:
    return {
        "pipelineObjects": [
            {
                "id": "Default",
                "name": "Default",
                "fields": [
                    {"key": "scheduleType", "stringValue": "ondemand"},
                    {"key": "workerGroup", "stringValue": "wg"},
                ],
            },
            {
                "id": "A",
                "name": "A",
                "fields": [
                    {"key": "type", "stringValue": "ShellCommandActivity"},
                    {"key": "command", "stringValue": f"login #{{{name}}} now"},
                ],
            },
        ],
        "parameterObjects": [
            {
                "id": name,
                "attributes": [
                    {"key": "type", "stringValue": "String"},
                    {"key": "default", "stringValue": secret},
                ],
            }
        ],
    }


def test_the_default_of_a_secret_parameter_is_in_no_report(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"]
    definition = a_command(SECRET)

    datapipeline_client.validate_pipeline_definition(pipelineId=pipeline_id, **definition)
    datapipeline_client.put_pipeline_definition(pipelineId=pipeline_id, **definition)
    datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)

    assert SECRET not in printed(datapipeline_fake)


def test_a_value_of_an_activation_is_in_no_report_nor_a_command_that_holds_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"]
    datapipeline_client.put_pipeline_definition(pipelineId=pipeline_id, **a_command("default"))
    datapipeline_client.activate_pipeline(
        pipelineId=pipeline_id, parameterValues=[{"id": "*mySecret", "stringValue": SECRET}]
    )
    task = take(datapipeline_client)
    datapipeline_client.report_task_progress(
        taskId=task["taskId"], fields=[{"key": "note", "stringValue": f"login {SECRET}"}]
    )

    assert SECRET not in printed(datapipeline_fake)
    assert "'stringValue': 'login *****'" in repr(datapipeline_fake.calls[-1])


def test_an_evaluated_expression_shows_no_secret(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        on_demand(activity("A", command="#{*mySecret}")), values={"*mySecret": SECRET}
    )
    (instance,) = pipeline.instances
    datapipeline_client.evaluate_expression(
        pipelineId=pipeline.id, objectId=instance.instance_id, expression="x #{*mySecret}"
    )

    assert SECRET not in printed(datapipeline_fake)


def test_a_secret_field_of_an_enqueued_task_is_in_no_report(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(
        "wg", {"*password": SECRET}, objects={"Db": {"*password": "battery-staple"}}
    )
    task = take(datapipeline_client)
    datapipeline_client.set_task_status(
        taskId=task["taskId"], taskStatus="FAILED", errorMessage=f"{SECRET}:battery-staple"
    )

    assert "errorMessage='*****:*****'" in repr(datapipeline_fake.calls[-1])
    assert SECRET not in printed(datapipeline_fake)


@pytest.mark.parametrize(
    ("secret", "text", "shown"), [("abc", "abcd", "abcd"), ("abc", "abc", "*****")]
)
def test_a_short_secret_is_masked_only_where_it_stands_alone(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    secret: str,
    text: str,
    shown: str,
) -> None:
    datapipeline_fake.enqueue("wg", {"*password": secret})

    datapipeline_client.report_task_runner_heartbeat(taskrunnerId=text)

    assert f"taskrunnerId='{shown}'" in repr(datapipeline_fake.calls)


def test_a_difference_shows_no_secret(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    put(datapipeline_client)
    matcher = put_pipeline_definition(parameterValues=[{"id": "*myPassword", "stringValue": "x"}])

    (difference,) = matcher.difference(datapipeline_fake.calls[-1])

    assert str(difference) == (
        "parameters.parameterValues[0].stringValue: expected 'x', got '*****'"
    )


def test_requests_that_are_not_as_a_client_would_send_them_are_printed(
    datapipeline_fake: DataPipelineFake,
) -> None:
    made = Call(
        operation="PutPipelineDefinition",
        parameters={"parameterValues": [1], "pipelineObjects": {}, "parameterObjects": None},
        region="us-east-1",
        time_ns=0,
        thread="MainThread",
        read_timeout=None,
        attempt=1,
        invocation_id="",
    )

    assert repr(made) == (
        "put_pipeline_definition(parameterValues=[1], pipelineObjects={}, parameterObjects=None) "
        "at 00:00:00 -> waiting"
    )
