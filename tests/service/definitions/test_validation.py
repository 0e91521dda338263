"""What is found wrong with a definition, rule by rule."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_datapipeline._service.clock import SECOND
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
from pytest_datapipeline._service.fields import Ref, parse_datetime, ref

# 2017-03-01, when AWS's answer to its own example was recorded.
NOW = 1_488_326_400 * SECOND

CASCADE = (
    " It is recommended to set 'failureAndRerunMode'  to 'cascade' on Default object to enable "
    "cascade failure mode for Activity, Datanode, Precondition and Resource objects of a pipeline."
)
LOG_URI = (
    "'pipelineLogUri'is missing. It is recommended to set this value on Default object for better "
    "troubleshooting."
)


def wire_object(id: str, **fields: Any) -> dict[str, Any]:
    """An object of the wire; `star_x` is the field `*x`, `at_x` is `@x`."""
    held = []
    for name, value in fields.items():
        key = name.replace("star_", "*").replace("at_", "@")
        for item in value if isinstance(value, list) else [value]:
            kind = "refValue" if isinstance(item, Ref) else "stringValue"
            held.append({"key": key, kind: item.id if isinstance(item, Ref) else item})
    return {"id": id, "name": id, "fields": held}


def parameter(id: str, **attributes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "attributes": [
            {"key": key, "stringValue": item}
            for key, value in attributes.items()
            for item in (value if isinstance(value, list) else [value])
        ],
    }


def definition(
    *objects: dict[str, Any],
    parameters: list[dict[str, Any]] | None = None,
    values: dict[str, str | list[str]] | None = None,
) -> Definition:
    return Definition.of_request(
        {
            "pipelineObjects": list(objects),
            "parameterObjects": parameters,
            "parameterValues": [
                {"id": name, "stringValue": item}
                for name, value in (values or {}).items()
                for item in (value if isinstance(value, list) else [value])
            ],
        }
    )


QUIET = {"pipelineLogUri": "s3://logs", "failureAndRerunMode": "CASCADE"}
DEFAULT = wire_object("Default", workerGroup="wg", scheduleType="cron", **QUIET)
SCHEDULE = wire_object(
    "S", type="Schedule", period="1 hour", startDateTime="2030-01-01T00:00:00", occurrences="3"
)


def activity(id: str = "A", **fields: Any) -> dict[str, Any]:
    given = {"type": "ShellCommandActivity", "command": "echo", "schedule": ref("S"), **fields}
    return wire_object(id, **{key: value for key, value in given.items() if value is not None})


def node(id: str, **fields: Any) -> dict[str, Any]:
    return wire_object(id, type="S3DataNode", filePath=f"s3://b/{id}", **fields)


def schedule(**fields: Any) -> dict[str, Any]:
    start = {} if "startAt" in fields else {"startDateTime": "2030-01-01T00:00:00"}
    return wire_object("S", type="Schedule", **{"period": "1 hour", **start, **fields})


def check(*objects: dict[str, Any], base: bool = True, **more: Any) -> Findings:
    """The findings of some objects, by default beside a Default and a Schedule in order."""
    given = {held["id"] for held in objects}
    beside = [held for held in (DEFAULT, SCHEDULE) if base and held["id"] not in given]
    return validate(definition(*beside, *objects, **more), NOW)


def errors(found: Findings, id: str) -> str:
    return "\n".join(found.errors.get(id, []))


def warnings(found: Findings, id: str) -> str:
    return "\n".join(found.warnings.get(id, []))


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
    wrong = definition(wire_object("X", type="Nonsense"))

    refuse_empty(wrong)
    refuse_too_many(wrong, 1)

    assert validate(wrong, 0).errored


# -- types ----------------------------------------------------------------------------------------

# One object of each family to refer to.
TARGETS: dict[str, dict[str, Any]] = {
    catalog.DATA_NODE: wire_object("node", type="S3DataNode", filePath="s3://b/k"),
    catalog.DATABASE: wire_object(
        "db", type="RedshiftDatabase", star_password="p", username="u", clusterId="c"
    ),
    catalog.SCHEDULE: SCHEDULE,
}
VALUES = {"R": "", "P": "1 hour", "E": "", "T": "2030-01-01T00:00:00"}


def minimal(name: str) -> dict[str, Any]:
    """The least that an object of a type must have."""
    kind = TYPES[name]
    fields: dict[str, Any] = {"type": name}
    if kind.family == catalog.ACTIVITY:
        fields["schedule"] = ref("S")
    for key in (*kind.required, *(group[-1] for group in kind.groups)):
        slot = kind.slots[key]
        if slot.is_reference:
            fields[key] = ref(TARGETS[slot.families[0]]["id"])
        else:
            fields[key] = slot.values[0] if slot.values else VALUES.get(slot.kind, "text")
    return wire_object("X", **fields)


def without(held: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {**held, "fields": [field for field in held["fields"] if field["key"] not in keys]}


BARE_DEFAULT = wire_object("Default", **QUIET)


def check_sample(held: dict[str, Any]) -> Findings:
    return check(BARE_DEFAULT, *TARGETS.values(), held)


@pytest.mark.rule("types")
@pytest.mark.parametrize("name", TYPES)
def test_the_least_object_of_a_type_has_no_errors(name: str) -> None:
    assert check_sample(minimal(name)).errors == {}


@pytest.mark.rule("types")
@pytest.mark.parametrize(
    ("name", "key"), [(kind.name, key) for kind in TYPES.values() for key in kind.required]
)
def test_a_required_field_is_missed(name: str, key: str) -> None:
    found = check_sample(without(minimal(name), key))

    assert f"'{key}' is required on an object of type '{name}'" in errors(found, "X")


@pytest.mark.rule("types")
@pytest.mark.parametrize(
    ("name", "group"), [(kind.name, group) for kind in TYPES.values() for group in kind.groups]
)
def test_one_of_a_group_is_missed(name: str, group: tuple[str, ...]) -> None:
    found = check_sample(without(minimal(name), *group))

    assert f"one of '{group[0]}', '{group[1]}' is required" in errors(found, "X")


@pytest.mark.parametrize("name", TYPES)
def test_no_documented_field_of_a_type_is_unknown(name: str) -> None:
    held = minimal(name)
    held["fields"] += [
        {"key": key, "stringValue": "#{myAnything}"} for key in TYPES[name].slots if key != "parent"
    ]

    assert "is no field of" not in warnings(check_sample(held), "X")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("HiveActivity", "activity"),
        ("S3DataNode", "data node"),
        ("EmrCluster", "resource"),
        ("Exists", "precondition"),
        ("JdbcDatabase", "database"),
        ("TSV", "data format"),
        ("SnsAlarm", "action"),
        ("Schedule", "schedule"),
        ("EbsConfiguration", "utility"),
        ("Nonsense", None),
    ],
)
def test_a_type_has_a_family(name: str, family: str | None) -> None:
    assert catalog.family_of(name) == family


def test_activities_nodes_and_resources_are_runnable() -> None:
    runnable = {kind.family for kind in TYPES.values() if catalog.is_runnable(kind.name)}

    assert runnable == {"activity", "data node", "resource"}


def test_every_type_has_one_of_the_families() -> None:
    assert {kind.family for kind in TYPES.values()} == set(catalog.FAMILIES)


def test_an_unknown_type_is_an_error() -> None:
    found = check(wire_object("X", type="ShelCommandActivity"))

    assert "'type' value 'ShelCommandActivity' is no type of object" in errors(found, "X")


def test_an_object_without_a_type_is_an_error() -> None:
    assert "'type' is required" in errors(check(wire_object("X", role="r")), "X")


def test_a_parent_needs_no_type() -> None:
    found = check(wire_object("P", command="echo"), activity(command=None, parent=ref("P")))

    assert found.errors == {}


@pytest.mark.rule("default-for-all")
def test_default_takes_the_fields_of_any_type() -> None:
    held = wire_object("Default", workerGroup="wg", tableName="t", period="1 day", **QUIET)

    assert check(held) == Findings()


def test_the_values_of_default_are_checked() -> None:
    held = wire_object("Default", workerGroup="wg", maximumRetries="many", **QUIET)

    assert "'maximumRetries' value 'many' must be an integer" in errors(check(held), "Default")


# -- inheritance ----------------------------------------------------------------------------------


@pytest.mark.rule("inheritance")
def test_a_required_field_may_be_inherited() -> None:
    held = wire_object("Default", role="r", resourceRole="rr", terminateAfter="1 Hour", **QUIET)

    assert check(held, wire_object("R", type="Ec2Resource")) == Findings()


@pytest.mark.rule("not-allowed-on-resources")
def test_what_is_not_for_a_resource_is_told_where_it_is_its_own_and_not_where_it_is_inherited() -> (
    None
):
    machine = {"type": "Ec2Resource", "role": "r", "resourceRole": "r", "terminateAfter": "1 hour"}

    inherited = check(wire_object("R", **machine))
    own = check(wire_object("R", **machine, workerGroup="wg", runsOn=ref("R")))

    assert "R" not in {**inherited.errors, **inherited.warnings}
    assert own.warnings["R"] == [
        "'workerGroup' is no field of an object of type 'Ec2Resource'.",
        "'runsOn' is no field of an object of type 'Ec2Resource'.",
    ]


def test_an_inherited_field_that_the_type_lacks_is_tolerated() -> None:
    found = check(wire_object("P", step="s"), activity(parent=ref("P"), workerGroup="wg"))

    assert "A" not in found.warnings


# -- references -----------------------------------------------------------------------------------


def test_a_reference_to_nothing_is_an_error() -> None:
    found = check(activity(dependsOn=ref("B")))

    assert "'dependsOn' refers to 'B', which is not in the definition" in errors(found, "A")


def test_a_reference_of_an_own_field_to_nothing_is_an_error() -> None:
    assert "'myNode' refers to 'B'" in errors(check(activity(myNode=ref("B"))), "A")


def test_a_reference_for_a_string_is_an_error() -> None:
    found = check(activity(command=ref("S")))

    assert "'command' must be a string, not a reference to 'S'" in errors(found, "A")


def test_a_string_for_a_reference_is_an_error() -> None:
    found = check(activity(schedule="S"))

    assert "'schedule' value 'S' must be a reference to an object" in errors(found, "A")


@pytest.mark.parametrize(
    ("key", "family"),
    [
        ("dependsOn", "an activity or a data node or a resource"),
        ("input", "a data node"),
        ("onFail", "an action"),
        ("onLateAction", "an action"),
        ("onSuccess", "an action"),
        ("output", "a data node"),
        ("precondition", "a precondition"),
        ("runsOn", "a resource"),
    ],
)
def test_a_reference_to_the_wrong_family_is_an_error(key: str, family: str) -> None:
    fields: dict[str, Any] = {key: ref("S")}

    found = check(activity(**fields))

    assert (
        f"'{key}' refers to 'S', which is of type 'Schedule'; it must refer to {family}."
        in errors(found, "A")
    )


def test_a_schedule_must_be_a_schedule() -> None:
    assert "must refer to a schedule" in errors(check(activity(schedule=ref("Default"))), "A")


def test_a_database_must_be_a_database() -> None:
    held = wire_object("N", type="RedshiftDataNode", tableName="t", database=ref("S"))

    assert "must refer to a database" in errors(check(held), "N")


def test_a_reference_to_an_unknown_type_is_told_once() -> None:
    found = check(activity(onFail=ref("X")), wire_object("X", type="Nonsense"))

    assert list(found.errors) == ["X"]


def test_a_utility_may_be_referred_to() -> None:
    found = check(
        wire_object("C", type="EmrCluster", configuration=ref("E"), coreEbsConfiguration=ref("B")),
        wire_object("E", type="EmrConfiguration", classification="core-site", property=ref("P")),
        wire_object("P", type="Property", key="k", value="v"),
        wire_object(
            "B", type="EbsConfiguration", ebsOptimized="true", ebsBlockDeviceConfig=ref("D")
        ),
        wire_object("D", type="EbsBlockDeviceConfig", volumesPerInstance="2"),
    )

    assert found == Findings()


# -- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("failureAndRerunMode", "cascading", "must be one of none, cascade"),
        ("scheduleType", "hourly", "must be one of cron, ondemand, timeseries"),
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
        assert f"'{key}'" not in errors(check_sample(sample), "X")


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
    assert f"'{first}' and '{second}' can not both be set" in errors(check(held), held["id"])


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


def test_an_on_demand_pipeline_with_a_schedule_is_an_error() -> None:
    assert "must be 'ONDEMAND_PERIOD'" in errors(check(ON_DEMAND, SCHEDULE, activity()), "S")


def test_an_on_demand_pipeline_with_another_schedule_type_is_an_error() -> None:
    found = check(ON_DEMAND, activity(schedule=None, scheduleType="cron"), base=False)

    assert "'scheduleType' value 'cron' can not be used" in errors(found, "A")


@pytest.mark.rule("on-demand-default")
def test_on_demand_anywhere_but_on_default_is_an_error() -> None:
    found = check(activity(scheduleType="ondemand"))

    assert "must be set on the Default object" in errors(found, "A")


def test_the_schedule_of_on_demand_pipelines_is_an_error_elsewhere() -> None:
    special = schedule(period="ONDEMAND_PERIOD", startAt="ONDEMAND_ACTIVATION_TIME")

    found = check(special, activity())

    assert len(found.errors["S"]) == 2
    assert "requires 'scheduleType' 'ondemand'" in errors(found, "S")


# -- fields ---------------------------------------------------------------------------------------


def test_an_unknown_field_is_a_warning() -> None:
    found = check(activity(comand="echo"))

    assert found.errors == {}
    assert (
        warnings(found, "A") == "'comand' is no field of an object of type 'ShellCommandActivity'."
    )


@pytest.mark.parametrize("key", ["myComment", "my_comment", "star_mySecret"])
def test_a_field_of_ones_own_is_known(key: str) -> None:
    assert check(activity(**{key: "x"})) == Findings()


@pytest.mark.rule("my-fields")
def test_a_field_of_ones_own_needs_a_capital_letter() -> None:
    assert "'mycomment' is no field" in warnings(check(activity(mycomment="x")), "A")


@pytest.mark.rule("reserved-fields")
def test_a_field_of_the_service_is_an_error() -> None:
    assert "'@status' is reserved" in errors(check(activity(at_status="FINISHED")), "A")


@pytest.mark.rule("fields-per-object")
def test_more_than_fifty_fields_are_an_error() -> None:
    found = check(activity(**{f"my_{number}": "x" for number in range(48)}))

    assert errors(found, "A") == "May only specify up to '50' fields per object"


def test_a_list_of_strings_counts_as_one_field() -> None:
    assert check(activity(scriptArgument=["x"] * 60)).errors == {}


@pytest.mark.rule("references-per-object")
@pytest.mark.parametrize(
    ("dependencies", "problem"),
    [(49, ""), (50, "May only specify up to '50' fields per object")],
)
def test_more_than_fifty_references_are_an_error(dependencies: int, problem: str) -> None:
    """One of them is that to the schedule."""
    others = [f"B{number}" for number in range(dependencies)]

    found = check(*map(activity, others), activity(dependsOn=[ref(name) for name in others]))

    assert errors(found, "A") == problem


@pytest.mark.rule("bytes-of-fields")
@pytest.mark.parametrize(("characters", "count"), [(5_120, 0), (5_121, 1)])
def test_a_field_of_too_many_bytes_is_an_error(characters: int, count: int) -> None:
    found = check(activity(command="\u00e9" * characters))

    assert errors(found, "A").count("bytes; 10240 are allowed") == count


@pytest.mark.rule("bytes-of-fields")
def test_an_object_of_too_many_bytes_is_an_error() -> None:
    found = check(activity(command="x" * 10_000, stdout="x" * 5_400))

    assert "bytes; 15360 are allowed" in errors(found, "A")


@pytest.mark.rule("bytes-of-names")
def test_a_name_of_too_many_bytes_is_an_error() -> None:
    found = check(activity(**{"my_" + "\u00e9" * 130: "x"}))

    assert "is a name of 263 bytes; 256 are allowed" in errors(found, "A")


def test_an_id_of_too_many_bytes_is_an_error() -> None:
    found = check(activity("x" * 257))

    assert "'id' value has 257 bytes; 256 are allowed" in errors(found, "x" * 257)


def test_an_id_that_two_objects_have_is_an_error() -> None:
    found = check(activity(), activity())

    assert "'id' value 'A' belongs to more than one object" in errors(found, "A")


# -- circles --------------------------------------------------------------------------------------


def test_parents_in_a_circle_are_an_error() -> None:
    found = check(
        wire_object("A", type="Terminate", parent=ref("B")),
        wire_object("B", type="Terminate", parent=ref("A")),
    )

    text = ["CIRCULAR_REFERENCE:  'parent' goes round in a circle: A -> B -> A."]
    assert found.errors == {"A": text, "B": text}


def test_activities_that_wait_for_each_other_are_an_error() -> None:
    found = check(
        activity("A", dependsOn=ref("B")),
        activity("B", dependsOn=ref("C")),
        activity("C", dependsOn=ref("A")),
        activity("D", dependsOn=ref("A")),
    )

    assert list(found.errors) == ["A", "B", "C"]
    assert errors(found, "C").endswith("A -> B -> C -> A.")


def test_an_activity_that_waits_for_itself_is_an_error() -> None:
    assert errors(check(activity(dependsOn=ref("A"))), "A").endswith("A -> A.")


def test_activities_that_feed_each_other_are_an_error() -> None:
    found = check(
        activity("A", input=ref("m"), output=ref("n")),
        activity("B", input=ref("n"), output=ref("m")),
        node("m"),
        node("n"),
    )

    assert list(found.errors) == ["A", "B", "m", "n"]
    assert errors(found, "n").endswith("A -> m -> B -> n -> A.")


def test_an_activity_may_change_a_node_in_place() -> None:
    assert check(activity(input=ref("n"), output=ref("n")), node("n")) == Findings()


def test_a_long_chain_is_no_circle() -> None:
    chain = [activity(f"A{n}", dependsOn=ref(f"A{n + 1}")) for n in range(3000)]

    assert check(*chain, activity("A3000")).errors == {}


def test_every_object_of_two_circles_has_an_error() -> None:
    found = check(
        activity("A", dependsOn=ref("B")),
        activity("B", dependsOn=ref("A")),
        activity("C", dependsOn=[ref("A"), ref("D")]),
        activity("D", dependsOn=ref("C")),
    )

    assert errors(found, "B").endswith("A -> B -> A.")
    assert errors(found, "C").endswith("C -> D -> C.")


@given(st.lists(st.sets(st.integers(0, 7), max_size=3), min_size=8, max_size=8))
def test_a_circle_that_an_error_names_is_one_and_none_is_left_without(
    needs: list[set[int]],
) -> None:
    objects = [
        activity(f"A{n}", dependsOn=[ref(f"A{other}") for other in sorted(others)])
        for n, others in enumerate(needs)
    ]

    found = check(*objects)

    for object_id in found.errors:
        way = errors(found, object_id).split(": ")[-1].rstrip(".").split(" -> ")
        assert object_id in way
        assert way[0] == way[-1]
        for one, other in pairwise(way):
            assert int(other[1:]) in needs[int(one[1:])]
    rest = {n for n in range(8) if f"A{n}" not in found.errors}
    while rest:
        ends = {n for n in rest if not needs[n] & rest}
        assert ends
        rest -= ends


def test_a_long_circle_is_told_in_short() -> None:
    circle = [activity(f"A{n}", dependsOn=ref(f"A{(n + 1) % 500}")) for n in range(500)]

    found = check(*circle)

    assert len(found.errors) == 500
    assert " -> ... -> " in errors(found, "A7")


# -- expressions ----------------------------------------------------------------------------------


def test_an_expression_that_does_not_parse_is_an_error() -> None:
    assert "INVALID_EXPRESSION:  'command' " in errors(check(activity(command="echo #{1 +")), "A")


def test_an_unknown_parameter_is_an_error() -> None:
    found = check(activity(command="echo #{myWord}"))

    assert "'command' uses 'myWord', which is neither a parameter nor a field" in errors(found, "A")


@pytest.mark.parametrize(
    "more",
    [
        {"parameters": [parameter("myWord", default="hi")]},
        {"values": {"myWord": "hi"}},
    ],
)
def test_a_parameter_may_be_used(more: dict[str, Any]) -> None:
    assert check(activity(command="echo #{myWord}"), **more).errors == {}


def test_a_field_of_ones_own_may_be_used() -> None:
    assert check(activity(command="echo #{myWord}", myWord="hi")).errors == {}


def test_a_parent_may_use_what_its_children_define() -> None:
    found = check(
        wire_object("P", command="echo #{myWord}"),
        activity(command=None, parent=ref("P"), myWord="hi"),
    )

    assert found.errors == {}


def test_the_fields_of_the_run_may_be_used() -> None:
    found = check(
        activity(
            command="#{format(@scheduledStartTime, 'YYYY')} #{input.filePath}", input=ref("n")
        ),
        node("n"),
    )

    assert found.errors == {}


# -- parameters -----------------------------------------------------------------------------------


@pytest.mark.rule("parameter-types")
@pytest.mark.parametrize(
    ("declared", "values", "text"),
    [
        (parameter("yourX", default="1"), {}, "must begin with 'my' or '*my'"),
        (
            parameter("myX", allowedValues=["a", "b"]),
            {"myX": "c"},
            "'myX' value 'c' is not among its allowedValues",
        ),
        (parameter("myX", type="Integer"), {"myX": "1.5"}, "'myX' value '1.5' is no Integer"),
        (parameter("myX", type="Double"), {"myX": "much"}, "'myX' value 'much' is no Double"),
        (parameter("myX"), {"myX": ["a", "b"]}, "'myX' has 2 values, but is no array"),
        (parameter("my" + "x" * 255, default="1"), {}, "256 are allowed"),
    ],
)
def test_a_parameter_that_is_wrong_is_an_error(
    declared: dict[str, Any], values: dict[str, Any], text: str
) -> None:
    found = check(parameters=[declared], values=values)

    assert text in errors(found, declared["id"])


@pytest.mark.rule("parameter-without-value")
@pytest.mark.parametrize(
    ("declared", "command"),
    [
        pytest.param("myX", "#{myX}", id="alone"),
        pytest.param("myX", "echo #{format(@scheduledStartTime, myX)}", id="in an expression"),
        pytest.param("*myX", "#{*myX}", id="secret"),
        pytest.param("*myX", "#{myX}", id="secret without its star"),
    ],
)
def test_a_parameter_without_a_value_that_an_object_uses_is_an_error(
    declared: str, command: str
) -> None:
    found = check(activity(command=command), parameters=[parameter(declared)])

    assert found.errors == {declared: ["Value is missing for this parameter"]}
    assert declared not in found.warnings


@pytest.mark.rule("parameter-without-value")
@pytest.mark.parametrize(
    ("declared", "values"),
    [
        (parameter("myX", optional="true"), {}),
        (parameter("myX", default="x"), {}),
        (parameter("myX"), {"myX": "x"}),
    ],
)
def test_a_parameter_that_is_optional_or_has_a_value_is_no_error(
    declared: dict[str, Any], values: dict[str, str]
) -> None:
    found = check(activity(command="#{myX}"), parameters=[declared], values=values)

    assert found == Findings()


def test_a_parameter_behind_a_field_of_its_name_is_not_used() -> None:
    found = check(activity(command="#{myX}", myX="own"), parameters=[parameter("myX")])

    assert found.errors == {}


def test_a_parameter_without_a_value_that_nothing_uses_is_a_warning_until_the_activation() -> None:
    definition = Definition.of_request(
        {"pipelineObjects": [], "parameterObjects": [parameter("myX")]}
    )

    put = validate(definition, 0)
    activated = validate(definition, 0, activating=True)

    assert "'myX' has neither a value nor a default" in put.warnings["myX"][0]
    assert activated.errors["myX"] == put.warnings["myX"]
    assert not put.errored


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        (parameter("myX", optional="true"), {}),
        (parameter("myX", type="Integer", optional="True"), {"myX": ""}),
        (parameter("*myX", watermark="secret"), {"*myX": "s"}),
        (parameter("myX", type="Integer", default="-3"), {}),
        (parameter("myX", type="Double"), {"myX": "2.5"}),
        (parameter("myX", type="AWS::S3::ObjectKey"), {"myX": "s3://b"}),
        (parameter("myX", isArray="true", allowedValues=["a", "b"]), {"myX": ["a", "b"]}),
    ],
)
def test_a_parameter_in_order_is_no_error(declared: dict[str, Any], values: dict[str, Any]) -> None:
    assert check(parameters=[declared], values=values) == Findings()


@pytest.mark.rule("parameter-attributes")
def test_further_attributes_of_a_parameter_are_accepted() -> None:
    declared = parameter("myX", default="1", watermark="a number", helpText="how many", myOwn="x")

    found = check(parameters=[declared])

    assert found.errors == {}
    assert "myX" not in found.warnings


@pytest.mark.rule("late-action-needs-time")
@pytest.mark.parametrize(("given", "told"), [({}, True), ({"lateAfterTimeout": "1 hour"}, False)])
def test_a_late_action_without_a_time_is_a_warning(given: dict[str, str], told: bool) -> None:
    stop = wire_object("Stop", type="Terminate")

    found = check(stop, activity(onLateAction=ref("Stop"), **given))

    assert ("'onLateAction' has no effect" in warnings(found, "A")) == told


STOP = wire_object("Stop", type="Terminate")
ALARM = wire_object("Alarm", type="SnsAlarm", message="m", role="r", subject="s", topicArn="t")


@pytest.mark.rule("precondition-terminate")
@pytest.mark.parametrize("key", ["onFail", "onSuccess", "onLateAction"])
@pytest.mark.parametrize("inherited", [False, True])
def test_an_action_of_a_precondition_can_not_be_a_terminate(key: str, inherited: bool) -> None:
    action = {key: ref("Stop"), "lateAfterTimeout": "1 hour"}
    base = wire_object("Base", **(action if inherited else {}))
    exists = wire_object("E", type="Exists", parent=ref("Base"), **({} if inherited else action))

    found = check(STOP, base, exists, node("N", precondition=ref("E")))

    assert found.errors == {"E": [f"'{key}' is not allowed to have values of of type 'Terminate'"]}


@pytest.mark.parametrize("key", ["onFail", "onSuccess", "onLateAction"])
def test_an_action_of_a_precondition_can_be_an_alarm(key: str) -> None:
    action: dict[str, Any] = {key: ref("Alarm")}
    exists = wire_object("E", type="Exists", lateAfterTimeout="1 hour", **action)

    assert check(ALARM, exists, node("N", precondition=ref("E"))).errors == {}


@pytest.mark.parametrize("key", ["onFail", "onSuccess", "onLateAction"])
def test_an_action_of_an_activity_can_be_a_terminate(key: str) -> None:
    action: dict[str, Any] = {key: ref("Stop"), "lateAfterTimeout": "1 hour"}

    found = check(STOP, activity(**action))

    assert found.errors == {}


def test_a_precondition_may_inherit_a_terminate_from_default() -> None:
    default = wire_object(
        "Default", workerGroup="wg", scheduleType="cron", onFail=ref("Stop"), **QUIET
    )
    base = wire_object("Base")
    exists = wire_object("E", type="Exists", parent=ref("Base"))

    assert check(default, STOP, base, exists, node("N", precondition=ref("E"))).errors == {}


@pytest.mark.rule("parameters-fifty")
@pytest.mark.parametrize(("name", "wrong"), [("myX", False), ("*myX", False), ("yourX", True)])
def test_the_name_of_a_parameter_begins_with_my(name: str, wrong: bool) -> None:
    found = check(parameters=[parameter(name, default="1")])

    assert ("must begin with 'my' or '*my'" in "".join(found.errors.get(name, []))) == wrong


@pytest.mark.rule("parameters-fifty")
def test_a_fifty_first_parameter_is_an_error() -> None:
    found = check(parameters=[parameter(f"myX{n}", default="1") for n in range(52)])

    assert list(found.errors) == ["myX50"]


def test_a_value_for_no_parameter_is_a_warning() -> None:
    found = check(values={"myX": "1"})

    assert found.errors == {}
    assert "'myX', which is no parameter" in warnings(found, "myX")


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


# -- after activation -----------------------------------------------------------------------------


def changed(*objects: dict[str, Any]) -> Findings:
    """The findings of a new definition over an active one of A, which writes n."""
    active = definition(DEFAULT, SCHEDULE, activity(output=ref("n")), node("n"))
    return validate(definition(DEFAULT, *objects), NOW, active)


def test_an_activated_definition_may_stay_as_it_is() -> None:
    assert changed(SCHEDULE, activity(output=ref("n")), node("n")) == Findings()


def test_strings_may_change_and_objects_be_added_after_activation() -> None:
    found = changed(
        schedule(period="60 Minutes", occurrences="5"),
        activity(output=ref("n"), command="date"),
        node("n"),
        activity("B", output=ref("m")),
        node("m"),
    )

    assert found == Findings()


def test_an_object_can_not_be_removed_after_activation() -> None:
    found = changed(SCHEDULE, node("n"))

    assert "the object 'A' can not be removed" in errors(found, "A")


def test_the_period_can_not_change_after_activation() -> None:
    found = changed(schedule(period="2 hours"), activity(output=ref("n")), node("n"))

    assert found.errors == {"S": ["INVALID_CHANGE:  'period' can not be changed after activation."]}


def test_the_start_can_not_change_after_activation() -> None:
    found = changed(
        schedule(startDateTime="2030-01-02T00:00:00"), activity(output=ref("n")), node("n")
    )

    assert "'startDateTime' can not be changed" in errors(found, "S")


@pytest.mark.parametrize("fields", [{}, {"output": ref("m")}, {"output": [ref("n"), ref("m")]}])
def test_references_can_not_change_after_activation(fields: dict[str, Any]) -> None:
    found = changed(SCHEDULE, activity(**fields), node("n"), node("m"))

    assert "the references of 'output' can not be changed" in errors(found, "A")


def test_a_new_object_can_not_write_to_an_old_one_after_activation() -> None:
    found = changed(SCHEDULE, activity(output=ref("n")), node("n"), activity("B", output=ref("n")))

    assert "'output' of a new object can not refer to 'n'" in errors(found, "B")


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


def test_a_thousand_objects_are_validated_in_a_moment() -> None:
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
    began = time.perf_counter()

    found = validate(many, NOW)

    # Ten times what it takes, for machines that are slow or busy.
    assert time.perf_counter() - began < 1.5
    assert found == Findings()
