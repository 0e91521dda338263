"""From what is recorded to the events of a timeline, in the order in which they happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._contract.rule import MEANING
from .._record.rendering import answered, cut, shown, typed
from .._service.clock import SECOND, duration, to_datetime
from .._service.instances.instance import FAILED, FINISHED
from .._service.settings import ACKNOWLEDGE_SECONDS
from .event import Event, Kind
from .names import TEST, Label, Names
from .spans import span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._contract.findings import Finding
    from .._record.call import Call
    from .._record.calls import Calls
    from .._service.instances.instance import Attempt, Instance
    from .log import Ended, Log, Note, TakenBack

# What comes before what, of the same moment and the same number of calls: a call that was answered
# at once, what the test did after it, and calls that were held and are answered by that.
_AT_ONCE, _BETWEEN, _HELD = range(3)
_NEVER = 1 << 62


class Traces(NamedTuple):
    """What a fake's world has left. `now`: the present moment, in nanoseconds."""

    calls: Calls
    instances: list[Instance]
    log: Log
    findings: Iterable[Finding]
    now: int


class _Key(NamedTuple):
    """The place of an event.

    Attributes:
        era: how often the test had called the present an earlier moment.
        when: nanoseconds since 1970.
        made: how many calls had been made.
        order: of the note, among all notes.
    """

    era: int
    when: int
    made: int
    rank: int = _BETWEEN
    order: float = 0

    def and_before(self) -> _Key:
        """The place just before it."""
        return self._replace(order=self.order - 0.1)

    def and_after(self) -> _Key:
        """The place just after it."""
        return self._replace(order=self.order + 0.05)

    def is_after(self, made: int) -> bool:
        """Whether it happened once so many calls had been made."""
        if self.made == _NEVER:
            return made == 0
        return self.made > made or (self.rank == _BETWEEN and self.made == made)


