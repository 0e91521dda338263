"""What a runner does when the service refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._service.clock import SECOND
from ..rule import Found, rule

if TYPE_CHECKING:
    from ..._record.call import Call
    from ..evidence import Evidence

_RUNNERS_CALLS = (
    "PollForTask",
    "ReportTaskProgress",
    "SetTaskStatus",
    "ReportTaskRunnerHeartbeat",
)
# So many throttled calls in a row tell whether the pauses between them grow.
_IN_A_ROW = 5
_LONG = 60 * SECOND
# Documented: so many calls may come at once, and after them so many in a second.
_BURST = 100
_POLLS_A_SECOND = 2
_REPORTS_A_SECOND = 10


@rule(
    "no-back-off",
    "broken",
    _RUNNERS_CALLS,
    asked="A throttled call is to be repeated at increasingly longer intervals",
    source="developer guide, dp-limits",
    remedy="Double the pause with each throttled call, up to some minutes. botocore does so for "
    "four repetitions, then it is yours.",
)
def no_back_off(seen: Evidence, call: Call) -> Found | None:
    if call.error != "ThrottlingException" or call.attempt != 1:
        return None
    row = seen.runner(call).throttled_before(call)
    if row is None or len(row.calls) < _IN_A_ROW - 1:
        return None
    calls = (*row.calls[1 - _IN_A_ROW :], call)
    all_pauses = [*row.pauses, row.pause_before(call)]
    pauses = all_pauses[1 - _IN_A_ROW :]
    # Where there is none at all, it may well pause in real time, and time move for others.
    first = all_pauses[0]
    if not all(all_pauses) or sum(pauses[2:]) > sum(pauses[:2]):
        return None
    # They may have grown before, up to a limit, or be long already, as between reports.
    if max(all_pauses) > first or min(pauses) >= _LONG:
        return None
    told = ", ".join(f"{pause / SECOND:g}" for pause in pauses)
    return Found(
        f"{call.thread} repeated throttled calls after {told} seconds: the pauses do not grow.",
        calls,
    )


@rule(
    "polls-too-fast",
    "broken",
    "PollForTask",
    asked="PollForTask may be called twice a second, and 100 times at once",
    source="developer guide, dp-limits",
    remedy="Pause before the next poll when one was answered with an error.",
)
def polls_too_fast(seen: Evidence, call: Call) -> Found | None:
    # Polls that bring tasks take real time in production, which virtual time does not show; nor
    # does it show the pauses of a runner that waits in real time.
    if call.error is None:
        return None
    errors = seen.runner(call).errors
    if len(errors) < _BURST:
        return None
    since = (call.time_ns - errors[-_BURST]) / SECOND
    if not 0 < since < _BURST / _POLLS_A_SECOND:
        return None
    return Found(
        f"{call.thread} polled {_BURST + 1} times within {since:g} seconds, each in vain at once.",
        (call,),
    )


@rule(
    "reports-too-fast",
    "broken",
    "ReportTaskProgress",
    asked="ReportTaskProgress may be called 10 times a second, and 100 times at once",
    source="developer guide, dp-limits",
    remedy="Report by the clock, every minute, and not by the row.",
)
def reports_too_fast(seen: Evidence, call: Call) -> Found | None:
    held = seen.task_of(call)
    if held is None or held.acknowledged is None or held.reports < _BURST:
        return None
    since = (call.time_ns - held.acknowledged.time_ns) / SECOND
    if not since or held.reports + 1 <= _BURST + since * _REPORTS_A_SECOND:
        return None
    return Found(
        f"The attempt {held.attempt_id} was reported on {held.reports + 1} times within "
        f"{since:g} seconds.",
        (held.acknowledged, call),
        held.task_id,
    )
