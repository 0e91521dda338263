"""All rules of advice. None of them is AWS's; each can be switched off by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import names, structure, times, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .matter import Advice, Matter


class Rule(NamedTuple):
    """A rule of advice.

    Attributes:
        title: what it finds.
        reason: why that is seldom meant, and what to do.
        apply: finds it.
    """

    id: str
    title: str
    reason: str
    apply: Callable[[Matter], Iterable[Advice]]


RULES = (
    Rule(
        "misspelt-name",
        "a name that is not known, and much like one that is",
        "AWS's validation says at most that a name is unknown. A field that is misspelt is not "
        "set, and what it was to do is not done.",
        names.misspelt,
    ),
    Rule(
        "unscheduled-activity",
        "an activity that nothing schedules",
        "A pipeline is SCHEDULED and healthy with it, and it never runs. Give it a schedule whose "
        "end is after its start.",
        structure.unscheduled,
    ),
    Rule(
        "unreferenced-object",
        "an object that nothing refers to",
        "A schedule, node, resource, alarm or precondition works only through what refers to it: "
        "mostly the reference was forgotten, or the object was left behind.",
        structure.unreferenced,
    ),
    Rule(
        "worker-group-and-runs-on",
        "an activity with a workerGroup and with runsOn",
        "Documented: with runsOn the workerGroup is ignored. Your own runners would wait for it in "
        "vain; keep one of the two.",
        structure.worker_group_and_runs_on,
    ),
    Rule(
        "no-retries",
        "an activity that is tried once alone",
        "Networks, S3 and clusters fail now and then. With maximumRetries 0 each such moment fails "
        "a run, under cascade with all that depends on it.",
        structure.no_retries,
    ),
    Rule(
        "no-failure-alarm",
        "an activity whose failure nobody is told of",
        "The service tells only who asks. An onFail on Default with an SnsAlarm tells for all.",
        structure.no_failure_alarm,
    ),
    Rule(
        "timeout-beyond-period",
        "a time-out that is longer than the period",
        "Runs that hang are there when the next ones begin, up to maxActiveInstances of them; then "
        "the pipeline stands still. A time-out within the period ends each before.",
        times.timeout_beyond_period,
    ),
    Rule(
        "reference-cycle",
        "objects or fields that refer to each other in a circle",
        "AWS's validation knows circles of dependencies and of parents. Others are found when they "
        "are evaluated, which is when a task should run.",
        structure.reference_cycle,
    ),
    Rule(
        "long-backfill",
        "a schedule that begins so long ago that an activation runs a hundred intervals",
        "All of them are due at once, back to back, and each costs what a run costs.",
        times.long_backfill,
    ),
    Rule(
        "empty-expression",
        "an expression that comes to nothing",
        "An optional parameter without a value is an empty text: a command lacks its argument, a "
        "path its folder.",
        values.empty_expression,
    ),
    Rule(
        "date-pattern",
        "a date in the wrong pattern",
        "Patterns are Joda-Time's: mm is the minute and MM the month, DD the day of the year, hh "
        "an hour that comes twice a day, xxxx the year of the week. YYYY is the year, as yyyy is.",
        times.date_pattern,
    ),
    Rule(
        "unused-parameter",
        "a parameter that no expression uses",
        "Who sets it expects something of it: mostly the expression was forgotten or misspelt.",
        structure.unused_parameter,
    ),
    Rule(
        "plain-secret",
        "a secret in plain text",
        "Definitions are kept in repositories, and shown by GetPipelineDefinition. A parameter "
        "whose id begins with '*my' is masked there, and its value need not be in the file.",
        values.plain_secret,
    ),
    Rule(
        "same-path",
        "two runs that write the same S3 path",
        "What the earlier has written is gone or mixed with the later's, and a rerun of the "
        "earlier mixes it again. A path with the scheduled time belongs to one run.",
        values.same_path,
    ),
    Rule(
        "emr-version",
        "versions of EMR and fields that contradict each other",
        "EMR before 4.0 is chosen by amiVersion, later ones by releaseLabel, and each has fields "
        "that the other does not know: the cluster is not made.",
        values.emr_versions,
    ),
)
IDS = tuple(rule.id for rule in RULES)
