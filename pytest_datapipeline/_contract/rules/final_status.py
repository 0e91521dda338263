"""How a runner ends a task."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ..._service.instances.instance import USER_MANAGED_PRECONDITIONS
from ..rule import Found, rule
from .reporting import whole

if TYPE_CHECKING:
    from ..._record.call import Call
    from ..evidence import Evidence

STATUSES = ("FINISHED", "FAILED", "FALSE")
# The model of AWS's SDKs says 1024 for both; the current page says 4095 for the stack trace.
_LONGEST = 1024
_LONGEST_STACK = 4095


@rule(
    "false-for-activity",
    "broken",
    "SetTaskStatus",
    asked="FALSE is for preconditions; an activity is FINISHED or FAILED",
    source="service model of AWS's SDKs, SetTaskStatus",
    remedy='Set taskStatus="FAILED" for an activity.',
)
def false_for_activity(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or call.parameters.get("taskStatus") != "FALSE":
        return None
    if held.type in USER_MANAGED_PRECONDITIONS:
        return None
    return Found(f"{whole(held)} ({held.type}) was set FALSE.", (call,))


@rule(
    "failed-precondition",
    "advice",
    "SetTaskStatus",
    asked="FALSE says that a precondition does not hold yet, so that it is checked again; FAILED "
    "ends it",
    source="service model of AWS's SDKs, SetTaskStatus",
    remedy='Set taskStatus="FALSE" where the check itself went well.',
)
def failed_precondition(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.type not in USER_MANAGED_PRECONDITIONS:
        return None
    if call.parameters.get("taskStatus") != "FAILED" or call.parameters.get("errorId"):
        return None
    return Found(f"{whole(held)} ({held.type}) was set FAILED without an errorId.", (call,))


@rule(
    "unknown-status",
    "broken",
    "SetTaskStatus",
    asked="A task's final status is FINISHED, FAILED or FALSE",
    source="service model of AWS's SDKs, TaskStatus",
    remedy="Write it so, in capitals; botocore lets any text pass.",
)
def unknown_status(_: Evidence, call: Call) -> Found | None:
    status = call.parameters.get("taskStatus")
    if status in STATUSES:
        return None
    return Found(f"A task was set to {status!r}.", (call,))


@rule(
    "reserved-error-id",
    "broken",
    "SetTaskStatus",
    asked='An errorId is not to begin with "Service_", which the system keeps for itself',
    source="service model of AWS's SDKs, SetTaskStatus",
    remedy="Give your errors ids of their own.",
)
def reserved_error_id(_: Evidence, call: Call) -> Found | None:
    error_id = str(call.parameters.get("errorId", ""))
    return Found(f"The errorId is {error_id!r}.", (call,)) if error_id[:8] == "Service_" else None


@rule(
    "long-error-text",
    "broken",
    "SetTaskStatus",
    asked="An errorId has at most 1024 characters, an errorStackTrace 1024 or, by the current "
    "page, 4095",
    source="service model of AWS's SDKs, SetTaskStatus; current API reference",
    remedy="Keep the end of the stack trace: a refused call leaves the task without a status.",
)
def long_error_text(_: Evidence, call: Call) -> Found | None:
    for name, longest in (("errorId", _LONGEST), ("errorStackTrace", _LONGEST_STACK)):
        length = len(str(call.parameters.get(name, "")))
        if length > longest:
            return Found(f"The {name} has {length} characters.", (call,))
    return None


@rule(
    "long-stack-trace",
    "advice",
    "SetTaskStatus",
    asked="The model of AWS's SDKs allows an errorStackTrace 1024 characters, the current page "
    "4095",
    source="service model of AWS's SDKs, SetTaskStatus; current API reference",
    remedy="Send the last 1024 characters.",
)
def long_stack_trace(_: Evidence, call: Call) -> Found | None:
    length = len(str(call.parameters.get("errorStackTrace", "")))
    if not _LONGEST < length <= _LONGEST_STACK:
        return None
    return Found(f"The errorStackTrace has {length} characters.", (call,))


@rule(
    "error-characters",
    "broken",
    "SetTaskStatus",
    asked="An errorId and an errorStackTrace hold no control characters but tabs and line ends",
    source="service model of AWS's SDKs, the pattern of both",
    remedy="Take colours of terminals and the like out of what commands have printed.",
)
def error_characters(_: Evidence, call: Call) -> Found | None:
    for name in ("errorId", "errorStackTrace"):
        met = _forbidden().search(str(call.parameters.get(name, "")))
        if met is not None:
            return Found(f"The {name} holds the character {met[0]!r}.", (call,))
    return None


@cache
def _forbidden() -> re.Pattern[str]:
    return re.compile("[^\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff\r\n\t]")


@rule(
    "failed-without-error",
    "advice",
    "SetTaskStatus",
    asked="errorId and errorMessage are shown to those who look for the reason",
    source="service model of AWS's SDKs, SetTaskStatus",
    remedy="Give errorMessage with FAILED, and an errorId if a program is to tell failures apart.",
)
def failed_without_error(_: Evidence, call: Call) -> Found | None:
    given = call.parameters
    if given.get("taskStatus") != "FAILED" or given.get("errorId") or given.get("errorMessage"):
        return None
    return Found("A task was set FAILED with neither errorId nor errorMessage.", (call,))


@rule(
    "error-with-success",
    "advice",
    "SetTaskStatus",
    asked="errorId and errorMessage are for tasks that failed",
    source="service model of AWS's SDKs, SetTaskStatus",
    remedy="Leave them out with FINISHED.",
)
def error_with_success(_: Evidence, call: Call) -> Found | None:
    if call.parameters.get("taskStatus") != "FINISHED" or not call.parameters.get("errorId"):
        return None
    return Found("A task was set FINISHED with an errorId.", (call,))


@rule(
    "final-status-twice",
    "inferred",
    "SetTaskStatus",
    asked="SetTaskStatus ends a task; after it there is no such task",
    source="service model of AWS's SDKs, SetTaskStatus, and its TaskNotFoundException",
    remedy="Call it once for each task; botocore repeats a call that was not answered.",
)
def final_status_twice(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.final is None or held.final.invocation_id == call.invocation_id:
        return None
    if held.final.error is not None:
        return None  # its answer was lost, so the runner may ask again
    return Found(f"{whole(held)} got a final status again.", (held.final, call), held.task_id)


@rule(
    "progress-after-final-status",
    "inferred",
    "ReportTaskProgress",
    asked="SetTaskStatus ends a task; AWS's own runner ends its reports before it",
    source="service model of AWS's SDKs, SetTaskStatus; a log of AWS's task runner",
    remedy="Join the reporting thread before SetTaskStatus, and leave retries to the service.",
)
def progress_after_final_status(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.final is None or held.final.error is not None:
        return None
    return Found(f"{whole(held)} was reported on after its end.", (held.final, call), held.task_id)
