"""Changes to a definition after its activation."""

from __future__ import annotations

from typing import Any

import pytest
from support.definitions import DEFAULT, NOW, SCHEDULE, activity, definition, errors, node, schedule

from pytest_datapipeline._service.definitions.validation.walk import Findings, validate
from pytest_datapipeline._service.fields import ref


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

    assert "the object 'A' cannot be removed" in errors(found, "A")


def test_the_period_can_not_change_after_activation() -> None:
    found = changed(schedule(period="2 hours"), activity(output=ref("n")), node("n"))

    assert found.errors == {"S": ["INVALID_CHANGE:  'period' cannot be changed after activation."]}


def test_the_start_can_not_change_after_activation() -> None:
    found = changed(
        schedule(startDateTime="2030-01-02T00:00:00"), activity(output=ref("n")), node("n")
    )

    assert "'startDateTime' cannot be changed" in errors(found, "S")


@pytest.mark.parametrize("fields", [{}, {"output": ref("m")}, {"output": [ref("n"), ref("m")]}])
def test_references_can_not_change_after_activation(fields: dict[str, Any]) -> None:
    found = changed(SCHEDULE, activity(**fields), node("n"), node("m"))

    assert "the references of 'output' cannot be changed" in errors(found, "A")


def test_a_new_object_can_not_write_to_an_old_one_after_activation() -> None:
    found = changed(SCHEDULE, activity(output=ref("n")), node("n"), activity("B", output=ref("n")))

    assert "'output' of a new object cannot refer to 'n'" in errors(found, "B")
