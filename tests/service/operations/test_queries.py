"""QueryObjects: spheres, conditions, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.pipelines import activated, activity, created, daily, error_of, finish, ids, put

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")

RUN = "@A_2020-01-01T00:00:00"


@pytest.fixture
def pipeline_id(datapipeline_fake: DataPipelineFake, datapipeline_client: Any) -> str:
    """Three days of A and B: the first A has finished, the first B has failed once."""
    made = activated(
        datapipeline_client,
        daily(activity("A"), activity("B", dependsOn={"ref": "A"}), occurrences=3),
    )
    finish(datapipeline_client)
    finish(datapipeline_client, status="FAILED")
    datapipeline_fake.clock.move_to("2020-01-03T00:00:00")
    return made


@pytest.mark.rule("query-spheres", "query-without-conditions")
def test_a_query_without_conditions_gives_a_whole_sphere(
    datapipeline_client: Any, pipeline_id: str
) -> None:
    components = ids(datapipeline_client, pipeline_id, "COMPONENT")
    instances = ids(datapipeline_client, pipeline_id, "INSTANCE")
    attempts = ids(datapipeline_client, pipeline_id, "ATTEMPT")
    no_selectors = datapipeline_client.query_objects(
        pipelineId=pipeline_id, sphere="INSTANCE", query={"selectors": []}, marker=""
    )

    assert components == ["Default", "S", "A", "B"]
    assert len(instances) == 6
    assert no_selectors["ids"] == instances
    assert f"{RUN}_Attempt=1" in attempts


def test_before_the_activation_there_are_components_alone(datapipeline_client: Any) -> None:
    made = created(datapipeline_client)
    put(datapipeline_client, made, daily(activity("A")))

    assert ids(datapipeline_client, made, "INSTANCE") == []
    assert len(ids(datapipeline_client, made, "COMPONENT")) == 3


@pytest.mark.rule("query-eq", "query-status-exact")
@pytest.mark.parametrize(("status", "count"), [("FINISHED", 1), ("finished", 0), ("NEVER", 0)])
def test_a_status_is_compared_exactly(
    datapipeline_client: Any, pipeline_id: str, status: str, count: int
) -> None:
    found = ids(datapipeline_client, pipeline_id, "INSTANCE", ("@status", "EQ", status))

    assert len(found) == count


@pytest.mark.rule("query-ref-eq")
def test_references_are_compared_by_ref_eq_alone(
    datapipeline_client: Any, pipeline_id: str
) -> None:
    by_ref = ids(datapipeline_client, pipeline_id, "INSTANCE", ("@componentParent", "REF_EQ", "A"))
    by_eq = ids(datapipeline_client, pipeline_id, "INSTANCE", ("@componentParent", "EQ", "A"))
    attempts = ids(datapipeline_client, pipeline_id, "ATTEMPT", ("@instanceParent", "REF_EQ", RUN))

    assert len(by_ref) == 3
    assert by_eq == []
    assert attempts == [f"{RUN}_Attempt=1"]


@pytest.mark.rule("query-times")
@pytest.mark.parametrize(
    ("operator", "values", "count"),
    [
        ("GE", ["2020-01-02T00:00:00"], 4),
        ("LE", ["2020-01-02T00:00:00"], 4),
        ("BETWEEN", ["2020-01-02T00:00:00", "2020-01-02T00:00:00"], 2),
        ("EQ", ["2020-01-01T00:00:00"], 2),
    ],
)
def test_times_are_compared(
    datapipeline_client: Any, pipeline_id: str, operator: str, values: list[str], count: int
) -> None:
    selector = ("@scheduledStartTime", operator, *values)

    assert len(ids(datapipeline_client, pipeline_id, "INSTANCE", selector)) == count


@pytest.mark.rule("query-unset-field")
def test_a_field_that_is_not_set_fulfils_no_condition(
    datapipeline_client: Any, pipeline_id: str
) -> None:
    ended = ("@actualEndTime", "GE", "2000-01-01T00:00:00")

    found = ids(datapipeline_client, pipeline_id, "INSTANCE", ended)

    assert found == [RUN]


@pytest.mark.rule("query-all-selectors")
def test_all_conditions_have_to_hold(datapipeline_client: Any, pipeline_id: str) -> None:
    found = ids(
        datapipeline_client,
        pipeline_id,
        "INSTANCE",
        ("@componentParent", "REF_EQ", "A"),
        ("@status", "EQ", "WAITING_FOR_RUNNER"),
        ("@scheduledStartTime", "GE", "2020-01-03T00:00:00"),
    )

    assert found == ["@A_2020-01-03T00:00:00"]


@pytest.mark.rule("query-waiting-has-started")
def test_what_waits_shows_in_a_query_by_its_start(
    datapipeline_client: Any, pipeline_id: str
) -> None:
    selector = ("@actualStartTime", "BETWEEN", "2019-12-30T00:00:00", "2020-01-03T00:00:00")

    assert len(ids(datapipeline_client, pipeline_id, "INSTANCE", selector)) == 6


@pytest.mark.rule("query-several-values")
def test_several_values_are_refused_to_the_byte(datapipeline_client: Any, pipeline_id: str) -> None:
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        ids(datapipeline_client, pipeline_id, "INSTANCE", ("@status", "EQ", "RUNNING", "FAILED"))

    assert error_of(error)[1] == (
        "The request is missing a required value: Missing single value for field: @status in query"
    )


@pytest.mark.rule("query-fields-of-operators", "query-ten-selectors")
@pytest.mark.parametrize(
    "query",
    [
        {"selectors": [{}]},
        {"selectors": [{"fieldName": "@status"}]},
        {"selectors": [{"fieldName": "@status", "operator": {"type": "EQ"}}]},
        {"selectors": [{"fieldName": "@status", "operator": {"type": "LE", "values": ["x"]}}]},
        {"selectors": [{"fieldName": "type", "operator": {"type": "EQ", "values": ["x"]}}]},
        {
            "selectors": [
                {"fieldName": "@actualStartTime", "operator": {"type": "BETWEEN", "values": ["x"]}}
            ]
        },
        {
            "selectors": [
                {"fieldName": "@status", "operator": {"type": "EQ", "values": ["FAILED"]}}
            ]
            * 11
        },
    ],
)
def test_a_condition_that_the_service_does_not_take_is_refused(
    datapipeline_client: Any, pipeline_id: str, query: dict[str, Any]
) -> None:
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.query_objects(pipelineId=pipeline_id, sphere="INSTANCE", query=query)


@pytest.mark.parametrize("sphere", ["PIPELINE", "instance", "x"])
def test_an_unknown_sphere_is_refused(
    datapipeline_client: Any, pipeline_id: str, sphere: str
) -> None:
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.query_objects(pipelineId=pipeline_id, sphere=sphere)


# -- pages ----------------------------------------------------------------------------------------


@pytest.mark.rule("query-limit", "query-last-page")
def test_a_query_is_cut_into_pages(datapipeline_client: Any, pipeline_id: str) -> None:
    first = datapipeline_client.query_objects(pipelineId=pipeline_id, sphere="INSTANCE", limit=4)
    second = datapipeline_client.query_objects(
        pipelineId=pipeline_id, sphere="INSTANCE", limit=4, marker=first["marker"]
    )

    assert (len(first["ids"]), first["hasMoreResults"]) == (4, True)
    assert (len(second["ids"]), second["hasMoreResults"]) == (2, False)
    assert "marker" not in second


@pytest.mark.rule("query-default-limit")
def test_a_page_has_a_hundred_ids_at_most(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    tasks = datapipeline_fake.enqueue("wg", *[{"command": "true"}] * 120)
    made = tasks[0].pipeline_id

    for more in ({}, {"limit": 500}):
        page = datapipeline_client.query_objects(pipelineId=made, sphere="INSTANCE", **more)
        assert len(page["ids"]) == 100

    assert len(ids(datapipeline_client, made)) == 120


@pytest.mark.parametrize("limit", [0, -5])
def test_a_limit_of_nothing_is_refused(
    datapipeline_client: Any, pipeline_id: str, limit: int
) -> None:
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.query_objects(pipelineId=pipeline_id, sphere="INSTANCE", limit=limit)


def test_a_marker_of_another_query_is_refused(datapipeline_client: Any, pipeline_id: str) -> None:
    page = datapipeline_client.query_objects(pipelineId=pipeline_id, sphere="INSTANCE", limit=1)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.query_objects(
            pipelineId=pipeline_id, sphere="COMPONENT", limit=1, marker=page["marker"]
        )
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.describe_objects(
            pipelineId=pipeline_id, objectIds=["A"], marker=page["marker"]
        )
