"""References between objects: their targets, and circles."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.definitions import activity, check, errors, node, wire_object

from pytest_datapipeline._service.definitions.validation.walk import Findings
from pytest_datapipeline._service.fields import ref

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
    found = check(activity(dependsOn="S"))

    assert "'dependsOn' value 'S' must be a reference to an object" in errors(found, "A")


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


def test_an_object_of_an_unknown_type_may_be_referred_to() -> None:
    found = check(activity(onFail=ref("X")), wire_object("X", type="Nonsense"))

    assert found.errors == {}
    assert list(found.warnings) == ["X"]


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
