"""Whether a runner speaks of the task that it holds."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from ..evidence import GONE
from ..rule import Found, rule
from .reporting import whole

if TYPE_CHECKING:
    from ..._record.call import Call
    from ..evidence import Evidence

_ABOUT_TASKS = ("ReportTaskProgress", "SetTaskStatus")
# A piece of so many characters of a task id is taken for one that was cut off.
_PIECE = 20
# Of so many tasks the ids are compared with one that nobody knows.
_LATEST = 50


@rule(
    "stale-task",
    "inferred",
    _ABOUT_TASKS,
    asked="A task whose runner is late is given to another one",
    source="service model of AWS's SDKs, PollForTask and ReportTaskProgress",
    remedy="Acknowledge and report in time, and end the work when the service says "
    "TaskNotFoundException.",
)
def stale_task(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.taken_back is None or held.stale or not held.overdue:
        return None
    held.stale = call
    return Found(
        f"{call.thread} speaks of {whole(held)}, which was taken from it.",
        (held.poll, call),
        held.attempt_id,
    )


@rule(
    "damaged-task-id",
    "broken",
    _ABOUT_TASKS,
    asked="taskId is the one that PollForTask has answered, whole and unchanged",
    source="service model of AWS's SDKs, ReportTaskProgress; examples of real ids",
    remedy="Keep it as a text of up to 2048 characters, and do not quote it.",
)
def damaged_task_id(seen: Evidence, call: Call) -> Found | None:
    given = call.parameters.get("taskId")
    if call.error not in GONE or not isinstance(given, str) or given in seen.tasks:
        return None
    for held in islice(reversed(seen.tasks.values()), _LATEST):
        what = _damage(given, held.task_id, held.attempt_id, held.pipeline_id)
        if what is not None:
            return Found(f"The taskId is {what}.", (held.poll, call), held.task_id)
    return None


def _damage(given: str, task_id: str, attempt_id: str, pipeline_id: str) -> str | None:
    if given == attempt_id:
        return f"the attempt's id, {attempt_id}"
    if given == pipeline_id:
        return f"the pipeline's id, {pipeline_id}"
    if len(given) >= _PIECE and task_id.startswith(given):
        return f"the first {len(given)} characters of one that has {len(task_id)}"
    if given in (quote(task_id), quote(task_id, safe=""), unquote(task_id)):
        return "one that was quoted for a URL, or unquoted"
    return None


@rule(
    "goes-on-without-task",
    "inferred",
    _ABOUT_TASKS,
    asked="TaskNotFoundException is final: no repetition can mend it",
    source="service model of AWS's SDKs, ReportTaskProgress, its errors",
    remedy="End the work on the task, and poll.",
)
def goes_on_without_task(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.gone is None or held.gone.error != "TaskNotFoundException":
        return None
    if not seen.knows(held.gone, call):
        return None
    return Found(
        f"{call.thread} speaks of {whole(held)} after it was told that there is no such task.",
        (held.gone, call),
        held.attempt_id,
    )


@rule(
    "evaluates-foreign-object",
    "inferred",
    "EvaluateExpression",
    asked="A task runner evaluates expressions in the context of the attempt that it works on",
    source="service model of AWS's SDKs, EvaluateExpression",
    remedy="Give the attemptId of the task object as objectId.",
)
def evaluates_foreign_object(seen: Evidence, call: Call) -> Found | None:
    runner = seen.runners.get(call._caller)
    if runner is None or not runner.polls:
        return None
    asked = call.parameters.get("objectId")
    mine = [
        held for held in seen.tasks.values() if held.poll._caller == call._caller and not held.over
    ]
    # Threads may hand tasks to each other.
    if not mine or any(held.attempt_id == asked for held in seen.tasks.values()):
        return None
    return Found(
        f"{call.thread} evaluates an expression for {asked!r}, which is no attempt of its.",
        (mine[-1].poll, call),
    )
