"""What people read of the package is plain English, with one spelling for one thing.

Pages that scripts make of the code's own texts are not looked at, nor is what stands in code.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from typing import TYPE_CHECKING

import pytest
from support.pages import PAGES, ROOT, name_of

if TYPE_CHECKING:
    from pathlib import Path

NOT_LOOKED_AT = {
    name_of(page) for page in PAGES if "This page is made by" in page.read_text(encoding="utf-8")
}
WRITTEN = [
    *(page for page in PAGES if name_of(page) not in NOT_LOOKED_AT),
    *(ROOT / name for name in ("CHANGELOG.md", "CODE_OF_CONDUCT.md", "SECURITY.md")),
]
# What the reference shows of the code.
DESCRIBED = re.findall(
    r"^::: (\S+)$", (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8"), re.M
)
# What was found on pages, and how it is written here.
SPELLINGS = {
    r"can not": "cannot",
    r"for ever": "forever",
    r"timeouts?|timed-out": "time-out",
    r"cancel(led|ling)": "canceled, as AWS spells it",
    r"back ?offs?": "back-off",
    r"hand ?overs?": "hand-over",
    r"work(er)?-groups?|workergroups?": "worker group",
    r"task-runners?|taskrunners?": "task runner",
    r"behaviors?|colors?|honors?": "behaviour, colour, honour",
    r"belongs? into": "belongs in",
    r"(\w{2,}) \1": "the word once",
}


def test_a_page_tells_its_readers_not_by_what_script_it_is_made() -> None:
    shown = [
        re.sub(r"<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.S) for page in PAGES
    ]

    assert not any("This page is made by" in text for text in shown)


def described(name: str) -> str:
    """What docstrings say of a class, its methods and properties, or of a function."""
    held = pkgutil.resolve_name(name)
    public = (value for member, value in vars(held).items() if not member.startswith("_"))
    documented = [value for value in public if isinstance(value, property) or is_ours(value)]
    return "\n\n".join(inspect.getdoc(value) or "" for value in (held, *documented))


def is_ours(value: object) -> bool:
    return callable(value) and value.__module__.startswith("pytest_datapipeline")


def prose(text: str) -> str:
    """What a text says, apart from code and the targets of links."""
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S)
    text = re.sub(r"`[^`]*`", "`code`", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_a_page_has_one_spelling_for_a_thing(page: Path) -> None:
    assert misspelt(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_docstring_has_one_spelling_for_a_thing(name: str) -> None:
    assert misspelt(described(name)) == []


def misspelt(text: str) -> list[str]:
    """What is to be written otherwise."""
    return [
        f"{held[0]!r}: write {better}"
        for pattern, better in SPELLINGS.items()
        for held in re.finditer(rf"(?<![\w.-])(?:{pattern})(?![\w.:-])", prose(text))
    ]
