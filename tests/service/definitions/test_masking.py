"""A secret is masked where it stands as a value, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.pipelines import activity, created, error_of, fields_of, on_demand, request_of

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")

# Secrets that are letters and words of the fake's own texts, and of other fields.
COMMON = ["a", "1", "value", "must be", "Hours", "String"]


def put(client: Any, *objects: dict[str, Any], **values: str) -> tuple[str, Any]:
    pipeline_id = created(client)
    answer = client.put_pipeline_definition(
        pipelineId=pipeline_id,
        **request_of(
            {
                "objects": on_demand(*objects),
                "parameters": [{"id": name} for name in values],
                "values": values,
            }
        ),
    )
    return pipeline_id, answer


@pytest.mark.rule("secret-fields")
@pytest.mark.parametrize("secret", COMMON)
def test_a_finding_shows_all_but_the_secret(datapipeline_client: Any, secret: str) -> None:
    box = {
        "id": "Box",
        "type": "Ec2Resource",
        "role": "#{*mySecret}",
        "resourceRole": "r",
        "terminateAfter": "2 fortnights",
        "initTimeout": "#{*mySecret} fortnights",
        "maximumRetries": "#{*mySecret} times",
    }

    _, answer = put(datapipeline_client, activity("A"), box, **{"*mySecret": secret})

    (found,) = answer["validationErrors"]
    assert found["errors"] == [
        "INVALID_FIELD_VALUE:  'initTimeout' value '***** fortnights' must be a period such as "
        "'15 minutes' or '1 day'.",
        "INVALID_FIELD_VALUE:  'maximumRetries' value '***** times' must be an integer.",
        "INVALID_FIELD_VALUE:  'terminateAfter' value '2 fortnights' must be a period such as "
        "'15 minutes' or '1 day'.",
    ]


@pytest.mark.rule("secret-fields")
@pytest.mark.parametrize("secret", COMMON)
def test_an_error_of_an_expression_shows_all_but_the_values(
    datapipeline_client: Any, secret: str
) -> None:
    pipeline_id, _ = put(datapipeline_client, activity("A"), **{"*mySecret": secret})

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        datapipeline_client.evaluate_expression(
            pipelineId=pipeline_id, objectId="A", expression="#{day(*mySecret + ' of')}"
        )

    assert error_of(error)[1] == (
        "Expression cannot be evaluated: A: argument 1 of day(DateTime): a DateTime is wanted, "
        "not *****: at position 2 of \"#{day(*mySecret + ' of')}\""
    )


@pytest.mark.rule("secret-fields")
@pytest.mark.parametrize("secret", COMMON)
def test_a_secret_is_masked_in_the_results_of_expressions_alone(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, secret: str
) -> None:
    command = "a value must be 1: #{*mySecret}, String #{*mySecret + '-x'} of Hours #{myOther}"
    pipeline = datapipeline_fake.pipelines.activate(
        on_demand(activity("A", command=command, myOther="value 1 of a")),
        values={"*mySecret": secret},
    )
    (instance,) = pipeline.instances

    fields = fields_of(datapipeline_client, pipeline.id, instance.instance_id, evaluate=True)

    assert fields["command"] == ("a value must be 1: *****, String *****-x of Hours value 1 of a")


@pytest.mark.rule("secret-fields")
def test_the_text_of_a_secret_field_is_in_no_error(datapipeline_client: Any) -> None:
    user = activity("A", **{"*mySecret": "horse #{day('x')}", "command": "#{*mySecret}"})
    pipeline_id, _ = put(datapipeline_client, user)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        datapipeline_client.evaluate_expression(
            pipelineId=pipeline_id, objectId="A", expression="#{*mySecret}"
        )

    assert "horse" not in error_of(error)[1]
