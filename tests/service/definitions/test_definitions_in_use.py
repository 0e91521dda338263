"""What definitions in use have is stored and runs, documented or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.definitions import CASCADE
from support.pipelines import activity, created, daily, finish, ids, put, request_of, state

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")


def warned(answer: Mapping[str, Any], object_id: str) -> list[str]:
    """The warnings on an object of a definition that was accepted."""
    assert not answer["errored"], answer["validationErrors"]
    return [
        text
        for held in answer["validationWarnings"]
        if held["id"] == object_id
        for text in held["warnings"]
    ]


def machine(**fields: str) -> dict[str, Any]:
    return {
        "id": "Box",
        "type": "Ec2Resource",
        "role": "r",
        "resourceRole": "r",
        "terminateAfter": "1 hour",
        **fields,
    }


# -- types and parameters -------------------------------------------------------------------------


@pytest.mark.rule("default-type")
def test_default_may_have_the_type_default(datapipeline_client: Any) -> None:
    default: dict[str, Any] = {
        "type": "Default",
        "pipelineLogUri": "s3://logs",
        "failureAndRerunMode": "CASCADE",
    }
    pipeline_id = created(datapipeline_client)

    answer = put(datapipeline_client, pipeline_id, daily(activity("A"), **default))
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert answer == {
        **answer,
        "errored": False,
        "validationErrors": [],
        "validationWarnings": [],
    }
    assert ids(datapipeline_client, pipeline_id) == ["@A_2020-01-01T00:00:00"]


@pytest.mark.rule("default-type")
def test_the_type_default_takes_the_fields_of_any_type(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    answer = put(
        datapipeline_client,
        pipeline_id,
        daily(activity("A"), type="Default", tableName="t", comment="mine"),
    )

    assert [text for text in warned(answer, "Default") if "tableName" in text] == []
    assert "'comment' is no field of an object of type 'Default'." in warned(answer, "Default")


def test_a_type_that_is_not_known_is_a_warning_and_nothing_runs_of_it(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)

    answer = put(
        datapipeline_client, pipeline_id, daily(activity("A"), {"id": "B", "type": "NewActivity"})
    )
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert warned(answer, "B") == [
        "'type' value 'NewActivity' is no type that is known: nothing runs of the object."
    ]
    assert ids(datapipeline_client, pipeline_id) == ["@A_2020-01-01T00:00:00"]


def test_several_values_for_a_parameter_that_does_not_say_so_are_a_warning(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)

    answer = datapipeline_client.put_pipeline_definition(
        pipelineId=pipeline_id,
        **request_of(
            {
                "objects": daily(activity("A", command="#{myX}")),
                "parameters": [{"id": "myX"}],
                "values": {"myX": ["a", "b"]},
            }
        ),
    )

    assert warned(answer, "myX") == ["'myX' has 2 values, but no 'isArray' that says so."]


@pytest.mark.rule("database-as-text")
def test_the_database_of_a_node_may_be_a_text(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    table = {"id": "N", "type": "SqlDataNode", "table": "events", "database": "archive"}

    answer = put(datapipeline_client, pipeline_id, daily(activity("A"), table))

    assert warned(answer, "N") == ["'database' value 'archive' is a text, and refers to no object."]
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)


@pytest.mark.rule("hive-without-staging")
def test_a_hive_activity_that_stages_nothing_needs_neither_input_nor_output(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)
    hive = {"id": "A", "type": "HiveActivity", "scriptUri": "s3://bucket/q", "stage": "false"}

    answer = put(datapipeline_client, pipeline_id, daily(hive))
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert warned(answer, "A") == [CASCADE]
    assert ids(datapipeline_client, pipeline_id) == ["@A_2020-01-01T00:00:00"]


# -- schedules ------------------------------------------------------------------------------------


@pytest.mark.rule("on-demand-with-schedule")
def test_the_schedule_of_an_on_demand_pipeline_is_warned_of_and_ignored(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)

    answer = put(
        datapipeline_client,
        pipeline_id,
        daily(activity("A"), occurrences=3, scheduleType="ondemand"),
    )
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)
    finish(datapipeline_client)

    assert warned(answer, "S") == [
        "The schedule has no effect, as the pipeline is on demand: each activation runs it once."
    ]
    assert ids(datapipeline_client, pipeline_id) == ["@A_2020-01-01T00:00:00"]
    assert state(datapipeline_client, pipeline_id) == "FINISHED"


# -- enumerations ---------------------------------------------------------------------------------


@pytest.mark.rule("unknown-values-are-warnings")
@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ({"actionOnTaskFailure": "retryAll"}, "continue, terminate"),
        ({"failureAndRerunMode": "cascading"}, "none, cascade"),
        ({"scheduleType": "hourly"}, "cron, ondemand, timeseries"),
    ],
)
def test_a_value_that_no_page_lists_is_a_warning(
    datapipeline_client: Any, fields: dict[str, str], allowed: str
) -> None:
    pipeline_id = created(datapipeline_client)

    answer = put(datapipeline_client, pipeline_id, daily(activity("A"), machine(**fields)))

    ((key, value),) = fields.items()
    assert warned(answer, "Box") == [
        f"'{key}' value '{value}' is none of those that are known: {allowed}."
    ]
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)


@pytest.mark.rule("enumerations")
@pytest.mark.parametrize("value", ["retryall", "retryAll", "RETRYALL", "RetryNone"])
def test_what_a_failed_resource_does_is_written_in_any_case(
    datapipeline_client: Any, value: str
) -> None:
    pipeline_id = created(datapipeline_client)

    answer = put(
        datapipeline_client,
        pipeline_id,
        daily(activity("A"), machine(actionOnResourceFailure=value)),
    )

    assert warned(answer, "Box") == []
