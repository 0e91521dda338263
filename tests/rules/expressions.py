"""Rules: expressions."""

from __future__ import annotations

from . import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "evaluate-text",
        "EvaluateExpression evaluates a whole text with expressions in it, on components too.",
        "API reference, EvaluateExpression, example",
        "documented",
    ),
    Rule(
        "published-evaluation",
        "A bare time is written as YYYY-MM-DDTHH:MM:SS.",
        "API reference, EvaluateExpression, example",
        "documented",
    ),
    Rule(
        "expression-references",
        "Fields of the object, and of those that it refers to.",
        "developer guide, dp-pipeline-expressions",
        "documented",
    ),
    Rule(
        "expression-parent",
        "parent.@id is the id of the component.",
        "developer guide, dp-pipeline-expressions",
        "documented",
    ),
    Rule(
        "expression-node",
        "node does not lead to runtime fields of further objects.",
        "developer guide, dp-pipeline-expressions",
        "documented",
    ),
    Rule(
        "expression-parameters",
        "Parameters are used by name.",
        "developer guide, dp-custom-templates",
        "documented",
    ),
    Rule(
        "expression-functions",
        "All date functions of the reference give the documented results.",
        "developer guide, dp-pipeline-reference-functions",
        "documented",
    ),
    Rule(
        "expression-plus-period",
        'plusPeriod(date, "1 day") adds a period; once, in an example that is malformed.',
        "developer guide, dp-object-sqlactivity",
        "documented",
    ),
    Rule(
        "expression-formats",
        "Formats are those of Joda-Time; YYYY is the year of the era.",
        "developer guide, dp-pipeline-reference-functions",
        "documented",
    ),
    Rule(
        "expression-arithmetic",
        "+ - * / ^ on numbers; two whole numbers divide to a whole one.",
        "developer guide, dp-pipeline-reference-functions",
        "documented",
    ),
    Rule(
        "expression-strings",
        "+ joins strings, and turns what is none into one.",
        "developer guide, dp-pipeline-reference-functions",
        "documented",
    ),
    Rule(
        "expression-lists",
        "A list makes a list; lists in brackets are flattened.",
        "developer guide, dp-pipeline-expressions",
        "documented",
    ),
    Rule(
        "expression-methods",
        "A function can be written as a method of its first argument.",
        "developer guide, dp-object-exists",
        "documented",
    ),
    Rule(
        "expressions-not-in-ids",
        "References, ids, names and types are not evaluated.",
        "developer guide, dp-pipeline-expressions",
        "documented",
    ),
    Rule(
        "evaluated-component",
        "DescribeObjects evaluates a component that needs no run.",
        "API reference, DescribeObjects, example",
        "documented",
    ),
    Rule(
        "evaluation-fails-for-components",
        "One that needs a run cannot be evaluated.",
        "production use (arthur-redshift-etl)",
        "observed",
    ),
    Rule(
        "evaluated-instances-inherit",
        "Evaluated instances and attempts show what they inherit.",
        "production use (arthur-redshift-etl)",
        "observed",
    ),
    Rule(
        "in-time-zone",
        "inTimeZone gives the time of a zone.",
        "older documentation, as kept by the Scala client hyperion",
        "documented",
    ),
)
