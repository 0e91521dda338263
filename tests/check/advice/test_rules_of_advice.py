"""Each rule of advice: what it finds, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.pipelines import activity, daily, on_demand

from pytest_datapipeline._check.advice.rules import IDS
from pytest_datapipeline._check.advice.times import pattern_problems
from pytest_datapipeline._check.verdict import ADVICE, judge
from pytest_datapipeline._definitions.reader import read_one
from pytest_datapipeline._service.clock import SECOND

# In the middle of the night of 2020-01-01.
NOW = 1_577_836_800 * SECOND
ALARM = {
    "id": "Alarm",
    "type": "SnsAlarm",
    "role": "r",
    "topicArn": "arn:aws:sns:us-east-1:1:t",
    "subject": "s",
    "message": "m",
}
TOLD: dict[str, Any] = {"onFail": {"ref": "Alarm"}}


def advice(definition: Any, *rules: str) -> list[tuple[str | None, str | None, str]]:
    """What the rules say: object, field, text."""
    ignored = set(IDS) - set(rules)
    found = judge(read_one(definition), NOW, ignored).of(ADVICE)
    return [(held.place.object, held.place.field, held.text) for held in found]


def test_a_definition_without_a_fault_gets_no_advice() -> None:
    node = {
        "id": "Out",
        "type": "S3DataNode",
        "directoryPath": "s3://b/#{format(@scheduledStartTime, 'YYYY-MM-dd')}/",
    }
    definition = daily(activity("A", output={"ref": "Out"}), node, ALARM, **TOLD)

    assert advice(definition, *IDS) == []


@pytest.mark.parametrize(
    ("misspelt", "field", "text"),
    [
        (
            activity("A", workerGruop="wg"),
            "workerGruop",
            "There is no field 'workerGruop'. Did you mean 'workerGroup'?",
        ),
        (
            {"id": "A", "type": "ShellComandActivity", "command": "true"},
            "type",
            "There is no type 'ShellComandActivity'. Did you mean 'ShellCommandActivity'?",
        ),
        (
            activity("A", onFail={"ref": "Alram"}),
            "onFail",
            "There is no object 'Alram'. Did you mean 'Alarm'?",
        ),
        (
            activity("A", stdout="s3://#{myBuket}/"),
            "stdout",
            "There is no parameter 'myBuket'. Did you mean 'myBucket'?",
        ),
    ],
    ids=["field", "type", "reference", "parameter"],
)
def test_a_name_that_is_probably_misspelt_is_told_of(
    misspelt: dict[str, Any], field: str, text: str
) -> None:
    definition = {
        "objects": daily(misspelt, ALARM),
        "parameters": [{"id": "myBucket", "type": "String"}],
        "values": {"myBucket": "b"},
    }

    assert advice(definition, "misspelt-name") == [("A", field, text)]


@pytest.mark.parametrize(
    "fine",
    [
        activity("A", myWorkerGruop="wg"),
        activity("A", stdout="#{mySize}", mySize="1"),
        activity("A", frobnicated="yes"),
        activity("A", onFail={"ref": "Whoever"}),
        {"id": "A", "type": "FrobnicationActivity"},
        {"id": "A", "type": "FrobnicationActivity", "comand": "of an unknown type"},
    ],
    ids=["own field", "own field as a parameter", "field", "reference", "type", "field of a type"],
)
def test_a_name_that_is_like_no_other_or_the_user_s_own_is_left_alone(fine: dict[str, Any]) -> None:
    definition = {"objects": daily(fine, ALARM), "parameters": [{"id": "mySizes"}]}

    assert advice(definition, "misspelt-name") == []


def test_an_activity_that_nothing_schedules_is_told_of() -> None:
    late = {
        "id": "S",
        "type": "Schedule",
        "period": "1 day",
        "startDateTime": "2020-01-02T00:00:00",
        "endDateTime": "2020-01-02T00:00:00",
    }
    default = {"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}}

    ((object_id, field, text),) = advice([default, late, activity("A")], "unscheduled-activity")

    assert (object_id, field) == ("A", "schedule")
    assert "has no interval" in text


def test_an_object_that_nothing_refers_to_is_told_of() -> None:
    definition = daily(activity("A"), ALARM, {"id": "Base", "workerGroup": "x"})

    ((object_id, _, text),) = advice(definition, "unreferenced-object")

    assert object_id == "Alarm"
    assert text.startswith("Nothing refers to this SnsAlarm")


def test_a_worker_group_beside_runs_on_is_told_of_with_where_it_comes_from() -> None:
    machine = {"id": "M", "type": "Ec2Resource", "role": "r", "resourceRole": "r"}
    definition = daily(activity("A", runsOn={"ref": "M"}), activity("B"), machine)

    ((object_id, field, text),) = advice(definition, "worker-group-and-runs-on")

    assert (object_id, field) == ("A", "runsOn")
    assert "'wg' that it has from 'Default' is ignored, as it runs on 'M'" in text


def test_an_activity_that_is_tried_once_alone_is_told_of() -> None:
    definition = daily(activity("A"), activity("B", maximumRetries="2"), maximumRetries="0")

    assert [held[:2] for held in advice(definition, "no-retries")] == [("A", "maximumRetries")]


def test_an_activity_whose_failure_nobody_is_told_of_is_told_of() -> None:
    definition = daily(activity("A"), activity("B", **TOLD), ALARM)

    assert [held[0] for held in advice(definition, "no-failure-alarm")] == ["A"]


def test_a_time_out_that_is_longer_than_the_period_is_told_of() -> None:
    definition = daily(activity("A", attemptTimeout="25 hours"), activity("B"))

    assert [held[:2] for held in advice(definition, "timeout-beyond-period")] == [
        ("A", "attemptTimeout")
    ]
    assert advice(on_demand(activity("A", attemptTimeout="9 days")), "timeout-beyond-period") == []


def test_objects_and_fields_that_refer_to_each_other_are_told_of() -> None:
    configurations = [
        {
            "id": name,
            "type": "EmrConfiguration",
            "classification": "c",
            "configuration": {"ref": other},
        }
        for name, other in (("C", "D"), ("D", "C"))
    ]
    looped = activity("A", myOne="#{myTwo}", myTwo="a #{myOne}")

    found = advice(daily(looped, *configurations), "reference-cycle")

    assert [held[:2] for held in found] == [
        ("C", None),
        ("D", None),
        ("A", "myOne"),
        ("A", "myTwo"),
    ]
    assert "C -> D -> C" in found[0][2]
    assert "myOne -> myTwo -> myOne" in found[2][2]


def test_a_backfill_of_hundreds_of_runs_is_told_of() -> None:
    def starting(moment: str) -> list[dict[str, Any]]:
        schedule = {"id": "S", "type": "Schedule", "period": "1 hour", "startDateTime": moment}
        default = {"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}}
        return [default, schedule, activity("A")]

    ((object_id, field, text),) = advice(starting("2019-01-01T00:00:00"), "long-backfill")

    assert (object_id, field) == ("S", "startDateTime")
    assert "would run 8,760 intervals at once, since 2019-01-01T00:00:00" in text
    assert advice(starting("2019-12-30T00:00:00"), "long-backfill") == []
    assert advice(starting("2021-12-30T00:00:00"), "long-backfill") == []


def test_an_expression_that_comes_to_nothing_is_told_of() -> None:
    definition = {
        "objects": daily(activity("A", command="#{myWhat}"), activity("B", command="x #{myWhat}")),
        "parameters": [{"id": "myWhat", "type": "String", "optional": "true"}],
    }

    ((object_id, field, text),) = advice(definition, "empty-expression")

    assert (object_id, field) == ("A", "command")
    assert "'#{myWhat}' comes to nothing" in text


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("YYYY-mm-dd", "'mm', the minute, where a month"),
        ("mm/dd/YYYY", "'mm', the minute, where a month"),
        ("YYYY-MM-DD", "'DD', the day of the year"),
        ("YYYY-MM-dd HH:MM", "'MM', the month, after the hour"),
        ("YYYY-MM-dd hh:mm", "'hh', the hour of the half day"),
        ("xxxx-MM-dd", "'xxxx', the year of the week"),
        ("HH:mm:SS", "'SS', the fraction"),
    ],
)
def test_a_date_in_the_wrong_pattern_is_told_of(pattern: str, problem: str) -> None:
    definition = daily(activity("A", command=f"#{{format(@scheduledStartTime, '{pattern}')}}"))

    ((object_id, field, text),) = advice(definition, "date-pattern")

    assert (object_id, field) == ("A", "command")
    assert problem in text


@pytest.mark.parametrize(
    "pattern",
    [
        *("YYYY-MM-dd", "yyyy-MM-dd'T'HH:mm:ss.SSS", "YYYY/DDD", "hh:mm a", "xxxx-'W'ww", "mm"),
        *("HHmmss", "MM", "'mm'-YYYY", "EEE dd MMM YYYY", "HH:mm"),
    ],
)
def test_a_date_in_a_right_pattern_is_left_alone(pattern: str) -> None:
    assert list(pattern_problems(pattern)) == []


def test_a_parameter_that_nothing_uses_is_told_of() -> None:
    definition = {
        "objects": daily(activity("A", command="#{myUsed}")),
        "parameters": [{"id": "myUsed", "default": "x"}, {"id": "myOther", "default": "x"}],
    }

    assert [held[0] for held in advice(definition, "unused-parameter")] == ["myOther"]


def test_a_secret_in_plain_text_is_told_of_and_not_shown() -> None:
    database = {
        "id": "D",
        "type": "RdsDatabase",
        "rdsInstanceId": "i",
        "username": "u",
        "*password": "hunter2-hunter2",
    }
    safe = {**database, "id": "E", "*password": "#{*myPassword}"}
    key = activity("A", command="export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE")
    address = activity("B", command="psql postgres://me:hunter2-hunter2@db/x")
    definition = {
        "objects": daily(key, address, database, safe),
        "parameters": [
            {"id": "*myPassword", "default": "hunter2-hunter2"},
            {"id": "myApiKey", "type": "String"},
        ],
    }

    found = advice(definition, "plain-secret")

    assert [held[:2] for held in found] == [
        ("A", "command"),
        ("B", "command"),
        ("D", "*password"),
        ("*myPassword", None),
        ("myApiKey", None),
    ]
    assert "hunter2" not in str(found)
    assert "AKIA" not in str(found)


def test_runs_that_write_the_same_path_are_told_of() -> None:
    def node(name: str, path: str) -> dict[str, Any]:
        return {"id": name, "type": "S3DataNode", "directoryPath": path}

    dated = "s3://b/#{format(@scheduledStartTime, 'YYYY')}/#{@scheduledStartTime}"
    definition = daily(
        activity("A", output={"ref": "Fixed"}),
        activity("B", output={"ref": "Dated"}),
        activity("C", output={"ref": "Again"}),
        node("Fixed", "s3://b/out/"),
        node("Dated", dated),
        node("Again", dated),
    )

    found = advice(definition, "same-path")

    assert [held[:2] for held in found] == [("Fixed", "directoryPath"), ("Again", "directoryPath")]
    assert "Every run of 'A' writes 's3://b/out/'" in found[0][2]
    assert "'C' writes 's3://b/2020/2020-01-01T00:00:00', as 'B' does" in found[1][2]


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"amiVersion": "3.8.0", "releaseLabel": "emr-5.0.0"}, "amiVersion"),
        ({"amiVersion": "5.20.0"}, "amiVersion"),
        ({"releaseLabel": "5.20.0"}, "releaseLabel"),
        ({"amiVersion": "3.8.0", "applications": "Hive"}, "applications"),
        ({"releaseLabel": "emr-5.0.0", "supportedProducts": "mapr"}, "supportedProducts"),
    ],
)
def test_versions_of_emr_that_contradict_a_field_are_told_of(
    fields: dict[str, str], key: str
) -> None:
    cluster = {"id": "E", "type": "EmrCluster", **fields}

    found = advice(daily(activity("A", runsOn={"ref": "E"}), cluster), "emr-version")

    assert [held[:2] for held in found] == [("E", key)]


def test_a_rule_that_is_ignored_says_nothing() -> None:
    definition = daily(activity("A", maximumRetries="0"))

    assert advice(definition) == []


def test_advice_on_an_inherited_field_stands_where_the_field_does(tmp_path: Any) -> None:
    file = tmp_path / "d.json"
    file.write_text(
        '{"objects": [\n{"id": "Default", "workerGroup": "wg", "scheduleType": "ondemand",\n'
        '"maximumRetries": "0"},\n'
        '{"id": "A", "type": "ShellCommandActivity", "command": "x"}]}'
    )

    (found,) = judge(read_one(file), NOW, set(IDS) - {"no-retries"}).of(ADVICE)

    assert found.place == (str(file), 3, "A", "maximumRetries")


def test_a_schedule_that_leads_beyond_the_last_year_is_no_obstacle() -> None:
    schedule = {
        "id": "S",
        "type": "Schedule",
        "period": "3 years",
        "startDateTime": "9998-01-01T00:00:00",
    }
    default = {"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}}

    assert advice([default, schedule, activity("A")], *IDS) != []


def test_a_field_with_two_values_is_an_error_and_gets_no_advice() -> None:
    both = {"key": "schedule", "stringValue": "x", "refValue": "y"}
    definition = {"pipelineObjects": [{"id": "A", "name": "A", "fields": [both]}]}

    (found,) = judge(read_one(definition), NOW).findings

    assert found.level == "error"
    assert "both a stringValue and a refValue" in found.text


# -- any definition -------------------------------------------------------------------------------

TYPES = ["ShellCommandActivity", "Schedule", "S3DataNode", "EmrCluster", "SnsAlarm", "Exists"]
KEYS = [
    *("type", "schedule", "period", "startDateTime", "endDateTime", "occurrences", "dependsOn"),
    *("output", "input", "runsOn", "command", "directoryPath", "parent", "precondition", "onFail"),
    *("scheduleType", "workerGroup", "attemptTimeout", "maximumRetries", "*password", "amiVersion"),
]
VALUES = [
    *TYPES,
    *("1 day", "999999999 years", "2020-01-01T00:00:00", "9999-12-31T00:00:00", "ondemand", "0"),
    *("#{", "#{@scheduledStartTime}", "#{format(@scheduledStartTime,'mm')}", "#{a}", "#{command}"),
    *("s3://b/", "999999999999999999999", "A", "timeseries", "#{parent.command}"),
]
IDS_OF_OBJECTS = st.sampled_from(["Default", "A", "B", "C"])
FIELDS = st.builds(
    lambda key, kind, value, name: (
        {"key": key, "refValue": name} if kind else {"key": key, "stringValue": value}
    ),
    st.sampled_from(KEYS),
    st.booleans(),
    st.sampled_from(VALUES),
    IDS_OF_OBJECTS,
)


@examples(200)
@given(
    st.lists(
        st.builds(
            lambda name, fields: {"id": name, "name": name, "fields": fields},
            IDS_OF_OBJECTS,
            st.lists(FIELDS, max_size=7),
        ),
        max_size=5,
    )
)
def test_advice_on_any_definition_is_sentences(objects: list[dict[str, Any]]) -> None:
    verdict = judge(read_one({"pipelineObjects": objects}), NOW)

    assert all(held.text for held in verdict.findings)