class Story:
    """The events of a world, gathered once."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self._log = traces.log
        self._hide = traces.calls.hide()
        self._names = Names([*traces.instances, *(end.instance for end in self._log.ends)])
        self._found: list[tuple[_Key, Event]] = []
        self._rebases = [move for move in self._log.moves if move.target < move.note.when]
        # By task id: when its runner was last heard of, and how many calls there were of it.
        self._heard: dict[str, int] = {}
        self._hung_up = {call: note for note, call in self._log.hung_up}
        # What the order of calls does not tell: where a poll was answered or given up.
        self._placed = {**self._hung_up, **{call: note for note, call in self._log.answered}}
        self._by_call: dict[Call, _Key] = {}
        self._told_ends: set[Ended] = set()
        # By task id: the polls that got it, and those of them that have not acknowledged it.
        self._handed: dict[str, _Key] = {}
        self._unacknowledged: dict[str, _Key] = {}
        # The attempts whose runner has told how they ended.
        self._final_of: set[Attempt] = set()
        self._ends = {(end.note[:2], end.instance): end for end in self._log.ends}
        self._ends_at = {(end.note.when, end.instance): end for end in self._log.ends}

    def events(self, after: int = 0) -> list[Event]:
        """The events, in order. `after`: how many calls had been made before the first of them."""
        first = self._traces.calls.dropped + 1
        for made, call in enumerate(self._traces.calls, first):
            self._call(made, call)
        self._attempts()
        self._notes()
        seen = {finding: note for note, finding in self._log.seen}
        for finding in self._traces.findings:
            self._finding(finding, seen.get(finding))
        self._found.sort(key=lambda found: found[0])
        first_kept = next((key for key, _ in self._found if key.is_after(after)), None)
        return [
            event
            for key, event in self._found
            if key.is_after(after)
            or (key.made == _NEVER and first_kept is not None and key >= first_kept)
        ]

    def _add(
        self,
        key: _Key,
        kind: Kind,
        lanes: tuple[str, ...],
        text: str,
        call: Call | None = None,
        since: int | None = None,
    ) -> None:
        self._found.append((key, Event(kind, lanes, self._hide(text), call, key.when, since)))

    def _noted(self, note: Note) -> _Key:
        return self._key(note.when, note.made)._replace(order=note.order)

    def _key(self, when: int, made: int, rank: int = _BETWEEN) -> _Key:
        start = self._log.start
        for era, rebase in enumerate(self._rebases):
            if start <= when <= rebase.note.when:
                return _Key(era, when, made, rank)
            start = rebase.target
        return _Key(len(self._rebases), when, made, rank)

    # -- calls ------------------------------------------------------------------------------------

    def _call(self, made: int, call: Call) -> None:
        if call in self._placed:
            key = self._noted(self._placed[call])
        elif call.ended_ns is None:
            key = self._key(call.time_ns, made, _AT_ONCE)
        else:
            answered_at = max(made, call.ended_after)
            key = self._key(call.ended_ns, answered_at, _AT_ONCE if answered_at == made else _HELD)
        self._by_call[call] = key
        since = call.time_ns if key.when != call.time_ns else None
        kind, lanes, outcome = self._outcome(key, call)
        retry = f" (attempt {call.attempt})" if call.attempt > 1 else ""
        lasted = "" if since is None or kind == "retry" else f", after {span(key.when - since)}"
        text = f"{self._typed(call)}{retry} -> {outcome}{lasted}"
        self._add(key, kind, (self._names.runner_lane(call), *lanes), text, call, since)
        if call.backoff is not None:
            until = key.when + duration(call.backoff)
            text = f"waits {span(until - key.when)} before it tries that again"
            self._add(key, "retry", (self._names.runner_lane(call),), text, call, key.when)

    def _typed(self, call: Call) -> str:
        parameters = call.parameters
        task_id = parameters.get("taskId")
        attempt = self._names.attempt(task_id)
        if attempt is not None:
            label = Label(self._names.of_task_id(str(task_id), attempt))
            parameters = {**parameters, "taskId": label}
        return typed(call.operation, parameters, self._hide)

    def _outcome(self, key: _Key, call: Call) -> tuple[Kind, tuple[str, ...], str]:
        """What it was, who else took part, and what came of it."""
        task_id = call.parameters.get("taskId")
        attempt = self._names.attempt(task_id)
        lanes = () if attempt is None else (self._names.task_lane(attempt.instance),)
        if call.operation == "PollForTask":
            lanes = (f"queue {call.parameters.get('workerGroup', '')}",)
        if call.error is not None or call.injected:
            message = f": {call.error_message}" if call.error_message and not call.injected else ""
            told = cut(f"{call.error or 'not JSON'}{message}", 100)
            if call.injected:
                return "fault", lanes, f"{told} {_planned(call._planned_at)}"
            return "error", lanes, told
        if call.operation == "PollForTask":
            return self._poll(key, call, lanes)
        if call.operation == "ReportTaskRunnerHeartbeat":
            return "heartbeat", (), answered(call.response, self._hide)
        if call.ended_ns is None:
            return "call", lanes, "waiting"
        if attempt is not None and call.operation == "ReportTaskProgress":
            return self._report(key, str(task_id), attempt, call, lanes)
        if attempt is not None and call.operation == "SetTaskStatus":
            return "status", lanes, self._final(key, attempt)
        return "call", lanes, answered(call.response, self._hide)

    def _poll(
        self, key: _Key, call: Call, lanes: tuple[str, ...]
    ) -> tuple[Kind, tuple[str, ...], str]:
        if call.ended_ns is None:
            told = "its client hangs up" if call in self._hung_up else "waiting"
            return "poll", lanes, told
        task = (call.response or {}).get("taskObject")
        if not task:
            return "poll", lanes, "no task"
        attempt = self._names.attempt(task["taskId"])
        if attempt is None:  # of a pipeline that is gone
            return "hand-over", lanes, answered(call.response, self._hide)
        self._handed[task["taskId"]] = self._unacknowledged[task["taskId"]] = key
        self._heard[task["taskId"]] = key.when
        label = Label(self._names.of_task_id(task["taskId"], attempt))
        return "hand-over", (*lanes, self._names.task_lane(attempt.instance)), repr(label)

    def _report(
        self, key: _Key, task_id: str, attempt: Attempt, call: Call, lanes: tuple[str, ...]
    ) -> tuple[Kind, tuple[str, ...], str]:
        before = self._heard.get(task_id)
        handed = self._unacknowledged.pop(task_id, None)
        self._heard[task_id] = key.when
        if (call.response or {}).get("canceled"):
            return "acknowledgement" if handed else "report", lanes, "canceled"
        if handed is not None:
            took = span(key.when - handed.when)
            told = f"acknowledged in {took}, of {ACKNOWLEDGE_SECONDS} s"
            return "acknowledgement", lanes, told
        limit = span(attempt.instance.component.policy.report_progress_timeout)
        took = "" if before is None else f" in {span(key.when - before)}, of {limit}"
        return "report", lanes, f"reported{took}"

    def _final(self, key: _Key, attempt: Attempt) -> str:
        instance = attempt.instance
        self._final_of.add(attempt)
        end = self._ends.get(((key.when, key.made), instance))
        if end is not None:
            self._told_ends.add(end)
            tries = f" after {attempt.number} attempts" if attempt.number > 1 else ""
            return f"{self._names.of(instance)} is {attempt.status}{tries}"
        if attempt.canceled:
            return "it was canceled, nothing changes"
        later = instance.attempts[attempt.number : attempt.number + 1]
        if later:
            again = later[0].started
        elif instance.timer is not None and not instance.ended:
            again = instance.timer.when
        else:
            return "accepted"
        return f"the next attempt is at {to_datetime(again):%H:%M:%S}"

    # -- tasks ------------------------------------------------------------------------------------

    def _attempts(self) -> None:
        """What calls do not show: attempts that become ready, and hand-overs to nobody."""
        enqueued = {
            (instance, note.when) for note, given in self._log.enqueued for instance in given
        }
        gone = {taken.task_id: taken for taken in self._log.taken_back}
        for instance in self._names.instances:
            task, queue = self._names.task_lane(instance), self._names.queue_lane(instance)
            for attempt in instance.attempts:
                name = self._names.of_attempt(attempt)
                for number, task_id in enumerate(attempt.task_ids, 1):
                    # Where calls were dropped, one that got it may be gone.
                    if task_id not in self._handed and not self._traces.calls.dropped:
                        self._handed_to_nobody(attempt, number, gone.get(task_id))
                if (instance, attempt.started) not in enqueued or attempt.number > 1:
                    key = self._ready_key(attempt)
                    self._add(key, "ready", (queue, task), f"{name} waits for a runner")
                if attempt.status == FAILED and attempt not in self._final_of:
                    self._failed(attempt, gone)

    def _ready_key(self, attempt: Attempt) -> _Key:
        handed = self._handed.get(attempt.task_ids[0]) if attempt.task_ids else None
        if handed is not None and handed.when == attempt.started:
            return handed.and_before()
        return self._key(attempt.started, _NEVER)

    def _failed(self, attempt: Attempt, gone: Mapping[str, TakenBack]) -> None:
        """An attempt that neither its runner nor its silence has ended."""
        if attempt.ended is None or (attempt.task_ids and attempt.task_ids[-1] in gone):
            return
        lane = self._names.task_lane(attempt.instance)
        text = f"{self._names.of_attempt(attempt)} has FAILED: {_error_of(attempt)}"
        # The service has it so; otherwise a function did that plays the runners.
        kind: Kind = "deadline" if attempt.canceled else "status"
        key = self._key(attempt.ended, _NEVER, _AT_ONCE)
        handed = self._handed.get(attempt.task_ids[-1]) if attempt.task_ids else None
        if handed is not None and handed.when == key.when:
            key = handed.and_after()
        self._add(key, kind, (lane,), cut(text, 160))

    def _handed_to_nobody(self, attempt: Attempt, number: int, gone: TakenBack | None) -> None:
        instance = attempt.instance
        lanes = (self._names.queue_lane(instance), self._names.task_lane(instance))
        name = self._names.of_task_id(attempt.task_ids[number - 1], attempt)
        latest = number == len(attempt.task_ids)
        when = attempt.handed_over
        if gone is not None and gone.why == "acknowledgement" and not gone.by_hand:
            when = gone.note.when - ACKNOWLEDGE_SECONDS * SECOND
        elif not latest:
            return  # nothing tells when
        if when is None:
            return
        key = self._key(when, _NEVER)
        if latest and attempt.acknowledged is not None:
            # By a function that plays the runners.
            end = self._ends_at.get((when, instance))
            key = key if end is None else self._noted(end.note).and_before()
            self._handed[attempt.task_ids[number - 1]] = key
            runner = f"runner {attempt.hostname}"
            self._add(key, "hand-over", (runner, *lanes), f"works on {name}")
        else:
            text = f"{name} is handed to a poll that does not get it"
            self._add(key, "lost", lanes, text)

    # -- what the test and the service did ---------------------------------------------------------

    def _notes(self) -> None:
        for note, target in self._log.moves:
            moment = f"{to_datetime(target):%Y-%m-%d %H:%M:%S}"
            if target < note.when:
                text = f"freezes time at {moment}, which is now the present"
            else:
                text = f"moves the clock by {span(target - note.when)}, to {moment[11:]}"
            self._add(self._noted(note), "clock", (TEST,), text)
        for note, instances in self._log.enqueued:
            for instance in instances:
                self._enqueued(self._noted(note), instance)
        for taken in self._log.taken_back:
            self._taken_back(self._noted(taken.note), *taken[1:])
        for note, runner, planned_at in self._log.deaths:
            text = f"the runner dies {_planned(planned_at)}"
            self._add(self._noted(note), "fault", (f"runner {runner}",), text)
        for end in self._log.ends:
            if end not in self._told_ends:
                self._ended(self._noted(end.note), end.instance)

    def _enqueued(self, key: _Key, instance: Instance) -> None:
        group = instance.component.worker_group_of(instance)
        text = f"enqueues {self._names.of(instance)} in {shown(group, self._hide)}"
        ready = instance.attempts[0].started if instance.attempts else instance.scheduled_start
        if ready > key.when:
            text += f", ready {span(ready - key.when)} later"
        lanes = (TEST, self._names.queue_lane(instance), self._names.task_lane(instance))
        self._add(key, "enqueue", lanes, text)

    def _taken_back(
        self, key: _Key, attempt: Attempt, task_id: str, why: str, by_hand: bool
    ) -> None:
        instance = attempt.instance
        name = self._names.of_attempt(attempt)
        if task_id in attempt.task_ids:
            name = self._names.of_task_id(task_id, attempt)
        hand = " (by the test)" if by_hand else ""
        if why == "acknowledgement":
            text = (
                f"{name} was not acknowledged within {ACKNOWLEDGE_SECONDS} s{hand}: "
                "it is taken back, and queued again"
            )
        else:
            limit = span(instance.component.policy.report_progress_timeout)
            text = f"{name} was not reported on for {limit}{hand}: the attempt has FAILED"
        lanes = (self._names.task_lane(instance), self._names.queue_lane(instance))
        self._add(key, "deadline", lanes, text)

    def _ended(self, key: _Key, instance: Instance) -> None:
        text = f"{self._names.of(instance)} is {instance.status}"
        attempt = instance.attempt
        if attempt is not None and instance.status != FINISHED and attempt.error_message:
            text += cut(f": {_error_of(attempt)}", 100)
        self._add(key, "end", (self._names.task_lane(instance),), text)

    def _finding(self, finding: Finding, seen: Note | None) -> None:
        call = finding.calls[-1] if finding.calls else None
        key = self._by_call.get(call) if call is not None else None
        if seen is None:
            # Known by the end alone.
            key = key or self._key(self._traces.now, _NEVER)
        elif key is None or (key.when, key.made) != seen[:2]:
            key = self._noted(seen)
        lane = TEST if call is None else self._names.runner_lane(call)
        text = f"{finding.id} ({MEANING[finding.strength]}): {finding.text}"
        kind: Kind = "advice" if finding.strength == "advice" else "finding"
        self._add(key, kind, (lane,), text, call)


def _error_of(attempt: Attempt) -> str:
    message = attempt.error_message or ""
    return f"{attempt.error_id}: {message}" if attempt.error_id else message


def _planned(place: str | None) -> str:
    return "(a planned fault)" if place is None else f"(a fault planned at {place})"
