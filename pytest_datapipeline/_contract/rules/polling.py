"""How a runner polls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._service.clock import SECOND
from ..._service.settings import POLL_SECONDS
from ..evidence import objects_of
from ..rule import END, LOST, WAITING, Found, rule

if TYPE_CHECKING:
    from ..._record.call import Call
    from ..._service.instances.instance import Attempt
    from ..evidence import Evidence

_WILDCARDS = frozenset("*?,;")


@rule(
    "short-read-timeout",
    "broken",
    "PollForTask",
    asked="A task runner's socket time-out is to be 90 seconds, as an empty poll is held that long",
    source="service model of AWS's SDKs, PollForTask",
    remedy="Make the client with Config(read_timeout=100): a poll that is given up goes on without "
    "its client, and a task handed to it is lost for two minutes.",
)
def short_read_timeout(seen: Evidence, call: Call) -> Found | None:
    limit = call.read_timeout
    if limit is not None and limit < POLL_SECONDS:
        return Found(
            f"{call.thread} polls {call.parameters.get('workerGroup')!r} with a read time-out of "
            f"{limit:g} seconds.",
            (call,),
        )
    if call.attempt > 1 and call.invocation_id in seen.hung_up:
        first = seen.hung_up[call.invocation_id]
        held = (call.time_ns - first.time_ns) / SECOND
        if held < POLL_SECONDS:
            return Found(
                f"The client of a poll of {call.parameters.get('workerGroup')!r} hung up after "
                f"{held:g} seconds, and made it again.",
                (first, call),
                call.parameters.get("workerGroup"),
            )
    return None


@rule(
    "lost-hand-over",
    "inferred",
    LOST,
    asked="A task that is handed to a poll without a client is lost until its acknowledgement "
    "falls due, two minutes later",
    source="service model of AWS's SDKs, PollForTask",
    remedy="Make the client with Config(read_timeout=100), so that it gives no poll up.",
)
def lost_hand_over(seen: Evidence, attempt: Attempt) -> Found | None:
    component = attempt.instance.component
    given_up = seen.given_up.get(component.worker_group_of(attempt.instance))
    if given_up is None:
        return None
    return Found(
        f"The attempt {attempt.id} was handed to a poll that {given_up.thread} had given up, and "
        "nobody worked on it for two minutes.",
        (given_up,),
        attempt.id,
    )


@rule(
    "concurrent-polls",
    "advice",
    WAITING,
    asked="A task runner is not to call PollForTask again for a worker group before it has its "
    "answer; AWS's own runner polls from two threads",
    source="service model of AWS's SDKs, PollForTask; developer guide, dp-taskrunner-threading",
    remedy="Poll each worker group from one thread, and work the tasks in others.",
)
def concurrent_polls(seen: Evidence, call: Call) -> Found | None:
    group = seen.groups.get(call.parameters["workerGroup"])
    if group is None or not group.open:
        return None
    hostname = call.parameters.get("hostname")
    if not hostname:
        return None
    for other in group.open:
        if (
            other.parameters.get("hostname") == hostname
            and other.invocation_id != call.invocation_id
            and other.region == call.region
        ):
            return Found(
                f"{hostname!r} polls {call.parameters['workerGroup']!r} while its poll of "
                f"{other.time:%H:%M:%S} is not answered.",
                (other, call),
                (hostname, call.parameters["workerGroup"]),
            )
    return None


@rule(
    "worker-group-spelling",
    "broken",
    END,
    asked="The worker group is to match exactly, case included",
    source="service model of AWS's SDKs, PollForTask; developer guide, dp-check-when-run-fails",
    remedy="Poll the name that the definition has.",
)
def worker_group_spelling(seen: Evidence, _: None) -> Found | None:
    for polled, meant in seen.alike.items():
        if polled.strip().casefold() != meant.strip().casefold():
            continue
        group = seen.groups[polled]
        if not group.handed and not seen.is_defined(polled):
            return Found(f"Tasks waited in {meant!r}, and {polled!r} was polled.", (group.first,))
    return None


@rule(
    "wildcard-worker-group",
    "broken",
    END,
    asked="A poll names one worker group, without wildcards",
    source="service model of AWS's SDKs, PollForTask",
    remedy="Make one poll loop for each worker group.",
)
def wildcard_worker_group(seen: Evidence, _: None) -> Found | None:
    for name, group in seen.groups.items():
        if group.handed or _WILDCARDS.isdisjoint(name) or group.first.error is not None:
            continue
        if not seen.is_defined(name):
            return Found(
                f"The worker group {name!r} is polled, of which no task ever came.", (group.first,)
            )
    return None


@rule(
    "polls-for-runs-on",
    "broken",
    END,
    asked="An object's workerGroup is ignored if it has a runsOn",
    source="developer guide, the pages of activities",
    remedy="Take runsOn from the object, or from what it inherits, if your runner is to work it.",
)
def polls_for_runs_on(seen: Evidence, _: None) -> Found | None:
    for name, group in seen.groups.items():
        if group.handed:
            continue
        objects = [
            held for pipeline in seen.pipelines() for held in objects_of(pipeline.definition, name)
        ]
        if objects and all(has_resource for _, has_resource in objects):
            ids = ", ".join(sorted({repr(object_id) for object_id, _ in objects}))
            return Found(
                f"The worker group {name!r} is polled, and all objects that have it have a runsOn "
                f"too: {ids}.",
                (group.first,),
            )
    return None


@rule(
    "wrong-region",
    "broken",
    END,
    asked="A worker group is bound to the region of its pipelines",
    source="developer guide, dp-taskrunner-config-options",
    remedy="Make the runner's client for the region of the pipeline.",
)
def wrong_region(seen: Evidence, _: None) -> Found | None:
    # Where tasks are handed out in any region, a runner may well look for more in others.
    served = {name for name, _ in seen.handed}
    for place, poll in seen.places.items():
        name, region = place
        if place in seen.elsewhere and name not in served:
            return Found(
                f"{name!r} is polled in {region!r} in vain, while its tasks wait for clients of "
                "another region.",
                (poll,),
            )
    return None


@rule(
    "no-hostname",
    "advice",
    "PollForTask",
    asked="The host name of a poll is kept on the attempt, for those who look for its runner",
    source="service model of AWS's SDKs, PollForTask; developer guide, object pages",
    remedy="Poll with hostname=socket.getfqdn().",
)
def no_hostname(_: Evidence, call: Call) -> Found | None:
    if "hostname" in call.parameters or call.error is not None:
        return None
    return Found(f"{call.thread} polls without a hostname.", (call,))
