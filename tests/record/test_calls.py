"""The record of calls: what it holds, how one picks from it, what a failed comparison prints."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from unittest.mock import ANY

import pytest
from dirty_equals import IsInstance
from hypothesis import given
from hypothesis import strategies as st

from pytest_datapipeline import (
    Call,
    Calls,
    DataPipelineFake,
    FakeUsageError,
    UnmetExpectations,
    create_pipeline,
    in_order,
    list_pipelines,
    poll_for_task,
    report_task_progress,
    set_task_status,
)
from pytest_datapipeline._record.comparison import explain_comparison

NOON = 1_577_880_000_000_000_000  # 2020-01-01T12:00:00Z
TASK_ID = "2xaM4wRs5zOs" + "x" * 900 + "EXAMPLE/g==:1"


def call(operation: str = "PollForTask", seconds: int = 0, **attributes: Any) -> Call:
    made = Call(
        operation=operation,
        parameters=attributes.pop("parameters", {}),
        region=attributes.pop("region", "us-east-1"),
        time_ns=NOON + seconds * 10**9,
        thread=attributes.pop("thread", "MainThread"),
        read_timeout=attributes.pop("read_timeout", 60),
        attempt=attributes.pop("attempt", 1),
        invocation_id=attributes.pop("invocation_id", "id"),
    )
    made.ended_ns = made.time_ns
    made.response = attributes.pop("response", {})
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def poll(worker_group: str = "wg", seconds: int = 0, **attributes: Any) -> Call:
    return call("PollForTask", seconds, parameters={"workerGroup": worker_group}, **attributes)


def status(task_status: str, task_id: str = TASK_ID, seconds: int = 0) -> Call:
    parameters = {"taskId": task_id, "taskStatus": task_status}
    return call("SetTaskStatus", seconds, parameters=parameters)


# -- a call ---------------------------------------------------------------------------------------


def test_a_call_has_its_times_in_utc() -> None:
    made = poll()
    made.ended_ns = NOON + 90 * 10**9

    assert made.time == datetime(2020, 1, 1, 12, tzinfo=timezone.utc)
    assert made.ended == datetime(2020, 1, 1, 12, 1, 30, tzinfo=timezone.utc)


def test_a_call_that_waits_has_not_ended() -> None:
    made = poll()
    made.ended_ns = None

    assert made.ended is None
    assert repr(made) == "poll_for_task(workerGroup='wg') at 12:00:00 -> waiting"


def test_the_response_is_decoded_when_somebody_looks() -> None:
    made = poll(response=b'{"canceled":false}')

    assert made.answered
    assert made.response == {"canceled": False}
    assert made.response is made.response


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (poll(), "poll_for_task(workerGroup='wg') at 12:00:00 -> {}"),
        (
            poll(error="ReadTimeoutError", attempt=2),
            "poll_for_task(workerGroup='wg') at 12:00:00 (attempt 2) -> ReadTimeoutError",
        ),
        (
            status("FINISHED"),
            "set_task_status(taskId='2xaM4wRs5zOs'..b86cd751..'XAMPLE/g==:1', "
            "taskStatus='FINISHED') at 12:00:00 -> {}",
        ),
        (
            poll(response={"taskObject": {"attemptId": "@A_2020-01-01T00:00:00_Attempt=1"}}),
            "poll_for_task(workerGroup='wg') at 12:00:00 -> task @A_2020-01-01T00:00:00_Attempt=1",
        ),
        (
            poll(response={"taskObject": {"attemptId": f"@{'A' * 99}_Attempt=1", "objects": {}}}),
            "poll_for_task(workerGroup='wg') at 12:00:00 -> task @AAAAAAAAAAA..fa4db925"
            "..AA_Attempt=1",
        ),
        (
            call("ListPipelines", response={"pipelineIdList": [{"id": "df-1", "name": "n"}] * 9}),
            "list_pipelines() at 12:00:00 -> {'pipelineIdList': [{'id': 'df-1', 'name': 'n'}, "
            "{'id': '...",
        ),
    ],
)
def test_a_call_prints_on_one_line_with_long_ids_shortened(made: Call, shown: str) -> None:
    assert repr(made) == shown


def test_long_ids_that_differ_in_the_middle_are_shown_differently() -> None:
    one, other = TASK_ID.replace("xx", "xy", 1), TASK_ID.replace("xx", "yx", 1)

    assert repr(status("FINISHED", one)) == repr(status("FINISHED", one))
    assert repr(status("FINISHED", one)) != repr(status("FINISHED", other))


def test_objects_with_an_equality_of_their_own_can_stand_for_a_call() -> None:
    calls = Calls([poll(), status("FINISHED")])

    assert calls == [ANY, set_task_status()]
    assert calls == [IsInstance(Call), set_task_status()]
    assert calls[0] != 1


def test_calls_are_equal_to_themselves_alone_and_can_be_in_a_set() -> None:
    one, other = poll(), poll()

    assert one == one
    assert one != other
    assert len({one, other}) == 2


# -- picking --------------------------------------------------------------------------------------


def test_a_record_is_a_sequence() -> None:
    made = [poll(), status("FINISHED"), poll("other")]
    calls = Calls(made)

    assert len(calls) == 3
    assert calls[0] is made[0]
    assert calls[-1] is made[2]
    assert list(calls[1:]) == made[1:]
    assert isinstance(calls[1:], Calls)


def test_matchers_count_and_find_calls() -> None:
    calls = Calls([poll(), status("FINISHED"), poll("other")])

    assert poll_for_task() in calls
    assert poll_for_task(workerGroup="none") not in calls
    assert calls.count(poll_for_task()) == 2
    assert calls.index(set_task_status()) == 1


def test_calls_are_picked_by_operation_in_either_spelling_or_by_matcher() -> None:
    calls = Calls([poll(), status("FINISHED"), poll("other")])

    assert len(calls.filter("poll_for_task")) == 2
    assert len(calls.filter("PollForTask")) == 2
    assert len(calls.filter(poll_for_task(workerGroup="other"))) == 1


@pytest.mark.parametrize(
    "criteria",
    [
        {"region": "eu-west-1"},
        {"thread": "runner"},
        {"attempt": 2},
        {"error": "ThrottlingException"},
        {"predicate": lambda made: made.read_timeout == 100},
    ],
)
def test_calls_are_picked_by_their_attributes(criteria: Any) -> None:
    other = poll(
        region="eu-west-1",
        thread="runner",
        attempt=2,
        error="ThrottlingException",
        read_timeout=100,
    )
    calls = Calls([poll(), other])

    assert list(calls.filter(**criteria)) == [other]


def test_a_string_stands_for_an_operation_where_calls_are_looked_for() -> None:
    calls = Calls([poll(), poll(), status("FINISHED")])

    assert "poll_for_task" in calls
    assert "PollForTask" in calls
    assert "list_pipelines" not in calls
    assert calls.count("poll_for_task") == 2
    with pytest.raises(FakeUsageError, match="Did you mean 'poll_for_task'"):
        assert "pol_for_task" not in calls


def test_a_string_stands_for_an_operation_where_calls_are_compared() -> None:
    polled, reported = call(), call("ReportTaskProgress")

    assert polled == "poll_for_task"
    assert reported != "PollForTask"
    assert Calls([polled, reported]) == ["poll_for_task", "ReportTaskProgress"]
    with pytest.raises(FakeUsageError, match="Did you mean 'poll_for_task'"):
        assert polled == "poll_for_tsk"


@pytest.mark.parametrize(
    ("sought", "named"),
    [
        (poll_for_task, "the function poll_for_task: call it, as in poll_for_task()"),
        (None, "None"),
        ({"workerGroup": "wg"}, "{'workerGroup': 'wg'}"),
    ],
)
def test_looking_for_what_no_call_can_be_is_refused(sought: Any, named: str) -> None:
    calls = Calls([poll()])

    with pytest.raises(FakeUsageError) as contained:
        assert sought not in calls
    with pytest.raises(FakeUsageError) as counted:
        assert calls.count(sought) == 0

    text = "takes a matcher, a call or an operation's name, not"
    line = "Help: pytest-datapipeline explain not-a-matcher"
    assert str(contained.value) == f"`in` {text} {named}.\n{line}"
    assert str(counted.value) == f"`count()` {text} {named}.\n{line}"


def test_a_matcher_without_its_parentheses_is_refused_everywhere() -> None:
    calls = Calls([poll()])
    function: Any = poll_for_task
    hint = r"not the function poll_for_task: call it, as in poll_for_task\(\)"

    with pytest.raises(FakeUsageError, match=hint):
        assert calls != [function]
    with pytest.raises(FakeUsageError, match=hint):
        in_order(function)
    with pytest.raises(FakeUsageError, match=hint):
        calls.filter(function)


def test_picking_by_an_operation_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FakeUsageError, match="Did you mean 'poll_for_task'"):
        Calls().filter("pol_for_task")


def test_calls_without_retries_are_those_that_the_code_made() -> None:
    first, retry = poll(error="ThrottlingException", backoff=0.5), poll(attempt=2)
    calls = Calls([first, retry])

    assert list(calls.without_retries) == [first]
    assert calls.backoffs == [0.5]
    assert calls.operations == ["poll_for_task", "poll_for_task"]


def test_a_record_prints_as_a_numbered_table() -> None:
    calls = Calls([poll(), status("FAILED", "t", 90)])

    assert repr(calls) == (
        "1. 12:00:00 poll_for_task(workerGroup='wg') -> {}\n"
        "2. 12:01:30 set_task_status(taskId='t', taskStatus='FAILED') -> {}"
    )


def test_a_record_of_several_threads_names_them() -> None:
    calls = Calls([poll(thread="a"), poll(thread="b")])

    assert "12:00:00 [b] poll_for_task(workerGroup='wg')" in repr(calls)


def test_an_empty_record_says_so() -> None:
    assert repr(Calls()) == "no calls"


# -- comparing ------------------------------------------------------------------------------------


def test_a_record_equals_the_matchers_of_all_its_calls_in_order() -> None:
    calls = Calls([poll(), status("FINISHED")])

    assert calls == [poll_for_task(workerGroup="wg"), set_task_status(taskStatus="FINISHED")]
    assert [poll_for_task(), set_task_status()] == calls
    assert calls != [poll_for_task()]
    assert calls != [set_task_status(), poll_for_task()]
    assert calls != "calls"


def test_in_order_lets_other_calls_be_in_between() -> None:
    calls = Calls([poll(), poll("other"), status("FINISHED")])

    assert calls == in_order(poll_for_task(workerGroup="wg"), set_task_status())
    assert in_order(poll_for_task(), poll_for_task()) == calls
    assert calls != in_order(set_task_status(), poll_for_task())
    assert in_order() != "calls"


NAMES = st.lists(st.sampled_from("abc"), max_size=8)


@given(made=NAMES, wanted=NAMES)
def test_in_order_agrees_with_a_naive_subsequence(made: list[str], wanted: list[str]) -> None:
    calls = Calls([poll(name) for name in made])
    order = in_order(*(poll_for_task(workerGroup=name) for name in wanted))

    position, found = 0, True
    for name in wanted:
        if name not in made[position:]:
            found = False
            break
        position = made.index(name, position) + 1

    assert (calls == order) is found


@given(made=NAMES, wanted=NAMES)
def test_an_explanation_has_a_line_for_every_call_and_every_matcher(
    made: list[str], wanted: list[str]
) -> None:
    calls = Calls([poll(name) for name in made])
    expected = [poll_for_task(workerGroup=name) for name in wanted]

    lines = explain_comparison("==", calls, expected) or []

    marks = [line[0] for line in lines[1:-1] if not line.startswith("    ")]
    folded = [int(line.split()[0]) for line in lines if line.endswith(" as expected")]
    together = sum(folded) + marks.count("!")
    assert marks.count("-") + together == len(wanted)
    assert marks.count("+") + together == len(made)


# -- explaining -----------------------------------------------------------------------------------


def test_a_comparison_that_fails_is_explained_call_by_call() -> None:
    calls = Calls([poll(), status("FAILED", seconds=5), call("ListPipelines", 6)])
    expected = [poll_for_task(), report_task_progress(), set_task_status(taskStatus="FINISHED")]

    assert explain_comparison("==", calls, expected) == [
        "the calls are not those expected: 3 made, 3 expected",
        "  1 call as expected",
        "- report_task_progress()",
        "! 12:00:05 set_task_status(taskId='2xaM4wRs5zOs'..b86cd751..'XAMPLE/g==:1', "
        "taskStatus='FAILED') -> {}",
        "    parameters.taskStatus: expected 'FINISHED', got 'FAILED'",
        "+ 12:00:06 list_pipelines() -> {}",
        "  (- expected but not made, + made but not expected, ! made with other parameters)",
    ]


def test_the_expected_side_may_stand_on_the_left() -> None:
    calls = Calls([poll()])

    lines = explain_comparison("==", [poll_for_task(), list_pipelines()], calls)

    assert lines is not None
    assert lines[-2] == "- list_pipelines()"


@pytest.mark.parametrize("turned", [False, True])
def test_a_single_call_is_explained_by_where_it_differs(turned: bool) -> None:
    made, matcher = status("FAILED", "t"), set_task_status(taskStatus="FINISHED", taskId="u")

    lines = explain_comparison("==", *((matcher, made) if turned else (made, matcher)))

    assert lines == [
        "the call is not set_task_status(taskStatus='FINISHED', taskId='u'), but",
        "  12:00:00 set_task_status(taskId='t', taskStatus='FAILED') -> {}",
        "    parameters.taskStatus: expected 'FINISHED', got 'FAILED'",
        "    parameters.taskId: expected 'u', got 't'",
    ]


def test_a_list_that_holds_other_things_beside_matchers_is_explained_too() -> None:
    calls = Calls([poll(), poll(), status("FINISHED", "t")])

    assert explain_comparison("==", calls, [ANY, set_task_status(), IsInstance(int)]) == [
        "the calls are not those expected: 3 made, 3 expected",
        "  1 call as expected",
        "+ 12:00:00 poll_for_task(workerGroup='wg') -> {}",
        "  1 call as expected",
        "- IsInstance(<class 'int'>)",
        "  (- expected but not made, + made but not expected, ! made with other parameters)",
    ]


def test_a_difference_among_many_calls_is_in_the_first_lines_and_found_at_once() -> None:
    calls = Calls(poll(f"group-{index}") for index in range(10_000))
    expected = [poll_for_task(workerGroup=f"group-{index}") for index in range(10_000)]
    expected[7_000] = poll_for_task(workerGroup="other")

    assert explain_comparison("==", calls, expected) == [
        "the calls are not those expected: 10000 made, 10000 expected",
        "  7000 calls as expected",
        "! 12:00:00 poll_for_task(workerGroup='group-7000') -> {}",
        "    parameters.workerGroup: expected 'other', got 'group-7000'",
        "  2999 calls as expected",
        "  (- expected but not made, + made but not expected, ! made with other parameters)",
    ]


def test_of_very_many_differences_the_first_are_explained() -> None:
    calls = Calls([poll()] * 3_000)

    lines = explain_comparison("==", calls, [list_pipelines()] * 2_000) or []

    assert lines.count("- list_pipelines()") == 100
    assert lines[-2] == "  and of those that follow, 2900 made and 1900 expected"
    assert len(lines) == 203


def test_a_line_of_an_explanation_is_short_whatever_a_call_holds() -> None:
    made = call(
        "ListPipelines", parameters={"marker": "x" * 9, "more": [str(n) for n in range(99)]}
    )

    lines = explain_comparison("==", Calls([made]), [poll_for_task(workerGroup="y" * 30)]) or []

    assert max(map(len, lines)) <= 160


def test_a_matcher_that_is_in_no_call_is_explained_by_the_nearest_calls() -> None:
    calls = Calls([status("FAILED", "b"), status("FINISHED", "b")])

    matcher = set_task_status(taskId="a", taskStatus="FINISHED")

    assert explain_comparison("in", matcher, calls) == [
        "set_task_status(taskId='a', taskStatus='FINISHED') was not called; the nearest calls, and "
        "where they differ:",
        "  12:00:00 set_task_status(taskId='b', taskStatus='FINISHED') -> {}",
        "    parameters.taskId: expected 'a', got 'b'",
        "  12:00:00 set_task_status(taskId='b', taskStatus='FAILED') -> {}",
        "    parameters.taskId: expected 'a', got 'b'",
        "    parameters.taskStatus: expected 'FINISHED', got 'FAILED'",
    ]


def test_an_operation_that_was_not_called_is_explained_by_those_that_were() -> None:
    assert explain_comparison("in", list_pipelines(), Calls([poll(), poll()])) == [
        "list_pipelines() was not called; called were: poll_for_task"
    ]
    assert explain_comparison("in", list_pipelines(), Calls()) == [
        "list_pipelines() was not called; called were: nothing"
    ]


def test_a_matcher_that_should_be_in_no_call_is_explained_by_those_it_meets() -> None:
    assert explain_comparison("not in", poll_for_task(), Calls([poll()])) == [
        "poll_for_task() was called",
        "  12:00:00 poll_for_task(workerGroup='wg') -> {}",
    ]


def test_an_order_that_is_not_met_is_explained_by_the_first_that_nothing_meets() -> None:
    calls = Calls([status("FINISHED", "t"), poll(seconds=1)])

    assert explain_comparison("==", calls, in_order(poll_for_task(), set_task_status())) == [
        "nothing meets number 2 of in_order, set_task_status(), after 12:00:01 "
        "poll_for_task(workerGroup='wg') -> {}",
        "  12:00:00 set_task_status(taskId='t', taskStatus='FINISHED') -> {}",
        "  12:00:01 poll_for_task(workerGroup='wg') -> {}",
    ]
    assert (explain_comparison("==", calls, in_order(list_pipelines())) or [])[0] == (
        "nothing meets number 1 of in_order, list_pipelines(), among all calls"
    )


@pytest.mark.parametrize(
    ("op", "left", "right"),
    [
        ("==", 1, 2),
        ("!=", Calls(), []),
        ("==", Calls(), 3),
        ("==", Calls(), ["poll_for_task"]),
        ("in", poll_for_task(), [1]),
    ],
)
def test_other_comparisons_are_left_to_pytest(op: str, left: object, right: object) -> None:
    assert explain_comparison(op, left, right) is None


# -- a bounded record ------------------------------------------------------------------------------


@pytest.mark.datapipeline(kept_calls=2)
def test_a_bounded_record_keeps_the_latest_calls_and_counts_the_others(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    for number in range(5):
        datapipeline_client.create_pipeline(name=f"n{number}", uniqueId="u")

    assert [call.parameters["name"] for call in datapipeline_fake.calls] == ["n3", "n4"]
    assert datapipeline_fake.calls.dropped == 3
    lines = repr(datapipeline_fake.calls).splitlines()
    assert lines[0] == "(3 earlier calls: the record keeps 2)"
    assert lines[1].startswith("4. ")


@pytest.mark.datapipeline(kept_calls=2)
def test_a_bounded_record_does_not_say_that_a_call_was_never_made(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_client.create_pipeline(name="n", uniqueId="u")
    for _ in range(3):
        datapipeline_client.list_pipelines()

    assert list_pipelines() in datapipeline_fake.calls
    with pytest.raises(FakeUsageError) as told:
        assert create_pipeline() not in datapipeline_fake.calls
    assert str(told.value) == (
        "create_pipeline() is none of the last 2 calls, but 2 earlier calls are not kept "
        "(kept_calls=2): whether it was made cannot be told. Raise kept_calls, or set it to 0."
    )


@pytest.mark.datapipeline(kept_calls=2)
@pytest.mark.parametrize(
    "expected", [[create_pipeline()], in_order(create_pipeline())], ids=["list", "in_order"]
)
def test_a_comparison_of_a_bounded_record_tells_of_the_calls_that_are_not_kept(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, expected: Any
) -> None:
    for _ in range(3):
        datapipeline_client.list_pipelines()

    with pytest.raises(AssertionError, match=r"1 earlier call is not kept \(kept_calls=2\)"):
        assert datapipeline_fake.calls == expected

    assert "3 calls" in repr(datapipeline_fake)


@pytest.mark.datapipeline(kept_calls=1)
def test_a_secret_of_a_call_that_was_dropped_stays_masked(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"]
    secret = {"key": "*password", "stringValue": "open sesame"}
    datapipeline_client.put_pipeline_definition(
        pipelineId=pipeline_id, pipelineObjects=[{"id": "D", "name": "D", "fields": [secret]}]
    )

    datapipeline_client.create_pipeline(name="open sesame", uniqueId="another")

    assert "open sesame" not in repr(datapipeline_fake.calls)


@pytest.mark.datapipeline(kept_calls=3)
def test_a_bounded_record_does_not_disturb_the_driving_of_a_loop(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")

    def loop() -> None:
        for _ in range(10):
            datapipeline_client.list_pipelines()

    with pytest.raises(UnmetExpectations, match=r"It made list_pipelines \(3\)"):
        datapipeline_fake.run(loop, die_at=poll_for_task())
