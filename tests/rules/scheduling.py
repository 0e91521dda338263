"""Rules: scheduling."""

from __future__ import annotations

from . import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "cron-starts-at-the-beginning",
        "cron starts an instance at the beginning of its interval.",
        "developer guide, dp-concepts-schedules",
        "documented",
    ),
    Rule(
        "timeseries-starts-at-the-end",
        "timeseries starts it at the end.",
        "developer guide, dp-concepts-schedules",
        "documented",
    ),
    Rule(
        "interval-bounds",
        "@scheduledStartTime and @scheduledEndTime are the interval.",
        "API reference, PollForTask, example",
        "documented",
    ),
    Rule(
        "resources-at-the-beginning",
        "Resources are there from the beginning of the interval.",
        "developer guide, dp-concepts-schedules",
        "documented",
    ),
    Rule(
        "resource-longer-period",
        "A resource may have a longer period and serve several runs.",
        "developer guide, dp-concepts-schedules",
        "documented",
    ),
    Rule(
        "end-is-exclusive",
        "An hourly schedule for a month has an interval for each hour, the first ending after one.",
        "developer guide, dp-concepts-schedules",
        "documented",
    ),
    Rule(
        "occurrences",
        "occurrences is the number of intervals.",
        "developer guide, dp-object-schedule",
        "documented",
    ),
    Rule("period-spelling", "Case and plural of periods are free.", "AWS's samples", "observed"),
    Rule(
        "period-bounds",
        "A period is 15 minutes to 3 years.",
        "developer guide, dp-object-schedule",
        "documented",
    ),
    Rule(
        "month-arithmetic-clamps",
        "Months are clamped to their last day.",
        "recorded answers of 2017 (tests of Cloud Custodian)",
        "observed",
    ),
    Rule(
        "first-activation-time",
        "startAt FIRST_ACTIVATION_DATE_TIME begins at the first activation.",
        "developer guide, dp-object-schedule",
        "documented",
    ),
    Rule(
        "backfill",
        "A start in the past is made up for at once.",
        "developer guide, dp-concepts-schedules",
        "documented",
    ),
    Rule(
        "five-active-instances",
        "An object has five active instances.",
        "developer guide, dp-limits",
        "documented",
    ),
    Rule(
        "max-active-instances",
        "maxActiveInstances limits the active instances of a component.",
        "developer guide, object pages",
        "documented",
    ),
    Rule(
        "chronological",
        "With one of them runs are in chronological order.",
        "older documentation, as kept by the Scala client hyperion",
        "documented",
    ),
    Rule(
        "reruns-are-not-active",
        "Reruns do not count as active.",
        "developer guide, object pages",
        "documented",
    ),
    Rule(
        "creation-rate",
        "An object gets an instance every five minutes.",
        "developer guide, dp-limits",
        "documented",
        why_not="off, so that tests do not wait; the setting `creation_interval` brings it",
    ),
    Rule(
        "ahead-of-schedule",
        "Instances are created slightly ahead of their schedule, and run on it.",
        "developer guide, dp-object-shellcommandactivity",
        "documented",
        why_not="how much ahead nobody says",
    ),
    Rule(
        "all-of-a-run-share-its-time",
        "All objects of a run have the same scheduled time.",
        "aws-cli, example of list-runs",
        "observed",
    ),
    Rule(
        "objects-without-instances",
        "Activities, nodes and resources have instances.",
        "aws-cli, example of list-runs",
        "observed",
    ),
    Rule(
        "on-demand-schedules",
        "On demand there is no Schedule, or one with ONDEMAND_PERIOD.",
        "developer guide, dp-object-schedule",
        "documented",
    ),
    Rule(
        "on-demand-with-schedule",
        "An on-demand pipeline whose objects refer to another Schedule is accepted.",
        "a public tool that deploys such pipelines",
        "observed",
    ),
)
