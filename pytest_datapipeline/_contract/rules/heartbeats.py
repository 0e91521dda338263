"""Whether a runner says that it is there, and goes when it is told to."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ..._service.clock import SECOND
from ..evidence import LONGEST_BEAT
from ..rule import END, Found, rule

if TYPE_CHECKING:
    from ..._record.call import Call
    from ..evidence import Evidence, Spell


# So many heartbeats in a row, each with an id of its own, are of a runner that makes one for each.
_CHANGES = 3


@rule(
    "no-heartbeat",
    "advice",
    END,
    asked="A task runner calls ReportTaskRunnerHeartbeat every 15 minutes",
    source="service model of AWS's SDKs, ReportTaskRunnerHeartbeat",
    remedy="Send it from a thread or a timer of its own.",
)
def no_heartbeat(seen: Evidence, _: None) -> Found | None:
    return next(filter(None, (_gap(seen, spell) for spell in seen.spells)), None)


def _gap(seen: Evidence, spell: Spell) -> Found | None:
    if len(spell.polls) < 2:
        return None
    first, last = spell.polls
    beaten = {
        runner: beats
        for runner, all_beats in seen.heartbeats.items()
        if (beats := [beat for beat in all_beats if spell.since <= beat.time_ns <= spell.until])
    }
    if not beaten:
        polled = last.time_ns - first.time_ns
        if polled <= LONGEST_BEAT:
            return None
        return Found(f"Polled for {polled // SECOND} seconds without a heartbeat.", (first, last))
    # Of several runners, one may have ended while others poll on.
    hosts = {beats[-1].parameters.get("hostname") for beats in beaten.values()}
    hosts.add(last.parameters.get("hostname"))
    until = [last] if len(beaten) == 1 and len(hosts - {None}) < 2 else []
    for runner, beats in beaten.items():
        for one, next_ in pairwise([*beats, *until]):
            # One that failed as planned may have kept its runner waiting.
            gap = next_.time_ns - ((one.ended_ns if one.injected else None) or one.time_ns)
            if gap > LONGEST_BEAT:
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
    runner = seen.runner(call)
    told = runner.terminated
    if told is None and len(seen.heartbeats) == 1 and runner.polls:
        # The heartbeat has a thread of its own. Who has not polled before may be another runner.
        told = seen.terminated if runner.polls[0].time_ns <= seen.terminated.time_ns else None
    if told is None or not seen.knows(told, call):
        return None
    return Found(
        f"{call.thread} polls after {told.parameters.get('taskrunnerId')!r} was told to terminate.",
        (told, call),
    )


@rule(
    "changing-runner-id",
    "broken",
    END,
    asked="A task runner has one taskrunnerId, unique in the account",
    source="service model of AWS's SDKs, ReportTaskRunnerHeartbeat",
    remedy="Make the id once, when the runner starts.",
)
def changing_runner_id(seen: Evidence, _: None) -> Found | None:
    by_caller: dict[int, list[Call]] = {}
    for beats in seen.heartbeats.values():
        for beat in beats:
            by_caller.setdefault(beat._caller, []).append(beat)
    for calls in by_caller.values():
        calls.sort(key=lambda beat: beat.time_ns)
        ids = [str(beat.parameters.get("taskrunnerId")) for beat in calls]
        hosts = {beat.parameters.get("hostname") for beat in calls}
        moments = {beat.time_ns for beat in calls}
        # One that comes again is somebody's own. Of those that change once, or at one moment, each
        # may be another runner's: of the next one, or beaten for several.
        if len(set(ids)) < max(_CHANGES, len(ids)) or len(hosts) > 1 or len(moments) < len(ids):
            continue
        if any(len(seen.heartbeats[runner]) > 1 for runner in ids):
            continue
        was = " and ".join(map(repr, ids[-_CHANGES:-1]))
        return Found(
            f"{calls[-1].thread} calls itself {ids[-1]!r}, and was {was}.", tuple(calls[-_CHANGES:])
        )
    return None


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
    beats = seen.heartbeats.get(str(mine), ())
    other = beats[-1] if beats else None
    if other is None or other.parameters.get("hostname") in (host, None) or not host:
        return None
    # A runner that moves is not on its first host again after the other one's first heartbeat.
    before = [beat for beat in beats[:-1] if beat.parameters.get("hostname") == host]
    if not before or call.time_ns - before[-1].time_ns > 2 * LONGEST_BEAT:
        return None
    hosts = f"{host!r} and {other.parameters['hostname']!r}"
    return Found(f"{mine!r} is the id of runners on {hosts}.", (before[-1], other, call), mine)
