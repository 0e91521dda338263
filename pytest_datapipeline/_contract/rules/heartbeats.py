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
    until = [last] if len(beaten) == 1 else []
    for runner, beats in beaten.items():
        for one, next_ in pairwise([*beats, *until]):
            gap = next_.time_ns - one.time_ns
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
    "ReportTaskRunnerHeartbeat",
    asked="A task runner has one taskrunnerId, unique in the account",
    source="service model of AWS's SDKs, ReportTaskRunnerHeartbeat",
    remedy="Make the id once, when the runner starts.",
)
def changing_runner_id(seen: Evidence, call: Call) -> Found | None:
    # One that changes once may be another runner's: of the next one, or beaten for several.
    beats = [*seen.runner(call).heartbeats, call]
    ids = [str(beat.parameters.get("taskrunnerId")) for beat in beats]
    hosts = {beat.parameters.get("hostname") for beat in beats}
    if len(set(ids)) < _CHANGES or len(hosts) > 1 or ids[-1] in seen.heartbeats:
        return None
    if any(len(seen.heartbeats[before]) > 1 for before in ids[:-1]):
        return None
    was = " and ".join(map(repr, ids[:-1]))
    return Found(f"{call.thread} calls itself {ids[-1]!r}, and was {was}.", tuple(beats))


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
        and call.time_ns - beat.time_ns <= LONGEST_BEAT
        and host
        and beat.parameters.get("hostname")
    ]
    if not others:
        return None
    hosts = f"{others[0].parameters['hostname']!r} and {host!r}"
    return Found(f"{mine!r} is the id of runners on {hosts}.", (others[0], call), mine)
