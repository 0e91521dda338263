"""Values of fields: kinds, bounds, schedules, on-demand pipelines."""

from __future__ import annotations

from typing import Any

import pytest
from support.definitions import (
    NOW,
    QUIET,
    activity,
    check,
    check_sample,
    definition,
    errors,
    minimal,
    parameter,
    schedule,
    warnings,
    wire_object,
    without,
)

from pytest_datapipeline._service.definitions.catalog import TYPES
from pytest_datapipeline._service.definitions.validation.walk import Findings, validate
from pytest_datapipeline._service.fields import ref

# -- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("maximumRetries", "two", "must be an integer"),
        ("maximumRetries", "1" * 5000, "must be an integer"),
        ("maximumRetries", "6", "must be from 0 to 5"),
        ("maximumRetries", "-1", "must be from 0 to 5"),
        ("maxActiveInstances", "0", "must be from 1 to 5"),
        ("maxActiveInstances", "6", "must be from 1 to 5"),
        ("stage", "yes", "must be true or false"),
        ("attemptTimeout", "soon", "must be a period"),
        ("retryDelay", "10", "must be a period"),
    ],
)
def test_a_bad_value_is_an_error(key: str, value: str, text: str) -> None:
    assert text in errors(check(activity(**{key: value})), "A")


ENUMERATIONS = [
    (kind.name, key, value)
    for kind in TYPES.values()
    for key, slot in kind.slots.items()
    for value in slot.values
    # These three take what stands beside them as well.
    if key not in ("scheduleType", "startAt", "region")
]


@pytest.mark.rule("enumerations")
@pytest.mark.parametrize(("name", "key", "value"), ENUMERATIONS)
def test_an_enumeration_is_compared_without_case(name: str, key: str, value: str) -> None:
    for written in (value.upper(), value.lower()):
        sample = without(minimal(name), key)
        sample["fields"].append({"key": key, "stringValue": written})
        assert f"'{key}' value" not in warnings(check_sample(sample), "X")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("failureAndRerunMode", "Cascade"),
        ("scheduleType", "TIMESERIES"),
        ("maximumRetries", "5"),
        ("maxActiveInstances", "1"),
        ("stage", "TRUE"),
        ("attemptTimeout", "2 Hours"),
        ("attemptTimeout", "#{format(@scheduledStartTime, 'DD')} hours"),
        ("maximumRetries", "#{1 + 1}"),
    ],
)
def test_a_good_value_is_no_error(key: str, value: str) -> None:
    assert check(activity(**{key: value})).errors == {}


@pytest.mark.rule("retries-limit")
def test_a_bad_number_is_an_error() -> None:
    held = wire_object("N", type="DynamoDBDataNode", tableName="t", readThroughputPercent="half")

    assert "'readThroughputPercent' value 'half' must be a number" in errors(check(held), "N")


@pytest.mark.parametrize("value", ["12", "1 Hour"])
def test_a_cluster_may_end_after_hours_or_after_a_period(value: str) -> None:
    assert check(wire_object("C", type="EmrCluster", terminateAfter=value)).errors == {}


def test_each_value_of_a_list_is_checked() -> None:
    found = check(activity(onFail=[ref("T"), ref("S")]), wire_object("T", type="Terminate"))

    assert len(found.errors["A"]) == 1


@pytest.mark.rule("parameter-defaults")
def test_a_given_value_goes_before_the_default() -> None:
    found = check(
        activity(maximumRetries="#{myRetries}"),
        parameters=[parameter("myRetries", default="9")],
        values={"myRetries": "1"},
    )

    assert found.errors == {}


def test_the_value_of_a_parameter_is_checked() -> None:
    found = check(
        activity(maximumRetries="#{myRetries}"),
        parameters=[parameter("myRetries")],
        values={"myRetries": "9"},
    )

    assert "'maximumRetries' value '9' must be from 0 to 5" in errors(found, "A")


def test_the_default_of_a_parameter_is_checked_inside_a_text() -> None:
    found = check(
        activity(retryDelay="#{myDelay} fortnights"), parameters=[parameter("myDelay", default="3")]
    )

    assert "'retryDelay' value '3 fortnights' must be a period" in errors(found, "A")


def test_a_long_value_is_told_in_short() -> None:
    found = check(activity(stage="x" * 10_000))

    assert len(found.errors["A"][0]) < 200


# -- schedules ------------------------------------------------------------------------------------


@pytest.mark.rule("period-bounds")
@pytest.mark.parametrize(
    "period", ["14 minutes", "0 hours", "1097 days", "37 months", "4 years", "0 months"]
)
def test_a_period_out_of_bounds_is_an_error(period: str) -> None:
    assert "must be between 15 minutes and 3 years" in errors(check(schedule(period=period)), "S")


