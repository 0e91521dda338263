"""What people write of the package is plain English, with one spelling for one thing.

Pages that scripts make of the code's own texts are not looked at, nor is what stands in code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.pages import PAGES, ROOT, name_of

if TYPE_CHECKING:
    from pathlib import Path

NOT_LOOKED_AT = {
    "docs/messages.md",  # the texts of the code
    "docs/how-to/coroutines.md",  # asyncio's words, such as its spelling of "cancelled"
} | {name_of(page) for page in PAGES if "This page is made by" in page.read_text(encoding="utf-8")}
WRITTEN = [
    *(page for page in PAGES if name_of(page) not in NOT_LOOKED_AT),
    *(ROOT / name for name in ("CHANGELOG.md", "CODE_OF_CONDUCT.md", "SECURITY.md")),
]
# What was found on pages, and how it is written here.
SPELLINGS = {
    r"can not": "cannot",
    r"for ever": "forever",
    r"timeouts?|timed-out": "time-out",
    r"cancelled|cancell?ing": "canceled, as AWS spells it",
    r"back ?offs?": "back-off",
    r"hand ?overs?": "hand-over",
    r"work(er)?-groups?|workergroups?": "worker group",
    r"task-runners?|taskrunners?": "task runner",
    r"behaviors?|colors?|honors?": "behaviour, colour, honour",
    r"belongs? into": "belongs in",
    r"(\w{2,}) \1": "the word once",
}


def prose(page: Path) -> str:
    """What a page says, apart from code and the targets of links."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^ *```.*?^ *```$|^ {4,}\S.*$", "", text, flags=re.M | re.S)
    text = re.sub(r"`[^`]*`", "`code`", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_a_thing_has_one_spelling(page: Path) -> None:
    text = prose(page)

    found = [
        f"{held[0]!r}: write {better}"
        for pattern, better in SPELLINGS.items()
        for held in re.finditer(rf"(?<![\w.-])(?:{pattern})(?![\w.-])", text)
    ]

    assert found == []
