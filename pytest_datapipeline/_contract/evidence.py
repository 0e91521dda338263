"""What rules look at: who holds which task, who polls what, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._service.clock import SECOND
from .._service.definitions.catalog import ACTIVITY, family_of
from .._service.instances.instance import USER_MANAGED_PRECONDITIONS
from .._service.settings import ACKNOWLEDGE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .._record.call import Call
    from .._record.callers import Location
    from .._service.components.pipeline import Pipeline as RegisteredPipeline
    from .._service.definitions.definition import Definition
    from .._service.instances.instance import Attempt

# So many tasks are remembered whose attempt is over. What is said of older ones is not judged.
_REMEMBERED = 10_000
# A runner of which nothing was heard for so long was not running.
LONGEST_BEAT = 15 * 60 * SECOND


class Held:
    """One hand-over of a task to a runner, and what was said of it since.

    Attributes:
        poll: the call that was answered with it.
        worker: the number of who spoke of it last; of who has polled it until then.
        acknowledged: the first report of progress on it.
        latest: the last one.
        tried: the last call about it that has failed since, as the test has planned.
        tried_to_end: whether a SetTaskStatus did.
        heard: when the poll, a call about it, or one of its worker's that failed as planned was
            last over, in nanoseconds since 1970.
        silence: nanoseconds from there to the first call about it after it was taken back.
        under_way: how many calls about it have yet to be answered.
        canceled: the report whose answer said that it is canceled.
        final: the SetTaskStatus that ended it.
        gone: the call whose answer said that there is no such task, or no such pipeline.
        taken_back: why the service took it back, if it did: "acknowledgement" or "progress".
        at_once: whether that tells of its runner by itself. It does not where a call about it has
            failed as planned, or the poll's answer was held: that is told only if the runner goes
            on, and has waited for too long from there.
        excused: whether that was so as the test, which had polled it itself, moved the clock, or
            as its connection had ended: that is told only if somebody goes on with the task.
        forgiven: whether the test had it taken back, held a call about it, or ended its runner.
    """

    __slots__ = (
        "_attempt",
        "acknowledged",
        "at_once",
        "canceled",
        "excused",
        "final",
        "forgiven",
        "gone",
        "handed_over",
        "heard",
        "latest",
        "poll",
        "reports",
        "silence",
        "stale",
        "taken_back",
        "task_id",
        "tried",
        "tried_to_end",
        "under_way",
        "worker",
    )

    def __init__(self, task_id: str, attempt: Attempt, poll: Call) -> None:
        self.task_id: str = task_id
        self._attempt = attempt
        self.poll: Call = poll
        self.worker: int = poll._caller
        self.handed_over: int = attempt.handed_over or poll.time_ns
        self.heard: int = poll.ended_ns or poll.time_ns
        self.silence: int | None = None
        self.under_way: int = 0
        self.acknowledged: Call | None = None
        self.latest: Call | None = None
        self.reports: int = 0
        self.tried: Call | None = None
        self.tried_to_end: bool = False
        self.canceled: Call | None = None
        self.final: Call | None = None
        self.gone: Call | None = None
        self.taken_back: str | None = None
        self.at_once: bool = False
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
    def overdue(self) -> bool:
        """Whether its runner let the limit pass, after which it was taken back, before it spoke
        again. A call that has failed as planned would have kept the task: the limit is counted from
        there."""
        if self.silence is None or self.forgiven or self.poll.error is not None:
            return False
        if self.taken_back == "acknowledgement":
            return self.silence >= ACKNOWLEDGE_SECONDS * SECOND
        return self.silence >= self.report_limit

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of its runner."""
        return bool(self.final or self.gone or self.taken_back or self.canceled)


class Runner:
    """Who makes calls: a thread, a coroutine or a connection.

    Attributes:
        location: where in the user's code it got its first task.
        polls: its first poll and its last.
        throttled: its calls of each operation, and about each task, that were throttled one after
            the other.
        errors: when its polls were answered with an error at once.
    """

    __slots__ = ("errors", "location", "polls", "terminated", "throttled")

    def __init__(self) -> None:
        self.polls: list[Call] = []
        self.location: Location | None = None
        self.throttled: dict[tuple[str, str], Throttled] = {}
        self.errors: list[int] = []
        self.terminated: Call | None = None

    def throttled_before(self, call: Call) -> Throttled | None:
        """The calls that it repeats, if they were throttled."""
        return self.throttled.get(_repeated(call))


def _repeated(call: Call) -> tuple[str, str]:
    """What calls have in common of which one repeats the other."""
    given = call.parameters
    about = given.get("taskId") or given.get("workerGroup") or given.get("taskrunnerId")
    return call.operation, str(about)


