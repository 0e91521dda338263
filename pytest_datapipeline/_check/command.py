"""The command `check`: whether definitions are valid, and what we would advise.

pytest-datapipeline check FILE... [--format F] [--ignore ID] [--strict]
                                  [--value NAME=VALUE] [--values FILE]
                                  [--template-parameter NAME=VALUE] [--pipeline NAME]
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from .. import checks
from .._definitions.arguments import FOUND, add_arguments, ended, readings_of
from .._definitions.given import ENDING, definitions_beside
from .._service.texts import did_you_mean
from ..errors import FakeUsageError, explained, together
from .advice.rules import IDS, RULES
from .formats import machines
from .formats.text import as_text
from .verdict import ERROR, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .verdict import Verdict

FORMATS: dict[str, Callable[[Sequence[Verdict]], str]] = {
    "text": as_text,
    "json": machines.as_json,
    "sarif": machines.as_sarif,
    "github": machines.as_github,
    "junit": machines.as_junit,
}
_EPILOG = """\
A file holds a definition in the format of the AWS CLI or of the API, a CloudFormation template in
JSON or YAML, or Terraform's; - is the standard input. Exit status: 0 if nothing was found that
counts, 1 if something was, 2 if the command or a file cannot be understood.
"""


def main(arguments: Sequence[str]) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(
        prog="pytest-datapipeline check",
        description="Check definitions as AWS's validation does, and give advice of our own.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="a definition; - for standard input"
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="(default: text)")
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="ID",
        help="a rule of advice that is off, several separated by commas; advice, for all",
    )
    parser.add_argument(
        "--strict", action="store_true", help="warnings and advice count, as errors do"
    )
    parser.add_argument("--now", metavar="TIME", help="when it would be activated; default: now")
    parser.add_argument("--rules", action="store_true", help="list the rules of advice, and end")
    add_arguments(parser)
    given = parser.parse_args(arguments)
    return ended(lambda: _check(given))


def _check(given: argparse.Namespace) -> int:
    if given.rules:
        print("\n".join(f"{rule.id}: {rule.title}.\n    {rule.reason}" for rule in RULES))
        return 0
    if not given.files:
        raise FakeUsageError("check needs a file, or - for the standard input.")
    # A shell's pattern takes files of values along, and pre-commit names those that were changed.
    files: dict[str, None] = {}
    unread: list[str] = []
    for file in given.files:
        found = definitions_beside(file) if file.endswith(ENDING) else [file]
        files |= dict.fromkeys(found)
        if not found:
            unread.append(f"{file} holds values, but there is no definition beside it.")
    ignored = ignored_rules(given.ignore, "--ignore")
    now = time.time_ns() if given.now is None else checks.moment("--now", given.now)
    verdicts: list[Verdict] = []
    of_templates: list[dict[str, str]] = []
    of_others: list[dict[str, str]] = []
    for file in files:
        # What is given on the command line may be for another of the files.
        unknown: dict[str, str] = {}
        try:
            readings = readings_of(file, given, unknown)
        except FakeUsageError as error:
            unread.append(str(error))
            continue
        verdicts += [judge(reading, now, ignored) for reading in readings]
        (of_others if readings[0].resource is None else of_templates).append(unknown)
    # What a template says of a name is more to the point.
    not_taken = [*of_templates, *of_others]
    unread += [
        explained(text, about="unknown-definition-parameter")
        for name, text in (not_taken[0] if not_taken else {}).items()
        if all(name in unknown for unknown in not_taken)
    ]
    if unread and not verdicts:
        raise FakeUsageError(together(unread))
    text = FORMATS[given.format](verdicts)
    if text:
        print(text)
    counted = [
        held
        for verdict in verdicts
        for held in verdict.findings
        if given.strict or held.level == ERROR
    ]
    if unread:
        raise FakeUsageError(together(unread))
    return FOUND if counted else 0


def ignored_rules(texts: Sequence[str], where: str) -> set[str]:
    """The ids of rules that are off.

    Raises:
        FakeUsageError: there is none of an id.
    """
    ignored = {name.strip() for text in texts for name in text.split(",") if name.strip()}
    if "advice" in ignored:
        return set(IDS)
    for name in sorted(ignored - set(IDS)):
        raise FakeUsageError(
            f"{where} has {name!r}, which is no rule of advice.{did_you_mean(name, IDS)} They are: "
            f"{', '.join(IDS)}; what AWS's validation finds cannot be ignored."
        )
    return ignored
