"""The operations of the service: a request dict in, a response dict or a ticket for one out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .clock import SECOND, VirtualClock
from .definitions.definition import field_of
from .errors import ServiceError, invalid_request, validation
from .instances.instance import FINISHED
from .instances.life import Tasks
from .instances.queues import Poll
from .operations.arrivals import Arrivals
from .operations.defining import Defining
from .operations.lifecycle import Lifecycle
from .operations.registry import Registry
from .operations.watching import Watching
from .protocol import model
from .protocol.ids import Ids
from .protocol.task_object import TaskObject
from .scheduling.engine import Engine
from .settings import DELETION_SECONDS, POLL_SECONDS, ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from .components.component import Run


@dataclass(slots=True)
class Caller:
    """Who makes a call: what the service can tell of him apart from the parameters."""

    region: str
    invocation_id: str = ""
    # The worker whose unfinished tasks time must not overtake; None if time may.
    holder: object = field(default=None, compare=False)


@dataclass(frozen=True)
class HeartbeatRecord:
    """One ReportTaskRunnerHeartbeat."""

    at: int
    worker_group: str | None
    hostname: str | None


# A task object is an answer as well: it is turned into bytes without a detour.
# None is an answer without a body, which two operations have.
Answer = dict[str, Any] | TaskObject | None


class Service:
    """AWS Data Pipeline, on a virtual clock.

    Args:
        on_event: told when anything has happened that is no empty poll.
        outcome_of: how a simulated resource ends, or a precondition that the service
            checks.
    """

    def __init__(
        self,
        clock: VirtualClock,
        settings: ServiceSettings,
        on_event: Callable[[], None] = lambda: None,
        outcome_of: Callable[[Run], str] = lambda _: FINISHED,
    ) -> None:
        self.clock = clock
        self.settings = settings
        self.ids: Ids = Ids(settings.seed)
        self.tasks: Tasks = Tasks(clock, settings, self.ids, on_event)
        self.engine: Engine = Engine(clock, settings, self.tasks, outcome_of)
        self.pipelines: Registry = Registry(clock, settings, self.tasks)
        self.arrivals: Arrivals = Arrivals(self.pipelines, self.tasks)
        self.heartbeats: dict[str, list[HeartbeatRecord]] = {}
        self.terminating: set[str] = set()
        self.terminating_all = False
        self._on_event = on_event
        self._operations: dict[str, Callable[[dict[str, Any], Caller], Answer | Poll]] = {
            "PollForTask": self.poll_for_task,
            "ReportTaskProgress": self.report_task_progress,
            "ReportTaskRunnerHeartbeat": self.report_task_runner_heartbeat,
            "SetTaskStatus": self.set_task_status,
        }
        for part in (
            Defining(clock, settings, self.ids, self.tasks, self.pipelines),
            Lifecycle(clock, settings, self.tasks, self.engine, self.pipelines),
            Watching(clock, settings, self.ids, self.pipelines),
        ):
            for name, method in part.operations.items():
                self._operations[name] = _by_region(method)

    def handle(self, operation: str, parameters: dict[str, Any], caller: Caller) -> Answer | Poll:
        """Act on a request.

        Raises:
            ServiceError: the service's error answer.
        """
        method = self._operations.get(operation)
        if method is None:
            raise ServiceError("UnknownOperationException", f"There is no operation {operation}.")
        violations = model.input_violations(operation, parameters)
        if violations:
            raise validation(violations)
        return method(parameters, caller)

    def poll_for_task(self, parameters: dict[str, Any], caller: Caller) -> Answer | Poll:
        """A ready task at once, else a poll that the first one to become ready resolves."""
        worker_group = parameters["workerGroup"]
        if not worker_group:
            # Our choice: the model lets an empty string pass, and no group can have that name.
            raise _missing("workerGroup")
        hostname = parameters.get("hostname")
        attempt = self.tasks.queues.take(worker_group, caller.region)
        if attempt is not None:
            return self.tasks.hand_over(attempt, hostname, caller.holder)
        clock = self.clock
        poll = Poll(worker_group, caller.region, hostname, caller.holder, clock.now)
        poll.timer = clock.call_later(POLL_SECONDS * SECOND, lambda: self._poll_ends(poll))
        self.tasks.queues.wait(poll)
        return poll

    def hang_up(self, poll: Poll) -> None:
        """Take a poll out of its queue whose connection has ended: nothing is handed to it."""
        if poll.resolved:
            return
        if poll.timer is not None:
            self.clock.cancel(poll.timer)
        self.tasks.queues.leave(poll)
        poll.resolve({})

    def _poll_ends(self, poll: Poll) -> None:
        self.tasks.queues.leave(poll)
        poll.resolve({})

    def report_task_progress(self, parameters: dict[str, Any], caller: Caller) -> Answer:
        """Acknowledge a task, or keep it."""
        fields = tuple(field_of(given) for given in parameters.get("fields") or ())
        self._check_pipeline(parameters["taskId"])
        canceled = self.tasks.report(parameters["taskId"], fields, caller.holder)
        return {"canceled": canceled}

    def set_task_status(self, parameters: dict[str, Any], caller: Caller) -> Answer:
        """End an attempt."""
        self._check_pipeline(parameters["taskId"])
        self.tasks.set_status(
            parameters["taskId"],
            parameters["taskStatus"],
            error_id=parameters.get("errorId"),
            error_message=parameters.get("errorMessage"),
            error_stack_trace=parameters.get("errorStackTrace"),
            invocation_id=caller.invocation_id,
        )
        return {}

    def _check_pipeline(self, task_id: str) -> None:
        # Our choice: a runner is told to cancel while a deletion lasts, and gets an error later.
        if self.pipelines.any_deleted:
            self.pipelines.check_task(self.tasks.attempt_of(task_id), DELETION_SECONDS)

    def report_task_runner_heartbeat(self, parameters: dict[str, Any], _: Caller) -> Answer:
        """Note that a runner is alive, and tell it whether it should end."""
        runner = parameters["taskrunnerId"]
        self.heartbeats.setdefault(runner, []).append(
            HeartbeatRecord(
                self.clock.now, parameters.get("workerGroup"), parameters.get("hostname")
            )
        )
        return {"terminate": self.terminating_all or runner in self.terminating}


def _by_region(
    method: Callable[[dict[str, Any], str], Answer],
) -> Callable[[dict[str, Any], Caller], Answer]:
    return lambda parameters, caller: method(parameters, caller.region)


def _missing(name: str) -> ServiceError:
    return invalid_request("The request is missing a required value", name)
