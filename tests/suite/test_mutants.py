"""A runner with one fault fails the contract in the test that is named for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.inner_pytest import run_here

if TYPE_CHECKING:
    from collections.abc import Callable

SUITE = """
import json
import time
import uuid

import pytest
from pytest_datapipeline import RunnerContract
from support.small_runner import Gone, SmallRunner


class Mutant(SmallRunner):
{mutation}


class TestMutant(RunnerContract):
    def start(self, fake):
        return Mutant(self.worker_group, fake.clock.now).loop

    def task(self, *, seconds=0, fails=False, prints=""):
        fields = {{"command": "true", "seconds": str(seconds), "fails": str(fails)}}
        return {{**fields, "prints": json.dumps(prints)}} if prints else fields
"""

MUTANTS = {
    "an impatient client": (
        "    read_timeout = 60",
        "test_it_waits_out_the_long_poll",
    ),
    "a look at the key of an idle answer": (
        """
    def poll(self):
        return super().poll()["taskId"] and None
        """,
        "test_it_goes_on_polling_while_the_queue_is_empty",
    ),
    "another worker group": (
        """
    def poll(self):
        answer = self.client.poll_for_task(workerGroup=self.worker_group.upper(), hostname="x")
        return super().poll()
        """,
        "test_it_polls_its_worker_group_and_no_other",
    ),
    "no acknowledgement": (
        """
    def report(self, task_id):
        pass
        """,
        "test_it_acknowledges_a_task_before_it_works",
    ),
    "tasks in store": (
        """
    def once(self):
        self.store = [held for held in (self.poll() for _ in range(3)) if held is not None]
        for held in self.store:
            try:
                self.work(held)
            except Gone:
                pass
        """,
        "test_it_acknowledges_each_task_in_time_while_others_take_long",
    ),
    "silence while it works": (
        "    report_every = 1000",
        "test_it_reports_while_it_works_for_an_hour",
    ),
    "rare reports": (
        "    report_every = 400",
        "test_it_reports_at_least_every_five_minutes",
    ),
    "a report for each row": (
        "    report_every = 0.05",
        "test_it_does_not_report_more_often_than_aws_allows",
    ),
    "two final statuses": (
        """
    def finish(self, task_id):
        super().finish(task_id)
        super().finish(task_id)
        """,
        "test_it_sets_the_final_status_once",
    ),
    "a report at the very end": (
        """
    def finish(self, task_id):
        super().finish(task_id)
        self.report(task_id)
        """,
        "test_it_does_not_report_after_the_final_status",
    ),
    "success whatever comes": (
        """
    def finish_failed(self, task_id, fields, printed):
        self.finish(task_id)
        """,
        "test_it_fails_a_task_whose_work_fails",
    ),
    "no reason": (
        """
    def finish_failed(self, task_id, fields, printed):
        self.set_status(task_id, taskStatus="FAILED")
        """,
        "test_it_says_why_a_task_failed",
    ),
    "too long a trace": (
        """
    def fit(self, printed):
        return printed
        """,
        "test_it_keeps_what_a_failed_task_printed_within_the_limits[long]",
    ),
    "colours in the trace": (
        """
    def fit(self, printed):
        return printed[-1024:]
        """,
        "test_it_keeps_what_a_failed_task_printed_within_the_limits[terminal-codes]",
    ),
    "FAILED for a precondition": (
        """
    def finish_failed(self, task_id, fields, printed):
        self.set_status(task_id, taskStatus="FAILED", errorId="No", errorMessage="no")
        """,
        "test_it_says_false_of_a_precondition_that_does_not_hold",
    ),
    "the first object": (
        """
    def fields_of(self, task):
        first = list(task["objects"].values())[-1]
        return {field["key"]: field.get("stringValue", "") for field in first["fields"]} | {
            "type": "ShellCommandActivity"
        }
        """,
        "test_it_finds_the_attempt_among_other_objects",
    ),
    "fields by place": (
        """
    def fields_of(self, task):
        attempt = task["objects"][task["attemptId"]]
        assert attempt["fields"][0]["key"] == "@componentParent"
        return super().fields_of(task)
        """,
        "test_it_needs_no_order_of_objects_and_fields[0]",
    ),
    "ids taken apart": (
        """
    def work(self, task):
        component, attempt = task["attemptId"].split("_Attempt=")
        super().work(task)
        """,
        "test_it_takes_ids_with_any_characters",
    ),
    "ids in a column of 255": (
        """
    def work(self, task):
        super().work({**task, "taskId": task["taskId"][:255]})
        """,
        "test_it_speaks_of_tasks_by_their_whole_id",
    ),
    "deaf to cancellation": (
        """
    def report(self, task_id):
        self.repeat(lambda: self.client.report_task_progress(taskId=task_id))
        """,
        "test_it_stops_the_work_of_a_task_that_is_canceled_meanwhile",
    ),
    "an error ends it": (
        """
    def repeat(self, call):
        return call()
        """,
        "test_it_goes_on_after_an_error[poll_for_task-throttling]",
    ),
    "it does not believe that a task is gone": (
        """
    def repeat(self, call):
        while True:
            try:
                return call()
            except self.client.exceptions.ClientError:
                time.sleep(60)
            except Exception:
                time.sleep(60)
        """,
        "test_it_goes_on_to_the_next_task_when_one_is_gone"
        "[report_task_progress-TaskNotFoundException]",
    ),
    "no longer pauses": (
        """
    def repeat(self, call):
        while True:
            try:
                return call()
            except self.client.exceptions.TaskNotFoundException:
                raise Gone from None
            except Exception:
                time.sleep(1)
        """,
        "test_it_waits_longer_after_each_throttled_call",
    ),
    "no heartbeat": (
        """
    def beat(self):
        pass
        """,
        "test_it_sends_heartbeats",
    ),
    "a new id each time": (
        """
    def beat(self):
        self.id = str(uuid.uuid4())
        super().beat()
        """,
        "test_it_has_one_id",
    ),
    "deaf to terminate": (
        """
    def beat(self):
        super().beat()
        self.stopped = False
        """,
        "test_it_ends_when_it_is_told_to",
    ),
    "no hostname": (
        """
    def poll(self):
        answer = self.repeat(lambda: self.client.poll_for_task(workerGroup=self.worker_group))
        return answer.get("taskObject")
        """,
        "test_it_names_its_host",
    ),
}


@pytest.mark.parametrize("fault", MUTANTS)
def test_a_fault_is_found_by_the_test_that_is_named_for_it(
    pytester: pytest.Pytester, fault: str
) -> None:
    mutation, test = MUTANTS[fault]
    pytester.makepyfile(SUITE.format(mutation=mutation))
    name = test.partition("[")[0]

    result = run_here(pytester, "-k", name, "-p", "no:cacheprovider", "-rf")

    failed = result.stdout.str()
    assert f"::{test}" in failed, failed[-3000:]


def names(select: Callable[[str], bool]) -> list[str]:
    from pytest_datapipeline import RunnerContract

    return sorted(name for name in dir(RunnerContract) if select(name))


def test_nearly_every_test_of_the_contract_has_a_mutant() -> None:
    found = {test.partition("[")[0] for _, test in MUTANTS.values()}
    without = {
        # A runner that fails these fails others before.
        "test_it_finishes_a_task",
        "test_it_takes_a_task_that_comes_late",
        "test_it_acknowledges_each_of_many_tasks_in_time",
        "test_it_goes_on_after_a_task_that_failed",
        "test_it_leaves_retries_to_the_service",
        "test_it_takes_fields_that_it_does_not_know",
        "test_it_leaves_a_task_that_is_canceled_before_its_acknowledgement",
        "test_it_leaves_a_task_that_was_given_to_another",
        "test_it_goes_on_after_a_lost_answer",
        "test_it_outlives_a_service_that_is_down_for_long",
        "test_nothing_that_goes_wrong_at_any_call_stops_it",
        "test_two_of_it_share_a_queue",
        "test_another_takes_over_when_it_dies",
    }

    every = set(names(lambda name: name.startswith("test_")))

    assert found | without == every
    assert not found & without
