"""What can go wrong at a call, and how it is planned in a fake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .._fake.faults import Effect, PlannedFault
from .._record.call import CallMatcher
from .._record.rendering import method
from .._service.clock import SECOND
from .._service.protocol import model
from .._service.texts import did_you_mean
from ..errors import FakeUsageError, told_by_message, usage_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .._record.call import Call
    from ..fake import DataPipelineFake

__tracebackhide__ = told_by_message

# What every call can meet, beside the exceptions that AWS's model gives its operation.
_EVERYWHERE = {
    "throttling": "the service answers ThrottlingException",
    "500": "an answer with HTTP status 500 and no body",
    "503": "an answer with HTTP status 503 and no body",
    "connect_timeout": "no connection within the client's connect time-out",
    "read_timeout": "no answer within the client's read time-out; the service did not act",
    "connection_dropped": "the connection ends before the service acts",
    "answer_lost": "the service acts, and the connection ends before its answer arrives",
    "not_json": "status 200 with a page of HTML",
    "runner_dies": "the runner dies before the request is sent, and is started again",
    "clock_jumps": "time jumps over the next deadline of a task",
}
# What only a call about a task can.
_OF_TASKS = {
    "task_canceled": "the task is canceled",
    "task_taken_back": "the task is taken back, as if its runner were late",
}
# Without a deadline to jump over, time jumps as far as an acknowledgement has time.
_JUMP = 120 * SECOND
_PLACE = re.compile(r"(?P<method>[a-z_]+)#(?P<number>[1-9][0-9]*)=(?P<kind>\w+)")


class Disturbance(NamedTuple):
    """One thing that goes wrong at one call.

    Attributes:
        operation: AWS's name of the call's operation.
        number: which of the calls of that operation, from 1 on; botocore's own repetitions of a
            call do not count.
        kind: what goes wrong.
    """

    operation: str
    number: int
    kind: str

    @property
    def place(self) -> str:
        """The call."""
        return f"{method(self.operation)}#{self.number}"

    def __str__(self) -> str:
        return f"{self.place}={self.kind}"

    def plan(self, fake: DataPipelineFake) -> PlannedFault:
        """Have it happen in a fake."""
        actions: dict[str, Callable[[DataPipelineFake, Call], None]] = {
            "task_canceled": _cancel,
            "task_taken_back": _take_back,
            "clock_jumps": _jump,
        }
        after = self.number - 1
        action = actions.get(self.kind)
        if action is None:
            error: int | str = int(self.kind) if self.kind.isdigit() else self.kind
            return fake.fail(method(self.operation), error, after=after, optional=True)
        effect = Effect("disturbance", disturb=lambda call: action(fake, call))
        matcher = CallMatcher(self.operation, {})
        fault = PlannedFault(matcher, effect, self.kind, 1, after, "call", optional=True)
        fake._world.faults.planned.append(fault)
        return fault


def _cancel(fake: DataPipelineFake, call: Call) -> None:
    tasks = fake._world.service.tasks
    task_id = call.parameters.get("taskId", "")
    if tasks.knows(task_id):
        instance = tasks.attempt_of(task_id).instance
        tasks.disturbed[instance] = fake._world.clock.now
        tasks.cancel(instance)


def _take_back(fake: DataPipelineFake, call: Call) -> None:
    tasks = fake._world.service.tasks
    task_id = call.parameters.get("taskId", "")
    if tasks.knows(task_id):
        tasks.expire(tasks.attempt_of(task_id).instance)


def _jump(fake: DataPipelineFake, _: Call) -> None:
    tasks = fake._world.service.tasks
    deadlines = [
        deadline
        for attempt in tasks.handed_out()
        if (deadline := tasks.deadline(attempt.instance)) is not None
    ]
    tasks.expiring = True
    try:
        fake._world.time.skip_to(min(deadlines, default=fake._world.clock.now + _JUMP))
    finally:
        tasks.expiring = False


def kinds_of(operation: str) -> dict[str, str]:
    """What can go wrong at a call of an operation, and what that is."""
    errors = {name: f"the service answers {name}" for name in model.errors_of(operation)}
    of_tasks = _OF_TASKS if "taskId" in model.input_parameters(operation) else {}
    return {**errors, **_EVERYWHERE, **of_tasks}


def all_kinds() -> list[str]:
    """All that can go wrong anywhere."""
    found = dict.fromkeys(_EVERYWHERE) | dict.fromkeys(_OF_TASKS)
    for operation in model.operations():
        found.update(dict.fromkeys(model.errors_of(operation)))
    return list(found)


def check_kinds(kinds: Iterable[str], where: str) -> frozenset[str]:
    """The kinds of disturbances that a user names.

    Raises:
        FakeUsageError: there is no such kind.
    """
    if isinstance(kinds, str):
        kinds = [kinds]
    known = all_kinds()
    chosen = [str(kind) for kind in kinds]
    for kind in chosen:
        if kind not in known:
            raise FakeUsageError(
                f"{where}: there is no disturbance {kind!r}.{did_you_mean(kind, known)} "
                f"Disturbances are: {', '.join(known)}."
            )
    return frozenset(chosen)


def parse(text: str) -> Disturbance:
    """A disturbance from its text, as in "poll_for_task#2=answer_lost".

    Raises:
        FakeUsageError: it is none.
    """
    met = _PLACE.fullmatch(text)
    if met is None:
        raise FakeUsageError(
            f"{text!r} is no disturbance; one is written as in 'poll_for_task#2=answer_lost'."
        )
    with usage_errors(about="unknown-operation"):
        operation = model.operation_name(met["method"])
    kind = met["kind"]
    if kind not in kinds_of(operation):
        known = kinds_of(operation)
        raise FakeUsageError(
            f"{met['method']} cannot meet {kind!r}.{did_you_mean(kind, known)} "
            f"It can meet: {', '.join(known)}."
        )
    return Disturbance(operation, int(met["number"]), kind)
