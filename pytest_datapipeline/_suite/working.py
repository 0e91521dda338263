"""A runner polls, acknowledges, works and ends its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .._record.matchers import report_task_progress, set_task_status
from .base import ContractBase

if TYPE_CHECKING:
    from .._fake.handles.tasks import Task

_MANY = 20
_UGLY = "A b_c'\"é_Attempt=9 +/:="


class Polling(ContractBase):
    """How it polls."""

    def test_it_polls_its_worker_group_and_no_other(self) -> None:
        self.enqueue()
        self.harness.run()
        polled = {
            call.parameters["workerGroup"] for call in self.fake.calls.filter("poll_for_task")
        }
        self.expect(polled == {self.worker_group}, f"it polled {polled}")

    def test_it_waits_out_the_long_poll(self) -> None:
        self.run_for(minutes=10)
        self.check("short-read-timeout")

    def test_it_goes_on_polling_while_the_queue_is_empty(self) -> None:
        def polls() -> int:
            return len(self.fake.calls.without_retries.filter("poll_for_task"))

        self.harness.run(until=lambda: polls() > 2)
        self.expect(polls() > 2, f"it polled {polls()} times")

    def test_it_takes_a_task_that_comes_late(self) -> None:
        task = self.enqueue(delay=600)
        self.harness.run()
        task.assert_finished()

    def test_it_names_its_host(self) -> None:
        self.claimed("hostname")
        self.enqueue()
        self.harness.run()
        self.check("no-hostname")


class Acknowledging(ContractBase):
    """How it acknowledges, and reports while it works."""

    def test_it_acknowledges_a_task_before_it_works(self) -> None:
        self.enqueue()
        self.harness.run()
        self.check("no-acknowledgement", "late-acknowledgement")

    def test_it_acknowledges_each_of_many_tasks_in_time(self) -> None:
        tasks = [self.enqueue() for _ in range(_MANY)]
        self.harness.run()
        for task in tasks:
            task.assert_finished()
        self.check("no-acknowledgement", "late-acknowledgement")

    def test_it_acknowledges_each_task_in_time_while_others_take_long(self) -> None:
        self.claimed("long_work")
        tasks = [self.enqueue(seconds=300) for _ in range(3)]
        self.harness.run()
        for task in tasks:
            task.assert_finished()
        self.check("late-acknowledgement")

    def test_it_reports_while_it_works_for_an_hour(self) -> None:
        self.claimed("long_work")
        task = self.enqueue(seconds=3600, maximum_retries=0)
        self.harness.run()
        task.assert_finished()
        self.check("silent-too-long")

    def test_it_reports_at_least_every_five_minutes(self) -> None:
        self.claimed("long_work")
        self.enqueue(seconds=1200)
        self.harness.run()
        self.check("seldom-reports", "silent-too-long")

    def test_it_does_not_report_more_often_than_aws_allows(self) -> None:
        self.claimed("long_work")
        self.enqueue(seconds=1200)
        self.harness.run()
        self.check("reports-too-fast")


class Ending(ContractBase):
    """How it ends a task."""

    def test_it_finishes_a_task(self) -> None:
        task = self.enqueue()
        self.harness.run()
        task.assert_finished()

    def test_it_sets_the_final_status_once(self) -> None:
        self.enqueue()
        self.run_for(minutes=10)
        final = self.fake.calls.without_retries.filter("set_task_status")
        self.expect(len(final) == 1, f"it called SetTaskStatus {len(final)} times")

    def test_it_does_not_report_after_the_final_status(self) -> None:
        self.enqueue()
        self.run_for(minutes=10)
        self.check("progress-after-final-status")

    def test_it_fails_a_task_whose_work_fails(self) -> None:
        self.claimed("failures")
        task = self.enqueue(fails=True, maximum_retries=0)
        self.harness.run()
        task.assert_failed()

    def test_it_goes_on_after_a_task_that_failed(self) -> None:
        self.claimed("failures")
        self.enqueue(fails=True, maximum_retries=0)
        task = self.enqueue()
        self.harness.run()
        task.assert_finished()

    def test_it_leaves_retries_to_the_service(self) -> None:
        self.claimed("failures")
        task = self.enqueue(fails=True, maximum_retries=2, retry_delay=60)
        self.harness.run()
        self.expect([held.status for held in task.attempts] == ["FAILED"] * 3, repr(task))
        self.check("final-status-twice", "progress-after-final-status")

    def test_it_says_why_a_task_failed(self) -> None:
        self.claimed("failures")
        self.claimed("error_texts")
        task = self.enqueue(fails=True, maximum_retries=0)
        self.harness.run()
        self.expect(task.error_id, "it gave no errorId")
        self.expect(task.error_message, "it gave no errorMessage")
        self.check("failed-without-error", "reserved-error-id")

    @pytest.mark.parametrize(
        "printed",
        [
            pytest.param("x" * 5_000, id="long"),
            pytest.param("line\n" * 1_000, id="many-lines"),
            pytest.param("\x1b[31mred\x1b[0m and \x00 and \x07", id="terminal-codes"),
            pytest.param("äöü €𝄞 " * 150, id="beyond-ascii"),
        ],
    )
    def test_it_keeps_what_a_failed_task_printed_within_the_limits(self, printed: str) -> None:
        self.claimed("output")
        task = self.enqueue(fails=True, prints=printed, maximum_retries=0)
        self.harness.run()
        task.assert_failed()
        self.check("long-error-text", "long-stack-trace", "error-characters")

    def test_it_says_false_of_a_precondition_that_does_not_hold(self) -> None:
        self.claimed("preconditions")
        task = self.enqueue(fails=True, type="ShellCommandPrecondition")
        self.harness.run(until=lambda: bool(self.fake.calls.filter(set_task_status())))
        final = self.fake.calls.filter("set_task_status")[0]
        self.expect(final.parameters["taskStatus"] == "FALSE", f"{task.id}: {final!r}")


class Reading(ContractBase):
    """How it reads task objects."""

    def test_it_finds_the_attempt_among_other_objects(self) -> None:
        others = {f"Other{number}": {"command": "false"} for number in range(5)}
        self._works(objects=others)

    @pytest.mark.datapipeline(shuffle=True)
    @pytest.mark.parametrize("number", range(3))
    def test_it_needs_no_order_of_objects_and_fields(self, number: int) -> None:
        others = {f"Other{place}": {"command": "false"} for place in range(number + 2)}
        self._works(objects=others)

    def test_it_takes_ids_with_any_characters(self) -> None:
        self._works(id=_UGLY)

    def test_it_takes_fields_that_it_does_not_know(self) -> None:
        fields = self.task() or {}
        unknown = {"myField": ["one", "two", "three"], "anotherField": "x" * 5_000}
        task: Task = self.fake.enqueue(self.worker_group, {**fields, **unknown}, maximum_retries=0)
        self.harness.run()
        task.assert_finished()

    def test_it_speaks_of_tasks_by_their_whole_id(self) -> None:
        self._works()
        self.check("damaged-task-id")
        reported = self.fake.calls.filter(report_task_progress())
        self.expect(reported, "it did not report on the task")

    def _works(self, **options: Any) -> None:
        task = self.enqueue(maximum_retries=0, **options)
        self.harness.run()
        task.assert_finished()
