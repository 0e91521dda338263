"""Fields and parameters with a star are secret: their values are in no report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from building import activity, fields_of, on_demand, take

from pytest_datapipeline import put_pipeline_definition

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
        on_demand(activity("A")), values={"*mySecret": SECRET}
    )

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        datapipeline_client.evaluate_expression(
            pipelineId=pipeline.id, objectId="A", expression="#{day(*mySecret)}"
        )

    assert "*****" in str(error.value)
    assert SECRET not in str(error.value)
