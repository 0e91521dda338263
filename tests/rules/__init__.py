"""What AWS documents of Data Pipeline or was observed of it, rule by rule, in our own words.

A test says with `@pytest.mark.rule("id", ...)` which rules it carries; the page docs/conformance.md
is made from both by `python docs/conformance.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Literal

# The chapters of the page, and the module in which the rules of each stand.
CHAPTERS = {
    "The wire and the operations": "operations",
    "Tasks and their runners": "tasks",
    "Spheres, objects and statuses": "objects",
    "The life of a pipeline": "pipelines",
    "Scheduling": "scheduling",
    "Expressions": "expressions",
    "Definitions and validation": "definitions",
    "Queries and limits": "queries",
}


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: our own name for it, which tests carry.
        text: the rule in our own words.
        source: where AWS says so, or where it was seen.
        status: whether it is written or was seen.
        why_not: why no test carries it, if none does.
    """

    id: str
    text: str
    source: str
    status: Literal["documented", "observed"]
    why_not: str = ""


@dataclass(frozen=True)
class Choice:
    """What AWS does not say, or says in two ways, and what we do.

    Attributes:
        text: what we do.
        reason: why.
        setting: the setting that changes it, if there is one.
    """

    text: str
    reason: str
    setting: str = ""


def chapters() -> dict[str, tuple[Rule, ...]]:
    """All rules by chapter."""
    return {
        title: tuple(import_module(f"{__name__}.{module}").RULES)
        for title, module in CHAPTERS.items()
    }


def choices() -> tuple[Choice, ...]:
    """All choices."""
    return tuple(import_module(f"{__name__}.choices").CHOICES)
