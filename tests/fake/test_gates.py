"""Calls that are held at a gate until the test releases them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.runner import GROUP, finish, poll, take, work_one

from pytest_datapipeline import FakeUsageError, Stuck, report_task_progress, set_task_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_datapipeline import DataPipelineFake


def in_a_thread(function: Callable[..., object], *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    return thread


def test_a_call_is_held_at_the_door_before_the_service_acts(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)

    with datapipeline_fake.hold("set_task_status") as held:
        thread = in_a_thread(work_one, datapipeline_client)
        held.wait()
        assert held.calls == [set_task_status(taskStatus="FINISHED")]
        assert not task.ended
        held.release()
        thread.join()

    task.assert_finished()


def test_a_call_is_held_before_its_answer_when_the_service_has_acted(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)

    with datapipeline_fake.hold(set_task_status(), at="answer") as held:
        thread = in_a_thread(work_one, datapipeline_client)
        held.wait()
        task.assert_finished()
        assert thread.is_alive()
    thread.join()


def test_a_race_between_a_report_and_a_cancellation_is_pinned_down(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    answers: list[bool] = []

    def report() -> None:
        task_id = take(datapipeline_client)
        answer = datapipeline_client.report_task_progress(taskId=task_id, fields=[])
        answers.append(answer["canceled"])

    with datapipeline_fake.hold(report_task_progress(fields=[])) as held:
        thread = in_a_thread(report)
        held.wait()
        task.cancel()
        held.release()
        thread.join()

    assert answers == [True]


def test_time_can_pass_while_a_call_is_held(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    problems: list[Exception] = []

    def late() -> None:
        try:
            finish(datapipeline_client, poll(datapipeline_client)["taskId"])
        except Exception as error:
            problems.append(error)

    with datapipeline_fake.hold("set_task_status") as held:
        thread = in_a_thread(late)
        held.wait()
        datapipeline_fake.clock.advance(120)
    thread.join()

    assert "TaskNotFoundException" in str(problems[0])


def test_held_calls_are_released_in_the_order_in_which_they_came(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    one, two = datapipeline_fake.enqueue(GROUP, {"command": "one"}, {"command": "two"})

    with datapipeline_fake.hold("set_task_status") as held:
        first = in_a_thread(work_one, datapipeline_client)
        held.wait()
        second = in_a_thread(work_one, datapipeline_client)
        held.wait(2)

        held.release(1)
        first.join()
        assert (one.ended, two.ended) == (True, False)
        held.release()
        second.join()

    assert two.ended


def test_only_the_calls_that_it_is_for_are_held(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)

    with datapipeline_fake.hold(set_task_status(taskStatus="FAILED")) as held:
        thread = in_a_thread(work_one, datapipeline_client)
        thread.join()

    assert held.calls == []
    task.assert_finished()


def test_after_its_block_nothing_is_held(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    with datapipeline_fake.hold("set_task_status"):
        pass
    task = datapipeline_fake.enqueue(GROUP)

    work_one(datapipeline_client)

    task.assert_finished()


def test_a_call_of_the_test_s_own_thread_can_not_be_held(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    with (
        datapipeline_fake.hold("list_pipelines"),
        pytest.raises(FakeUsageError, match="would hold a call of the test's own thread"),
    ):
        datapipeline_client.list_pipelines()
    datapipeline_fake._problems.clear()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("set_status_of_task",), "no operation"),
        ((7,), "takes an operation's name or a matcher, not 7"),
        ((set_task_status,), "call it, as in set_task_status"),
    ],
)
def test_only_calls_can_be_held(
    datapipeline_fake: DataPipelineFake, arguments: Any, told: str
) -> None:
    with pytest.raises(FakeUsageError, match=told):
        datapipeline_fake.hold(*arguments)


def test_only_at_the_door_or_the_answer(datapipeline_fake: DataPipelineFake) -> None:
    where: Any = "window"

    with pytest.raises(FakeUsageError, match=r"hold\(at='window'\): it can be 'door' or 'answer'"):
        datapipeline_fake.hold("set_task_status", at=where)


def test_more_than_are_held_can_not_be_released(datapipeline_fake: DataPipelineFake) -> None:
    with (
        datapipeline_fake.hold("set_task_status") as held,
        pytest.raises(FakeUsageError, match=r"release\(1\): 0 calls are held"),
    ):
        held.release(1)


def test_a_fake_is_not_reset_within_a_gate(datapipeline_fake: DataPipelineFake) -> None:
    with (
        datapipeline_fake.hold("poll_for_task"),
        pytest.raises(FakeUsageError, match=r"reset\(\) would take <Gate for poll_for_task\(\)"),
    ):
        datapipeline_fake.reset()

    datapipeline_fake.reset()


def test_a_wait_for_what_is_not_held_tells_what_it_was_for(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with (
        datapipeline_fake.hold("set_task_status") as gate,
        pytest.raises(
            Stuck, match=r"gate\.wait\(\) waits for 2 calls to be held by <Gate for set_"
        ),
    ):
        gate.wait(2)
