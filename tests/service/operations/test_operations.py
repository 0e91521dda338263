"""The operations as a client meets them: answers to the byte, errors, ids, tags, pages."""

from __future__ import annotations

import json
import re
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


def test_all_operations_of_the_model_are_answered(datapipeline_fake: DataPipelineFake) -> None:
    assert set(datapipeline_fake._service._operations) == set(model.operations())


# -- the wire -------------------------------------------------------------------------------------


@pytest.mark.rule("error-body", "deleted-text", "errors-are-400")
def test_an_unknown_pipeline_is_said_to_be_deleted_to_the_byte(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    with pytest.raises(datapipeline_client.exceptions.PipelineDeletedException):
        datapipeline_client.describe_pipelines(pipelineIds=[UNKNOWN])

    assert bodies[0]["body"] == (
        b'{"__type":"PipelineDeletedException",'
        b'"message":"Pipeline with id: df-015440025PF7YGLDK47C does not exist"}'
    )
    assert len(bodies[0]["body"]) == 106
    assert bodies[0]["status_code"] == 400


@pytest.mark.rule("response-headers", "request-id-is-a-uuid-1", "content-type")
def test_an_answer_has_the_recorded_headers(datapipeline_client: Any, bodies: list[Any]) -> None:
    datapipeline_client.list_pipelines()

    headers = {name.lower(): value for name, value in bodies[0]["headers"].items()}
    assert set(headers) == {"x-amzn-requestid", "content-type", "content-length", "date"}
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-.*", headers["x-amzn-requestid"])


@pytest.mark.rule("compact-json", "get-empty")
def test_the_definition_of_an_empty_pipeline_has_22_bytes(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    datapipeline_client.get_pipeline_definition(pipelineId=created(datapipeline_client))

    assert bodies[-1]["body"] == b'{"pipelineObjects":[]}'


@pytest.mark.rule("findings-by-object")
def test_the_findings_of_an_object_come_together(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    answer = put(
        datapipeline_client, pipeline_id, daily(activity("A", maximumRetries="x", stage="y"))
    )

    (errors,) = answer["validationErrors"]
    assert errors["id"] == "A"
    assert len(errors["errors"]) == 2


@pytest.mark.rule("put-answer-keys")
def test_a_definition_without_findings_is_answered_in_63_bytes(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    put(datapipeline_client, created(datapipeline_client), [])

    assert bodies[-1]["body"] == b'{"validationErrors":[],"validationWarnings":[],"errored":false}'


@pytest.mark.rule("activate-answer", "activate-starts")
def test_activation_is_answered_with_an_empty_object(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))

    assert bodies[-1]["body"] == b"{}"
    assert state(datapipeline_client, pipeline_id) == "SCHEDULED"


def test_the_keys_of_an_answer_come_in_the_published_order(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    pipeline_id = activated(datapipeline_client, [{"id": "Default", "myField": "x"}])
    datapipeline_client.list_pipelines()
    datapipeline_client.query_objects(pipelineId=pipeline_id, sphere="COMPONENT")
    datapipeline_client.describe_objects(pipelineId=pipeline_id, objectIds=["?"])

    listing, query, description = (held["body"] for held in bodies[-3:])

    named = f'{{"name":"n","id":"{pipeline_id}"}}'.encode()
    assert listing == b'{"pipelineIdList":[' + named + b'],"hasMoreResults":false}'
    assert query == b'{"hasMoreResults":false,"ids":["Default"]}'
    assert description == b'{"hasMoreResults":false,"pipelineObjects":[]}'


@pytest.mark.rule("delete-answer", "set-status-answer")
def test_deletion_and_set_status_are_answered_with_no_body(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))

    datapipeline_client.set_status(pipelineId=pipeline_id, objectIds=["A"], status="PAUSE")
    datapipeline_client.delete_pipeline(pipelineId=pipeline_id)

    assert [held["body"] for held in bodies[-2:]] == [b"", b""]


@pytest.mark.rule("report-answer", "heartbeat-answer")
def test_reports_and_heartbeats_are_answered_compactly(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, bodies: list[Any]
) -> None:
    datapipeline_fake.enqueue("wg")
    task_id = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]["taskId"]

    datapipeline_client.report_task_progress(taskId=task_id)
    datapipeline_client.report_task_runner_heartbeat(taskrunnerId="r")

    assert bodies[-2]["body"] == b'{"canceled":false}'
    assert bodies[-1]["body"] == b'{"terminate":false}'


@pytest.mark.rule("missing-member")
def test_a_missing_member_is_a_validation_exception(datapipeline_client: Any) -> None:
    client = _unchecked(datapipeline_client)

    with pytest.raises(ClientError) as error:
        client.delete_pipeline()

    assert error_of(error) == (
        "ValidationException",
        "1 validation error detected: Value null at 'pipelineId' failed to satisfy constraint: "
        "Member must not be null",
    )


def _unchecked(client: Any) -> Any:
    import boto3
    from botocore.config import Config

    assert client.meta.region_name
    return boto3.client("datapipeline", config=Config(parameter_validation=False))


# -- creating -------------------------------------------------------------------------------------


@pytest.mark.rule("pipeline-id-form")
def test_pipeline_ids_have_the_service_s_form(datapipeline_client: Any) -> None:
    made = {created(datapipeline_client, f"n{number}") for number in range(20)}

    assert len(made) == 20
    assert all(re.fullmatch(r"df-0[0-9]{6,9}[A-Z0-9]+", held) for held in made)
    assert all(len(held) in (22, 23) for held in made)


@pytest.mark.rule("create-is-pending")
def test_a_new_pipeline_is_empty_and_pending(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    assert state(datapipeline_client, pipeline_id) == "PENDING"
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert got["pipelineObjects"] == []


@pytest.mark.rule("create-is-idempotent")
def test_the_same_name_and_unique_id_give_the_same_pipeline(datapipeline_client: Any) -> None:
    first = datapipeline_client.create_pipeline(name="n", uniqueId="u")
    again = datapipeline_client.create_pipeline(name="n", uniqueId="u", description="other")

    assert first["pipelineId"] == again["pipelineId"]
    assert "description" not in described(datapipeline_client, first["pipelineId"])
    assert len(datapipeline_client.list_pipelines()["pipelineIdList"]) == 1


@pytest.mark.rule("names-repeat")
def test_a_name_may_be_used_again_with_another_unique_id(datapipeline_client: Any) -> None:
    first = datapipeline_client.create_pipeline(name="n", uniqueId="1")
    second = datapipeline_client.create_pipeline(name="n", uniqueId="2")

    assert first["pipelineId"] != second["pipelineId"]


def test_after_its_deletion_the_same_pair_makes_another_pipeline(datapipeline_client: Any) -> None:
    first = datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"]
    datapipeline_client.delete_pipeline(pipelineId=first)

    assert datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"] != first


@pytest.mark.rule("pipelines-per-account")
@pytest.mark.datapipeline(maximum_pipelines=3)
def test_an_account_has_so_many_pipelines_and_no_more(datapipeline_client: Any) -> None:
    for number in range(3):
        created(datapipeline_client, f"n{number}")

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        created(datapipeline_client, "one more")

    assert error_of(error)[1].startswith("Web service limit exceeded: ")
    assert len(datapipeline_client.list_pipelines()["pipelineIdList"]) == 3


def test_pipelines_of_another_region_are_not_seen(
    datapipeline_client: Any, datapipeline_fake: DataPipelineFake
) -> None:
    import boto3

    pipeline_id = created(datapipeline_client)
    elsewhere: Any = boto3.client("datapipeline", region_name="eu-west-1")

    assert elsewhere.list_pipelines()["pipelineIdList"] == []
    with pytest.raises(elsewhere.exceptions.PipelineDeletedException):
        elsewhere.describe_pipelines(pipelineIds=[pipeline_id])
    assert len(datapipeline_fake.pipelines) == 1


# -- defining -------------------------------------------------------------------------------------


@pytest.mark.rule("get-as-put")
def test_a_definition_comes_back_as_it_was_put(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    objects = [
        {
            "id": "B",
            "name": "the B",
            "fields": [
                {"key": "type", "stringValue": "ShellCommandActivity"},
                {"key": "command", "stringValue": "echo #{myX}"},
                {"key": "scriptArgument", "stringValue": "1"},
                {"key": "scriptArgument", "stringValue": "2"},
            ],
        },
        {"id": "A", "name": "A", "fields": [{"key": "parent", "refValue": "B"}]},
    ]
    parameters = [{"id": "myX", "attributes": [{"key": "type", "stringValue": "String"}]}]
    values = [{"id": "myX", "stringValue": "x"}, {"id": "myX", "stringValue": "y"}]

    datapipeline_client.put_pipeline_definition(
        pipelineId=pipeline_id,
        pipelineObjects=objects,
        parameterObjects=parameters,
        parameterValues=values,
    )
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)

    assert got["pipelineObjects"] == objects
    assert got["parameterObjects"] == parameters
    assert got["parameterValues"] == values


@pytest.mark.rule("get-as-put")
def test_parameters_and_values_come_back_in_the_order_in_which_they_were_put(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)
    attributes = [
        {"key": "allowedValues", "stringValue": "a"},
        {"key": "type", "stringValue": "String"},
        {"key": "allowedValues", "stringValue": "b"},
    ]
    values = [
        {"id": "myX", "stringValue": "a"},
        {"id": "myY", "stringValue": "1"},
        {"id": "myX", "stringValue": "b"},
    ]
    datapipeline_client.put_pipeline_definition(
        pipelineId=pipeline_id,
        pipelineObjects=[],
        parameterObjects=[{"id": "myX", "attributes": attributes}],
        parameterValues=values,
    )

    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)

    assert got["parameterObjects"] == [{"id": "myX", "attributes": attributes}]
    assert got["parameterValues"] == values


@pytest.mark.rule("put-overwrites")
def test_a_definition_overwrites_the_one_before(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    put(datapipeline_client, pipeline_id, daily(activity("A"), activity("B")))
    put(datapipeline_client, pipeline_id, daily(activity("C")))

    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)

    assert [held["id"] for held in got["pipelineObjects"]] == ["Default", "S", "C"]


@pytest.mark.rule("put-with-errors-stores", "activate-errored", "activate-starts")
def test_a_definition_with_errors_is_stored_but_can_not_be_activated(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)
    answer = put(datapipeline_client, pipeline_id, daily({"id": "A", "type": "Nothing"}))

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert answer["errored"] is True
    assert [held["id"] for held in answer["validationErrors"]] == ["A"]
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert len(got["pipelineObjects"]) == 3
    assert error_of(error)[1].startswith("Pipeline definition has errors: ")
    assert state(datapipeline_client, pipeline_id) == "PENDING"


@pytest.mark.rule("put-fatal-empty", "fatal-text")
@pytest.mark.parametrize("value", [{"stringValue": ""}, {"refValue": ""}])
def test_an_empty_field_is_fatal_and_stores_nothing(
    datapipeline_client: Any, value: dict[str, str]
) -> None:
    pipeline_id = created(datapipeline_client)
    put(datapipeline_client, pipeline_id, daily(activity("A")))
    client = _unchecked(datapipeline_client)

    with pytest.raises(ClientError) as error:
        client.put_pipeline_definition(
            pipelineId=pipeline_id,
            pipelineObjects=[{"id": "B", "name": "B", "fields": [{"key": "command", **value}]}],
        )

    code, text = error_of(error)
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert len(got["pipelineObjects"]) == 3
    if "stringValue" in value:
        assert code == "InvalidRequestException"
        assert text.startswith(
            "Pipeline definition has errors: Could not save the pipeline definition due to FATAL "
            "errors: [com.amazon.setl.webservice.ValidationError@"
        )
        assert text.endswith("] Please call Validate to validate your pipeline")


def test_a_field_with_two_values_is_refused_and_stores_nothing(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    both = {"key": "output", "stringValue": "x", "refValue": "y"}

    with pytest.raises(ClientError) as error:
        datapipeline_client.put_pipeline_definition(
            pipelineId=pipeline_id, pipelineObjects=[{"id": "A", "name": "A", "fields": [both]}]
        )

    assert error_of(error) == (
        "InvalidRequestException",
        "Invalid field: output has both a stringValue and a refValue",
    )
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert got["pipelineObjects"] == []


@pytest.mark.rule("fatal-text")
def test_validation_tells_what_could_not_be_saved(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    empty = {"key": "command", "stringValue": ""}

    answer = datapipeline_client.validate_pipeline_definition(
        pipelineId=pipeline_id, pipelineObjects=[{"id": "A", "name": "A", "fields": [empty]}]
    )

    assert answer["errored"]
    assert "EMPTY_FIELD:  'command' has no value." in answer["validationErrors"][0]["errors"]


@pytest.mark.rule("put-fatal-missing-id")
def test_an_object_without_id_or_name_is_refused_and_stores_nothing(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)
    client = _unchecked(datapipeline_client)

    with pytest.raises(ClientError) as error:
        client.put_pipeline_definition(
            pipelineId=pipeline_id, pipelineObjects=[{"id": "A", "fields": []}]
        )

    assert error_of(error)[0] == "ValidationException"
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert got["pipelineObjects"] == []


@pytest.mark.rule("put-fatal-too-many", "objects-per-pipeline")
def test_too_many_objects_are_fatal_and_store_nothing(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        put(datapipeline_client, pipeline_id, [activity(f"A{n}") for n in range(101)])

    assert error_of(error)[1] == (
        "Web service limit exceeded: Exceeded maximum number of objects allowed per pipeline"
    )
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert got["pipelineObjects"] == []


@pytest.mark.rule("put-fatal-finished")
def test_a_finished_pipeline_can_not_be_defined_anew(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    datapipeline_fake.pipelines[pipeline_id].run(lambda _: None)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        put(datapipeline_client, pipeline_id, daily(activity("B")))

    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert [held["id"] for held in got["pipelineObjects"]] == ["Default", "S", "A"]


@pytest.mark.rule("validate-stores-nothing")
def test_validation_tells_the_findings_and_stores_nothing(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    answer = datapipeline_client.validate_pipeline_definition(
        pipelineId=pipeline_id,
        pipelineObjects=[
            {
                "id": "Schedule",
                "name": "Schedule",
                "fields": [
                    {"key": "type", "stringValue": "Schedule"},
                    {"key": "period", "stringValue": "1 hour"},
                    {"key": "startDateTime", "stringValue": "2012-12-12T00:00"},
                ],
            }
        ],
    )

    assert answer["errored"] is True
    assert answer["validationErrors"] == [
        {
            "id": "Schedule",
            "errors": [
                "INVALID_FIELD_VALUE:  'startDateTime' value must be a literal datetime value."
            ],
        }
    ]
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert got["pipelineObjects"] == []


@pytest.mark.rule("activate-empty-text")
def test_an_empty_pipeline_can_not_be_activated(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert error_of(error)[1] == "Pipeline definition is empty: "


@pytest.mark.rule("get-active")
def test_the_active_definition_is_the_one_that_was_activated_last(
    datapipeline_client: Any,
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    put(datapipeline_client, pipeline_id, daily(activity("A"), activity("B")))

    active = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id, version="active")
    latest = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id, version="latest")

    assert len(active["pipelineObjects"]) == 3
    assert len(latest["pipelineObjects"]) == 4


@pytest.mark.rule("activation-values")
def test_parameter_values_may_come_with_the_activation(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    put(datapipeline_client, pipeline_id, daily(activity("A", command="echo #{myX}")), myX="a")

    datapipeline_client.activate_pipeline(
        pipelineId=pipeline_id, parameterValues=[{"id": "myX", "stringValue": "b"}]
    )
    task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]

    fields = task["objects"][task["attemptId"]]["fields"]
    assert {"key": "command", "stringValue": "echo b"} in fields


# -- listing and describing -----------------------------------------------------------------------


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


def test_unknown_objects_are_left_out_or_refused(
    datapipeline_client: Any, datapipeline_fake: DataPipelineFake
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))

    answer = datapipeline_client.describe_objects(pipelineId=pipeline_id, objectIds=["A", "B"])
    datapipeline_fake._settings.unknown_objects = "refuse"

    assert [held["id"] for held in answer["pipelineObjects"]] == ["A"]
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.describe_objects(pipelineId=pipeline_id, objectIds=["A", "B"])


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("activate_pipeline", {}),
        ("add_tags", {"tags": []}),
        ("deactivate_pipeline", {}),
        ("delete_pipeline", {}),
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


# -- tags -----------------------------------------------------------------------------------------


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
