"""Matchers: which calls they are equal to, and what they say of those they are not."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import ANY

import pytest
from dirty_equals import IsStr
from hypothesis import given
from hypothesis import strategies as st

from pytest_datapipeline import (
    Call,
    FakeUsageError,
    create_pipeline,
    list_pipelines,
    poll_for_task,
    ref,
    report_task_progress,
    set_task_status,
)


def call(operation: str, **parameters: Any) -> Call:
    return Call(
        operation=operation,
        parameters=parameters,
        region="us-east-1",
        time_ns=0,
        thread="MainThread",
        read_timeout=60,
        attempt=1,
        invocation_id="id",
    )


POLL = call("PollForTask", workerGroup="wg", hostname="ip-10-0-0-7")


@pytest.mark.parametrize(
    "value",
    [
        "ip-10-0-0-7",
        ANY,
        IsStr(regex="ip-.*"),
        IsStr,
        re.compile("10-0"),
        str,
        lambda value: value.endswith("7"),
    ],
    ids=["plain", "ANY", "dirty-equals", "dirty-equals class", "regex", "type", "predicate"],
)
def test_a_value_can_be_of_many_kinds(value: Any) -> None:
    assert poll_for_task(hostname=value) == POLL


@pytest.mark.parametrize(
    "value",
    [
        "ip",
        IsStr(regex="ip"),
        re.compile("^10-0"),
        int,
        lambda value: value.endswith("8"),
        ["ip-10-0-0-7"],
    ],
)
def test_a_value_that_does_not_fit_is_not_equal(value: Any) -> None:
    assert poll_for_task(hostname=value) != POLL


@pytest.mark.parametrize(
    ("predicate", "problem"),
    [
        (lambda value: value.missing, "AttributeError: 'str' object has no attribute 'missing'"),
        (lambda value: {}[value], "KeyError: 'ip-10-0-0-7'"),
    ],
)
def test_a_predicate_that_fails_is_no_silent_mismatch(predicate: Any, problem: str) -> None:
    with pytest.raises(FakeUsageError) as caught:
        assert poll_for_task(hostname=predicate) != POLL

    assert str(caught.value) == (
        f"The predicate <lambda> fails with {problem}. It was given 'ip-10-0-0-7'.\n"
        "Help: pytest-datapipeline explain predicate-fails"
    )


def test_none_is_for_a_parameter_that_was_not_sent() -> None:
    assert poll_for_task(instanceIdentity=None) == POLL
    assert poll_for_task(hostname=None) != POLL
    assert [str(difference) for difference in poll_for_task(hostname=None).difference(POLL)] == [
        "parameters.hostname: expected nothing, got 'ip-10-0-0-7'"
    ]


def test_only_the_parameters_that_are_given_are_compared() -> None:
    assert poll_for_task() == POLL
    assert poll_for_task(workerGroup="wg") == POLL


def test_a_parameter_that_the_call_has_not_is_a_difference() -> None:
    (difference,) = poll_for_task(instanceIdentity=ANY).difference(POLL)

    assert str(difference) == "parameters.instanceIdentity: expected <ANY>, got nothing"


def test_another_operation_is_a_difference() -> None:
    (difference,) = list_pipelines().difference(POLL)

    assert list_pipelines() != POLL
    assert str(difference) == "operation: expected 'ListPipelines', got 'PollForTask'"


def test_values_within_dicts_and_lists_are_compared_one_by_one() -> None:
    made = call("CreatePipeline", name="n", tags=[{"key": "a", "value": "1"}, {"key": "b"}])
    matcher = create_pipeline(tags=[{"key": ANY, "value": re.compile("2")}, {"key": "b"}])

    assert create_pipeline(tags=[{"key": "a", "value": ANY}, {"key": str}]) == made
    assert [str(difference) for difference in matcher.difference(made)] == [
        "parameters.tags[0].value: expected re.compile('2'), got '1'"
    ]


@pytest.mark.parametrize(
    ("expected", "difference"),
    [
        ([{"key": "a"}], "parameters.tags[1]: expected nothing, got {'key': 'b'}"),
        (
            [{"key": "a"}, {"key": "b"}, {"key": "c"}],
            "parameters.tags[2]: expected {'key': 'c'}, got nothing",
        ),
        ([{}, {"key": "b"}], "parameters.tags[0].key: expected nothing, got 'a'"),
        (
            [{"key": "a", "value": 1}, {"key": "b"}],
            "parameters.tags[0].value: expected 1, got nothing",
        ),
    ],
)
def test_what_is_missing_or_too_much_is_a_difference(expected: Any, difference: str) -> None:
    made = call("CreatePipeline", tags=[{"key": "a"}, {"key": "b"}])

    found = create_pipeline(tags=expected).difference(made)

    assert [str(item) for item in found] == [difference]


FIELDS = [
    {"key": "percentComplete", "stringValue": "50"},
    {"key": "step", "stringValue": "a"},
    {"key": "step", "stringValue": "b"},
    {"key": "step", "stringValue": "c"},
    {"key": "output", "refValue": "Out"},
]


def test_a_list_of_fields_can_be_compared_by_key() -> None:
    made = call("ReportTaskProgress", taskId="t", fields=FIELDS)

    assert report_task_progress(fields={"percentComplete": "50"}) == made
    assert report_task_progress(fields={"step": ["a", "b", ANY], "output": ref("Out")}) == made
    assert report_task_progress(fields={"percentComplete": re.compile("6")}) != made
    assert report_task_progress(fields={"percentComplete": ["50"]}) == made
    assert report_task_progress(fields={"output": "Out"}) != made
    assert report_task_progress(fields={"attemptStatus": ANY}) != made


def test_a_parameter_that_the_operation_has_not_is_refused_with_a_suggestion() -> None:
    with pytest.raises(FakeUsageError) as caught:
        set_task_status(taskID="t")  # type: ignore[call-arg]  # the mistake

    assert str(caught.value) == (
        "set_task_status has no parameter 'taskID'. Did you mean 'taskId'? Its parameters are: "
        "taskId, taskStatus, errorId, errorMessage, errorStackTrace.\n"
        "Help: pytest-datapipeline explain unknown-parameter"
    )


def test_a_matcher_prints_as_it_is_typed() -> None:
    def is_short(value: str) -> bool:
        return len(value) < 9

    matcher = set_task_status(taskId=is_short, taskStatus="FINISHED")

    assert repr(matcher) == "set_task_status(taskId=is_short, taskStatus='FINISHED')"


def test_a_matcher_is_not_equal_to_what_is_no_call() -> None:
    assert poll_for_task() != "poll_for_task()"
    assert poll_for_task() != poll_for_task()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from("ab"),
    lambda inner: (
        st.lists(inner, max_size=3)
        # An empty list of fields holds none of the keys that an empty mapping asks for: it fits.
        | st.dictionaries(st.sampled_from(["p", "q"]), inner, min_size=1, max_size=2)
    ),
    max_leaves=6,
)


@given(expected=JSON, actual=JSON)
def test_plain_values_agree_with_python_s_equality(expected: Any, actual: Any) -> None:
    made = call("PollForTask", workerGroup=actual)
    matcher = poll_for_task(workerGroup=expected)

    assert (matcher == made) is (expected == actual)
    assert (not matcher.difference(made)) is (matcher == made)
