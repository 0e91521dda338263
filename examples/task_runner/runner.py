"""The runner: polls for tasks, runs them, and tells the service about it."""

from __future__ import annotations

import itertools
import logging
import re
import socket
import threading
import traceback
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotocoreConnectionError
from botocore.parsers import ResponseParserError

from .shell import ShellProcess
from .task import InvalidTask, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from types_boto3_datapipeline import DataPipelineClient

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)

# The service holds an empty poll for 90 seconds, and botocore gives up after 60 unless told.
READ_TIMEOUT = 100
# The service takes no longer text for a stack trace or an error id.
LONGEST_TEXT = 1024
# With doubling delays from one second on, about the two minutes that an acknowledgement may take.
TRIES = 8
# How often a command's thread looks whether it is to stop, in seconds.
LOOK = 0.1

# All that a service or a network may do for a while. Anything else is a mistake in this program.
PASSING_ERRORS = (
    ClientError,
    HTTPClientError,
    BotocoreConnectionError,
    ResponseParserError,
)
# The task is not ours any more, so there is nothing to repeat.
TASK_IS_GONE = {"TaskNotFoundException", "PipelineNotFoundException", "PipelineDeletedException"}

# What the service's own pattern leaves out, after the colours of a terminal as a whole.
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_FORBIDDEN = re.compile("[^\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff\r\n\t]")


class TaskDropped(Exception):
    """The task is not this runner's any more, so its command must not go on."""


@dataclass(frozen=True)
class Failure:
    """Why an attempt failed, in the three texts that the service keeps."""

    error_id: str
    message: str
    stack_trace: str = ""


def make_client(region: str | None = None) -> DataPipelineClient:
    """A client that outwaits the service's long poll."""
    client: DataPipelineClient = boto3.client(
        "datapipeline",
        region_name=region,
        config=Config(read_timeout=READ_TIMEOUT, max_pool_connections=50),
    )
    return client


