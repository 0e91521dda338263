"""The life of a task in the service itself, without clients and wire."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from pytest_datapipeline._service.clock import SECOND, VirtualClock
from pytest_datapipeline._service.errors import ServiceError
from pytest_datapipeline._service.expressions.periods import parse_period
from pytest_datapipeline._service.fields import Field, timestamp
from pytest_datapipeline._service.instances.instance import (
    Attempt,
    GivenComponent,
    Instance,
    Policy,
)
from pytest_datapipeline._service.instances.life import Tasks
from pytest_datapipeline._service.instances.queues import Poll
from pytest_datapipeline._service.protocol import aws_json
from pytest_datapipeline._service.protocol.ids import Ids
from pytest_datapipeline._service.settings import ServiceSettings

# The start of the only run that AWS has published: 2012-12-12T00:00:00.
PUBLISHED = 1_355_270_400 * SECOND


def instance(policy: Policy | None = None, **given: Any) -> Instance:
    values: dict[str, Any] = {
        "pipeline_id": "df-0937003356ZJEXAMPLE",
        "id": "SayHello",
        "type": "ShellCommandActivity",
        "worker_group": "wg",
        "region": None,
        "fields": (Field("command", "echo hello"),),
        "policy": policy or Policy(),
    }
    return Instance(GivenComponent(**{**values, **given}), PUBLISHED)


def sent(answer: Any) -> dict[str, Any]:
    """The task object that a runner gets from an answer."""
    task_object: dict[str, Any] = json.loads(aws_json.encode(answer))["taskObject"]
    return task_object


class World:
    """The tasks of a service, and a clock in seconds."""

    def __init__(self, **settings: Any) -> None:
        self.clock = VirtualClock(0)
        self.events = 0
        self.tasks = Tasks(self.clock, ServiceSettings(**settings), Ids(), self._happened)

    def _happened(self) -> None:
        self.events += 1

    def add(self, policy: Policy | None = None, *, ready_at: int = 0, **given: Any) -> Instance:
        made = instance(policy, **given)
        self.tasks.add(made, ready_at * SECOND)
        return made

    def advance(self, seconds: int) -> None:
        self.clock.move_to(self.clock.now + seconds * SECOND)

    def take(self, holder: object = None) -> dict[str, Any]:
        attempt = self.tasks.queues.take("wg", "us-east-1")
        assert attempt is not None
        return sent(self.tasks.hand_over(attempt, "host", holder))

    def take_id(self, holder: object = None) -> str:
        return str(self.take(holder)["taskId"])

    def report(self, task_id: str) -> bool:
        return self.tasks.report(task_id, (), None)


def statuses(of: Instance) -> list[str]:
    return [attempt.status for attempt in of.attempts]


# -- names and numbers ----------------------------------------------------------------------------


def test_a_time_is_written_in_utc_with_whole_seconds_and_without_a_zone() -> None:
    assert timestamp(PUBLISHED + SECOND - 1) == "2012-12-12T00:00:00"


def test_ids_of_instances_and_attempts_are_made_like_the_published_ones() -> None:
    made = instance()

    assert made.id == "@SayHello_2012-12-12T00:00:00"
    assert Attempt(made, 2, 0).id == "@SayHello_2012-12-12T00:00:00_Attempt=2"


@pytest.mark.parametrize("given", ["@Mine_2020-01-01T00:00:00", "x", "a_Attempt=b"])
@pytest.mark.parametrize("suffix", ["", "_Attempt=1", "_Attempt=17"])
def test_a_given_attempt_id_is_kept_and_counted_on_from(given: str, suffix: str) -> None:
    made = instance(first_attempt_id=given + suffix)

    assert [made.component.attempt_id(made, number) for number in (1, 2, 3)] == [
        given + suffix,
        f"{given}_Attempt=2",
        f"{given}_Attempt=3",
    ]


def test_the_defaults_are_those_of_the_service() -> None:
    policy = Policy()

    assert (policy.maximum_retries, policy.retry_delay, policy.report_progress_timeout) == (
        2,
        600 * SECOND,
        900 * SECOND,
    )
    assert (policy.attempt_timeout, policy.precondition_timeout) == (None, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 second", 1),
        ("10 minutes", 600),
        ("1 Hour", 3600),
        ("15 Minutes", 900),
        ("1 hours", 3600),
        ("2 DAYS", 172_800),
        ("1 week", 604_800),
        (" 3  seconds ", 3),
        ("0 minutes", 0),
    ],
)
def test_a_period_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_period(text) == seconds * SECOND


@pytest.mark.parametrize(
    "text", ["", "10", "minutes", "ten minutes", "-1 minutes", "1.5 hours", "PT1H"]
)
def test_anything_else_is_no_period(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration: write a number and seconds, minutes"):
        parse_period(text)


# -- readiness ------------------------------------------------------------------------------------


def test_a_task_is_ready_at_its_moment_and_not_before() -> None:
    world = World()
    task = world.add(ready_at=60)

    world.advance(59)
    before = (task.status, statuses(task))
    world.advance(1)

    assert before == ("WAITING_ON_DEPENDENCIES", [])
    assert (task.status, statuses(task)) == ("WAITING_FOR_RUNNER", ["WAITING_FOR_RUNNER"])
    assert task.actual_start == 60 * SECOND


def test_a_task_that_becomes_ready_goes_to_the_poll_that_waits_for_it() -> None:
    world = World()
    poll = Poll("wg", "us-east-1", "host", None, 0)
    world.tasks.queues.wait(poll)

    task = world.add(ready_at=60)
    world.advance(60)

    assert sent(poll.answer)["taskId"] == task.attempts[0].task_id
    assert task.attempts[0].hostname == "host"


def test_open_tasks_are_counted_until_they_end() -> None:
    world = World()
    tasks = [world.add(), world.add(), world.add(ready_at=60)]
    counts = [world.tasks.open]
    world.tasks.set_status(world.take_id(), "FINISHED")
    counts.append(world.tasks.open)
    for task in tasks[1:]:
        world.tasks.cancel(task)
        counts.append(world.tasks.open)

    assert counts == [3, 2, 1, 0]


def test_canceling_a_task_that_has_ended_does_not_count_it_twice() -> None:
    world = World()
    task = world.add()

    world.tasks.cancel(task)
    world.tasks.cancel(task)

    assert world.tasks.open == 0


# -- hand-over ------------------------------------------------------------------------------------


def test_a_given_task_id_is_used_for_the_first_hand_over_alone() -> None:
    world = World()
    task = world.add(first_task_id="given")

    ids = [world.take_id()]
    world.advance(120)
    ids.append(world.take_id())

    assert ids[0] == "given"
    assert ids[1] != "given"
    assert task.attempts[0].task_ids == ids


def test_the_next_attempt_has_a_task_id_of_its_own() -> None:
    world = World()
    world.add(Policy(retry_delay=0), first_task_id="given")
    world.tasks.set_status(world.take_id(), "FAILED")
    world.advance(0)

    assert world.take_id() != "given"


def test_a_task_is_held_while_its_runner_is_known() -> None:
    world = World()
    runner = object()
    task = world.add()
    held = [len(world.tasks.held)]

    task_id = world.take_id(runner)
    held.append(len(world.tasks.held))
    holder = task.attempts[0].holder
    world.tasks.set_status(task_id, "FINISHED")
    held.append(len(world.tasks.held))

    assert holder is runner
    assert held == [0, 1, 0]


def test_a_task_that_is_taken_back_is_held_by_nobody() -> None:
    world = World()
    task = world.add()
    world.take_id(object())

    world.advance(120)

    assert (task.attempts[0].holder, list(world.tasks.held)) == (None, [])


@pytest.mark.parametrize("seed", range(5))
def test_shuffling_changes_the_order_of_fields_and_objects_and_nothing_else(seed: int) -> None:
    objects = tuple(
        {"id": name, "name": name, "fields": [{"key": "k", "stringValue": name}]} for name in "abc"
    )
    plain, shuffled = World(), World(shuffle=True, seed=seed)
    plain.add(objects=objects)
    shuffled.add(objects=objects)

    one, other = plain.take()["objects"], shuffled.take()["objects"]

    def fields(of: dict[str, Any]) -> dict[str, Counter[str]]:
        return {name: Counter(map(repr, held["fields"])) for name, held in of.items()}

    assert fields(one) == fields(other)


def test_shuffling_does_not_change_what_was_enqueued() -> None:
    world = World(shuffle=True)
    fields = [{"key": key, "stringValue": key} for key in "abcdef"]
    before = list(fields)
    world.add(objects=({"id": "a", "name": "a", "fields": fields},))

    world.take()

    assert fields == before


# -- ends of attempts -----------------------------------------------------------------------------


def test_a_task_that_failed_is_tried_as_often_as_its_policy_says() -> None:
    world = World()
    task = world.add(Policy(maximum_retries=1, retry_delay=10 * SECOND))

    world.tasks.set_status(world.take_id(), "FAILED")
    world.advance(10)
    world.tasks.set_status(world.take_id(), "FAILED")
    world.advance(1000)

    assert (task.status, statuses(task), task.tries_left) == ("FAILED", ["FAILED", "FAILED"], 0)
    assert task.actual_end == 10 * SECOND


def test_a_task_without_retries_is_tried_once() -> None:
    world = World()
    task = world.add(Policy(maximum_retries=0))

    world.tasks.set_status(world.take_id(), "FAILED")

    assert (task.status, world.clock.pending) == ("FAILED", 0)


def test_no_timer_is_left_of_a_task_that_has_ended() -> None:
    world = World()
    world.add(Policy(attempt_timeout=500 * SECOND))

    world.tasks.set_status(world.take_id(), "FINISHED")

    assert world.clock.pending == 0


def test_a_report_before_the_progress_timeout_starts_it_anew() -> None:
    world = World()
    task = world.add(Policy(report_progress_timeout=100 * SECOND))
    task_id = world.take_id()
    for _ in range(5):
        world.report(task_id)
        world.advance(99)
    before = task.status

    world.advance(1)

    assert (before, statuses(task)) == ("RUNNING", ["FAILED"])


@pytest.mark.parametrize(("invocation", "accepted"), [("one", True), ("other", False)])
def test_only_the_same_call_may_end_a_task_twice_where_a_setting_allows_it(
    invocation: str, accepted: bool
) -> None:
    world = World(accept_repeated_final_status=True)
    world.add()
    task_id = world.take_id()
    world.tasks.set_status(task_id, "FINISHED", invocation_id="one")

    try:
        world.tasks.set_status(task_id, "FINISHED", invocation_id=invocation)
    except ServiceError as error:
        code = error.code
    else:
        code = ""

    assert code == ("" if accepted else "TaskNotFoundException")


# -- attempt time-outs ----------------------------------------------------------------------------


def test_the_time_out_of_an_attempt_runs_from_its_first_hand_over() -> None:
    world = World()
    task = world.add(Policy(attempt_timeout=200 * SECOND))
    world.advance(1000)
    world.take()
    world.advance(120)
    world.take()

    world.advance(79)
    before = statuses(task)
    world.advance(1)

    assert (before, statuses(task)) == (["WAITING_FOR_RUNNER"], ["FAILED"])


def test_an_attempt_that_times_out_while_it_waits_again_is_not_handed_out_any_more() -> None:
    world = World()
    task = world.add(Policy(attempt_timeout=150 * SECOND))
    world.take()

    world.advance(150)

    assert statuses(task) == ["FAILED"]
    assert world.tasks.queues.take("wg", "us-east-1") is None


def test_the_time_out_of_an_attempt_ends_with_it_and_leaves_the_next_alone() -> None:
    world = World()
    task = world.add(Policy(attempt_timeout=100 * SECOND, retry_delay=10 * SECOND))
    world.tasks.set_status(world.take_id(), "FAILED", error_message="first")
    world.advance(50)
    world.report(world.take_id())

    world.advance(60)

    assert (task.status, statuses(task)) == ("RUNNING", ["FAILED", "RUNNING"])
    assert task.attempts[0].error_message == "first"
    assert task.attempts[0].ended == 0


def test_each_attempt_has_the_whole_of_its_time_out() -> None:
    world = World()
    task = world.add(Policy(attempt_timeout=100 * SECOND, retry_delay=10 * SECOND))
    world.tasks.set_status(world.take_id(), "FAILED")
    world.advance(10)
    world.report(world.take_id())

    world.advance(99)
    before = statuses(task)
    world.advance(1)

    assert (before, statuses(task)) == (["FAILED", "RUNNING"], ["FAILED", "FAILED"])


# -- deadlines ------------------------------------------------------------------------------------


def test_the_deadline_is_the_first_of_all_that_is_due() -> None:
    world = World()
    policy = Policy(attempt_timeout=200 * SECOND)
    task = world.add(policy, ready_at=5)
    seen = [Tasks.deadline(task)]
    world.advance(5)
    seen.append(Tasks.deadline(task))
    task_id = world.take_id()
    seen.append(Tasks.deadline(task))
    world.report(task_id)
    seen.append(Tasks.deadline(task))
    world.tasks.set_status(task_id, "FINISHED")
    seen.append(Tasks.deadline(task))

    assert seen == [5 * SECOND, None, 125 * SECOND, 205 * SECOND, None]


def test_expiring_ends_an_attempt_whose_time_out_comes_first() -> None:
    world = World()
    task = world.add(Policy(attempt_timeout=60 * SECOND))
    world.take()

    world.tasks.expire(task)

    assert (task.attempts[0].status, world.clock.now) == ("FAILED", 0)


def test_expiring_ends_an_attempt_that_waits_again_and_has_a_time_out() -> None:
    world = World()
    task = world.add(Policy(attempt_timeout=300 * SECOND))
    world.take()
    world.advance(120)

    world.tasks.expire(task)

    assert statuses(task) == ["FAILED"]


def test_what_was_expired_does_not_happen_again_at_its_time() -> None:
    world = World()
    task = world.add()
    world.take()

    world.tasks.expire(task)
    world.advance(1000)

    assert (statuses(task), world.clock.pending) == (["WAITING_FOR_RUNNER"], 0)
    assert task.attempts[0].task_id is None


# -- preconditions --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Exists", "ShellCommandPrecondition"])
def test_a_precondition_that_is_false_waits_for_its_retry_delay_in_the_same_attempt(
    kind: str,
) -> None:
    world = World()
    task = world.add(Policy(retry_delay=60 * SECOND), type=kind)

    world.tasks.set_status(world.take_id(), "FALSE")
    early = world.tasks.queues.take("wg", "us-east-1")
    world.advance(60)
    later = world.tasks.queues.take("wg", "us-east-1")

    assert early is None
    assert later is task.attempts[0]
    assert task.tries_left == 2


# -- events ---------------------------------------------------------------------------------------


def test_everything_but_the_passing_of_time_counts_as_an_event() -> None:
    world = World()
    world.add()
    counts = [world.events]
    task_id = world.take_id()
    counts.append(world.events)
    world.report(task_id)
    counts.append(world.events)
    world.advance(100)
    counts.append(world.events)
    world.tasks.set_status(task_id, "FINISHED")
    counts.append(world.events)

    assert 0 < counts[0] < counts[1] < counts[2] == counts[3] < counts[4]
