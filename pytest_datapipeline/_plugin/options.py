"""What a suite sets: ini options, command-line options and the marker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import FakeUsageError, explained, told_by_message
from ..settings import (
    ALLOW,
    GUARD,
    OF_SESSION,
    ON_COMMAND_LINE,
    Option,
    check_value,
    checked,
    options,
    parse_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

__tracebackhide__ = told_by_message

MARKER = "datapipeline"
DEFINITIONS = "datapipeline_definitions"
# A test can ask for a page of its own: only the marker has this.
ASKED = Option("report", False, (), bool, "")


def add_options(parser: pytest.Parser) -> None:
    """Add the settings as ini options, and some as command-line options."""
    group = parser.getgroup(MARKER, "AWS Data Pipeline")
    group.addoption(
        "--datapipeline-replay",
        default=None,
        metavar="RUN",
        help="make one run of an exploration again, as 'test_x::poll_for_task#1=answer_lost'",
    )
    for option in (*options(), *OF_SESSION):
        text = f"{option.help} ({_choices(option)}default: {option.default})"
        if option.default is None:
            text = option.help
        parser.addini(f"datapipeline_{option.name}", f"pytest-datapipeline: {text}", default=None)
        if option.name in ON_COMMAND_LINE:
            flag = f"--datapipeline-{option.name.replace('_', '-')}"
            if option.kind is bool:
                group.addoption(flag, action="store_const", const="true", default=None, help=text)
            else:
                group.addoption(flag, default=None, metavar=option.name.upper(), help=text)
    parser.addini(
        DEFINITIONS,
        "pytest-datapipeline: definition files that are tests, as pipelines/*.json",
        type="args",
        default=[],
    )
    parser.addini(
        "datapipeline_ignored_advice",
        "pytest-datapipeline: rules of advice that are off for these files",
        type="args",
        default=[],
    )
    group.addoption(
        "--datapipeline-update-snapshots",
        action="store_true",
        default=False,
        help="keep what definition files run beside them, and compare with that from then on",
    )


def _choices(option: Option) -> str:
    return f"{' or '.join(option.choices)}; " if option.choices else ""


def marker_line() -> str:
    """What `pytest --markers` says of the marker."""
    marked = (*options(), ALLOW, GUARD, ASKED)
    names = ", ".join(f"{option.name}={option.default!r}" for option in marked)
    return (
        f"{MARKER}({names}): settings of datapipeline_fake for this test, and which calls that "
        "no fake answers are refused."
    )


def from_config(config: pytest.Config) -> Iterator[tuple[str, Any]]:
    """The settings that the ini file and the command line give."""
    for option in (*options(), *OF_SESSION):
        source = f"--datapipeline-{option.name.replace('_', '-')}"
        given = None
        if option.name in ON_COMMAND_LINE:
            given = config.getoption(f"datapipeline_{option.name}")
        if given is None:
            source = f"the ini option datapipeline_{option.name}"
            given = config.getini(f"datapipeline_{option.name}")
        if given is not None and given != "":
            value = parse_text(option, str(given), source)
            check_value(option, value, source)
            yield option.name, value


def marked(node: pytest.Item | pytest.Collector | Any) -> dict[str, Any]:
    """The arguments of all markers on a test: those of the function win over its module's."""
    found: dict[str, Any] = {}
    for marker in node.iter_markers(MARKER):
        if marker.args:
            raise FakeUsageError(
                explained(
                    f"@pytest.mark.{MARKER} takes settings by name, not {marker.args[0]!r}.",
                    about="setting-without-name",
                )
            )
        found = {**marker.kwargs, **found}
    return found


def checked_of(node: pytest.Item | Any) -> dict[str, Any]:
    """What the markers of a test set for its fake, after a look at all that they set."""
    given = marked(node)
    for option in (ALLOW, GUARD, ASKED):
        if option.name in given:
            check_value(option, given.pop(option.name), f"@pytest.mark.{MARKER}")
    checked(given, f"@pytest.mark.{MARKER}")
    return given
