"""The operations that list and describe, page by page, and tags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from support.pipelines import (
    activated,
    activity,
    created,
    daily,
    described,
    error_of,
    put,
    state,
    take,
)

from pytest_datapipeline._service.protocol import model

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")


UNKNOWN = "df-015440025PF7YGLDK47C"


@pytest.fixture
def bodies(datapipeline_client: Any) -> list[Any]:
    """The answers as they come over the wire."""
    got: list[Any] = []
    datapipeline_client.meta.events.register(
        "response-received.data-pipeline.*", lambda response_dict, **_: got.append(response_dict)
    )
    return got


# -- listing and describing ------------------------------------------------------------------------


@pytest.mark.rule("list-shows-all-states")
@pytest.mark.datapipeline(start="2020-01-01T00:00:00", consistency="eventual")
def test_pipelines_of_every_state_are_listed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    created(datapipeline_client, "pending")
    activated(datapipeline_client, [{"id": "Default", "myField": "x"}], "finished")
    activated(datapipeline_client, daily(activity("A")), "scheduled")
    inactive = activated(datapipeline_client, daily(activity("A")), "inactive")
    datapipeline_fake.clock.advance(10)
    datapipeline_client.deactivate_pipeline(pipelineId=inactive)
    datapipeline_fake.clock.advance(10)
    deleting = created(datapipeline_client, "deleting")
    datapipeline_fake.clock.advance(10)
    datapipeline_client.delete_pipeline(pipelineId=deleting)
    datapipeline_fake.clock.advance(1)

    listed = datapipeline_client.list_pipelines()["pipelineIdList"]

    states = {held["name"]: state(datapipeline_client, held["id"]) for held in listed}
    assert states == {name: name.upper() for name in states}
    assert set(states) == {"pending", "finished", "scheduled", "inactive", "deleting"}


@pytest.mark.rule("list-last-page")
def test_a_listing_has_no_marker_on_its_last_page(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    pipeline_id = created(datapipeline_client)

    datapipeline_client.list_pipelines()

    assert json.loads(bodies[-1]["body"]) == {
        "pipelineIdList": [{"id": pipeline_id, "name": "n"}],
        "hasMoreResults": False,
    }


@pytest.mark.rule("paginators", "first-marker-is-empty")
def test_botocore_s_paginator_turns_all_pages(datapipeline_client: Any) -> None:
    made = [created(datapipeline_client, f"n{number}") for number in range(99)]

    pages = list(datapipeline_client.get_paginator("list_pipelines").paginate())

    assert len(pages) == 2
    assert [held["id"] for page in pages for held in page["pipelineIdList"]] == made
    first = datapipeline_client.list_pipelines(marker="")
    assert first["pipelineIdList"] == pages[0]["pipelineIdList"]


@pytest.mark.parametrize("marker", ["nonsense", "bm9uc2Vuc2U6NQ==", "é"])
def test_a_marker_from_elsewhere_is_refused(datapipeline_client: Any, marker: str) -> None:
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        datapipeline_client.list_pipelines(marker=marker)

    assert "is no marker of this call" in error_of(error)[1]


@pytest.mark.rule("describe-one-unknown")
def test_one_unknown_pipeline_fails_the_whole_description(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    with pytest.raises(datapipeline_client.exceptions.PipelineDeletedException):
        datapipeline_client.describe_pipelines(pipelineIds=[pipeline_id, UNKNOWN])


@pytest.mark.rule("describe-without-description-and-tags")
def test_a_description_that_was_not_given_has_no_key(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    answer = datapipeline_client.describe_pipelines(pipelineIds=[pipeline_id])

    entry = answer["pipelineDescriptionList"][0]
    assert "description" not in entry
    assert entry["tags"] == []
    assert (entry["pipelineId"], entry["name"]) == (pipeline_id, "n")


@pytest.mark.rule("describe-25-pipelines")
def test_more_than_25_pipelines_are_not_described_at_once(datapipeline_client: Any) -> None:
    made = [created(datapipeline_client, f"n{number}") for number in range(26)]

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.describe_pipelines(pipelineIds=made)

    answer = datapipeline_client.describe_pipelines(pipelineIds=made[:25])
    assert len(answer["pipelineDescriptionList"]) == 25


@pytest.mark.rule("describe-100-objects")
def test_a_hundred_objects_are_described_at_once_and_not_more(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    put(datapipeline_client, pipeline_id, [activity(f"A{n}") for n in range(100)])
    wanted = [f"A{n}" for n in range(100)]

    answer = datapipeline_client.describe_objects(pipelineId=pipeline_id, objectIds=wanted)
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.describe_objects(pipelineId=pipeline_id, objectIds=[*wanted, "B"])

    assert [held["id"] for held in answer["pipelineObjects"]] == wanted
    assert answer["hasMoreResults"] is False
    assert "marker" not in answer


def test_unknown_objects_are_left_out(datapipeline_client: Any) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))

    answer = datapipeline_client.describe_objects(pipelineId=pipeline_id, objectIds=["A", "B"])

    assert [held["id"] for held in answer["pipelineObjects"]] == ["A"]


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("activate_pipeline", {}),
        ("add_tags", {"tags": []}),
        ("deactivate_pipeline", {}),
        ("describe_objects", {"objectIds": ["A"]}),
        ("evaluate_expression", {"objectId": "A", "expression": "x"}),
        ("get_pipeline_definition", {}),
        ("put_pipeline_definition", {"pipelineObjects": []}),
        ("query_objects", {"sphere": "COMPONENT"}),
        ("remove_tags", {"tagKeys": []}),
        ("set_status", {"objectIds": ["A"], "status": "PAUSE"}),
        ("validate_pipeline_definition", {"pipelineObjects": []}),
    ],
)
@pytest.mark.rule("deleted-everywhere")
def test_a_deleted_pipeline_is_gone_for_every_operation(
    datapipeline_client: Any, operation: str, more: dict[str, Any]
) -> None:
    pipeline_id = created(datapipeline_client)
    datapipeline_client.delete_pipeline(pipelineId=pipeline_id)

    with pytest.raises(ClientError) as deleted:
        getattr(datapipeline_client, operation)(pipelineId=pipeline_id, **more)
    with pytest.raises(ClientError) as wrong:
        getattr(datapipeline_client, operation)(pipelineId="not-an-id", **more)

    assert error_of(deleted)[0] == "PipelineDeletedException"
    assert error_of(wrong)[0] == "PipelineNotFoundException"


@pytest.mark.rule("delete-not-found")
def test_a_second_deletion_does_not_find_the_pipeline(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    datapipeline_client.delete_pipeline(pipelineId=pipeline_id)

    with pytest.raises(datapipeline_client.exceptions.PipelineNotFoundException) as again:
        datapipeline_client.delete_pipeline(pipelineId=pipeline_id)
    with pytest.raises(datapipeline_client.exceptions.PipelineNotFoundException):
        datapipeline_client.delete_pipeline(pipelineId=UNKNOWN)

    assert error_of(again)[1] == f"Pipeline with id: {pipeline_id} does not exist"


@pytest.mark.rule("errors-of-the-model")
@pytest.mark.parametrize("operation", sorted(model.operations()))
def test_an_operation_answers_with_no_error_that_the_model_does_not_list_for_it(
    datapipeline_client: Any, operation: str
) -> None:
    deleted = activated(datapipeline_client, daily(activity("A")))
    task_id = take(datapipeline_client)["taskId"]
    datapipeline_client.delete_pipeline(pipelineId=deleted)
    given = {
        "cancelActive": True,
        "expression": "#{x}",
        "marker": "no marker",
        "name": "n",
        "objectId": "@A",
        "objectIds": ["@A"],
        "pipelineObjects": [],
        "sphere": "no sphere",
        "status": "no status",
        "tagKeys": ["k"],
        "tags": [{"key": "k", "value": "v"}],
        "taskStatus": "FINISHED",
        "taskrunnerId": "r",
        "uniqueId": "u",
        "workerGroup": "wg",
    }
    takes = model.input_parameters(operation)

    codes = set()
    for pipeline_id in (deleted, UNKNOWN, "no id", created(datapipeline_client)):
        everything = {
            **given,
            "pipelineId": pipeline_id,
            "pipelineIds": [pipeline_id],
            "taskId": task_id,
        }
        parameters = {name: value for name, value in everything.items() if name in takes}
        try:
            getattr(datapipeline_client, model.operations()[operation])(**parameters)
        except ClientError as error:
            codes.add(error.response["Error"]["Code"])

    assert codes <= set(model.modelled_errors(operation))


# -- tags ------------------------------------------------------------------------------------------


@pytest.mark.rule("tags-add", "tags-field")
def test_tags_are_added_changed_and_shown_in_both_places(datapipeline_client: Any) -> None:
    pipeline_id = datapipeline_client.create_pipeline(
        name="n", uniqueId="u", tags=[{"key": "a", "value": "1"}]
    )["pipelineId"]

    datapipeline_client.add_tags(
        pipelineId=pipeline_id, tags=[{"key": "a", "value": "2"}, {"key": "b", "value": "3"}]
    )

    answer = datapipeline_client.describe_pipelines(pipelineIds=[pipeline_id])
    tags = answer["pipelineDescriptionList"][0]["tags"]
    assert tags == [{"key": "a", "value": "2"}, {"key": "b", "value": "3"}]
    assert described(datapipeline_client, pipeline_id)["*tags"] == (
        '[{"key":"a","value":"2"},{"key":"b","value":"3"}]'
    )


@pytest.mark.rule("tags-remove", "tags-field-absent")
def test_the_field_is_gone_with_the_last_tag(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    datapipeline_client.add_tags(pipelineId=pipeline_id, tags=[{"key": "a", "value": "1"}])

    datapipeline_client.remove_tags(pipelineId=pipeline_id, tagKeys=["a", "never there"])

    assert "*tags" not in described(datapipeline_client, pipeline_id)


@pytest.mark.rule("ten-tags")
def test_a_pipeline_has_at_most_ten_tags(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    tags = [{"key": f"k{number}", "value": "v"} for number in range(11)]
    datapipeline_client.add_tags(pipelineId=pipeline_id, tags=tags[:10])

    with pytest.raises(ClientError) as in_sum:
        datapipeline_client.add_tags(pipelineId=pipeline_id, tags=tags[10:])
    with pytest.raises(ClientError) as at_once:
        datapipeline_client.add_tags(pipelineId=pipeline_id, tags=tags)

    assert error_of(in_sum)[0] == "InvalidRequestException"
    assert error_of(at_once)[0] == "ValidationException"
    answer = datapipeline_client.describe_pipelines(pipelineIds=[pipeline_id])
    assert len(answer["pipelineDescriptionList"][0]["tags"]) == 10


def test_all_operations_of_the_model_are_answered(datapipeline_fake: DataPipelineFake) -> None:
    assert set(datapipeline_fake._world.service._operations) == set(model.operations())
