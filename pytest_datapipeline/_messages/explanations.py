"""What there is to say of each id: of a message, of a rule for runners, of a rule of advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._check.advice.rules import RULES as ADVICE
from .._contract.rule import MEANING
from .._contract.rules import CHAPTERS, RULES
from .catalog import SECTIONS

if TYPE_CHECKING:
    from .._check.advice.rules import Rule as AdviceRule
    from .._contract.rule import Rule
    from .catalog import Message


class Explanation(NamedTuple):
    """What is said of an id.

    Attributes:
        title: it in a line, for the list.
        parts: what is said, each part with its label.
        pages: where to read on, below `docs`.
    """

    id: str
    title: str
    parts: tuple[tuple[str, str], ...]
    pages: tuple[str, ...]


def sections() -> dict[str, list[Explanation]]:
    """All explanations, by what they are about."""
    found = {title: [_of_message(held) for held in rows] for title, rows in SECTIONS.items()}
    for title, module in CHAPTERS.items():
        rules = [rule for rule in RULES.values() if rule.check.__module__ == module.__name__]
        found[f"Rules for task runners: {title}"] = [_of_rule(rule) for rule in rules]
    found["Advice on definitions"] = [_of_advice(rule) for rule in ADVICE]
    return found


def _of_message(message: Message) -> Explanation:
    texts = tuple((message.kind, text) for text in message.texts)
    return Explanation(
        message.id,
        message.texts[0],
        (*texts, ("Cause", message.cause), ("Remedy", message.remedy)),
        (*message.pages, f"messages.md#{message.id}"),
    )


def _of_rule(rule: Rule) -> Explanation:
    return Explanation(
        rule.id,
        rule.asked,
        (
            ("AWS", f"{rule.asked} ({rule.source})."),
            ("Strength", MEANING[rule.strength]),
            ("Remedy", rule.remedy),
        ),
        (f"contract.md#{rule.id}", "how-to/findings.md"),
    )


def _of_advice(rule: AdviceRule) -> Explanation:
    return Explanation(
        rule.id,
        rule.title,
        (
            ("Advice", f"{rule.title[0].upper()}{rule.title[1:]}."),
            ("Reason", rule.reason),
            ("Switch off", f"`--ignore {rule.id}`"),
        ),
        (f"advice.md#{rule.id}", "definitions.md#check"),
    )
