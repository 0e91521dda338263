"""What answers calls from one moment on: a service, its time, and all that is recorded of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from .._clients.hooks import when_imported
from .._clients.interception import Interception
from .._contract.findings import Findings
from .._contract.watch import Watch
from .._record.calls import Calls
from .._service.clock import VirtualClock, to_datetime
from .._service.service import Service
from .._service.texts import counted
from .._time.actors.loose_ends import LooseEnds
from .._time.limits import Patience
from .._time.loops.callers import in_a_loop, running_coroutine
from .._time.sleep import OwnClocks
from .._time.timekeeper import Timekeeper
from .._timeline.log import Log
from .driving import Driving
from .faults import FaultPlan
from .gates import Gates
from .group_warning import GroupWarnings
from .handles.pipelines import Pipelines
from .handles.tasks import Task
from .memento import Memento
from .players import Workers
from .queueing.enqueue import Queueing
from .responder import Responder

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._service.components.component import Run
    from .._service.instances.instance import Attempt, Instance
    from .._time.actors.participants import Actor, Participants
    from .._time.loops.event_loop import LoopTime
    from .._time.loops.loop import Loops
    from .._time.loops.trio_loop import TrioTime
    from ..settings import Settings

# Of so many of the latest calls, the worker groups are told that were polled for nothing.
_POLLS_LOOKED_AT = 1_000


class Snapshot:
    """A fake as it was at one moment: `DataPipelineFake.snapshot`."""

    def __init__(self, owner: object, world: World) -> None:
        self._owner = owner
        self._world = world
        self._frozen = world.time.frozen.current()
        self._memento = Memento(
            (
                *(world.service, world.calls, world.faults, world.queueing, world.workers),
                *(world.watch, world.log, world.responder, world.pipelines),
                world.loose_ends,
            )
        )
        self._found = {found.in_a_line() for found in world.findings()}
        self._text = (
            f"<Snapshot at {to_datetime(world.clock.now).isoformat()}: "
            f"{counted(len(world.tasks), 'task')}, {counted(len(world.calls), 'call')}>"
        )

    def __repr__(self) -> str:
        return self._text


class World:
    """The parts of a fake, put together. A fake that is reset has another.

    Args:
        settings: of the fake.
        start: where its clock stands at first, in nanoseconds since 1970.
        on_problem: told what is to fail the test at its end.
    """

    def __init__(self, settings: Settings, start: int, on_problem: Callable[[str], None]) -> None:
        self.settings = settings
        self.clock: VirtualClock = VirtualClock(start)
        self.service: Service = Service(
            self.clock, settings, self._happened, outcome_of=self._outcome_of
        )
        self.calls: Calls = Calls(kept=settings.kept_calls)
        self.calls.secrets.further = self.service.pipelines.secrets
        self.faults: FaultPlan = FaultPlan()
        self.time: Timekeeper = Timekeeper(
            self.clock,
            self.service.tasks,
            Patience(stalled=settings.patience, settle=settings.settle, idle=settings.idle_limit),
            self._last_calls,
            on_problem,
            lambda: any(held.timers for held in self.service.pipelines.all.values()),
        )
        self.gates: Gates = Gates(self.time)
        self.loose_ends: LooseEnds = LooseEnds(self.clock, self.service.tasks, self.time.limits)
        self.queueing: Queueing = Queueing(self.service, self.clock, self.time, self.calls.secrets)
        self.watch: Watch | None = self._make_watch()
        self.log: Log = self._make_log()
        self._group_warnings = GroupWarnings(
            self.service.tasks.queues, None if self.watch is None else self.watch.evidence
        )
        self.time.limits.why_idle = self._why_idle
        self.time.limits.why_empty = self._why_empty
        self.responder: Responder = Responder(
            self.service,
            self.clock,
            self.time,
            self.faults,
            self.calls,
            self.gates,
            self.loose_ends,
            region=settings.region,
            loops=lambda: self._loops(),
            watch=self.watch,
            honour_read_timeout=settings.honour_read_timeout,
            on_empty_poll=self._group_warnings.poll_ended_empty,
            on_mistake=on_problem,
        )
        self.responder.on_death = self.log.note_death
        self.responder.on_hang_up = self.log.note_hang_up
        self.responder.on_held_answer = self.log.note_answer
        # asyncio's event loop and trio's run on the test's thread, once these libraries are there.
        self.loop: LoopTime | None = None
        self.trio: TrioTime | None = None
        self.workers: Workers = Workers(self.clock, self.service.tasks)
        self.driving: Driving = Driving(
            self.service,
            self.clock,
            self.time,
            self.calls,
            self.faults,
            self.loose_ends,
            lambda: bool(self.tasks),
            lambda: self._loops(),
            self._unwound,
        )
        self._interception = Interception(self.responder)
        self._own_clocks = OwnClocks(self.time)
        self._import_hooks: list[Callable[[], None]] = []

    def _make_watch(self) -> Watch | None:
        if self.settings.contract == "off":
            return None
        service = self.service
        watch = Watch(
            frozenset(filter(None, self.settings.ignored_rules.split(","))),
            self.calls.hide,
            lambda task_id: (
                service.tasks.attempt_of(task_id) if service.tasks.knows(task_id) else None
            ),
            service.pipelines.existing,
            self._done_by_hand,
        )
        service.tasks.on_taken_back = watch.taken_back
        return watch

    def _done_by_hand(self, holder: object) -> Literal["expired", "moved", ""]:
        """What the test, and not who holds a task, has done to have the present come."""
        if self.service.tasks.expiring:
            return "expired"
        mover = self._mover()
        return "" if mover is None or mover is holder else "moved"

    def _mover(self) -> Actor | None:
        """Who moves time by hand."""
        mover = self.time.moved_by
        return None if mover is None else running_coroutine() or mover

    def _unwound(self) -> None:
        """The test has ended the loop that it drives."""
        if self.watch is not None:
            with self.time.lock:
                self.watch.ended(self.responder.number_of(self.time.home))

    def _make_log(self) -> Log:
        log = Log(self.clock, lambda: self.calls._made, self.settings.kept_calls)
        tasks = self.service.tasks

        def moves(target: int) -> None:
            log.note_move(target)
            mover = self._mover()
            if self.watch is not None and mover is not None:
                others = [held for held in tasks.held if held.holder is not mover]
                self.watch.moves(target, others)

        self.time.on_moving = moves
        judge, follow = tasks.on_taken_back, tasks.on_ended

        def taken_back(attempt: Attempt, why: str) -> None:
            log.note_taken_back(attempt, why, tasks.expiring)
            if attempt.task_id is not None:
                self.time.hand_overs.lost(attempt.task_id)
            judge(attempt, why)

        def ended(instance: Instance) -> None:
            log.note_end(instance)
            follow(instance)

        tasks.on_taken_back, tasks.on_ended = taken_back, ended
        if self.watch is not None:
            self.watch.on_found = log.note_finding
        return log

    # -- what is in it ----------------------------------------------------------------------------

    @property
    def tasks(self) -> list[Task]:
        """All tasks that were enqueued, in that order, then those that pipelines made."""
        with self.time.lock:
            of_pipelines = [
                Task(run, self.service, self.time)
                for pipeline in self.service.pipelines.existing()
                for run in pipeline.runs
                if run.of.is_for_runners
            ]
        return [*self.queueing.tasks, *of_pipelines]

    @cached_property
    def pipelines(self) -> Pipelines:
        """The handle of all pipelines."""
        return Pipelines(
            self.service,
            self.time,
            self.settings.region,
            lambda condition, what, ours: self.driving.wait(
                condition, lambda: what, True, ours=ours
            ),
            self.workers,
        )

    def findings(self) -> Findings:
        """What was found until now; nothing where nothing is checked."""
        if self.watch is None:
            return Findings()
        with self.time.lock:
            return self.watch.findings()

    def _outcome_of(self, run: Run) -> str:
        outcome = self.pipelines.decide(run)
        if outcome is None and self.settings.preconditions == "look":
            from .moto_preconditions import look

            outcome = look(run)
        return outcome or "FINISHED"

    def _happened(self) -> None:
        # The service is made before the timekeeper, and nothing happens in between.
        self.time.happened()

    def _why_idle(self) -> str:
        """What explains that polls are empty for very long, and what to do about it."""
        text = self._why_empty()
        if text is not None:
            return text
        if self.tasks and self.service.pipelines.idle:
            return f"Every task has ended{self._why_not_over()}"
        return "Enqueue a task, or end the loop."

    def _why_not_over(self) -> str:
        """What goes on from "Every task has ended"."""
        driven = self.time.limits.drive is not None
        if driven and in_a_loop():
            return (
                ", but run() cannot end a coroutine within an event loop that its function starts. "
                "Give it the coroutine function itself, in a coroutine: `await "
                "datapipeline_fake.run(loop)`."
            )
        if driven:
            return ", but what run() is to wait for (until=) does not come."
        if running_coroutine() is not None:
            return (
                ", but this client blocks the event loop, so that nothing can end the coroutine. "
                "Call it in a thread, as by `await asyncio.to_thread(...)`, or use aiobotocore."
            )
        return (
            ". Drive the loop with run(...), or `await run(...)` if it is a coroutine, which ends "
            "it then."
        )

    def _why_empty(self) -> str | None:
        """What to say if the latest polls were for other worker groups than those of the tasks."""
        polled = [
            str(call.parameters.get("workerGroup"))
            for call in self.calls[-_POLLS_LOOKED_AT:]
            if call.operation == "PollForTask"
        ]
        return self._group_warnings.why_all_are_empty(polled)

    def _last_calls(self) -> str:
        latest = self.calls[-5:]
        if not latest:
            return "No call was made."
        return "Its last calls:\n" + "\n".join(f"  {call!r}" for call in latest)

    # -- as it was before -------------------------------------------------------------------------

    def restore(self, snapshot: Snapshot) -> None:
        """Be what it was then. Nobody waits, and it answers no calls meanwhile."""
        self.loop = self.trio = None
        self.time.put_back(snapshot._memento.put_back, snapshot._frozen)
        if self.watch is not None:
            self.watch.put_back()

    # -- while it answers -------------------------------------------------------------------------

    def take_over(self) -> None:
        """Answer calls, and have the clocks of the test go by this world's if that is wanted."""
        self._interception.start()
        self._take_hold()

    def _take_hold(self) -> None:
        self.time.frozen.resume()
        self._import_hooks.append(when_imported("asyncio.base_events", self._start_asyncio))
        self._import_hooks.append(when_imported("trio", self._start_trio))
        if self.settings.freeze:
            self._own_clocks.freeze()
        self.time.sync()
        self.time.sleeps_are_virtual = self.settings.virtual_sleep
        if self.settings.virtual_sleep:
            self._own_clocks.take_sleep()

    def give_way(self) -> None:
        """Leave everything as it was, even where one step of it fails."""
        all_of(self.release, self._interception.stop)

    def release(self) -> None:
        """The same, but for the clients: their calls come here, or to whom they are handed over."""
        all_of(
            self._own_clocks.give_back_sleep,
            self._stop_import_hooks,
            self._stop_loops,
            self.time.frozen.pause,
            self._own_clocks.thaw,
        )

    def hand_over(self, successor: World, participants: Participants) -> None:
        """Have another world take over, which may be this one again, once this one is released. The
        calls that come meanwhile wait for it: they are never without an answer.

        `participants`: who took part until now.
        """
        if successor is not self:
            successor._interception = self._interception
            self._interception.target.move(successor.responder)
        successor.time.open(participants)
        self.time.opening.superseded = successor is not self
        successor._take_hold()

    def end_freeze(self) -> None:
        """Have the test's clocks run again, for good."""
        self._own_clocks.end()

    def _start_asyncio(self, _: object) -> None:
        from .._time.loops.event_loop import LoopTime

        if self.loop is None:
            self.loop = LoopTime(self.time, self.settings.asyncio_timers == "virtual")
            self.time.loop = self.loop
        self.loop.start()
        self._import_hooks.append(when_imported("aiobotocore.session", self.loop.on_aiobotocore))

    def _start_trio(self, _: object) -> None:
        from .._time.loops.trio_loop import TrioTime

        if self.trio is None:
            self.trio = TrioTime(self.time, self.settings.asyncio_timers == "virtual")
            self.time.trio = self.trio
        self.trio.start()
        self._import_hooks.append(when_imported("aiobotocore.session", self.trio.on_aiobotocore))

    def _loops(self) -> Loops:
        """What the library needs whose coroutine calls."""
        if self.trio is not None:
            from .._time.loops.callers import in_trio

            if in_trio():
                return self.trio
        assert self.loop is not None  # a coroutine runs
        return self.loop

    def _stop_import_hooks(self) -> None:
        while self._import_hooks:
            self._import_hooks.pop()()

    def _stop_loops(self) -> None:
        all_of(*(loop.stop for loop in (self.loop, self.trio) if loop is not None))


def all_of(*steps: Callable[[], object]) -> None:
    """Take all steps, even where one fails; then raise what the first failure was."""
    failures = []
    for step in steps:
        try:
            step()
        except BaseException as error:  # noqa: PERF203  # the others have to be taken
            failures.append(error)
    if failures:
        raise failures[0]
