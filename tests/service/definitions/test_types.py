"""Types of objects: their fields, families, and what is inherited."""

from __future__ import annotations

import pytest
from support.definitions import (
    QUIET,
    activity,
    check,
    check_sample,
    errors,
    minimal,
    warnings,
    wire_object,
    without,
)

from pytest_datapipeline._service.definitions import catalog
from pytest_datapipeline._service.definitions.catalog import TYPES
from pytest_datapipeline._service.definitions.validation.walk import Findings
from pytest_datapipeline._service.fields import ref

# -- types ----------------------------------------------------------------------------------------


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


def test_activities_nodes_and_resources_can_be_depended_on() -> None:
    refused = {
        kind.family
        for kind in TYPES.values()
        if check_sample(minimal(kind.name), activity(dependsOn=ref("X"), workerGroup="wg")).errored
    }

    assert set(catalog.FAMILIES) - refused == {"activity", "data node", "resource"}


def test_every_type_has_one_of_the_families() -> None:
    assert {kind.family for kind in TYPES.values()} == set(catalog.FAMILIES)


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


def test_a_period_of_default_that_may_be_a_number_too_is_called_a_period() -> None:
    held = wire_object("Default", terminateAfter="2 Whiles", **QUIET)

    assert "'terminateAfter' value '2 Whiles' must be a period" in errors(check(held), "Default")


def test_what_is_no_field_of_any_type_is_told_so_of_default() -> None:
    found = check(wire_object("Default", comment="mine", **QUIET))

    assert warnings(found, "Default") == "'comment' is no field of any type of object."


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