@pytest.mark.parametrize("period", ["15 Minutes", "1 Day", "3 years", "36 months", "156 weeks"])
def test_a_period_within_bounds_is_no_error(period: str) -> None:
    assert check(schedule(period=period)).errors == {}


@pytest.mark.rule("literal-start")
@pytest.mark.parametrize(
    "start", ["bad-time", "makeDate(2011,5,24)", "#{makeDate(2011,5,24)}", "2012-13-01T00:00:00"]
)
def test_a_start_that_is_no_literal_datetime_is_an_error(start: str) -> None:
    found = check(schedule(startDateTime=start))

    assert found.errors == {
        "S": ["INVALID_FIELD_VALUE:  'startDateTime' value must be a literal datetime value."]
    }


def test_a_start_may_be_a_parameter() -> None:
    found = check(
        schedule(startDateTime="#{myStart}"),
        parameters=[parameter("myStart", default="2030-01-01T00:00:00")],
    )

    assert found.errors == {}


def test_the_parameter_for_a_start_must_be_a_datetime() -> None:
    found = check(
        schedule(startDateTime="#{myStart}"), parameters=[parameter("myStart", default="today")]
    )

    assert "'startDateTime' value must be a literal datetime value" in errors(found, "S")


@pytest.mark.rule("end-after-start")
@pytest.mark.parametrize("end", ["2029-12-31T00:00:00", "2030-01-01T00:00:00"])
def test_an_end_that_is_not_after_the_start_is_an_error(end: str) -> None:
    found = check(schedule(endDateTime=end))

    assert f"'endDateTime' value '{end}' must be later than" in errors(found, "S")


def test_an_end_that_is_no_datetime_is_an_error() -> None:
    assert "'endDateTime' value 'never' must be a datetime" in errors(
        check(schedule(endDateTime="never")), "S"
    )


def test_no_occurrences_are_an_error() -> None:
    assert "must be at least 1" in errors(check(schedule(occurrences="0")), "S")


def test_a_schedule_may_start_at_the_first_activation() -> None:
    assert check(schedule(startAt="FIRST_ACTIVATION_DATE_TIME")).errors == {}


@pytest.mark.rule("schedule-pairs", "command-or-script")
@pytest.mark.parametrize(
    ("held", "first", "second"),
    [
        (
            schedule(startAt="FIRST_ACTIVATION_DATE_TIME", startDateTime="2030-01-01T00:00:00"),
            "startDateTime",
            "startAt",
        ),
        (
            schedule(endDateTime="2031-01-01T00:00:00", occurrences="3"),
            "endDateTime",
            "occurrences",
        ),
        (activity(scriptUri="s3://b/s"), "command", "scriptUri"),
    ],
)
def test_two_fields_that_exclude_each_other_are_an_error(
    held: dict[str, Any], first: str, second: str
) -> None:
    assert f"'{first}' and '{second}' cannot both be set" in errors(check(held), held["id"])


def test_a_child_may_replace_the_command_of_its_parent_by_a_script() -> None:
    found = check(
        wire_object("P", command="echo"),
        activity(command=None, scriptUri="s3://b/s", parent=ref("P")),
    )

    assert found.errors == {}


@pytest.mark.rule("schedule-required")
def test_an_activity_without_a_schedule_is_an_error() -> None:
    assert "'schedule' is required" in errors(check(activity(schedule=None)), "A")


# -- on demand ------------------------------------------------------------------------------------

ON_DEMAND = wire_object("Default", workerGroup="wg", scheduleType="ONDEMAND", **QUIET)


def test_an_on_demand_pipeline_needs_no_schedule() -> None:
    found = validate(definition(ON_DEMAND, activity(schedule=None)), NOW)

    assert found == Findings()


@pytest.mark.rule("on-demand-schedules")
def test_an_on_demand_pipeline_may_have_the_schedule_that_is_none() -> None:
    special = schedule(period="ONDEMAND_PERIOD", startAt="ONDEMAND_ACTIVATION_TIME")

    assert check(ON_DEMAND, special, activity()) == Findings()


def test_an_on_demand_pipeline_with_another_schedule_type_is_an_error() -> None:
    found = check(ON_DEMAND, activity(schedule=None, scheduleType="cron"), base=False)

    assert "'scheduleType' value 'cron' cannot be used" in errors(found, "A")


@pytest.mark.rule("on-demand-default")
def test_on_demand_anywhere_but_on_default_is_an_error() -> None:
    found = check(activity(scheduleType="ondemand"))

    assert "must be set on the Default object" in errors(found, "A")


def test_the_schedule_of_on_demand_pipelines_is_an_error_elsewhere() -> None:
    special = schedule(period="ONDEMAND_PERIOD", startAt="ONDEMAND_ACTIVATION_TIME")

    found = check(special, activity())

    assert len(found.errors["S"]) == 2
    assert "requires 'scheduleType' 'ondemand'" in errors(found, "S")
