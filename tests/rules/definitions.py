"""Rules: definitions and validation."""

from __future__ import annotations

from . import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "sayhello-bytes",
        "The answer to AWS's first example has 421 bytes: two warnings and no error.",
        "recorded answers of 2017 (tests of Cloud Custodian)",
        "observed",
    ),
    Rule(
        "types",
        "The types of objects with their required fields, groups and families.",
        "developer guide, object pages",
        "documented",
    ),
    Rule(
        "inheritance",
        "Fields are inherited from parent, and from Default.",
        "developer guide, dp-writing-pipeline-definition",
        "documented",
    ),
    Rule(
        "default-for-all",
        "Default holds fields of any type.",
        "developer guide, dp-writing-pipeline-definition",
        "documented",
    ),
    Rule(
        "my-fields",
        "Fields of one's own begin with my and a capital letter or underscore.",
        "developer guide, dp-writing-pipeline-definition",
        "documented",
    ),
    Rule(
        "reserved-fields",
        "Fields with @ are the service's.",
        "service model of AWS's SDKs",
        "documented",
    ),
    Rule("enumerations", "Enumerations are compared without case.", "AWS's samples", "observed"),
    Rule(
        "literal-start",
        "startDateTime must be a literal, with a known text.",
        "API reference, ValidatePipelineDefinition, example",
        "documented",
    ),
    Rule(
        "schedule-pairs",
        "startDateTime or startAt, endDateTime or occurrences.",
        "developer guide, dp-object-schedule",
        "documented",
    ),
    Rule(
        "end-after-start",
        "The end is later than the start.",
        "developer guide, dp-object-schedule",
        "documented",
    ),
    Rule(
        "command-or-script",
        "command or scriptUri, not both.",
        "developer guide, dp-object-shellcommandactivity",
        "documented",
    ),
    Rule(
        "schedule-required",
        "An activity has a schedule, unless it is on demand.",
        "developer guide, object pages",
        "documented",
    ),
    Rule(
        "on-demand-default",
        "ondemand stands on Default and is the only schedule type.",
        "developer guide, object pages",
        "documented",
    ),
    Rule("retries-limit", "At most five retries.", "developer guide, dp-limits", "documented"),
    Rule(
        "retry-delay-minimum",
        "At least two minutes between tries.",
        "developer guide, dp-limits",
        "documented",
    ),
    Rule(
        "parameters-fifty",
        "At most 50 parameters, named my...",
        "developer guide, dp-custom-templates",
        "documented",
    ),
    Rule(
        "parameter-types",
        "Parameters are of their type and among their allowed values.",
        "developer guide, dp-custom-templates",
        "documented",
    ),
    Rule(
        "parameter-defaults",
        "A given value goes before the default.",
        "developer guide, dp-custom-templates",
        "documented",
    ),
    Rule(
        "warning-log-uri",
        "A missing pipelineLogUri is a warning on Default.",
        "recorded answers of 2017 (tests of Cloud Custodian)",
        "observed",
    ),
    Rule(
        "warning-cascade",
        "An activity without cascade is a warning.",
        "recorded answers of 2017 (tests of Cloud Custodian)",
        "observed",
    ),
    Rule(
        "warning-terminate-after",
        "An Ec2Resource without terminateAfter is a warning.",
        "a post with pasted output of the CLI",
        "observed",
    ),
    Rule(
        "warning-role-policy",
        "A role without a policy is a warning.",
        "a post with pasted output of the CLI",
        "observed",
        why_not="there is no IAM in the fake",
    ),
    Rule(
        "invalid-role",
        "A role that does not exist is an error.",
        "a post with the text of CloudFormation",
        "observed",
        why_not="there is no IAM in the fake",
    ),
    Rule(
        "warning-backfill",
        "Cascade with a start in the past is a warning.",
        "developer guide, dp-manage-cascade-failandrerun",
        "documented",
    ),
    Rule(
        "secret-fields",
        "Fields and parameters with * are masked.",
        "developer guide, dp-pipeline-characters",
        "documented",
    ),
    Rule(
        "not-allowed-on-resources",
        "runsOn and workerGroup are not for resources, but may be inherited from Default.",
        "developer guide, dp-object-ec2resource",
        "documented",
    ),
)
