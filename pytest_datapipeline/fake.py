"""The fake: AWS Data Pipeline in this process, as a test holds it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal, overload

from . import checks
from ._clients import active
from ._contract.telling import warn_of
from ._fake.decorating import Decorated, decorate
from ._fake.gates import Gate, matcher_of
from ._fake.handles.runners import FakeClock, Heartbeat, WaitingPoll, heartbeats_of, waiting_polls
from ._fake.queueing.enqueue import check_worker_group, policy_of
from ._fake.world import Snapshot, World, all_of
from ._record.calls import Mark
from ._service.clock import SECOND, to_datetime
from ._service.settings import MAXIMUM_ID_LENGTH
from ._service.texts import counted
from ._time.limits import MAX_TIME
from ._time.unwinding import boundary
from .errors import FakeUsageError, UnmetExpectations, explained, together, told_by_message
from .settings import Settings, checked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Mapping
    from datetime import datetime, timedelta
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from ._contract.findings import Findings
    from ._fake.driving import Condition, Returned, RunOptions
    from ._fake.faults import PlannedFault
    from ._fake.handles.pipelines import Pipelines
    from ._fake.handles.tasks import Task
    from ._fake.players import Work
    from ._fake.queueing.enqueue import TaskOptions
    from ._record.call import CallMatcher
    from ._record.callers import Location
    from ._record.calls import Calls
    from ._timeline.timeline import Timeline
    from .settings import FakeOptions

__tracebackhide__ = told_by_message


class DataPipelineFake:
    """AWS Data Pipeline in this process. While it is entered, `datapipeline` clients talk to it.

    With pytest, use the fixture `datapipeline_fake`; elsewhere, use it as a context manager:

        with DataPipelineFake() as fake:
            task = fake.enqueue("my-workers", {"command": "echo hi"})

    Leaving the `with` block raises `UnmetExpectations` for what the test planned and did not meet.
    Fakes nest, each with its own clock, queues and calls: the innermost answers. As a decorator,
    `@DataPipelineFake(...)`, it gives each test a fake of its own.

    Args:
        settings: see the page of settings in the documentation; each has a default.

    Raises:
        FakeUsageError: an unknown setting, or a value that it cannot have.
    """

    if not TYPE_CHECKING:

        def __new__(cls, *decorated, **_):
            if decorated:
                raise FakeUsageError(
                    "DataPipelineFake takes settings by name; as a decorator it needs parentheses: "
                    "@DataPipelineFake()."
                )
            return super().__new__(cls)

    def __init__(self, **settings: Unpack[FakeOptions]) -> None:
        self._given = settings
        self._settings = checked(settings, "DataPipelineFake()")
        self._entered = False
        self._endpoint_url: str | None = None
        self._expected: Callable[[], str | None] = lambda: None
        self._on_start: Callable[[], None] = lambda: None
        self._problems: list[str] = []
        self._told = False
        self._start = Mark()
        self._build(_start_of(self._settings))

    def _build(self, start: int) -> None:
        """Make an empty world whose clock stands at a moment."""
        self._world = World(self._settings, start, self._problems.append)
        self._world.time.obstacles.expected = self._expected
        self.clock: FakeClock = FakeClock(self._world.time)

    def __repr__(self) -> str:
        now = to_datetime(self._world.clock.now).isoformat()
        return (
            f"<DataPipelineFake, {active.state(self)}, at {now}: "
            f"{counted(len(self.tasks), 'task')}, {counted(self._world.calls._made, 'call')}>"
        )

    # -- entering and leaving ---------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._entered:
            raise FakeUsageError("A DataPipelineFake can be entered once: make another.")
        self._entered = True
        self._world.time.open()
        active.enter(self, "DataPipelineFake")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave()
        if kind is None:
            self._warn(())
            self.verify()
        else:
            active.left_in_error(self)

    def __call__(self, test: Decorated) -> Decorated:
        """Decorate a function, a coroutine function or a class of tests: each call, or each test of
        the class, has a fake of its own with these settings.

        A function that has a parameter `datapipeline_fake` gets it there; an instance of the class
        has it as its attribute `datapipeline_fake`.

        Raises:
            FakeUsageError: it cannot be decorated, such as a generator.
        """
        decorated: Decorated = decorate(test, lambda: type(self)(**self._given))
        return decorated

    def _leave(self) -> None:
        # Time is given up before the clocks are thawed.
        world = self._world
        all_of(world.time.close, lambda: active.leave(self), world.end_freeze)

    def _take_over(self) -> None:
        self._world.take_over()

    def _give_way(self) -> None:
        self._world.give_way()

    def reset(self) -> None:
        """Empty the fake, and keep its time and its settings.

        It has no pipelines, tasks, calls, heartbeats, planned faults or functions that play
        runners.

        For fakes that serve many tests. Handles from before are of the old world. Threads that
        wait are ended as at the end of a test; an endpoint goes on with the new world.

        Raises:
            FakeUsageError: the fake is not active, this is not the thread that entered it, a call
                of it is under way, or a gate of `hold` is entered.
        """
        self._check_free("reset")
        if self._world.gates.entered:
            raise FakeUsageError(
                f"reset() would take {self._world.gates.entered[-1]!r} out of the world: leave its "
                "`with` first, or use restore(), which leaves it in place."
            )
        before = self._world
        now = before.time.now()
        self._stop(())
        self._build(now)
        self._go_on(before)

    def snapshot(self) -> Snapshot:
        """What the fake holds now, for `restore`.

        These are pipelines, tasks and what will become of them, calls, heartbeats, planned faults,
        functions that play runners, and the time.

        Raises:
            FakeUsageError: a call waits; or as `reset` does.
        """
        self._check_free("snapshot")
        # Threads that are at work are kept out: all is of one moment.
        with self._world.time.lock:
            waits = self._world.time.who_waits()
            if waits:
                raise FakeUsageError(
                    "No snapshot can be taken while a call waits, as no wait can begin twice. "
                    f"These wait: {waits}. Take it before they begin, or once they are over."
                )
            return Snapshot(self, self._world)

    def restore(self, snapshot: Snapshot) -> None:
        """Put everything back to what it was at a snapshot, as often as is wanted.

        Time goes back as well, and the test's own clocks with it where they go by the fake's. What
        comes then comes as it did after the snapshot, ids included. Handles of what was there
        at the snapshot go on; those of what came after it are of no use any more. Threads that
        wait are ended as at the end of a test; an endpoint goes on.

        Args:
            snapshot: of this fake.

        Raises:
            FakeUsageError: it is of another fake; or as `reset` does.
        """
        self._check_free("restore")
        if getattr(snapshot, "_owner", None) is not self:
            raise FakeUsageError(f"restore() takes a snapshot of this fake, not {snapshot!r}.")
        before = self._world
        self._stop(snapshot._found)
        self._world = snapshot._world
        self._world.restore(snapshot)
        self._go_on(before)

    def _check_entered(self, what: str) -> None:
        if active.is_entered(self):
            return
        why = (
            "it answers no more, as its test or its `with` has ended. Request datapipeline_fake in "
            "the test that needs it"
            if self._entered
            else "it answers no calls yet. Write `with DataPipelineFake() as fake:` around the test"
        )
        raise FakeUsageError(f"{what}() is of no use with this fake: {why}.")

    def _check_free(self, what: str) -> None:
        if active.active() is not self:
            raise FakeUsageError(
                f"{what}() is for the fake that answers calls, and this one is "
                f"{active.state(self)}."
            )
        if not self._world.time.at_home:
            raise FakeUsageError(
                f"{what}() is for the thread that entered the fake, {self._world.time.home.name!r}."
            )
        if self._world.time.busy:
            raise FakeUsageError(
                f"{what}() was called while a call or run() of this thread is under way, such as "
                "from a function that plays a task runner, or a predicate. Call it in between."
            )

    def _stop(self, found_before: Collection[str]) -> None:
        """Answer no more calls. What is gone then and is to fail the test is kept for its end."""
        if self._told:
            self._told = False
            self._problems.clear()
        if self._settings.contract == "fail":
            fresh = [
                found.as_failure()
                for found in self._findings().broken
                if found.in_a_line() not in found_before
            ]
            self._problems += [text for text in fresh if text not in self._problems]
        self._problems += self._world.driving.never_awaited()
        self._world.time.close(goes_on=True)
        self._world.release()

    def _go_on(self, before: World) -> None:
        self._world.time.obstacles.expected = self._expected
        self.clock = FakeClock(self._world.time)
        self._start = self._mark()._replace(era=self._start.era + 1)
        self._on_start()
        before.hand_over(self._world, before.time.participants)

    def _attach(
        self, url: str, why_wait: Callable[[], str | None], on_start: Callable[[], None]
    ) -> None:
        """Have time wait for what an endpoint expects, which is told when a world begins."""
        if self._endpoint_url is not None:
            raise FakeUsageError(
                f"This fake has an endpoint already, {self._endpoint_url}: a test has one."
            )
        self._endpoint_url = url
        self._expected = self._world.time.obstacles.expected = why_wait
        self._on_start = on_start

    def _detach(self) -> None:
        self._endpoint_url = None
        self._expected = self._world.time.obstacles.expected = lambda: None
        self._on_start = lambda: None

    def verify(self) -> None:
        """Raise what a test's end has to tell, once and as a whole.

        Raises:
            UnmetExpectations: faults that were planned and not met; calls that were refused, or
                waits that nobody ended, even where the code under test swallowed the error.
        """
        __tracebackhide__ = True
        problems = self._unmet()
        if problems:
            raise UnmetExpectations(together(problems))

    def _warn(self, told: Collection[str], elsewhere: Location | None = None) -> None:
        """Warn of what breaks AWS's rules, each at the line that made the call.

        Args:
            told: what need not be told, each as `Finding.in_a_line` has it.
            elsewhere: the line for calls that came from another process.
        """
        if self._settings.contract == "warn":
            fresh = (found for found in self._findings() if found.in_a_line() not in told)
            warn_of(fresh, elsewhere)

    def _unmet(self) -> list[str]:
        if self._told:
            return []
        self._told = True
        problems = [*self._problems, *self._world.driving.never_awaited()]
        if self._settings.contract == "fail":
            problems += [found.as_failure() for found in self._findings().broken]
        if self._settings.unmet_faults_fail:
            operations = self.calls.operations
            problems += [
                explained(
                    f"A planned fault was not met: {fault!r}. {fault.why_not_met(operations)} "
                    + (f"It was planned at {fault.planned_at}. " if fault.planned_at else "")
                    + "Plan it with optional=True if it need not come.",
                    about="fault-not-met",
                )
                for fault in self._world.faults.unmet()
            ]
        return problems

    # -- tasks ------------------------------------------------------------------------------------

    @property
    def region(self) -> str:
        """The region that clients get which are made without one."""
        return self._settings.region

    @property
    def tasks(self) -> list[Task]:
        """All tasks that were enqueued, in that order, then those that pipelines made."""
        return self._world.tasks

    @property
    def pipelines(self) -> Pipelines:
        """The pipelines: define and activate them, run them, see how they stand."""
        return self._world.pipelines

    def _never_awaited(self) -> list[str]:
        return self._world.driving.never_awaited()

    def _pipelines_in_report(self) -> str:
        """How the pipelines stand that are more than a queue; for a failed test's report."""
        with self._world.time.lock:
            defined = {
                held.id
                for held in self._world.service.pipelines.existing()
                if held.definition.objects
            }
            return "\n".join(repr(held) for held in self.pipelines if held.id in defined)

    def _charts_in_report(self) -> str:
        """When the runs of these pipelines worked; for a failed test's report."""
        with self._world.time.lock:
            charts = [(held.name, held.gantt) for held in self.pipelines]
            return "\n".join(f"{name}\n{chart}" for name, chart in charts if chart)

    def work(
        self,
        function: Callable[[Work], object] = lambda _: None,
        *,
        worker_group: str | None = None,
        seconds: float | timedelta = 0,
    ) -> None:
        """Have a function play the task runners from now on.

        Tasks go to it without polls; time has to move for that, by a call that waits, `run` or
        `wait_until`.

        Args:
            function: gets the work; it returns None or True for FINISHED, "FAILED" or "FALSE" for
                these, or raises an exception for FAILED. An AssertionError goes to the test. By
                default every task succeeds.
            worker_group: whose tasks; by default those of all, managed resources' included.
            seconds: how long a task takes, in virtual seconds or as a timedelta.

        Raises:
            FakeUsageError: no function that takes the work, no worker group, or no duration.
        """
        if worker_group is not None:
            check_worker_group(worker_group)
        with self._world.time.lock:
            self._world.workers.add(
                function, worker_group, None, checks.seconds("seconds", seconds)
            )

    @overload
    def enqueue(self, worker_group: str, **options: Unpack[TaskOptions]) -> Task: ...

    @overload
    def enqueue(
        self,
        worker_group: str,
        task: Mapping[str, Any],
        /,
        **options: Unpack[TaskOptions],
    ) -> Task: ...

    @overload
    def enqueue(
        self,
        worker_group: str,
        first: Mapping[str, Any],
        second: Mapping[str, Any],
        /,
        *more: Mapping[str, Any],
        **options: Unpack[TaskOptions],
    ) -> list[Task]: ...

    def enqueue(
        self,
        worker_group: str,
        *tasks: Mapping[str, Any],
        id: str | None = None,
        type: str = "ShellCommandActivity",
        pipeline_id: str | None = None,
        region: str | None = None,
        objects: Mapping[str, Any] | None = None,
        delay: float | timedelta | None = None,
        at: datetime | str | None = None,
        maximum_retries: int | None = None,
        retry_delay: float | timedelta | None = None,
        report_progress_timeout: float | timedelta | None = None,
        attempt_timeout: float | timedelta | None = None,
    ) -> Task | list[Task]:
        """Put one task, or several, into the queue of a worker group.

        A task is a plain mapping of fields, `{"command": "echo hi", "step": ["a", "b"],
        "output": ref("MyOutput")}`, or a whole task object as `poll_for_task` returns it.

        Args:
            worker_group: whose runners the tasks are for; compared exactly.
            tasks: the tasks; without any, one ShellCommandActivity with `command` "true".
            id: the id of the pipeline component that they are runs of.
            type: the type of the activity, where the fields do not give it.
            pipeline_id: the pipeline that they belong to.
            region: the region whose clients they are for; None for the first matching poll of any.
            objects: further objects that the task carries, as `{id: fields}`.
            delay: seconds or a timedelta until they are ready, in virtual time.
            at: the moment at which they are ready (UTC if it has no zone), in place of a delay.
            maximum_retries: how often a failed task is tried again. The service's default is 2.
            retry_delay: seconds or a timedelta between tries. The service's default is 10 minutes.
            report_progress_timeout: how long a runner may be silent after its acknowledgement.
                The service's default is 15 minutes.
            attempt_timeout: how long an attempt may last from its hand-over; by default forever.

        Returns:
            a handle; a list of handles if several tasks were given.

        Raises:
            FakeUsageError: something that the service could not hand out, in which case nothing
                is enqueued; or this fake answers no more.
        """
        if self._entered:
            self._check_entered("enqueue")
        with self._world.time.lock:
            self._world.time.sync()
            found = self._world.queueing.enqueue(
                worker_group,
                tasks or ({"command": "true"},),
                id=id,
                type=type,
                pipeline_id=pipeline_id,
                region=region,
                objects=objects,
                delay=delay,
                at=at,
                policy=policy_of(
                    maximum_retries, retry_delay, report_progress_timeout, attempt_timeout
                ),
            )
            self._world.log.note_enqueued(task._instance for task in found)
        return found[0] if len(tasks) <= 1 else found

    # -- faults -----------------------------------------------------------------------------------

    def fail(
        self,
        call: str | CallMatcher,
        error: object,
        *,
        message: str | None = None,
        times: int = 1,
        after: int = 0,
        per: Literal["call", "request"] = "call",
        optional: bool = False,
    ) -> PlannedFault:
        """Plan that calls fail.

        Args:
            call: the operation, as "poll_for_task" or "PollForTask", or a matcher.
            error: an error of the service by name, class (`client.exceptions.X`) or instance; an
                HTTP status; an exception of botocore; or one of "throttling", "connect_timeout",
                "read_timeout", "connection_refused", "connection_dropped", "not_json",
                "answer_lost" (the service acts, the client gets a connection error) and
                "runner_dies".
            message: the text of a service error; by default the service's own.
            times: how many calls fail.
            after: how many pass before.
            per: "call" counts calls of the client: botocore's own retries of a failed call fail as
                well, so the code under test sees the error. "request" counts HTTP requests, so
                that a retry of botocore's can succeed.
            optional: whether the test may end without the fault.

        Returns:
            the fault; its `met` counts.

        Raises:
            FakeUsageError: an operation or error that does not exist, or an error that AWS's
                model does not give the operation.
        """
        if self._entered:
            self._check_entered("fail")
        with self._world.time.lock:
            return self._world.faults.plan(
                call, error, message=message, times=times, after=after, per=per, optional=optional
            )

    def hold(self, call: str | CallMatcher, *, at: Literal["door", "answer"] = "door") -> Gate:
        """Hold calls of threads and coroutines, to pin down who comes first.

            with fake.hold("set_task_status") as held:
                held.wait()        # until a runner comes to it
                ...                # what happens meanwhile
                held.release()     # leaving the block does so, too

        Args:
            call: the operation, as "set_task_status" or "SetTaskStatus", or a matcher.
            at: where they are held: at the service's "door", before it acts on them, or when it
                has acted, before its "answer".

        Raises:
            FakeUsageError: an operation that does not exist, or no such place.
        """
        if at not in ("door", "answer"):
            raise FakeUsageError(f"hold(at={at!r}): it can be 'door' or 'answer'.")
        driving = self._world.driving
        return Gate(matcher_of(call), at, self._world.gates, driving.wait_held, driving.until_held)

    # -- driving and waiting ----------------------------------------------------------------------

    @overload
    def run(
        self,
        runner_loop: Callable[[], Coroutine[Any, Any, Returned]],
        **options: Unpack[RunOptions],
    ) -> Coroutine[Any, Any, Returned | None]: ...

    @overload
    def run(
        self, runner_loop: Callable[[], Returned], **options: Unpack[RunOptions]
    ) -> Returned | None: ...

    @boundary
    def run(
        self,
        runner_loop: Callable[[], Any],
        *,
        until: Condition | Task | datetime | timedelta | None = None,
        max_calls: int = 10_000,
        max_time: float | timedelta = MAX_TIME,
        die_at: str | CallMatcher | None = None,
    ) -> Any:
        """Run the loop of a task runner on this thread, and end it when it has done its work.

        The loop may be endless: it is unwound from its next call by an exception that
        `except Exception` does not catch. A loop that is a coroutine is to be awaited,
        `await datapipeline_fake.run(loop)`, and is canceled.

        A task that was canceled has ended when its runner has shown whether it stops; one whose
        final status got no answer, when its runner has polled again or died; both at the latest
        five virtual minutes later, in `until` and `wait_until` as well. Unless `until` is a moment
        or a span, a call that botocore is about to send again is completed first.

        Args:
            runner_loop: called without arguments; a function or a coroutine function.
            until: when to end it: by default when every task has ended; when a task has; when a
                predicate holds; at a moment of virtual time, or after a span of it.
            max_calls: how many calls it may make.
            max_time: how much virtual time it may take, in seconds or as a timedelta; 7 days.
            die_at: a call at which the runner dies instead, an operation's name or a matcher: the
                request is not sent, the runner is unwound, and `run` returns.

        Returns:
            what the loop returned; None if it was unwound.

        Raises:
            FakeUsageError: there is nothing to run until; every task would never end, as a
                pipeline's schedule has no end; or this is not the test's own thread.
            Stuck: a limit was reached; the text names the last calls.
            UnmetExpectations: no call met `die_at`.
        """
        self._check_entered("run")
        return self._world.driving.run(runner_loop, until, max_calls, max_time, die_at)

    def until(
        self,
        condition: Condition | Task | datetime | timedelta | None = None,
        *,
        max_time: float | timedelta = MAX_TIME,
    ) -> Coroutine[Any, Any, None]:
        """Wait in a coroutine for the others of its event loop; what `wait_until` is for threads.
        Virtual time moves on while none of them can act.

        Args:
            condition: by default, that every task has ended; a task that is to end; a predicate; a
                moment of virtual time, or a span of it from now.
            max_time: how much virtual time it may take, in seconds or as a timedelta; 7 days. A
                moment and a span are limits of their own.

        Raises:
            FakeUsageError: the loop is neither asyncio's own nor trio's, or not on the test's own
                thread.
            Stuck: nothing happened for the setting `patience`, nothing but empty polls for the
                setting `idle_limit`, or `max_time` has passed.
        """
        self._check_entered("until")
        return self._world.driving.until(condition, max_time)

    def wait_until(
        self,
        condition: Condition | Task | datetime | timedelta | None = None,
        *,
        move_time: bool = True,
        max_time: float | timedelta = MAX_TIME,
    ) -> None:
        """Wait for runners that work in threads of their own.

        Virtual time moves on while all of them wait for it.

        Args:
            condition: by default, that every task has ended; a task that is to end; a predicate; a
                moment of virtual time, or a span of it from now.
            move_time: False to leave time alone and only wait for the threads. A task that was
                canceled has ended at once then.
            max_time: how much virtual time it may take, in seconds or as a timedelta; 7 days. A
                moment and a span are limits of their own.

        Raises:
            FakeUsageError: this is not the test's own thread.
            Stuck: nothing happened for the setting `patience`, nothing but empty polls for the
                setting `idle_limit`, or `max_time` has passed.
        """
        self._check_entered("wait_until")
        self._world.driving.wait_until(condition, move_time, max_time)

    # -- what happened ----------------------------------------------------------------------------

    @property
    def calls(self) -> Calls:
        """Every request so far, in order, or as many of the latest as `kept_calls` says."""
        return self._world.calls

    @property
    def findings(self) -> Findings:
        """What task runners, and programs around them, did until now that AWS asks them not to do.

        Raises:
            FakeUsageError: the setting `contract` is off, so nothing was checked.
        """
        if self._world.watch is None:
            raise FakeUsageError('There are no findings with contract="off": nothing is checked.')
        return self._findings()

    def _findings(self) -> Findings:
        """The same; none where nothing is checked."""
        return self._world.findings()

    @property
    def timeline(self) -> Timeline:
        """What happened until now, in virtual time and in lanes: runners, queues, tasks, the test.

        `print` it. It is put together when it is asked for, and does not grow.
        """
        return self._timeline()

    def _timeline(self, after: int = 0, failure: str | None = None) -> Timeline:
        """That after so many calls, and how the test has failed."""
        from ._timeline.story import Traces
        from ._timeline.timeline import Timeline

        with self._world.time.lock:
            traces = Traces(
                self._world.calls,
                [task._instance for task in self.tasks],
                self._world.log,
                self._findings(),
                self._world.clock.now,
            )
            return Timeline.of(traces, after, failure)

    def _mark(self) -> Mark:
        """What the record holds now, for `_since`."""
        found = frozenset(found.in_a_line() for found in self._findings())
        return Mark(self._start.era, self.calls._made, found)

    def _since(self, mark: Mark) -> Mark:
        """That mark, or, if the fake was reset or restored since, what it began with then."""
        return mark if mark.era == self._start.era else self._start

    @property
    def waiting(self) -> list[WaitingPoll]:
        """The polls that the service holds now, those that their clients gave up included."""
        with self._world.time.lock:
            return waiting_polls(self._world.service)

    @property
    def heartbeats(self) -> dict[str, list[Heartbeat]]:
        """The heartbeats of each task runner, by its taskrunnerId."""
        with self._world.time.lock:
            return heartbeats_of(self._world.service)

    def terminate(self, taskrunner_id: str | None = None) -> None:
        """Have the heartbeats of a task runner answered with `terminate: true` from now on.

        Args:
            taskrunner_id: whose; by default those of all.
        """
        if taskrunner_id is not None:
            checks.text("taskrunner_id", taskrunner_id, MAXIMUM_ID_LENGTH)
        with self._world.time.lock:
            if taskrunner_id is None:
                self._world.service.terminating_all = True
            else:
                self._world.service.terminating.add(taskrunner_id)


def _start_of(settings: Settings) -> int:
    if settings.start is not None:
        return checks.moment("start", settings.start)
    return int(time.time()) * SECOND
