"""What there is to say of each id: of a message, of a rule of either kind, of a setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._check.advice.rules import RULES as ADVICE
from .._contract.rule import MEANING
from .._contract.rules import CHAPTERS, RULES
from ..settings import OF_SESSION, ON_COMMAND_LINE, options
from .catalog import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._check.advice.rules import Rule as AdviceRule
    from .._contract.rule import Rule
    from ..settings import Option
    from .catalog import Message


class Explanation(NamedTuple):
    """What is said of an id.

    Attributes:
        title: it in a line, for the list.
        parts: what is said, each part with its label; one without goes on from the one before it.
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
    found["AWS's validation of definitions"] = [_ERROR, _WARNING]
    found["Advice on definitions"] = [_of_advice(rule) for rule in ADVICE]
    found["Settings"] = [_of_setting(option) for option in (*options(), *OF_SESSION)]
    return found


def merged(explanations: Sequence[Explanation]) -> Explanation:
    """Those of one id as one: a rule and its warning are told together."""
    first, *others = explanations
    for other in others:
        labels = {label for label, _ in other.parts}
        parts = tuple(part for part in first.parts if part[0] not in labels)
        pages = tuple(dict.fromkeys((*other.pages, *first.pages)))
        first = first._replace(parts=(*parts, *other.parts), pages=pages)
    return first


_TEXTS = (
    "Each rule is documented by AWS, was observed, or follows from that. A text is the service's "
    "own where it was published, and our wording elsewhere: compare no text with that."
)
# By the ids of `_check/verdict.py`, whose import would load botocore.
_ERROR = Explanation(
    "aws-error",
    "AWS's validation has an error.",
    (
        (
            "AWS",
            "ValidatePipelineDefinition and PutPipelineDefinition tell the error of the object, "
            "and ActivatePipeline refuses a pipeline whose definition has one.",
        ),
        ("Texts", _TEXTS),
        ("Remedy", "Change the field that the line names. An error cannot be ignored."),
    ),
    ("definitions.md#check", "conformance.md"),
)
_WARNING = Explanation(
    "aws-warning",
    "AWS's validation has a warning.",
    (
        (
            "AWS",
            "ValidatePipelineDefinition and PutPipelineDefinition tell the warning; the pipeline "
            "can be activated.",
        ),
        ("Texts", _TEXTS),
        ("Remedy", "Change what it is about. It fails `check` with `--strict` alone."),
    ),
    ("definitions.md#check", "conformance.md"),
)


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
            ("Switch off", f'`@pytest.mark.datapipeline(ignored_rules=["{rule.id}"])`,'),
            ("", f"or in the ini file `datapipeline_ignored_rules = {rule.id}`"),
        ),
        (f"contract.md#{rule.id}", "how-to/findings.md#a-finding-that-is-wrong-for-my-test"),
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


def _of_setting(option: Option) -> Explanation:
    name = f"datapipeline_{option.name}"
    parts = [("Setting", f"{_sentence(option.help)}.")]
    if option.choices:
        parts.append(("Values", ", ".join(option.choices)))
    if option.default is not None and option.default != "":
        parts.append(("Default", f"{option.default}"))
    parts.append(("Ini option", name))
    if option.name in ON_COMMAND_LINE:
        parts.append(("Option", f"--{name.replace('_', '-')}"))
    return Explanation(
        option.name, option.help, tuple(parts), (f"reference/settings.md#{option.name}",)
    )


def _sentence(text: str) -> str:
    """The text, with a capital where it begins with a word, and not with a name of code."""
    first = text.partition(" ")[0]
    return text if "." in first or "_" in first else f"{text[0].upper()}{text[1:]}"
