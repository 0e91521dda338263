"""What a suite sets: ini options, command-line options and the marker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
    from collections.abc import Collection, Iterator

__tracebackhide__ = told_by_message

MARKER = "datapipeline"
DEFINITIONS = "datapipeline_definitions"
# The fixtures that make a fake of a wider scope, the narrowest first; and those that make one, or
# another double, for a test.
WIDER = tuple(f"{scope}_datapipeline_fake" for scope in ("class", "module", "package", "session"))
_OF_A_TEST = frozenset({"datapipeline_fake", "datapipeline_explore", "datapipeline_stubber"})
# What is of each test, whatever double answers.
_OF_EVERY_TEST = frozenset({ALLOW.name, GUARD.name, "report"})
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
    others = [option.name for option in (ALLOW, GUARD, ASKED)]
    checked(given, f"@pytest.mark.{MARKER}", others)
    return given


def check_reach(item: pytest.Item, names: Collection[str]) -> None:
    """Refuse settings for a fake that was made before the test, and knows nothing of them.

    Args:
        names: of the test's fixtures.
    """
    wider = next((name for name in WIDER if name in names), None)
    if wider is None or not _OF_A_TEST.isdisjoint(names):
        return
    scope = wider.partition("_")[0]
    kinds: dict[str, Any] = {"class": pytest.Class, "module": pytest.Module}
    kind = kinds.get(scope, pytest.Package if scope == "package" else pytest.Session)
    above = item.listchain()
    of_scope = [node for node in above if isinstance(node, kind)]
    # Outside of a class, that scope is the test; outside of a package, it is the session.
    until = above.index(of_scope[-1]) if of_scope else (0 if scope == "package" else len(above))
    early = set(above[: until + 1])
    given: dict[str, Any] = {}
    for node, marker in item.iter_markers_with_node(MARKER):
        for name, value in marker.kwargs.items():
            given.setdefault(name, (node in early, value))
    late = {name: value for name, (in_time, value) in given.items() if not in_time}
    overlooked = [name for name in late if name not in _OF_EVERY_TEST]
    if "datapipeline_client" in names and "region" in overlooked:
        overlooked.remove("region")  # it is the client's as well
    if overlooked:
        told = ", ".join(f"{name}={late[name]!r}" for name in overlooked)
        raise FakeUsageError(
            explained(
                f"@pytest.mark.{MARKER}({told}) comes too late: the test's fake is that of "
                f"{wider}, which was made for its {scope}. {_how_to_set(scope, overlooked)}, or "
                "request datapipeline_fake.",
                about="marker-too-late",
            )
        )


def _how_to_set(scope: str, names: list[str]) -> str:
    """Where the settings of a fake of a wider scope are given."""
    if scope == "session":  # which has no marker
        return f"Set {' and '.join(f'datapipeline_{name}' for name in names)} in the ini file"
    return f"Mark the {scope}"
