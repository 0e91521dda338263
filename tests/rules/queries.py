"""Rules: queries and limits."""

from __future__ import annotations

from . import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "query-spheres",
        "A query is about one sphere: COMPONENT, INSTANCE or ATTEMPT.",
        "service model of AWS's SDKs",
        "documented",
    ),
    Rule(
        "query-without-conditions",
        "Without conditions a query gives the whole sphere.",
        "API reference, QueryObjects, example; production use (arthur-redshift-etl)",
        "observed",
    ),
    Rule(
        "query-all-selectors",
        "An object has to satisfy all selectors.",
        "service model of AWS's SDKs",
        "documented",
    ),
    Rule(
        "query-ten-selectors",
        "A query has at most ten selectors.",
        "service model of AWS's SDKs",
        "documented",
    ),
    Rule(
        "query-unset-field",
        "A field that is not set fulfils no condition.",
        "service model of AWS's SDKs",
        "documented",
    ),
    Rule("query-eq", "EQ compares strings.", "service model of AWS's SDKs", "documented"),
    Rule(
        "query-ref-eq",
        "REF_EQ compares references, and is for references alone.",
        "service model of AWS's SDKs",
        "documented",
    ),
    Rule(
        "query-times",
        "LE, GE and BETWEEN compare the four times.",
        "service model of AWS's SDKs",
        "documented",
    ),
    Rule(
        "query-fields-of-operators",
        "Each operator acts on the fields listed for it.",
        "service model of AWS's SDKs",
        "documented",
    ),
    Rule(
        "query-several-values",
        "EQ with several values is refused with a known text.",
        "aws-cli issue 1644",
        "observed",
    ),
    Rule(
        "query-status-exact",
        "Statuses are compared exactly: lower case finds nothing, and an unknown one is no error.",
        "aws-cli pull request 1110",
        "observed",
    ),
    Rule(
        "query-waiting-has-started",
        "Instances that wait show in a query by their actual start.",
        "aws-cli, example of list-runs",
        "observed",
    ),
    Rule(
        "query-limit",
        "limit is the number of ids on a page.",
        "service model of AWS's SDKs",
        "documented",
    ),
    Rule(
        "query-default-limit",
        "The default limit is 100.",
        "service model of AWS's SDKs",
        "documented",
    ),
    Rule(
        "query-last-page",
        "The last page has no marker.",
        "API reference, QueryObjects, example",
        "documented",
    ),
    Rule(
        "query-filter-after-page",
        "Pages are cut first and filtered then, so that one may be empty with more to come.",
        "documentation of 2012 to 2014, as kept by boto 2",
        "documented",
        why_not="newer documentation dropped it, and no recorded answer shows it",
    ),
    Rule(
        "rates",
        "Operations have rates of 1 to 10 calls a second with a burst of 100.",
        "developer guide, dp-limits",
        "documented",
        why_not="nothing is throttled unless it is planned: a suite is faster than any program",
    ),
    Rule(
        "fields-per-object", "An object has 50 fields.", "developer guide, dp-limits", "documented"
    ),
    Rule(
        "references-per-object",
        "An object with more than 50 references is an error, by the text of that limit.",
        "a report of the Scala client hyperion (krux/hyperion, issue 236)",
        "observed",
    ),
    Rule(
        "bytes-of-names",
        "Names of fields and ids have 256 bytes.",
        "developer guide, dp-limits",
        "documented",
    ),
    Rule(
        "bytes-of-fields",
        "A field has 10,240 bytes, an object 15,360.",
        "developer guide, dp-limits",
        "documented",
    ),
    Rule(
        "smaller-limits",
        "Fields are limited to 2,048 characters and objects to 20 KB.",
        "developer guide, dp-writing-pipeline-definition",
        "documented",
        why_not="contradicts the page of limits",
    ),
    Rule(
        "fewer-pipelines",
        "An account has 20 pipelines with 50 objects.",
        "developer guide, dp-check-when-run-fails",
        "documented",
        why_not="older than the page of limits",
    ),
    Rule(
        "rollups",
        "32 roll-ups into an object, one EC2 instance for an Ec2Resource.",
        "developer guide, dp-limits",
        "documented",
        why_not="neither can be told in a definition",
    ),
    Rule(
        "condition-keys",
        "IAM conditions know the creator, tags and the worker group.",
        "developer guide, dp-iam-resourcebased-access",
        "documented",
        "there is no IAM in the fake",
    ),
)
