"""How a runner acknowledges a task and says that it still works on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._service.clock import SECOND
from ..._service.settings import ACKNOWLEDGE_SECONDS, REPORT_PROGRESS_SECONDS
from ..._service.texts import counted
from ..evidence import Held
from ..rule import END, LATE, Found, rule

if TYPE_CHECKING:
    from ..._record.call import Call
    from ..evidence import Evidence

_TWO_MINUTES = ACKNOWLEDGE_SECONDS * SECOND
# One page of AWS's asks for a report each minute and threatens after five, none does after fifteen:
# so the first is not judged at all, the second as advice.
_SELDOM = 5 * 60 * SECOND
_LONGEST_KEY = 256
_LONGEST_VALUE = 10_240


def whole(held: Held) -> str:
    """How a text names a task."""
    return f"the attempt {held.attempt_id}"


@rule(
    "late-acknowledgement",
    "broken",
    (LATE, "ReportTaskProgress", "SetTaskStatus"),
    asked="A task is to be acknowledged by ReportTaskProgress within 2 minutes",
    source="service model of AWS's SDKs, PollForTask",
    remedy="Call report_task_progress as soon as a task comes, before any work, and take no more "
    "tasks than can be begun at once. If the test plays a runner that died, say so with "
    'fail(..., "runner_dies") or die_at=.',
)
def late_acknowledgement(seen: Evidence, what: Held | Call) -> Found | None:
    held = what if isinstance(what, Held) else seen.task_of(what)
    if held is None or held.taken_back != "acknowledgement" or held.forgiven:
        return None
    if held.poll.error is not None:
        return None  # the answer with the task was lost
    if held.at_once is not (what is held) or not (held.at_once or held.overdue):
        return None
    return Found(
        f"{held.poll.thread} was handed {whole(held)} and did not acknowledge it within "
        f"{ACKNOWLEDGE_SECONDS} seconds: it is back in its queue, for any runner.",
        (held.poll,),
        held.attempt_id,
    )


@rule(
    "no-acknowledgement",
    "advice",
    "SetTaskStatus",
    asked="ReportTaskProgress is to be called when a task is assigned",
    source="service model of AWS's SDKs, ReportTaskProgress",
    remedy="Call report_task_progress first; a task of more than two minutes is lost without.",
)
def no_acknowledgement(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.acknowledged or held.over or held.tried or call.error is not None:
        return None
    if held.under_way > 1:
        return None  # the report is on its way
    return Found(f"{whole(held)} got its final status without any report.", (held.poll, call))


@rule(
    "silent-too-long",
    "broken",
    ("ReportTaskProgress", "SetTaskStatus"),
    asked="After its acknowledgement a task is to be reported on every 15 minutes at least, or as "
    "its reportProgressTimeout says; else it is taken for stalled and tried again",
    source="service model of AWS's SDKs, ReportTaskProgress; developer guide, object pages",
    remedy="Report from a thread or a timer beside the work, every minute.",
)
def silent_too_long(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.taken_back != "progress" or held.latest is None or not held.overdue:
        return None
    return Found(
        f"{whole(held)} was not reported on for {(held.silence or 0) // SECOND} seconds, and its "
        f"limit is {held.report_limit // SECOND}: it was taken for stalled, while its runner still "
        "worked.",
        (held.latest, call),
        held.task_id,
    )


@rule(
    "seldom-reports",
    "advice",
    ("ReportTaskProgress", "SetTaskStatus"),
    asked="One of AWS's pages says that a task is given to another runner after 5 minutes without "
    "a report, and asks for one each minute; others say 15 minutes",
    source="service model of AWS's SDKs, ReportTaskProgress",
    remedy="Report every minute.",
)
def seldom_reports(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.latest is None or held.over:
        return None
    silence = call.time_ns - held.heard
    if silence <= _SELDOM or silence >= REPORT_PROGRESS_SECONDS * SECOND:
        return None
    return Found(
        f"{whole(held)} was not reported on for {silence // SECOND} seconds.", (held.latest, call)
    )


@rule(
    "canceled-ignored",
    "broken",
    ("ReportTaskProgress", "SetTaskStatus"),
    asked="A task runner is to stop working on a task when a report of its is answered canceled",
    source="service model of AWS's SDKs, ReportTaskProgress",
    remedy="Look at `canceled` in every answer, end the work and go on polling.",
)
def canceled_ignored(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.canceled is None or not seen.knows(held.canceled, call):
        return None
    later = call.time_ns - held.canceled.time_ns
    if call.operation == "SetTaskStatus" and (
        call.parameters.get("taskStatus") != "FINISHED" or later < _TWO_MINUTES
    ):
        return None
    return Found(
        f"{whole(held)} was canceled, and {call.thread} went on with it.",
        (held.canceled, call),
        held.task_id,
    )


@rule(
    "final-status-after-cancel",
    "advice",
    "SetTaskStatus",
    asked="SetTaskStatus need not be called for a canceled task",
    source="service model of AWS's SDKs, ReportTaskProgress",
    remedy="Leave it out; the service has set the status already.",
)
def final_status_after_cancel(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.canceled is None or not seen.knows(held.canceled, call):
        return None
    return Found(f"{whole(held)} was canceled already.", (held.canceled, call), held.task_id)


@rule(
    "works-on-deleted-pipeline",
    "inferred",
    ("ReportTaskProgress", "SetTaskStatus"),
    asked="ReportTaskProgress can be answered that the pipeline is deleted or does not exist",
    source="service model of AWS's SDKs, ReportTaskProgress, its errors",
    remedy="Take these errors for a cancellation.",
)
def works_on_deleted_pipeline(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.gone is None or held.gone.error == "TaskNotFoundException":
        return None
    if not seen.knows(held.gone, call):
        return None
    return Found(
        f"{call.thread} went on with {whole(held)} after {held.gone.error}.",
        (held.gone, call),
        held.task_id,
    )


@rule(
    "progress-field-size",
    "broken",
    "ReportTaskProgress",
    asked="A field's key has 1 to 256 characters, its value at most 10,240",
    source="service model of AWS's SDKs, Field",
    remedy="Shorten what is reported; botocore lets it pass, the service does not.",
)
def progress_field_size(_: Evidence, call: Call) -> Found | None:
    for field in _fields(call):
        key, value = str(field.get("key", "")), str(field.get("stringValue", ""))
        if not 1 <= len(key) <= _LONGEST_KEY:
            return Found(f"A field has a key of {len(key)} characters.", (call,))
        if len(value) > _LONGEST_VALUE:
            return Found(f"The field {key!r} has a value of {len(value)} characters.", (call,))
    return None


@rule(
    "progress-field-reserved",
    "advice",
    "ReportTaskProgress",
    asked="Fields that begin with @ are set by the web service alone",
    source="service model of AWS's SDKs, Operator",
    remedy="Give the field a name of your own.",
)
def progress_field_reserved(_: Evidence, call: Call) -> Found | None:
    reserved = [key for field in _fields(call) if (key := str(field.get("key"))).startswith("@")]
    return Found(f"The field {reserved[0]!r} was reported.", (call,)) if reserved else None


def _fields(call: Call) -> list[dict[str, object]]:
    given = call.parameters.get("fields")
    if not isinstance(given, list):
        return []
    return [field for field in given if isinstance(field, dict)]


@rule(
    "no-final-status",
    "broken",
    END,
    asked="SetTaskStatus is to be called for every task, whether it was successful or not",
    source="service model of AWS's SDKs, SetTaskStatus",
    remedy="Have every way out of the work, an exception's too, lead to SetTaskStatus.",
)
def no_final_status(seen: Evidence, _: None) -> Found | None:
    silent = [
        held
        for held in seen.tasks.values()
        if held.taken_back == "progress"
        and not (held.final or held.gone or held.canceled or held.stale)
        # Who could not say that he works on it, or has ended it, may leave it to the service.
        and not (held.forgiven or held.excused or held.tried or held.tried_to_end)
    ]
    if not silent:
        return None
    first = silent[0]
    more = f", and {counted(len(silent) - 1, 'more task')}" if len(silent) > 1 else ""
    calls = (first.poll,) if first.latest is None else (first.poll, first.latest)
    return Found(
        f"{whole(first)} was acknowledged, and then nothing was heard of it until the service took "
        f"it for stalled{more}.",
        calls,
    )
