"""The arguments by which commands are told of definitions, and how commands end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..errors import FakeUsageError, explained
from .given import NOTHING, given_beside, given_in, on_the_command_line
from .reader import STANDARD_INPUT, read_all
from .reading import give
from .values import pairs

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from .reading import Reading

# As pytest's and most linters': something was found; the command was used wrongly.
FOUND = 1
USAGE = 2
# What a shell tells of a command that Ctrl-C has ended.
INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that say what is left open in definitions."""
    group = parser.add_argument_group("what the definitions leave open")
    group.add_argument(
        "--value",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="the value of a parameter; several make a list",
    )
    group.add_argument(
        "--values",
        metavar="FILE",
        help="parameter values in a file, as --parameter-values-uri of the AWS CLI takes it, and "
        "templateParameters (default: NAME.values.json beside the definition, if there is one)",
    )
    group.add_argument(
        "--template-parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of a CloudFormation template, a variable of Terraform's, or what only a "
        "deployment would tell",
    )
    group.add_argument(
        "--pipeline", metavar="NAME", help="which of a template's pipelines; by default all"
    )


def readings_of(
    file: str, given: argparse.Namespace, unknown: dict[str, str] | None = None
) -> list[Reading]:
    """The definitions of a file, with the values that were given, or stand beside it.

    Args:
        file: its path, or `-`.
        given: the arguments.
        unknown: takes what there is to say of parameters among the arguments that are none of this
            file, which may be another's; without it they are refused.

    Raises:
        FakeUsageError: it cannot be read, or has none of the name that was given.
    """
    told = NOTHING if given.values is None else given_in(given.values)
    beside = NOTHING
    if given.values is None and file != STANDARD_INPUT:
        beside = given_beside(file)
    template = told.template_parameters | pairs(given.template_parameter, "--template-parameter")
    left: dict[str, str] = {}
    found = read_all(
        file,
        template_parameters=beside.template_parameters | template,
        remedy=on_the_command_line,
        unknown=left,
    )
    for name, text in left.items():
        if unknown is None or name not in template:
            raise FakeUsageError(explained(text, about="unknown-definition-parameter"))
        unknown.setdefault(name, text)
    if given.pipeline is not None:
        named = [held for held in found if given.pipeline in (held.resource, held.name)]
        if not named:
            there = ", ".join(str(held.resource or held.name) for held in found)
            raise FakeUsageError(f"{file} has no pipeline {given.pipeline!r}. It has: {there}.")
        found = named
    values = told.values | pairs(given.value, "--value")
    left = {}
    give(found, beside.values | values, left)
    for name, text in left.items():
        if unknown is None or name not in values:
            raise FakeUsageError(explained(text, about="unknown-definition-parameter"))
        unknown.setdefault(f"--value {name}", text)
    return found


def ended(command: Callable[[], int]) -> int:
    """The exit status of a command: a mistake of its user is a sentence, and no traceback."""
    try:
        status = command()
        sys.stdout.flush()
        return status
    except FakeUsageError as error:
        print(error, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Who reads it has seen enough, as `head` does. Python would complain when it ends.
        sys.stdout = None  # documented: there may be none
        return 0
