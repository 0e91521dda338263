"""Validation of definitions: what is stored, told and warned of, whatever is put."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.definitions import (
    CASCADE,
    DEFAULT,
    LOG_URI,
    NOW,
    SCHEDULE,
    activity,
    check,
    definition,
    node,
    schedule,
    warnings,
    wire_object,
)

from pytest_datapipeline._service.definitions import catalog
from pytest_datapipeline._service.definitions.catalog import TYPES
from pytest_datapipeline._service.definitions.definition import Definition
from pytest_datapipeline._service.definitions.validation.walk import (
    Findings,
    refuse_empty,
    refuse_too_many,
    validate,
)
from pytest_datapipeline._service.errors import ServiceError
from pytest_datapipeline._service.expressions.periods import Period
from pytest_datapipeline._service.fields import parse_datetime, ref

# -- AWS's example --------------------------------------------------------------------------------

SAY_HELLO = (
    wire_object("Default", workerGroup="workerGroup"),
    wire_object(
        "Schedule",
        startDateTime="2012-12-12T00:00:00",
        type="Schedule",
        period="1 hour",
        endDateTime="2012-12-21T18:00:00",
    ),
    wire_object(
        "SayHello",
        type="ShellCommandActivity",
        command="echo hello",
        parent=ref("Default"),
        schedule=ref("Schedule"),
    ),
)


@pytest.mark.rule("sayhello-bytes", "warning-log-uri", "warning-cascade")
def test_the_answer_to_the_published_example_has_the_bytes_that_were_recorded() -> None:
    response = validate(definition(*SAY_HELLO), NOW).to_response()

    assert response == {
        "validationErrors": [],
        "validationWarnings": [
            {"id": "SayHello", "warnings": [CASCADE]},
            {"id": "Default", "warnings": [LOG_URI]},
        ],
        "errored": False,
    }
    assert len(json.dumps(response, separators=(",", ":"))) == 421


def test_a_definition_in_order_has_no_findings() -> None:
    assert check(activity()).to_response() == {
        "validationErrors": [],
        "validationWarnings": [],
        "errored": False,
    }


def test_an_empty_definition_has_no_findings() -> None:
    assert validate(definition(), NOW) == Findings()


def test_errors_are_in_the_order_of_the_definition() -> None:
    found = check(activity("Z", dependsOn=ref("no")), activity("B", dependsOn=ref("no")))

    assert list(found.errors) == ["Z", "B"]


def test_all_faults_of_an_object_are_told() -> None:
    found = check(activity(maximumRetries="x", stage="perhaps", dependsOn=ref("no")))

    assert len(found.errors["A"]) == 3


# -- what is not stored ---------------------------------------------------------------------------


@pytest.mark.parametrize("empty", [{"command": ""}, {"runsOn": ref("")}])
def test_an_empty_field_is_fatal(empty: dict[str, Any]) -> None:
    with pytest.raises(ServiceError) as error:
        refuse_empty(definition(activity(**empty)))

    assert error.value.code == "InvalidRequestException"
    assert error.value.message.startswith(
        "Pipeline definition has errors: Could not save the pipeline definition due to FATAL "
        "errors: [com.amazon.setl.webservice.ValidationError@"
    )
    assert error.value.message.endswith("] Please call Validate to validate your pipeline")


@pytest.mark.parametrize("empty", [{"stdout": ""}, {"onFail": ref("")}])
def test_validation_tells_which_field_is_empty(empty: dict[str, Any]) -> None:
    found = check(activity(**empty))

    (field,) = empty
    assert found.errors == {"A": [f"EMPTY_FIELD:  '{field}' has no value."]}


def test_too_many_objects_are_fatal() -> None:
    with pytest.raises(ServiceError) as error:
        refuse_too_many(definition(DEFAULT, SCHEDULE), 1)

    assert error.value.message == (
        "Web service limit exceeded: Exceeded maximum number of objects allowed per pipeline"
    )


def test_a_definition_with_errors_is_not_fatal() -> None:
    wrong = definition(wire_object("X", type="Schedule"))

    refuse_empty(wrong)
    refuse_too_many(wrong, 1)

    assert validate(wrong, 0).errored


# -- warnings -------------------------------------------------------------------------------------


def test_a_log_uri_is_recommended_without_default_as_well() -> None:
    found = validate(definition(SCHEDULE), NOW)

    assert found.warnings == {"Default": [LOG_URI]}


def test_a_log_uri_may_be_set_on_each_object_if_there_is_no_default() -> None:
    held = activity(pipelineLogUri="s3://logs", failureAndRerunMode="cascade", workerGroup="wg")

    assert validate(definition(SCHEDULE, held), NOW) == Findings()


@pytest.mark.rule("warning-terminate-after")
def test_an_end_of_a_machine_is_recommended() -> None:
    found = check(wire_object("R", type="Ec2Resource", role="r", resourceRole="rr"))

    assert warnings(found, "R") == (
        "'terminateAfter' is missing. It is recommended to set this to avoid leaving resource "
        "running for long duration."
    )


@pytest.mark.rule("warning-backfill")
def test_cascading_failures_of_a_backfill_are_warned_of() -> None:
    found = check(schedule(startDateTime="2016-01-01T00:00:00"), activity())

    assert warnings(found, "A") == (
        "A has 'failureAndRerunMode' field set to 'cascade' and you are about to create a backfill "
        "with scheduleStartTime 2016-01-01T00:00:00. This can result in rapid creation of pipeline "
        "objects in case of failures."
    )


@pytest.mark.rule("retry-delay-minimum")
def test_a_short_retry_delay_is_a_warning() -> None:
    found = check(activity(retryDelay="90 seconds"))

    assert "'retryDelay' value '90 seconds' is shorter" in warnings(found, "A")
    assert found.errors == {}


# -- anything -------------------------------------------------------------------------------------

NAMES = st.sampled_from(["Default", "A", "B", "S", "n"])
KEYS = st.sampled_from([*catalog.ANY_SLOTS, "type", "@status", "myField", "*mySecret", "id"])
TEXTS = st.one_of(
    st.sampled_from(
        [
            *TYPES,
            "1 hour",
            "99999999999 years",
            "2030-01-01T00:00:00",
            "0000-00-00T00:00:00",
            "#{myField}",
            "#{myX} hours",
            "#{",
            "#{1/0}",
            "ondemand",
            "cascade",
            "true",
            "\u0663",
            "1e999",
        ]
    ),
    st.text(alphabet="#{}'() .*@my1aZ", max_size=12),
)
FIELDS = st.one_of(
    st.fixed_dictionaries({"key": KEYS, "stringValue": TEXTS}),
    st.fixed_dictionaries({"key": KEYS, "refValue": NAMES}),
    st.fixed_dictionaries({"key": KEYS}),
)
OBJECTS = st.fixed_dictionaries(
    {"id": NAMES, "name": NAMES, "fields": st.lists(FIELDS, max_size=8)}
)
PARAMETERS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["myField", "myX", "other"]),
        "attributes": st.lists(
            st.fixed_dictionaries(
                {
                    "key": st.sampled_from(
                        ["type", "default", "optional", "isArray", "allowedValues"]
                    ),
                    "stringValue": st.one_of(TEXTS, st.sampled_from(["Integer", "Double", "true"])),
                }
            ),
            max_size=4,
        ),
    }
)
REQUESTS = st.fixed_dictionaries(
    {
        "pipelineObjects": st.lists(OBJECTS, max_size=6),
        "parameterObjects": st.lists(PARAMETERS, max_size=3),
        "parameterValues": st.lists(
            st.fixed_dictionaries({"id": st.sampled_from(["myX", "myY"]), "stringValue": TEXTS}),
            max_size=3,
        ),
    }
)


@given(REQUESTS, st.one_of(st.none(), REQUESTS))
def test_any_definition_can_be_validated(
    request: dict[str, Any], before: dict[str, Any] | None
) -> None:
    active = None if before is None else Definition.of_request(before)

    response = validate(Definition.of_request(request), NOW, active).to_response()

    assert response["errored"] == bool(response["validationErrors"])
    assert all(entry["errors"] for entry in response["validationErrors"])


@given(st.text(max_size=30))
def test_any_text_is_a_datetime_or_refused(text: str) -> None:
    try:
        parse_datetime(text)
    except ValueError:
        return
    assert text.strip()[4] == "-"


def test_a_datetime_is_read_as_utc() -> None:
    assert parse_datetime("1970-01-02T00:00:00") == Period.parse("1 day").nanoseconds


def test_a_chain_of_a_thousand_objects_is_validated() -> None:
    many = definition(
        DEFAULT,
        SCHEDULE,
        *[
            activity(
                f"A{n}",
                command="echo #{format(@scheduledStartTime, 'YYYY')}",
                retryDelay="10 minutes",
                input=ref("n"),
                dependsOn=ref(f"A{n - 1}") if n else None,
            )
            for n in range(997)
        ],
        node("n"),
    )

    found = validate(many, NOW)

    assert found == Findings()
