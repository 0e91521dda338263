"""The README and the pages of the documentation are true: what they show runs as pasted.

The Python blocks of a page become test modules in one folder, which holds the definition files of
the examples as well. A block with a title is a file of that name, until a later one of that name
takes its place. A command of pytest or of ours is then run with the files that stand there by
now, and what the page shows must come, in that order; `...` stands for anything. What else is run
in a shell, test_console.py has.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from support.inner_pytest import run_here
from support.pages import PAGES, Block, assert_shown, blocks, make_definitions, name_of

from pytest_datapipeline.__main__ import _run as run_command

if TYPE_CHECKING:
    from pathlib import Path

# A run of pytest in this process would import these anew, and forget them at its end: yaml's parser
# in C does not bear that, moto would add to botocore's handlers, aiobotocore's classes be others.
pytest.importorskip("yaml")
pytest.importorskip("moto.core")
if find_spec("aiobotocore") is not None:
    import aiobotocore.session  # noqa: F401  # see above


# What a block is about, and what it needs. aiobotocore warns of the older httpx.
_NEEDS = {
    "aiobotocore": ("aiobotocore",),
    "aiobotocore.httpxsession": ("httpx2",),
    "import trio": ("trio",),
}


def lacks(block: Block) -> bool:
    """Whether a block is about a library that is not installed here."""
    return any(
        subject in block.text and any(find_spec(name) is None for name in names)
        for subject, names in _NEEDS.items()
    )


def is_run_here(words: list[str]) -> bool:
    """Whether a command is one of pytest's, or one of ours that ends by itself."""
    return words[0] == "pytest" or (words[0] == "pytest-datapipeline" and words[1] != "serve")


@pytest.fixture
def folder(pytester: pytest.Pytester) -> Path:
    """A folder with the definition files that pages speak of."""
    make_definitions(pytester.path)
    return pytester.path


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        if any(held.language == "python" and held.title is None for held in blocks(page))
    ],
    ids=name_of,
)
def test_every_python_block_runs(pytester: pytest.Pytester, folder: Path, page: Path) -> None:
    held = [block for block in blocks(page) if block.language == "python" and block.title is None]
    held = [block for block in held if not lacks(block)]
    for number, block in enumerate(held, 1):
        is_test = "def test_" in block.text or "class Test" in block.text
        body = block.text if is_test else f"def test_block():\n    exec({block.text!r}, {{}})\n"
        (folder / f"test_block_{number}.py").write_text(body, encoding="utf-8")

    result = run_here(pytester, "-W", "error")

    outcomes = result.parseoutcomes()
    assert set(outcomes) <= {"passed", "skipped"}
    assert outcomes.get("passed", 0) >= len(held)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_fence_has_a_form_that_the_site_shows(page: Path) -> None:
    fences = re.findall(r"^ *```.*$", page.read_text(encoding="utf-8"), re.M)

    strange = [held for held in fences if not re.fullmatch(r' *```([a-z]+( title=".+")?)?', held)]
    assert strange == []


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        if any(block.title and block.language != "yaml" for block in blocks(page))
    ],
    ids=name_of,
)
def test_what_a_page_leads_through_goes_as_it_shows(
    pytester: pytest.Pytester, folder: Path, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compared = 0
    for block in blocks(page):
        if block.title is not None:
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            for command in block.commands:
                if is_run_here(command.words):
                    assert command.shown, f"{command.text}: what does it print?"
                    assert_shown(command.shown, printed_by(command.words, pytester, capsys))
                    compared += 1

    assert compared


def printed_by(
    words: list[str], pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """What a command prints."""
    if words[0] == "pytest":
        return run_here(pytester, "-W", "default", *words[1:]).outlines
    capsys.readouterr()
    run_command(words[1:])
    return capsys.readouterr().out.splitlines()
