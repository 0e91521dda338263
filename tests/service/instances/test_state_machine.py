"""The whole life of tasks against a naive model: any calls in any order, with time passing between.

The model below keeps everything in plain lists and knows nothing of the library's insides: it is
the documentation of the service written a second time. Its times are microseconds since the start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import boto3
import pytest
from botocore.config import Config
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.examples import examples

from pytest_datapipeline import DataPipelineFake

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_datapipeline import Task

START = datetime(2020, 1, 1, tzinfo=timezone.utc)
SECOND = 1_000_000
EMPTY_POLL = 90 * SECOND
ACKNOWLEDGE = 120 * SECOND
# Names so different that none is taken for a misspelt other.
GROUPS = ("alpha", "bravo", "charlie")
ENDED = ("FINISHED", "FAILED", "CANCELED")

Kind = Literal["ready", "acknowledge", "report", "retry", "attempt", "poll"]


# -- the model ------------------------------------------------------------------------------------


@dataclass(eq=False)
class ModelTask:
    """What a task should be."""

    name: str
    group: str
    tries_left: int
    retry_delay: int
    silence: int
    limit: int | None
    status: str = "WAITING_ON_DEPENDENCIES"
    attempts: list[str] = field(default_factory=list)
    held: str | None = field(default=None, repr=False)
    latest: str | None = field(default=None, repr=False)


@dataclass(eq=False)
class Event:
    """What the service will do by itself. Events of one moment happen in the order of planning."""

    when: int
    order: int
    kind: Kind
    task: ModelTask | None


class Model:
    """The service, as its documentation has it."""

    def __init__(self) -> None:
        self.now = 0
        self.planned = 0
        self.tasks: list[ModelTask] = []
        self.line: list[ModelTask] = []
        self.events: list[Event] = []
        self.canceled: list[str] = []
        self.polled: str | None = None
        self.answer: ModelTask | None = None

    # -- what the test and the runners do

    def enqueue(self, task: ModelTask, delay: int) -> None:
        self.tasks.append(task)
        if delay:
            self.plan("ready", task, delay)
        else:
            self.attempt(task)

    def take(self, group: str) -> ModelTask:
        task = next(task for task in self.line if task.group == group)
        self.line.remove(task)
        self.hand_over(task)
        return task

    def wait(self, group: str) -> ModelTask | None:
        """A poll that finds no task: what it gets, at the end of its 90 seconds or before."""
        self.polled, self.answer = group, None
        self.plan("poll", None, EMPTY_POLL)
        while self.polled is not None:
            self.fire(self.upcoming())
        self.events = [event for event in self.events if event.kind != "poll"]
        return self.answer

    def report(self, task: ModelTask) -> None:
        task.status = task.attempts[-1] = "RUNNING"
        self.plan("report", task, task.silence)

    def finish(self, task: ModelTask) -> None:
        task.held = None
        task.attempts[-1] = "FINISHED"
        self.end(task, "FINISHED")

    def fail(self, task: ModelTask) -> None:
        task.held = None
        self.drop(task, "acknowledge", "report", "attempt")
        task.attempts[-1] = "FAILED"
        if task.tries_left == 0:
            self.end(task, "FAILED")
        else:
            task.status = "WAITING_FOR_RUNNER"
            self.plan("retry", task, task.retry_delay)

    def cancel(self, task: ModelTask) -> None:
        if task.held is not None:
            self.canceled.append(task.held)
            task.held = None
        if task in self.line:
            self.line.remove(task)
        if task.attempts and task.attempts[-1] not in ENDED:
            task.attempts[-1] = "CANCELED"
        self.end(task, "CANCELED")

    # -- what time does

    def advance(self, duration: int) -> None:
        target = self.now + duration
        while self.events and self.upcoming().when <= target:
            self.fire(self.upcoming())
        self.now = target

    def upcoming(self, of: Iterable[Event] | None = None) -> Event:
        events = self.events if of is None else of
        return min(events, key=lambda event: (event.when, event.order))

    def fire(self, event: Event) -> None:
        self.now = max(self.now, event.when)
        self.happen(event)

    def happen(self, event: Event) -> None:
        self.events.remove(event)
        task = event.task
        if task is None:
            self.polled = None
        elif event.kind in ("ready", "retry"):
            self.attempt(task)
        elif event.kind == "acknowledge":
            task.held = None
            task.status = task.attempts[-1] = "WAITING_FOR_RUNNER"
            self.ready(task)
        elif event.kind == "report":
            self.fail(task)
        else:
            if task.held is not None:
                self.canceled.append(task.held)
            if task in self.line:
                self.line.remove(task)
            self.fail(task)

    # -- helpers

    def events_of(self, task: ModelTask) -> list[Event]:
        return [event for event in self.events if event.task is task]

    def deadline(self, task: ModelTask) -> int | None:
        return min((event.when for event in self.events_of(task)), default=None)

    def plan(self, kind: Kind, task: ModelTask | None, delay: int) -> None:
        if task is not None and kind in ("acknowledge", "report"):
            self.drop(task, "acknowledge", "report")
        self.planned += 1
        self.events.append(Event(self.now + delay, self.planned, kind, task))

    def drop(self, task: ModelTask, *kinds: Kind) -> None:
        self.events = [
            event for event in self.events if event.task is not task or event.kind not in kinds
        ]

    def attempt(self, task: ModelTask) -> None:
        task.tries_left -= 1
        task.attempts.append("WAITING_FOR_RUNNER")
        task.status = "WAITING_FOR_RUNNER"
        self.ready(task)

    def ready(self, task: ModelTask) -> None:
        if self.polled == task.group:
            self.polled, self.answer = None, task
            self.hand_over(task)
        else:
            self.line.append(task)

    def hand_over(self, task: ModelTask) -> None:
        self.plan("acknowledge", task, ACKNOWLEDGE)
        if task.limit is not None and all(
            event.kind != "attempt" for event in self.events_of(task)
        ):
            self.plan("attempt", task, task.limit)

    def end(self, task: ModelTask, status: str) -> None:
        task.status = status
        self.drop(task, "ready", "acknowledge", "report", "retry", "attempt")


# -- the machine ----------------------------------------------------------------------------------


@cache
def client() -> Any:
    """One client for all runs: making one takes longer than a run."""
    return boto3.session.Session(
        aws_access_key_id="unused", aws_secret_access_key="unused", region_name="eu-west-1"
    ).client("datapipeline", config=Config(read_timeout=100))


def seconds(*values: float) -> st.SearchStrategy[int]:
    return st.sampled_from([round(value * SECOND) for value in values])


def as_timedelta(duration: int | None) -> timedelta | None:
    return None if duration is None else timedelta(microseconds=duration)


class TaskLife(RuleBasedStateMachine):
    """Does the same to the fake and to the model, and compares them after every step."""

    @initialize()
    def start(self) -> None:
        self.model = Model()
        self.handles: list[Task] = []
        self.past: list[str] = []
        self.requests = 0
        self.fake = DataPipelineFake(start="2020-01-01T00:00:00")
        self.fake.__enter__()

    def teardown(self) -> None:
        if hasattr(self, "fake"):
            self.fake.__exit__(None, None, None)

    # -- helpers

    def held(self) -> list[ModelTask]:
        return [task for task in self.model.tasks if task.held is not None]

    def open(self) -> list[ModelTask]:
        return [task for task in self.model.tasks if task.status not in ENDED]

    def waiting_groups(self) -> list[str]:
        return [group for group in GROUPS if any(t.group == group for t in self.model.line)]

    def idle_groups(self) -> list[str]:
        return [group for group in GROUPS if group not in self.waiting_groups()]

    def stale(self) -> list[str]:
        known = {*self.model.canceled, *(task.held for task in self.model.tasks)}
        return [task_id for task_id in self.past if task_id not in known]

    def expirable(self) -> list[ModelTask]:
        found = []
        for task in self.model.tasks:
            moments = [event.when for event in self.model.events_of(task)]
            # Of two deadlines at one moment, nothing says which is meant.
            if moments and len(set(moments)) == len(moments):
                found.append(task)
        return found

    def call(self, operation: str, **parameters: Any) -> Any:
        self.requests += 1
        return getattr(client(), operation)(**parameters)

    def poll(self, group: str) -> Any:
        return self.call("poll_for_task", workerGroup=group, hostname="host")

    def got(self, answer: Any, task: ModelTask) -> None:
        given = answer["taskObject"]
        attempt = given["objects"][given["attemptId"]]
        parents = [one["refValue"] for one in attempt["fields"] if one["key"] == "@componentParent"]
        assert parents == [task.name]
        assert given["attemptId"].endswith(f"_Attempt={len(task.attempts)}")
        assert given["taskId"] not in self.past
        task.held = task.latest = given["taskId"]
        self.past.append(given["taskId"])

    # -- rules

    @rule(
        group=st.sampled_from(GROUPS),
        delay=st.none() | seconds(0, 1, 60, 90, 119.999999, 600),
        retries=st.none() | st.integers(0, 3),
        retry_delay=st.none() | seconds(0, 1, 30, 90, 120),
        silence=st.none() | seconds(0.000001, 1, 60, 120, 300),
        limit=st.none() | seconds(1, 90, 120, 150, 1000),
    )
    def enqueue(
        self,
        group: str,
        delay: int | None,
        retries: int | None,
        retry_delay: int | None,
        silence: int | None,
        limit: int | None,
    ) -> None:
        name = f"Task{len(self.handles) + 1}"
        self.handles.append(
            self.fake.enqueue(
                group,
                {"command": name},
                id=name,
                delay=as_timedelta(delay),
                maximum_retries=retries,
                retry_delay=as_timedelta(retry_delay),
                report_progress_timeout=as_timedelta(silence),
                attempt_timeout=as_timedelta(limit),
            )
        )
        task = ModelTask(
            name=name,
            group=group,
            tries_left=1 + (2 if retries is None else retries),
            retry_delay=600 * SECOND if retry_delay is None else retry_delay,
            silence=900 * SECOND if silence is None else silence,
            limit=limit,
        )
        self.model.enqueue(task, delay or 0)

    @precondition(lambda self: self.waiting_groups())
    @rule(data=st.data())
    def poll_for_a_task_that_is_ready(self, data: st.DataObject) -> None:
        group = data.draw(st.sampled_from(self.waiting_groups()))

        answer = self.poll(group)

        self.got(answer, self.model.take(group))

    @precondition(lambda self: self.idle_groups())
    @rule(data=st.data())
    def poll_while_no_task_is_ready(self, data: st.DataObject) -> None:
        group = data.draw(st.sampled_from(self.idle_groups()))

        answer = self.poll(group)

        task = self.model.wait(group)
        if task is None:
            assert "taskObject" not in answer
        else:
            self.got(answer, task)

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def report(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(self.held()))

        answer = self.call("report_task_progress", taskId=task.held)

        assert answer["canceled"] is False
        self.model.report(task)

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(self.held()))

        self.call("set_task_status", taskId=task.held, taskStatus="FINISHED")

        self.model.finish(task)

    @precondition(lambda self: self.held())
    @rule(data=st.data(), status=st.sampled_from(["FAILED", "FALSE"]))
    def fail(self, data: st.DataObject, status: str) -> None:
        task = data.draw(st.sampled_from(self.held()))

        self.call("set_task_status", taskId=task.held, taskStatus=status, errorId="oops")

        self.model.fail(task)

    @precondition(lambda self: self.open())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(self.open()))

        self.handles[self.model.tasks.index(task)].cancel()

        self.model.cancel(task)

    @precondition(lambda self: self.model.canceled)
    @rule(data=st.data())
    def report_on_a_canceled_task(self, data: st.DataObject) -> None:
        task_id = data.draw(st.sampled_from(self.model.canceled))

        answer = self.call("report_task_progress", taskId=task_id)

        assert answer["canceled"] is True

    @precondition(lambda self: self.model.canceled)
    @rule(data=st.data(), status=st.sampled_from(["FINISHED", "FAILED"]))
    def end_a_canceled_task(self, data: st.DataObject, status: str) -> None:
        task_id = data.draw(st.sampled_from(self.model.canceled))

        self.call("set_task_status", taskId=task_id, taskStatus=status)

        self.model.canceled.remove(task_id)

    @precondition(lambda self: self.stale())
    @rule(data=st.data(), operation=st.sampled_from(["report", "finish"]))
    def use_a_task_id_that_is_no_longer_valid(self, data: st.DataObject, operation: str) -> None:
        task_id = data.draw(st.sampled_from(self.stale()))

        with pytest.raises(client().exceptions.TaskNotFoundException):
            if operation == "report":
                self.call("report_task_progress", taskId=task_id)
            else:
                self.call("set_task_status", taskId=task_id, taskStatus="FINISHED")

    @rule(duration=seconds(0, 0.5, 1, 59, 60, 89.5, 119.999999, 120, 600, 900, 86_400))
    def let_time_pass(self, duration: int) -> None:
        self.fake.clock.advance(timedelta(microseconds=duration))

        self.model.advance(duration)

    @precondition(lambda self: self.model.events)
    @rule(early=st.sampled_from([0, 1, SECOND]))
    def let_time_pass_until_something_is_due_or_almost(self, early: int) -> None:
        duration = max(0, self.model.upcoming().when - early - self.model.now)

        self.fake.clock.move_to(START + timedelta(microseconds=self.model.now + duration))

        self.model.advance(duration)

    @precondition(lambda self: self.expirable())
    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(self.expirable()))

        self.handles[self.model.tasks.index(task)].expire()

        self.model.happen(self.model.upcoming(self.model.events_of(task)))

    @precondition(lambda self: len(self.open()) > 3)
    @rule()
    def work_until_every_task_has_ended(self) -> None:
        while self.open():
            for task in self.held():
                self.call("set_task_status", taskId=task.held, taskStatus="FINISHED")
                self.model.finish(task)
            for group in self.waiting_groups():
                self.got(self.poll(group), self.model.take(group))
            if self.open() and not self.held() and not self.model.line:
                self.let_time_pass_until_something_is_due_or_almost(early=0)

    # -- invariants

    @invariant()
    def the_clock_stands_where_the_model_says(self) -> None:
        assert self.fake.clock.now() == START + timedelta(microseconds=self.model.now)

    @invariant()
    def every_task_is_what_the_model_says(self) -> None:
        def described(task: ModelTask) -> tuple[Any, ...]:
            due = self.model.deadline(task)
            return (
                task.name,
                task.group,
                task.status,
                task.status in ENDED,
                task.attempts,
                task.latest,
                None if due is None else START + timedelta(microseconds=due),
            )

        assert [
            (
                task.id,
                task.worker_group,
                task.status,
                task.ended,
                [attempt.status for attempt in task.attempts],
                task.task_id,
                task.deadline,
            )
            for task in self.fake.tasks
        ] == [described(task) for task in self.model.tasks]

    @invariant()
    def no_poll_is_left_waiting_and_every_request_is_recorded(self) -> None:
        assert self.fake.waiting == []
        assert len(self.fake.calls) == self.requests

    @invariant()
    def no_task_id_is_given_to_two_runners(self) -> None:
        ids = [
            task_id
            for task in self.fake.tasks
            for attempt in task.attempts
            for task_id in attempt.task_ids
        ]
        assert sorted(ids) == sorted(self.past)
        assert len(set(ids)) == len(ids)


def test_tasks_live_as_the_documentation_says_whatever_is_done_to_them() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call, unused-ignore]  # typed in some versions
        TaskLife, settings=examples(250, stateful_step_count=40)
    )