class TaskRunner:
    """Works the tasks of some worker groups, one task of each group at a time.

    `start`, `stop` and `join` do it in threads; `work` and `run_once` on the calling thread.

    Attributes:
        output: the folder under which each attempt has one for its standard output and error.
        progress_interval: seconds between two reports of progress. The service asks for 60.
        heartbeat_interval: seconds between two heartbeats. The service asks for 15 minutes.
        first_delay, longest_delay: seconds of back-off after the first error, and at most.
        grace: seconds between SIGTERM and SIGKILL when a command is killed.
        stopped: the event that all back-off and heartbeat intervals wait on.
    """

    def __init__(
        self,
        worker_groups: Sequence[str],
        output: Path,
        *,
        client: DataPipelineClient | None = None,
        taskrunner_id: str | None = None,
        hostname: str | None = None,
        progress_interval: float = 60.0,
        heartbeat_interval: float = 600.0,
        first_delay: float = 1.0,
        longest_delay: float = 60.0,
        grace: float = 5.0,
        stopped: threading.Event | None = None,
    ) -> None:
        self.worker_groups = list(worker_groups)
        self.output = output
        self.client = make_client() if client is None else client
        self.hostname = hostname or socket.getfqdn()
        # Unique in the account, and the same for as long as this runner lives.
        self.taskrunner_id = taskrunner_id or f"{self.hostname}-{uuid.uuid4()}"
        self.progress_interval = progress_interval
        self.heartbeat_interval = heartbeat_interval
        self.first_delay = first_delay
        self.longest_delay = longest_delay
        self.grace = grace
        self.stopped = threading.Event() if stopped is None else stopped
        self._threads: list[threading.Thread] = []

    # -- in threads -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start a thread for each worker group and one for the heartbeat."""
        self._thread("heartbeat", self.heartbeat)
        for worker_group in self.worker_groups:
            self._thread(f"poll-{worker_group}", self.work, worker_group)

    def stop(self) -> None:
        """Have all threads end: no new task is taken, and a running one is killed and FAILED.

        A poll that is open ends when the service answers it, which takes up to 90 seconds.
        """
        self.stopped.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for each thread's end for at most `timeout` seconds; whether all have ended."""
        for thread in self._threads:
            thread.join(timeout)
        return not self.alive

    @property
    def alive(self) -> bool:
        """Whether any thread of this runner is still running."""
        return any(thread.is_alive() for thread in self._threads)

    def _thread(self, name: str, target: Callable[..., None], *arguments: Any) -> None:
        def run() -> None:
            try:
                target(*arguments)
            finally:
                # A runner that lost one of its threads would look alive and do half its work.
                self.stop()

        thread = threading.Thread(target=run, name=f"{self.taskrunner_id}-{name}")
        self._threads.append(thread)
        thread.start()

    # -- on the calling thread --------------------------------------------------------------------

    def work(self, worker_group: str) -> None:
        """Poll and work tasks until the runner is stopped."""
        while not self.stopped.is_set():
            self.run_once(worker_group)

    def run_once(self, worker_group: str) -> bool:
        """Poll once, and work the task if one came; whether one came."""
        task = self._poll(worker_group)
        if task is None:
            return False
        try:
            self._report(task)  # the acknowledgement, without which the task goes to another runner
            self._set_status(task, self._run(task))
        except TaskDropped as reason:
            log.info("dropped %s: %s", task.attempt_id, reason)
        except PASSING_ERRORS as error:
            # The service hands the task out again when it has not heard of it for long enough.
            log.warning("gave up on %s: %s", task.attempt_id, error)
        return True

    def heartbeat(self) -> None:
        """Tell the service that the runner is there, until one of the two stops it."""
        while not self.stopped.is_set():
            answer = self._call(
                lambda: self.client.report_task_runner_heartbeat(
                    taskrunnerId=self.taskrunner_id, hostname=self.hostname
                )
            )
            # What is no answer of the service, as a proxy's page, comes without it.
            if answer is not None and answer.get("terminate"):
                log.info("the service asks this runner to terminate")
                self.stop()
            self.stopped.wait(self.heartbeat_interval)

    # -- one task ---------------------------------------------------------------------------------

    def _run(self, task: Task) -> Failure | None:
        """Run the task's command to its end; why it failed, if it did."""
        try:
            process = ShellProcess(
                task.command, task.arguments, self._folder(task), grace=self.grace
            )
        except InvalidTask as error:
            return Failure("InvalidTask", str(error))
        except (OSError, ValueError) as error:
            return Failure(type(error).__name__, str(error), traceback.format_exc())
        # Leaving the block kills the command, also if the service has taken the task from us.
        with process:
            status = self._watch(task, process)
        if status is None:
            return Failure("TaskRunnerStopped", "The runner was stopped and killed the command.")
        if status == 0:
            return None
        return Failure("CommandFailed", _describe(status), _tail(process.stderr))

    def _watch(self, task: Task, process: ShellProcess) -> int | None:
        """Report progress until the command ends; its exit status, or None if the runner stops."""
        since_report = 0.0
        look = min(LOOK, self.progress_interval)
        while (status := process.wait(look)) is None:
            if self.stopped.is_set():
                return None
            since_report += look
            if since_report >= self.progress_interval:
                since_report = 0.0
                try:
                    self._report(task, outputBytes=process.stdout.stat().st_size)
                except PASSING_ERRORS as error:
                    # The task is ours for 15 minutes after a report: the next one may get through.
                    log.warning("no progress reported for %s: %s", task.attempt_id, error)
        return status

    def _folder(self, task: Task) -> Path:
        # A file name has at most 255 characters, and the end of an attempt's id is what varies.
        return self.output / task.pipeline_id / quote(task.attempt_id, safe="@:=")[-200:]

    # -- the service ------------------------------------------------------------------------------

    def _poll(self, worker_group: str) -> Task | None:
        answer = self._call(
            lambda: self.client.poll_for_task(workerGroup=worker_group, hostname=self.hostname)
        )
        # An empty poll is answered without the key.
        if answer is None or "taskObject" not in answer:
            return None
        return Task.from_task_object(answer["taskObject"])

    def _report(self, task: Task, **progress: object) -> None:
        answer = self._call_for_task(
            lambda: self.client.report_task_progress(
                taskId=task.task_id,
                fields=[{"key": key, "stringValue": str(value)} for key, value in progress.items()],
            ),
        )
        if answer.get("canceled"):
            raise TaskDropped("canceled")

    def _set_status(self, task: Task, failure: Failure | None) -> None:
        if failure is None:
            self._call_for_task(
                lambda: self.client.set_task_status(taskId=task.task_id, taskStatus="FINISHED"),
            )
        else:
            # The service keeps this prefix for itself.
            error_id = failure.error_id.removeprefix("Service_")
            self._call_for_task(
                lambda: self.client.set_task_status(
                    taskId=task.task_id,
                    taskStatus="FAILED",
                    errorId=clean(error_id)[:LONGEST_TEXT],
                    errorMessage=clean(failure.message)[:LONGEST_TEXT],
                    # The end of a stack trace tells more than its beginning.
                    errorStackTrace=clean(failure.stack_trace)[-LONGEST_TEXT:],
                ),
            )

    def _call_for_task(self, call: Callable[[], Answer]) -> Answer:
        """Make a call about a task that this runner holds, if it still does."""
        try:
            answer = self._call(call, tries=TRIES)
        except ClientError as error:
            if _is_final(error):
                raise TaskDropped("the service has taken it away") from error
            raise
        if answer is None:
            raise TaskDropped("the runner was stopped")
        return answer

    def _call(self, call: Callable[[], Answer], *, tries: int | None = None) -> Answer | None:
        """Make a call, and repeat it after ever longer intervals while it fails.

        Returns None if the runner is stopped meanwhile. With `tries`, raises the last error, and
        at once an error that says that the task is gone.
        """
        delay = self.first_delay
        for number in itertools.count(1):
            try:
                return call()
            except PASSING_ERRORS as error:
                if tries is not None and (number >= tries or _is_final(error)):
                    raise
                log.warning("%s; trying again in %s seconds", error, delay)
            if self.stopped.wait(delay):
                break
            delay = min(2 * delay, self.longest_delay)
        return None


def clean(text: str) -> str:
    """The text without the characters that the service refuses."""
    return _FORBIDDEN.sub("", _TERMINAL_CODES.sub("", text))


def _is_final(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in TASK_IS_GONE


def _describe(status: int) -> str:
    if status < 0:
        return f"The command was ended by signal {-status}."
    return f"The command ended with exit status {status}."


def _tail(file: Path) -> str:
    """The end of a file that may be huge, and need not be text."""
    with file.open("rb") as content:
        size = content.seek(0, 2)
        # A character takes up to four bytes.
        content.seek(max(0, size - 4 * LONGEST_TEXT))
        return content.read().decode(errors="replace")