class Throttled:
    """Calls of one operation that were throttled one after the other.

    Attributes:
        calls: them, but for botocore's own repetitions.
        pauses: nanoseconds between them, from the last repetition on.
    """

    __slots__ = ("_last", "calls", "pauses")

    def __init__(self, first: Call) -> None:
        self.calls: list[Call] = [first]
        self.pauses: list[int] = []
        self._last = first

    def add(self, call: Call) -> None:
        """One more was throttled."""
        if call.attempt == 1:
            self.pauses.append(self.pause_before(call))
            self.calls.append(call)
        self._last = call

    def pause_before(self, call: Call) -> int:
        """Nanoseconds since the last one."""
        return call.time_ns - self._last.time_ns


class Spell:
    """A span of time in which runners made calls, without a gap in which none can have run.

    Attributes:
        since: when it began.
        until: when its last call was over.
        polls: its first poll and its last.
    """

    __slots__ = ("polls", "since", "until")

    def __init__(self, since: int) -> None:
        self.since = since
        self.until = since
        self.polls: list[Call] = []


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
        heartbeats: the heartbeats, by taskrunnerId, those that failed as planned included.
        spells: when runners were there.
        hung_up: polls whose client has hung up, by invocation id.
        alike: of worker groups that were polled in vain, one of nearly that name with tasks.
        elsewhere: the worker groups and the regions in which they were polled in vain, while
            their tasks wait for clients of another region.
        places: the first poll of each worker group in each region.
        handed: the worker groups and the regions in which tasks of theirs were handed out.
    """

    def __init__(self, pipelines: Callable[[], Iterable[RegisteredPipeline]] = tuple) -> None:
        self.tasks: dict[str, Held] = {}
        self.runners: dict[int, Runner] = {}
        self.groups: dict[str, Group] = {}
        self.heartbeats: dict[str, list[Call]] = {}
        self.hung_up: dict[str, Call] = {}
        # The last poll of each worker group that its client's read time-out ended.
        self.given_up: dict[str, Call] = {}
        self.alike: dict[str, str] = {}
        self.elsewhere: set[tuple[str, str]] = set()
        self.places: dict[tuple[str, str], Call] = {}
        self.handed: set[tuple[str, str]] = set()
        self.spells: list[Spell] = []
        self.terminated: Call | None = None
        # What the calls about pipelines have shown.
        self.errored: dict[str, Call] = {}
        self.creations: dict[tuple[str, str], Call] = {}
        self.watched: dict[str, list[Call]] = {}
        self.looked_at: set[str] = set()
        self.pipelines = pipelines

    def runner(self, call: Call) -> Runner:
        """Who made a call."""
        found = self.runners.get(call._caller)
        if found is None:
            found = self.runners[call._caller] = Runner()
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
        runner = self.runners.get(call._caller)
        if call.error == "ThrottlingException":
            runner = self.runner(call)
            row = runner.throttled_before(call)
            if row is None:
                runner.throttled[_repeated(call)] = Throttled(call)
            else:
                row.add(call)
        elif runner is not None and runner.throttled:
            runner.throttled.pop(_repeated(call), None)

    def hand_over(self, call: Call, task_id: str, attempt: Attempt | None) -> None:
        """Take note that a poll was answered with a task. `attempt`: None if the service has taken
        it back before the answer was let go."""
        worker_group = call.parameters["workerGroup"]
        self.groups[worker_group].handed += 1
        self.handed.add((worker_group, call.region))
        if attempt is None:
            return
        self.tasks[task_id] = Held(task_id, attempt, call)
        if len(self.tasks) > _REMEMBERED and self.tasks[next(iter(self.tasks))].over:
            del self.tasks[next(iter(self.tasks))]

    def waits(self, call: Call) -> None:
        """Take note that the service holds a poll."""
        self._group(call).open.append(call)

    def arrives(self, call: Call) -> None:
        """Take note that a call was made, which the service may not act on at once."""
        held = self.task_of(call)
        if held is None:
            return
        held.under_way += 1
        held.worker = call._caller
        if held.taken_back is not None and held.silence is None:
            held.silence = call.time_ns - held.heard
        if call.injected:
            held.tried = call
            held.tried_to_end = held.tried_to_end or call.operation == "SetTaskStatus"

    def leaves(self, call: Call) -> None:
        """Take note that a call is over."""
        until = call.ended_ns or call.time_ns
        held = self.task_of(call)
        if held is not None and held.under_way:
            held.under_way -= 1
            held.heard = max(held.heard, until)
        if call.injected:
            # Who makes one call after the other could not report meanwhile. What he has yet to
            # acknowledge, he should not have taken.
            for held in self.tasks.values():
                if held.worker == call._caller and held.acknowledged and held.silence is None:
                    held.heard = max(held.heard, until)

    def moves(self, target: int, attempts: Iterable[Attempt]) -> None:
        """Take note that time is moved by hand. The runners that have these attempts may wait in
        real time meanwhile."""
        for attempt in attempts:
            held = self.tasks.get(attempt.task_id or "")
            if held is not None:
                held.heard = max(held.heard, target)

    def put_back(self) -> None:
        """Take note that all is as it was before. Runners that held tasks then have gone on."""
        for held in self.tasks.values():
            if held.taken_back is None and held._attempt.holder is not None:
                held.forgiven = True

    def ends_wait(self, call: Call) -> None:
        """Take note that a poll waits no longer."""
        group = self.groups.get(call.parameters.get("workerGroup", ""))
        if group is not None and call in group.open:
            group.open.remove(call)

    def ended(self, caller: int, call: Call | None = None) -> None:
        """Take note that the test has ended a runner, at a call of its: nothing more is expected of
        it."""
        last = None if call is None else self.task_of(call)
        for held in self.tasks.values():
            if held.taken_back is None and (held.worker == caller or held is last):
                held.forgiven = True

    def knows(self, told: Call, call: Call) -> bool:
        """Whether who makes a call has had a certain answer before."""
        if call.attempt > 1 or call.invocation_id == told.invocation_id:
            return False  # the client repeats it by itself
        if call._caller == told._caller:
            return True
        # Of two at the same moment, one may be on its way.
        return call.time_ns > (told.ended_ns or told.time_ns)

    def is_defined(self, worker_group: str) -> bool:
        """Whether an object of a pipeline has a worker group, or a task that was enqueued."""
        return any(
            objects_of(pipeline.definition, worker_group)
            or any(
                instance.component.worker_group_of(instance) == worker_group
                for instance in pipeline.enqueued
            )
            for pipeline in self.pipelines()
        )

    def _is_active(self, call: Call) -> None:
        if not self.spells or call.time_ns - self.spells[-1].until > LONGEST_BEAT:
            self.spells.append(Spell(call.time_ns))
        spell = self.spells[-1]
        spell.until = max(spell.until, call.ended_ns or call.time_ns)
        if call.operation == "PollForTask":
            spell.polls[1:] = [call]

    def _group(self, call: Call) -> Group:
        name = call.parameters.get("workerGroup", "")
        group = self.groups.get(name)
        if group is None:
            group = self.groups[name] = Group(call)
        return group

    def _poll(self, call: Call) -> None:
        self._is_active(call)
        group = self._group(call)
        if group.open:
            self.ends_wait(call)
        self.places.setdefault((call.parameters.get("workerGroup", ""), call.region), call)
        runner = self.runner(call)
        runner.polls[1:] = [call]
        if call.error == "ReadTimeoutError" and not call.injected:
            self.given_up[call.parameters.get("workerGroup", "")] = call
        if call.error is not None and call.attempt == 1:
            runner.errors.append(call.time_ns)

    def _progress(self, call: Call) -> None:
        self._is_active(call)
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
        held.tried = None
        if held.canceled is None and (call.response or {}).get("canceled"):
            held.canceled = call

    def _final(self, call: Call) -> None:
        self._is_active(call)
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
        if not call.answered and not call.injected:
            return
        self._is_active(call)
        self.heartbeats.setdefault(call.parameters.get("taskrunnerId", ""), []).append(call)
        runner = self.runner(call)
        if call.error is None and (call.response or {}).get("terminate"):
            runner.terminated = runner.terminated or call
            self.terminated = self.terminated or call

    def _put(self, call: Call) -> None:
        pipeline = call.parameters.get("pipelineId", "")
        if not call.answered:
            return
        self.errored.pop(pipeline, None)
        if call.error is None and (call.response or {}).get("errored"):
            self.errored[pipeline] = call

    def _create(self, call: Call) -> None:
        made = call.region, str(call.parameters.get("name"))
        if call.error is None:
            self.creations.pop(made, None)
        elif may_have_acted(call):
            self.creations[made] = call

    def _look(self, call: Call) -> None:
        self.looked_at.add(call.parameters.get("pipelineId", ""))

    def _watch(self, call: Call) -> None:
        for pipeline in call.parameters.get("pipelineIds") or ():
            self.watched.setdefault(str(pipeline), []).append(call)


def objects_of(definition: Definition, worker_group: str) -> list[tuple[str, bool]]:
    """The objects for runners that have a worker group, and whether they have a runsOn."""
    found = []
    for defined in definition.objects:
        fields = definition.resolved(defined.id)
        kind = fields.first("type") or ""
        if family_of(kind) != ACTIVITY and kind not in USER_MANAGED_PRECONDITIONS:
            continue
        if fields.first("workerGroup") == worker_group:
            found.append((defined.id, bool(fields.refs("runsOn"))))
    return found


def may_have_acted(call: Call) -> bool:
    """Whether the service may have done what it was asked, though the call failed."""
    error = call.error or ""
    if error in ("EndpointConnectionError", "ConnectTimeoutError") or error[:1] == "4":
        return False
    return error.isdigit() or error.endswith("Error") or error == "InternalServiceError"


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
