"""A runner meets cancellations, errors, lost answers, other runners and its own death."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from .._record.matchers import (
    poll_for_task,
    report_task_progress,
    set_task_status,
)
from .base import ContractBase
from .harness import Harness

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._record.call import CallMatcher
    from ..fake import DataPipelineFake

_CALLS = ("poll_for_task", "report_task_progress", "set_task_status")
_ERRORS = (
    "throttling",
    "InternalServiceError",
    "InvalidRequestException",
    500,
    503,
    "connect_timeout",
    "read_timeout",
    "connection_dropped",
    "not_json",
)
_GONE = ("TaskNotFoundException", "PipelineDeletedException", "PipelineNotFoundException")


class Cancellation(ContractBase):
    """What it does when a task is not its any more."""

    def test_it_leaves_a_task_that_is_canceled_before_its_acknowledgement(self) -> None:
        canceled, next_ = self.enqueue(), self.enqueue()
        with_report = self._at_first_report(canceled.cancel)
        self.harness.run(until=lambda: with_report() and next_.ended)
        next_.assert_finished()
        self.check("canceled-ignored")

    def test_it_stops_the_work_of_a_task_that_is_canceled_meanwhile(self) -> None:
        self.claimed("long_work")
        self.claimed("cancellation")
        canceled, next_ = self.enqueue(seconds=3600), self.enqueue()
        self.fake._world.clock.call_later(600 * 10**9, canceled.cancel)
        began = self.fake.clock.now()
        self.harness.run(until=lambda: next_.ended)
        took = self.fake.clock.now() - began
        self.expect(took < timedelta(minutes=30), f"it came to its next task after {took}")
        self.check("canceled-ignored")

    @pytest.mark.parametrize("error", _GONE)
    @pytest.mark.parametrize("call", _CALLS[1:])
    def test_it_goes_on_to_the_next_task_when_one_is_gone(self, call: str, error: str) -> None:
        self.claimed("faults")
        self.enqueue()
        next_ = self.enqueue()
        self.fake.fail(call, error)
        self.harness.run(until=lambda: next_.ended)
        next_.assert_finished()
        self.check("goes-on-without-task", "works-on-deleted-pipeline")

    def test_it_leaves_a_task_that_was_given_to_another(self) -> None:
        self.claimed("faults")
        taken, next_ = self.enqueue(), self.enqueue()
        seen = self._at_first_report(taken.expire)
        self.harness.run(until=lambda: seen() and next_.ended)
        next_.assert_finished()

    def _at_first_report(self, action: Callable[[], object]) -> Callable[[], bool]:
        """Do something as the first report arrives; whether it came."""
        done: list[bool] = []

        def once(_: object) -> bool:
            if not done:
                done.append(True)
                action()
            return False

        self.fake.fail(report_task_progress(taskId=once), "throttling", optional=True)
        return lambda: bool(done)


class Faults(ContractBase):
    """What it does when a call fails."""

    @pytest.mark.parametrize("error", _ERRORS, ids=str)
    @pytest.mark.parametrize("call", _CALLS)
    def test_it_goes_on_after_an_error(self, call: str, error: str | int) -> None:
        self.claimed("faults")
        tasks = [self.enqueue(retry_delay=60), self.enqueue(retry_delay=60)]
        self.fake.fail(call, error)
        self.harness.run()
        for task in tasks:
            task.assert_finished()

    @pytest.mark.parametrize("call", _CALLS)
    def test_it_goes_on_after_a_lost_answer(self, call: str) -> None:
        self.claimed("faults")
        tasks = [self.enqueue(retry_delay=60), self.enqueue(retry_delay=60)]
        self.fake.fail(call, "answer_lost")
        self.harness.run()
        for task in tasks:
            task.assert_finished()

    @pytest.mark.parametrize("call", _CALLS)
    def test_it_outlives_a_service_that_is_down_for_long(self, call: str) -> None:
        self.claimed("faults")
        task = self.enqueue(retry_delay=60, maximum_retries=20)
        self.fake.fail(call, 503, times=10)
        self.harness.run()
        task.assert_finished()

    def test_it_waits_longer_after_each_throttled_call(self) -> None:
        self.claimed("faults")
        self.claimed("back_off")
        self.enqueue()
        self.fake.fail("poll_for_task", "throttling", times=8)
        self.harness.run()
        self.check("no-back-off", "polls-too-fast")

    def test_nothing_that_goes_wrong_at_any_call_stops_it(self) -> None:
        self.claimed("faults")
        self.claimed("restart")
        fields = self.task()
        if fields is None or isinstance(self.start(self.fake), (list, tuple)):
            pytest.skip("a process is not explored: each run would take a process of its own")

        def scenario(fake: DataPipelineFake) -> None:
            task = fake.enqueue(self.worker_group, fields)
            Harness(fake, self.start, lambda: None).run()
            task.assert_finished()

        self.explore(scenario)


class Heartbeats(ContractBase):
    """How it says that it is there."""

    def test_it_sends_heartbeats(self) -> None:
        self.claimed("heartbeat")
        self.run_for(minutes=60)
        self.expect(self.fake.heartbeats, "it sent none within an hour")
        self.check("no-heartbeat")

    def test_it_has_one_id(self) -> None:
        self.claimed("heartbeat")
        self.run_for(minutes=60)
        if not self.fake.heartbeats:
            pytest.skip("it sent no heartbeat, of which test_it_sends_heartbeats tells")
        self.check("changing-runner-id", "shared-runner-id")
        self.expect(len(self.fake.heartbeats) == 1, f"it had the ids {list(self.fake.heartbeats)}")

    def test_it_ends_when_it_is_told_to(self) -> None:
        self.claimed("heartbeat")
        self.claimed("terminate")
        self.fake.terminate()
        self.run_for(minutes=60)
        self.check("terminate-ignored")


class Others(ContractBase):
    """What it does beside others, and after its own death."""

    def test_two_of_it_share_a_queue(self) -> None:
        self.claimed("two_runners")
        tasks = [self.enqueue(maximum_retries=0) for _ in range(10)]
        self.harness.run_two()
        for task in tasks:
            task.assert_finished()
        finals = self.fake.calls.without_retries.filter("set_task_status")
        self.expect(
            len(finals) == len(tasks), f"{len(finals)} final statuses of {len(tasks)} tasks"
        )

    @pytest.mark.parametrize(
        "call",
        [
            pytest.param(poll_for_task, id="before-a-poll"),
            pytest.param(report_task_progress, id="before-an-acknowledgement"),
            pytest.param(set_task_status, id="before-a-final-status"),
        ],
    )
    def test_another_takes_over_when_it_dies(self, call: Callable[[], CallMatcher]) -> None:
        self.claimed("restart")
        task = self.enqueue(retry_delay=60)
        self.harness.run_and_die_at(call())
        self.harness.run()
        task.assert_finished()
