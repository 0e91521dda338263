"""Scenarios are run with everything going wrong at every call. All sleeps take virtual time."""

from __future__ import annotations

import re
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from support.runner import GROUP, finish, poll

from pytest_datapipeline import (
    ContractWarning,
    DataPipelineFake,
    ExplorationFailed,
    FakeUsageError,
    explore,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Runner:
    """A task runner that is right; subclasses each have one bug."""

    def __init__(self, fake: DataPipelineFake) -> None:
        self.client: Any = boto3.client("datapipeline", config=Config(read_timeout=100))
        self.fake = fake
        self.done: list[str] = []

    def loop(self) -> None:
        while True:
            try:
                task = self.repeat(lambda: poll(self.client))
            except LookupError:
                continue
            if task is not None:
                self.work(task["taskId"], task["attemptId"])

    def work(self, task_id: str, attempt_id: str) -> None:
        try:
            if self.report(task_id)["canceled"]:
                return
            self.job(attempt_id)
            self.repeat(lambda: finish(self.client, task_id))
        except LookupError:
            return

    def report(self, task_id: str) -> Any:
        return self.repeat(lambda: self.client.report_task_progress(taskId=task_id))

    def job(self, attempt_id: str) -> None:
        self.done.append(attempt_id)

    def repeat(self, call: Callable[[], Any]) -> Any:
        pause = 1
        while True:
            try:
                return call()
            except self.client.exceptions.TaskNotFoundException:
                raise LookupError("not ours any more") from None
            except Exception:
                time.sleep(pause)  # in virtual time, as in all explorations
                pause *= 2


def one_task(runner_class: type[Runner]) -> Callable[[DataPipelineFake], None]:
    """A scenario of three calls: one task is worked."""

    def scenario(fake: DataPipelineFake) -> None:
        task = fake.enqueue(GROUP)
        runner = runner_class(fake)
        fake.run(runner.loop)
        task.assert_finished()

    return scenario


def failed(scenario: Callable[[DataPipelineFake], object], **options: Any) -> set[str]:
    """The disturbances that make a scenario fail."""
    with pytest.raises(ExplorationFailed) as caught:
        explore(scenario, **options)
    failures = caught.value.exploration.failures
    return {str(held) for trial in failures for held in trial.disturbances}


def test_a_right_runner_passes_whatever_goes_wrong() -> None:
    exploration = explore(one_task(Runner), contract="fail")

    assert exploration.calls == (
        "poll_for_task#1",
        "report_task_progress#1",
        "set_task_status#1",
    )
    assert len(exploration.trials) == 47
    assert {trial.outcome for trial in exploration.trials} == {"passed"}


class EndsOnErrors(Runner):
    def repeat(self, call: Callable[[], Any]) -> Any:
        return call()


def test_a_loop_that_an_error_ends_is_found() -> None:
    found = failed(one_task(EndsOnErrors))

    assert "poll_for_task#1=InternalServiceError" in found
    assert "report_task_progress#1=throttling" in found


class SwallowsTheFinalStatus(Runner):
    def work(self, task_id: str, attempt_id: str) -> None:
        self.report(task_id)
        self.job(attempt_id)
        try:
            finish(self.client, task_id)
        except Exception:
            return


def once(runner_class: type[Runner]) -> Callable[[DataPipelineFake], None]:
    """A scenario in which the work has to be done in one attempt."""

    def scenario(fake: DataPipelineFake) -> None:
        task = fake.enqueue(GROUP, maximum_retries=0)
        runner = runner_class(fake)
        fake.run(runner.loop)
        task.assert_finished()

    return scenario


def test_a_final_status_that_is_not_repeated_is_found() -> None:
    found = failed(once(SwallowsTheFinalStatus), operations=["set_task_status"])

    assert "set_task_status#1=throttling" in found
    assert "set_task_status#1=503" in found


class WorksTwice(Runner):
    """It does the work before it has told that it will, and does not remember it."""

    def work(self, task_id: str, attempt_id: str) -> None:
        self.job(attempt_id)
        super().work(task_id, attempt_id)

    def job(self, attempt_id: str) -> None:
        if attempt_id in self.done[:-1]:
            raise AssertionError(f"{attempt_id} was done again")
        super().job(attempt_id)


def test_work_that_is_done_twice_after_a_task_came_twice_is_found() -> None:
    def scenario(fake: DataPipelineFake) -> None:
        fake.enqueue(GROUP)
        runner = Runner(fake)
        fake.run(runner.loop)
        # Each attempt stands for something outside, such as a row in a database.
        assert len(runner.done) == len({attempt[-1] for attempt in runner.done}) == 1

    found = failed(scenario, operations=["set_task_status"])

    assert "set_task_status#1=task_taken_back" in found


class TakesTwoTasksAtOnce(Runner):
    def loop(self) -> None:
        while True:
            tasks = [self.repeat(lambda: poll(self.client)) for _ in range(2)]
            for task in filter(None, tasks):
                self.work(task["taskId"], task["attemptId"])

    def job(self, attempt_id: str) -> None:
        time.sleep(100)  # in virtual time


def test_an_acknowledgement_that_is_in_time_by_luck_is_found_by_what_delays_it() -> None:
    def scenario(fake: DataPipelineFake) -> None:
        fake.enqueue(GROUP, {"command": "one"}, {"command": "two"})
        fake.run(TakesTwoTasksAtOnce(fake).loop)

    found = failed(scenario, contract="fail", only=["read_timeout"])

    assert found == {
        "poll_for_task#2=read_timeout",
        "report_task_progress#1=read_timeout",
        "set_task_status#1=read_timeout",
    }


class IgnoresCancellation(Runner):
    def work(self, task_id: str, attempt_id: str) -> None:
        try:
            for _ in range(3):
                self.report(task_id)
                time.sleep(60)
            self.repeat(lambda: finish(self.client, task_id))
        except LookupError:
            return


def test_a_runner_that_goes_on_with_a_canceled_task_is_found() -> None:
    found = failed(one_task(IgnoresCancellation), contract="fail")

    assert "report_task_progress#1=task_canceled" in found


def test_what_breaks_the_contract_on_the_way_is_a_warning_by_default() -> None:
    with pytest.warns(ContractWarning, match=r"canceled-ignored.*Seen in scenario::report_task"):
        explore(one_task(IgnoresCancellation), only=["task_canceled"])


class HangsAfterThrottling(Runner):
    def repeat(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except self.client.exceptions.ClientError:
            while True:
                poll(self.client, workerGroup="another")


def test_a_runner_that_hangs_is_found() -> None:
    found = failed(one_task(HangsAfterThrottling), only=["throttling"])

    assert "report_task_progress#1=throttling" in found


class NeedsTwoFaults(Runner):
    def __init__(self, fake: DataPipelineFake) -> None:
        super().__init__(fake)
        self.errors = 0

    def repeat(self, call: Callable[[], Any]) -> Any:
        while True:
            try:
                return call()
            except self.client.exceptions.ClientError:
                self.errors += 1
                if self.errors > 1:
                    raise


def test_what_only_two_disturbances_show_is_found_by_pairs() -> None:
    scenario = one_task(NeedsTwoFaults)
    explore(scenario, only=["throttling"])

    with pytest.raises(ExplorationFailed) as caught:
        explore(scenario, only=["throttling"], pairs=True)

    smallest = caught.value.exploration.smallest
    assert smallest is not None
    assert [str(held) for held in smallest.disturbances] == [
        "poll_for_task#1=throttling",
        "report_task_progress#1=throttling",
    ]


def test_a_pair_is_not_tried_where_one_of_it_fails_alone() -> None:
    with pytest.raises(ExplorationFailed) as caught:
        explore(one_task(EndsOnErrors), only=["throttling"], pairs=True)

    trials = caught.value.exploration.trials
    assert {len(trial.disturbances) for trial in trials} == {1}


def test_the_table_tells_what_was_tried_what_failed_and_how_to_run_it_again() -> None:
    with pytest.raises(ExplorationFailed) as caught:
        explore(one_task(EndsOnErrors), only=["throttling", "task_canceled"])

    told = re.sub(r"retries: \d", "retries: 4", str(caught.value))  # older ones make more
    told = re.sub(r" at \S+\.py:\d+", " at runner.py:7", told)
    assert told.splitlines() == [
        "scenario: 5 runs of 3 calls: 2 passed, 3 failed",
        "  poll_for_task#1           1 tried  FAILED throttling",
        "  report_task_progress#1    2 tried  FAILED throttling",
        "  set_task_status#1         2 tried  FAILED throttling",
        "",
        "The smallest disturbance that fails: poll_for_task#1=throttling",
        *(
            line
            for method, name in [
                ("poll_for_task", "PollForTask"),
                ("report_task_progress", "ReportTaskProgress"),
                ("set_task_status", "SetTaskStatus"),
            ]
            for line in (
                "",
                "1 failed with ClientError at runner.py:7",
                f"  {method}#1=throttling",
                "    ClientError: An error occurred (ThrottlingException) when calling the "
                f"{name} operation (reached max retries: 4): Rate exceeded",
                f"    replay: scenario::{method}#1=throttling",
            )
        ),
    ]


def test_of_many_kinds_of_failures_five_are_told_and_the_others_are_named() -> None:
    kinds = [KeyError, OSError, IndexError, TypeError, EOFError, NameError, RuntimeError]

    def scenario(fake: DataPipelineFake) -> None:
        client = boto3.client("datapipeline")
        for kind in kinds:
            try:
                client.list_pipelines()
            except ClientError:
                raise kind("stopped") from None

    with pytest.raises(ExplorationFailed) as caught:
        explore(scenario, only=["InvalidRequestException"])

    told = re.sub(r" at \S+\.py:\d+", " at runner.py:7", str(caught.value)).splitlines()
    assert [line for line in told if line.startswith("1 failed with")] == [
        f"1 failed with {kind.__name__} at runner.py:7" for kind in kinds[:5]
    ]
    assert told[-1] == ("and NameError at runner.py:7 (1), RuntimeError at runner.py:7 (1)")


def test_a_replay_makes_the_one_run_and_raises_what_failed_in_it() -> None:
    scenario = one_task(EndsOnErrors)

    with pytest.raises(Exception, match=r"\(ThrottlingException\) when calling the SetTaskStatus"):
        explore(scenario, replay="scenario::set_task_status#1=throttling")


def test_a_replay_of_what_was_mended_passes() -> None:
    explore(one_task(Runner), replay="scenario::set_task_status#1=throttling")


@pytest.mark.parametrize(
    ("replay", "told"),
    [
        ("set_task_status#1=throttling", "is no replay; take one from the table"),
        ("other::set_task_status#1=throttling", "is of 'other', and this is 'scenario'"),
        ("scenario::set_task_status=throttling", "is no disturbance; one is written as in"),
        ("scenario::set_task#1=throttling", "no operation"),
        ("scenario::set_task_status#1=throtling", "Did you mean 'throttling'"),
        ("scenario::poll_for_task#1=task_canceled", "cannot meet 'task_canceled'"),
        ("scenario::order=x", "is no order; it is a number"),
        ("scenario::set_task_status#9=throttling", "set_task_status#9 did not come"),
        ("", "is no replay"),
    ],
)
def test_a_replay_that_is_none_or_of_something_else_is_refused(replay: str, told: str) -> None:
    with pytest.raises(FakeUsageError, match=told):
        explore(one_task(Runner), replay=replay)


@pytest.mark.parametrize("option", ["only", "skip"])
def test_an_unknown_disturbance_is_refused(option: str) -> None:
    options: dict[str, Any] = {option: ["trottling"]}

    with pytest.raises(FakeUsageError, match=r"no disturbance 'trottling'\. Did you mean 'thrott"):
        explore(one_task(Runner), **options)


def test_disturbances_are_chosen_by_name_and_operation() -> None:
    exploration = explore(
        one_task(Runner), operations=["poll_for_task"], skip=["throttling", "500", "503"]
    )

    kinds = {trial.disturbances[0].kind for trial in exploration.trials}
    assert "answer_lost" in kinds
    assert kinds.isdisjoint({"throttling", "500", "503"})


def test_a_budget_draws_a_sample_that_its_seed_repeats() -> None:
    def sample(seed: int) -> list[str]:
        exploration = explore(one_task(Runner), budget=5, seed=seed)
        assert exploration.left_out == 42
        return [str(trial.replay) for trial in exploration.trials]

    assert len(sample(1)) == 5
    assert sample(1) == sample(1)
    assert sample(1) != sample(2)


def test_a_scenario_that_fails_undisturbed_says_so() -> None:
    def scenario(fake: DataPipelineFake) -> None:
        raise AssertionError("not even that")

    with pytest.raises(AssertionError, match="not even that"):
        explore(scenario)


def test_a_scenario_without_calls_is_refused() -> None:
    with pytest.raises(FakeUsageError, match="made no calls"):
        explore(lambda fake: None, name="idle")


def test_a_scenario_that_is_not_the_same_each_time_is_told_with_the_first_call_that_differs() -> (
    None
):
    runs: list[int] = []

    def scenario(fake: DataPipelineFake) -> None:
        client = boto3.client("datapipeline")
        client.list_pipelines()
        runs.append(1)
        if len(runs) > 1:
            client.create_pipeline(name="x", uniqueId="x")

    with pytest.raises(FakeUsageError, match="its call 2 was none, and then create_pipeline"):
        explore(scenario)


@pytest.mark.parametrize("wrong", [None, "scenario", 7])
def test_a_scenario_is_a_function(wrong: Any) -> None:
    with pytest.raises(FakeUsageError, match="A scenario is a function of a fake"):
        explore(wrong)


def test_a_dead_runner_in_a_thread_leaves_its_task_to_others() -> None:
    def scenario(fake: DataPipelineFake) -> None:
        task = fake.enqueue(GROUP)
        thread = threading.Thread(target=Runner(fake).loop)
        thread.start()
        fake.wait_until(task)
        task.assert_finished()

    exploration = explore(scenario, only=["runner_dies"], patience=0.2)

    assert exploration.trials[0].outcome == "passed"
    assert not exploration.failures


def are_waiting(fake: DataPipelineFake, number: int) -> bool:
    return len(fake.waiting) == number


def test_which_of_several_waiting_polls_gets_a_task_can_vary() -> None:
    takers: set[str] = set()

    def scenario(fake: DataPipelineFake) -> None:
        client: Any = boto3.client("datapipeline", config=Config(read_timeout=100))

        def take(name: str) -> None:
            if poll(client, hostname=name) is not None:
                takers.add(name)

        threads = [threading.Thread(target=take, args=[name]) for name in ("one", "two")]
        for number, thread in enumerate(threads, 1):
            thread.start()
            fake.wait_until(partial(are_waiting, fake, number), move_time=False)
        fake.enqueue(GROUP)
        fake.clock.advance(90)
        for thread in threads:
            thread.join()

    exploration = explore(scenario, only=[], interleave=8)

    assert len(exploration.trials) == 8
    assert takers == {"one", "two"}


def test_progress_is_told_after_each_run() -> None:
    told: list[tuple[int, int]] = []

    explore(one_task(Runner), only=["503"], on_progress=lambda done, of: told.append((done, of)))

    assert told == [(1, 3), (2, 3), (3, 3)]
