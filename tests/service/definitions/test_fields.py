"""Fields: their names, sizes and number, and the actions that they refer to."""

from __future__ import annotations

from typing import Any

import pytest
from support.definitions import QUIET, activity, check, errors, node, warnings, wire_object

from pytest_datapipeline._service.definitions.validation.walk import Findings
from pytest_datapipeline._service.fields import ref

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


# -- actions --------------------------------------------------------------------------------------


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
