"""What rules look at: who holds which task, who polls what, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .._record.call import Call
    from .._record.callers import Location
    from .._service.components.pipeline import Pipeline as RegisteredPipeline
    from .._service.instances.instance import Attempt

# So many tasks are remembered whose attempt is over. What is said of older ones is not judged.
_REMEMBERED = 10_000


class Held:
    """One hand-over of a task to a runner, and what was said of it since.

    Attributes:
        poll: the call that was answered with it.
        acknowledged: the first report of progress on it.
        latest: the last one.
        tried: whether a report failed since, as the test has planned.
        canceled: the report whose answer said that it is canceled.
        final: the SetTaskStatus that ended it.
        gone: the call whose answer said that there is no such task, or no such pipeline.
        taken_back: why the service took it back, if it did: "acknowledgement" or "progress".
        excused: whether that was so as the test, which had polled it itself, moved the clock, or
            as its connection had ended: that is told only if somebody goes on with the task.
        forgiven: whether the test had it taken back, or had its runner die.
    """

    __slots__ = (
        "_attempt",
        "acknowledged",
        "canceled",
        "excused",
        "final",
        "forgiven",
        "gone",
        "latest",
        "poll",
        "reports",
        "stale",
        "taken_back",
        "task_id",
        "tried",
    )

    def __init__(self, task_id: str, attempt: Attempt, poll: Call) -> None:
        self.task_id: str = task_id
        self._attempt = attempt
        self.poll: Call = poll
        self.acknowledged: Call | None = None
        self.latest: Call | None = None
        self.reports: int = 0
        self.tried: bool = False
        self.canceled: Call | None = None
        self.final: Call | None = None
        self.gone: Call | None = None
        self.taken_back: str | None = None
        self.stale: Call | None = None
        self.excused: bool = False
        self.forgiven: bool = False

    # Asked for by few, and not cheap.

    @property
    def attempt_id(self) -> str:
        return self._attempt.id

    @property
    def pipeline_id(self) -> str:
        return self._attempt.instance.component.pipeline_id

    @property
    def type(self) -> str:
        return self._attempt.instance.component.type

    @property
    def report_limit(self) -> int:
        """Nanoseconds."""
        return self._attempt.instance.component.policy.report_progress_timeout

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of its runner."""
        return bool(self.final or self.gone or self.taken_back or self.canceled)


class Runner:
    """Who makes calls: a thread, a coroutine or a connection.

    Attributes:
        location: where in the user's code it got its first task.
        throttled: the calls that were throttled one after the other, but for botocore's own
            repetitions; `last_throttled` is the last one of these too.
        pauses: nanoseconds between them.
        errors: when its polls were answered with an error at once.
    """

    __slots__ = (
        "errors",
        "heartbeat",
        "last_throttled",
        "location",
        "pauses",
        "polls",
        "terminated",
        "throttled",
    )

    def __init__(self) -> None:
        self.polls: int = 0
        self.location: Location | None = None
        self.throttled: list[Call] = []
        self.last_throttled: Call | None = None
        self.pauses: list[int] = []
        self.errors: list[int] = []
        self.heartbeat: Call | None = None
        self.terminated: Call | None = None

    def pause_before(self, call: Call) -> int:
        """Nanoseconds since the last throttled call, the repetitions of botocore included."""
        return call.time_ns - (self.last_throttled or call).time_ns


class Group:
    """A worker group that is polled."""

    __slots__ = ("first", "handed", "open")

    def __init__(self, first: Call) -> None:
        self.first = first
        self.handed = 0
        # The polls that wait.
        self.open: list[Call] = []


