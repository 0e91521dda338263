"""A whole task runner in one thread and virtual time: right, and a base for those that are not."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

HOST = "runner.example"
_FORBIDDEN = re.compile("[^\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff\r\n\t]")


class Gone(Exception):
    """The task is not this runner's any more."""


class JobFailed(Exception):
    """The work of a task failed; with what it printed."""


class SmallRunner:
    """Works the tasks of a group. What their work does is in `seconds`, `fails` and `prints`."""

    read_timeout = 100
    report_every = 60
    beat_every = 600

    def __init__(self, worker_group: str, now: Callable[[], datetime]) -> None:
        self.worker_group = worker_group
        self.now = now
        self.client: Any = boto3.client(
            "datapipeline", config=Config(read_timeout=self.read_timeout)
        )
        self.id = "runner-1"
        self.stopped = False
        self.next_beat: datetime | None = None

    def loop(self) -> None:
        while not self.stopped:
            self.beat()
            if self.stopped:
                return
            self.once()

    def once(self) -> None:
        try:
            task = self.poll()
        except Gone:
            return
        if task is None:
            return
        try:
            self.work(task)
        except Gone:
            return

    def poll(self) -> Any:
        answer = self.repeat(
            lambda: self.client.poll_for_task(workerGroup=self.worker_group, hostname=HOST)
        )
        return answer.get("taskObject")

    def work(self, task: Any) -> None:
        task_id = task["taskId"]
        self.report(task_id)
        fields = self.fields_of(task)
        try:
            self.job(task_id, fields)
        except JobFailed as error:
            self.finish_failed(task_id, fields, str(error))
        else:
            self.finish(task_id)

    def fields_of(self, task: Any) -> dict[str, str]:
        attempt = task["objects"][task["attemptId"]]
        return {field["key"]: field.get("stringValue", "") for field in attempt["fields"]}

    def job(self, task_id: str, fields: dict[str, str]) -> None:
        left = float(fields.get("seconds", 0))
        while left > 0:
            time.sleep(min(left, self.report_every))
            left -= self.report_every
            self.beat()
            self.report(task_id)
        if fields.get("fails") == "True" or fields.get("command") == "false":
            raise JobFailed(json.loads(fields.get("prints", '""')))

    def report(self, task_id: str) -> None:
        answer = self.repeat(lambda: self.client.report_task_progress(taskId=task_id))
        if answer.get("canceled"):
            raise Gone

    def finish(self, task_id: str) -> None:
        self.set_status(task_id, taskStatus="FINISHED")

    def finish_failed(self, task_id: str, fields: dict[str, str], printed: str) -> None:
        if fields["type"].endswith("Precondition"):
            self.set_status(task_id, taskStatus="FALSE")
            return
        self.set_status(
            task_id,
            taskStatus="FAILED",
            errorId="JobFailed",
            errorMessage="The job failed.",
            errorStackTrace=self.fit(printed),
        )

    def fit(self, printed: str) -> str:
        return _FORBIDDEN.sub("", printed)[-1024:]

    def set_status(self, task_id: str, **parameters: str) -> None:
        self.repeat(lambda: self.client.set_task_status(taskId=task_id, **parameters))

    def beat(self) -> None:
        if self.next_beat is not None and self.now() < self.next_beat:
            return
        self.next_beat = self.now() + timedelta(seconds=self.beat_every)
        answer = self.repeat(
            lambda: self.client.report_task_runner_heartbeat(taskrunnerId=self.id, hostname=HOST)
        )
        self.stopped = answer.get("terminate", False)

    def repeat(self, call: Callable[[], Any]) -> Any:
        pause = 1
        while True:
            try:
                return call()
            except Exception as error:
                response = getattr(error, "response", None) or {}
                code = response.get("Error", {}).get("Code", "")
                if code in (
                    "TaskNotFoundException",
                    "PipelineNotFoundException",
                    "PipelineDeletedException",
                ):
                    raise Gone from None
            time.sleep(pause)
            pause = min(2 * pause, 300)
