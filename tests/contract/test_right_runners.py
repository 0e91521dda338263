"""Runners that do as AWS asks give no finding, whatever the service does to them."""

from __future__ import annotations

import contextlib
from typing import Any

import boto3
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from support.runner import GROUP, HOST, finish, poll

from pytest_datapipeline import DataPipelineFake

FAULTS = [
    *("throttling", "InternalServiceError", "InvalidRequestException", 400, 503, "answer_lost"),
    *("connection_dropped", "connection_refused", "connect_timeout", "read_timeout"),
    "runner_dies",
]
GONE = ("TaskNotFoundException", "PipelineNotFoundException", "PipelineDeletedException")
CALLS = ["poll_for_task", "report_task_progress", "set_task_status", "report_task_runner_heartbeat"]


class Runner:
    """One thread that does all that AWS asks for, and takes the time that each task says."""

    def __init__(self, fake: DataPipelineFake, runner_id: str) -> None:
        self.fake = fake
        self.id = runner_id
        self.client: Any = boto3.client("datapipeline", config=Config(read_timeout=100))
        self.last_beat: Any = None

    def loop(self) -> None:
        while not self.beat():
            task = self.repeat(lambda: poll(self.client))
            if task is not None:
                with contextlib.suppress(LookupError):
                    self.work(task)

    def work(self, task: Any) -> None:
        task_id = task["taskId"]
        self.report(task_id)
        fields = task["objects"][task["attemptId"]]["fields"]
        (minutes,) = (held["stringValue"] for held in fields if held["key"] == "minutes")
        for _ in range(int(minutes)):
            self.fake.clock.advance(60)
            self.beat()
            self.report(task_id)
        self.repeat(lambda: finish(self.client, task_id))

    def report(self, task_id: str) -> None:
        answer = self.repeat(lambda: self.client.report_task_progress(taskId=task_id))
        if answer["canceled"]:
            raise LookupError("canceled")

    def beat(self) -> bool:
        now = self.fake.clock.now()
        if self.last_beat is not None and (now - self.last_beat).total_seconds() < 600:
            return False
        self.last_beat = now
        answer = self.repeat(
            lambda: self.client.report_task_runner_heartbeat(taskrunnerId=self.id, hostname=HOST)
        )
        return bool(answer["terminate"])

    def repeat(self, call: Any) -> Any:
        pause = 1
        while True:
            try:
                return call()
            except Exception as error:
                if type(error).__name__ in GONE:
                    raise LookupError("gone") from None
                self.fake.clock.advance(pause)
                pause = min(2 * pause, 60)


@given(
    tasks=st.lists(
        st.tuples(st.integers(0, 20), st.none() | st.integers(1, 1500)), min_size=1, max_size=3
    ),
    faults=st.lists(
        st.tuples(
            st.sampled_from(CALLS),
            st.sampled_from(FAULTS),
            st.integers(0, 3),
            st.integers(1, 6),
            st.sampled_from(["call", "request"]),
        )
        | st.tuples(
            st.sampled_from(CALLS[1:3]),
            st.sampled_from(GONE),
            st.integers(0, 3),
            st.just(1),
            st.just("call"),
        ),
        max_size=3,
    ),
)
@settings(deadline=None)
def test_a_right_runner_gives_no_finding_whatever_fails(
    tasks: list[tuple[int, int | None]], faults: list[tuple[str, Any, int, int, Any]]
) -> None:
    # One thread that waits for time-outs sends no heartbeats meanwhile.
    with DataPipelineFake(
        contract="fail", unmet_faults_fail=False, ignored_rules="no-heartbeat"
    ) as fake:
        for place, (minutes, canceled_after) in enumerate(tasks):
            task = fake.enqueue(GROUP, {"command": "true", "minutes": str(minutes)}, id=f"A{place}")
            if canceled_after is not None:
                task.cancel(delay=canceled_after)
        for call, fault, after, times, per in faults:
            fake.fail(call, fault, after=after, times=times, per=per)

        starts = 0
        while not all(task.ended for task in fake.tasks):
            starts += 1
            fake.run(Runner(fake, f"runner-{starts}").loop)

        assert not fake.findings, str(fake.findings)
