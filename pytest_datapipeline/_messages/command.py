"""The command `explain`: what a message means, and what to do.

pytest-datapipeline explain [ID...]
"""

from __future__ import annotations

import argparse
import shutil
import textwrap
from typing import TYPE_CHECKING

from .._definitions.arguments import ended
from .._service.texts import did_you_mean
from ..errors import FakeUsageError
from .explanations import merged, sections
from .pages import title_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .explanations import Explanation

_EPILOG = """\
The ids stand in the last line of messages, in findings and in what check prints. Exit status: 2 if
there is no such id.
"""
# Longer lines are hard to read.
_WIDEST = 100


def main(arguments: Sequence[str]) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(
        prog="pytest-datapipeline explain",
        description="Explain a message, a rule for task runners, a rule of advice or a setting.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "ids",
        nargs="*",
        metavar="ID",
        help="the id of a message or a rule, as in no-fake-active, or the name of a setting; with "
        "none, all are listed",
    )
    given = parser.parse_args(arguments)
    return ended(lambda: _explain(given.ids))


def _explain(ids: Sequence[str]) -> int:
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    by_section = sections()
    if not ids:
        print("\n".join(_listed(by_section, width)))
        return 0
    told = []
    every = [explanation for held in by_section.values() for explanation in held]
    for name in ids:
        # A warning and its rule have one id.
        found = [explanation for explanation in every if explanation.id == name]
        if not found:
            raise FakeUsageError(
                f"There is no message, rule or setting {name!r}."
                f"{did_you_mean(name, [explanation.id for explanation in every])} "
                "`pytest-datapipeline explain` lists all."
            )
        told.append("\n".join([name, "", *_told(merged(found), width)]))
    print("\n\n".join(told))
    return 0


def _told(explanation: Explanation, width: int) -> Iterator[str]:
    labels = ["Read on", *("" for _ in explanation.pages[1:])]
    pages = [title_of(page) for page in explanation.pages]
    parts = [*explanation.parts, *zip(labels, pages, strict=True)]
    column = 4 + max(len(label) for label, _ in parts)
    for label, text in parts:
        yield textwrap.fill(
            text,
            width,
            initial_indent=(f"  {label}:" if label else "").ljust(column),
            subsequent_indent=" " * column,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _listed(by_section: dict[str, list[Explanation]], width: int) -> Iterator[str]:
    column = 4 + max(len(held.id) for found in by_section.values() for held in found)
    for title, found in by_section.items():
        yield title
        for held in found:
            text = textwrap.shorten(held.title, max(20, width - column), placeholder=" ...")
            yield f"  {held.id}".ljust(column) + text
        yield ""
    yield "`pytest-datapipeline explain ID` tells more."