class Evidence:
    """All that is known of the runners so far. Rules see what was known before the call.

    Attributes:
        tasks: the tasks that were handed to a poll, by their task ids.
        heartbeats: the heartbeats, by taskrunnerId.
        hung_up: polls whose client has hung up, by invocation id.
        alike: of worker groups that were polled in vain, one of nearly that name with tasks.
        elsewhere: the worker groups and the regions in which they were polled in vain, while
            their tasks wait for clients of another region.
    """

    def __init__(self, pipelines: Callable[[], Iterable[RegisteredPipeline]] = tuple) -> None:
        self.tasks: dict[str, Held] = {}
        self.runners: dict[str, Runner] = {}
        self.groups: dict[str, Group] = {}
        self.heartbeats: dict[str, list[Call]] = {}
        self.hung_up: dict[str, Call] = {}
        # The last poll of each worker group that its client's read time-out ended.
        self.given_up: dict[str, Call] = {}
        self.alike: dict[str, str] = {}
        self.elsewhere: set[tuple[str, str]] = set()
        self.polls: list[Call] = []  # the first and the last
        self.terminated: Call | None = None
        # What the calls about pipelines have shown.
        self.errored: dict[str, Call] = {}
        self.creations: dict[str, Call] = {}
        self.watched: dict[str, list[Call]] = {}
        self.looked_at: set[str] = set()
        self.pipelines = pipelines

    def runner(self, call: Call) -> Runner:
        """Who made a call."""
        found = self.runners.get(call.thread)
        if found is None:
            found = self.runners[call.thread] = Runner()
        return found

    def task_of(self, call: Call) -> Held | None:
        """The task that a call names."""
        return self.tasks.get(call.parameters.get("taskId", ""))

    # -- what each answered call adds -------------------------------------------------------------

    def add(self, call: Call) -> None:
        """Take note of an answered call."""
        note = _NOTES.get(call.operation)
        if note is not None:
            note(self, call)
        runner = self.runners.get(call.thread)
        if call.error == "ThrottlingException":
            runner = self.runner(call)
            if call.attempt == 1:
                runner.throttled.append(call)
                runner.pauses.append(runner.pause_before(call))
            runner.last_throttled = call
        elif runner is not None and runner.throttled:
            runner.throttled.clear()
            runner.pauses.clear()
            runner.last_throttled = None

    def hand_over(self, call: Call, task_id: str, attempt: Attempt) -> None:
        """Take note that a poll was answered with a task."""
        self.tasks[task_id] = Held(task_id, attempt, call)
        self.groups[call.parameters["workerGroup"]].handed += 1
        if len(self.tasks) > _REMEMBERED and self.tasks[next(iter(self.tasks))].over:
            del self.tasks[next(iter(self.tasks))]

    def waits(self, call: Call) -> None:
        """Take note that the service holds a poll."""
        self._group(call).open.append(call)

    def fails(self, call: Call) -> None:
        """Take note that a call is about to fail as the test has planned."""
        held = self.task_of(call)
        if held is not None:
            held.tried = True

    def ends_wait(self, call: Call) -> None:
        """Take note that a poll waits no longer."""
        group = self.groups.get(call.parameters.get("workerGroup", ""))
        if group is not None and call in group.open:
            group.open.remove(call)

    def died(self, name: str) -> None:
        """Take note that the test had a runner die: nothing more is expected of it."""
        for held in self.tasks.values():
            if held.poll.thread == name:
                held.forgiven = True

    def _group(self, call: Call) -> Group:
        name = call.parameters.get("workerGroup", "")
        group = self.groups.get(name)
        if group is None:
            group = self.groups[name] = Group(call)
        return group

    def _poll(self, call: Call) -> None:
        group = self._group(call)
        if group.open:
            self.ends_wait(call)
        runner = self.runner(call)
        runner.polls += 1
        if call.error == "ReadTimeoutError" and not call.injected:
            self.given_up[call.parameters.get("workerGroup", "")] = call
        if call.error is not None and call.attempt == 1:
            runner.errors.append(call.time_ns)
        self.polls[1:] = [call]

    def _progress(self, call: Call) -> None:
        held = self.task_of(call)
        if held is None:
            return
        if not call.answered:
            self._refused(held, call)
            return
        held.acknowledged = held.acknowledged or call
        held.latest = call
        held.reports += 1
        if call.error is not None:
            return  # the answer is lost: the service has heard of the task, its runner nothing
        held.tried = False
        if held.canceled is None and (call.response or {}).get("canceled"):
            held.canceled = call

    def _final(self, call: Call) -> None:
        held = self.task_of(call)
        if held is None:
            return
        if call.answered:
            held.final = held.final or call
        else:
            self._refused(held, call)

    def _refused(self, held: Held, call: Call) -> None:
        if call.error in GONE and held.gone is None:
            held.gone = call

    def _heartbeat(self, call: Call) -> None:
        if not call.answered:
            return
        self.heartbeats.setdefault(call.parameters.get("taskrunnerId", ""), []).append(call)
        runner = self.runner(call)
        runner.heartbeat = call
        if call.error is None and (call.response or {}).get("terminate"):
            runner.terminated = runner.terminated or call
            self.terminated = self.terminated or call

    def _put(self, call: Call) -> None:
        pipeline = call.parameters.get("pipelineId", "")
        self.errored.pop(pipeline, None)
        if call.error is None and (call.response or {}).get("errored"):
            self.errored[pipeline] = call

    def _create(self, call: Call) -> None:
        name = call.parameters.get("name", "")
        if call.error is None:
            self.creations.pop(name, None)
        else:
            self.creations[name] = call

    def _look(self, call: Call) -> None:
        self.looked_at.add(call.parameters.get("pipelineId", ""))

    def _watch(self, call: Call) -> None:
        for pipeline in call.parameters.get("pipelineIds") or ():
            self.watched.setdefault(str(pipeline), []).append(call)


# The errors that say that a task is not the runner's any more.
GONE = frozenset({"TaskNotFoundException", "PipelineNotFoundException", "PipelineDeletedException"})

_NOTES: dict[str, Callable[[Evidence, Call], None]] = {
    "PollForTask": Evidence._poll,
    "ReportTaskProgress": Evidence._progress,
    "SetTaskStatus": Evidence._final,
    "ReportTaskRunnerHeartbeat": Evidence._heartbeat,
    "PutPipelineDefinition": Evidence._put,
    "CreatePipeline": Evidence._create,
    "QueryObjects": Evidence._look,
    "DescribeObjects": Evidence._look,
    "DescribePipelines": Evidence._watch,
}
