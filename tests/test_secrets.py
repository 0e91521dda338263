"""Fields and parameters with a star are secret: their values are in no report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
