"""Whether a runner says that it is there, and goes when it is told to."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ..._service.clock import SECOND
from ..rule import END, Found, rule

if TYPE_CHECKING:
    from ..._record.call import Call
    from ..evidence import Evidence

_LONGEST_GAP = 15 * 60 * SECOND


@rule(
    "no-heartbeat",
    "advice",
    END,
    asked="A task runner calls ReportTaskRunnerHeartbeat every 15 minutes",
    source="service model of AWS's SDKs, ReportTaskRunnerHeartbeat",
    remedy="Send it from a thread or a timer of its own.",
)
def no_heartbeat(seen: Evidence, _: None) -> Found | None:
    if len(seen.polls) < 2:
        return None
    first, last = seen.polls
    if not seen.heartbeats:
        polled = last.time_ns - first.time_ns
        if polled <= _LONGEST_GAP:
            return None
        return Found(f"Polled for {polled // SECOND} seconds without a heartbeat.", (first, last))
    # Of several runners, one may have ended while others poll on.
    until = [last] if len(seen.heartbeats) == 1 else []
    for runner, beats in seen.heartbeats.items():
        for one, next_ in pairwise([*beats, *until]):
            gap = next_.time_ns - one.time_ns
            if gap > _LONGEST_GAP:
                return Found(
                    f"{runner!r} sent no heartbeat for {gap // SECOND} seconds.", (one, next_)
                )
    return None


@rule(
    "terminate-ignored",
    "broken",
    "PollForTask",
    asked="A task runner is to end when a heartbeat is answered terminate",
    source="service model of AWS's SDKs, ReportTaskRunnerHeartbeat",
    remedy="Look at `terminate` in every answer, and poll no more.",
)
def terminate_ignored(seen: Evidence, call: Call) -> Found | None:
    if seen.terminated is None:
        return None
    told = seen.runner(call).terminated
    if told is None and len(seen.heartbeats) == 1:
        # The heartbeat has a thread of its own; a poll may have been on its way.
        told = seen.terminated
        if call.time_ns <= told.time_ns:
            return None
    if told is None:
        return None
    return Found(
        f"{call.thread} polls after {told.parameters.get('taskrunnerId')!r} was told to terminate.",
        (told, call),
    )


@rule(
    "changing-runner-id",
    "broken",
    "ReportTaskRunnerHeartbeat",
    asked="A task runner has one taskrunnerId, unique in the account",
    source="service model of AWS's SDKs, ReportTaskRunnerHeartbeat",
    remedy="Make the id once, when the runner starts.",
)
def changing_runner_id(seen: Evidence, call: Call) -> Found | None:
    before = seen.runner(call).heartbeat
    mine = call.parameters.get("taskrunnerId")
    if before is None or before.parameters.get("taskrunnerId") == mine or mine in seen.heartbeats:
        return None
    if before.parameters.get("hostname") != call.parameters.get("hostname"):
        return None
    return Found(
        f"{call.thread} calls itself {mine!r}, and was {before.parameters.get('taskrunnerId')!r}.",
        (before, call),
    )


@rule(
    "shared-runner-id",
    "broken",
    "ReportTaskRunnerHeartbeat",
    asked="A task runner has one taskrunnerId, unique in the account",
    source="service model of AWS's SDKs, ReportTaskRunnerHeartbeat",
    remedy="Make the id of the host name and something random.",
)
def shared_runner_id(seen: Evidence, call: Call) -> Found | None:
    mine, host = call.parameters.get("taskrunnerId"), call.parameters.get("hostname")
    others = [
        beat
        for beat in seen.heartbeats.get(str(mine), ())[-1:]
        if beat.parameters.get("hostname") != host
        and call.time_ns - beat.time_ns <= _LONGEST_GAP
        and host
        and beat.parameters.get("hostname")
    ]
    if not others:
        return None
    hosts = f"{others[0].parameters['hostname']!r} and {host!r}"
    return Found(f"{mine!r} is the id of runners on {hosts}.", (others[0], call), mine)
