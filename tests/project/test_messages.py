"""The page of messages is true: each is one that the package has."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import pytest_datapipeline

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pytest_datapipeline"
PAGE = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
ROWS = re.findall(r'^\| <a id="([a-z-]+)"></a>\*\*(\w+)\*\*: `([^`]+)` \|', PAGE, re.M)
# Stands for a value in a text of the code, as "..." does on the page.
_VALUE = "\0"


def texts_of_the_code() -> list[str]:
    """Every text in the package, with a mark for each value that it is filled in with."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    str(part.value) if isinstance(part, ast.Constant) else _VALUE
                    for part in node.values
                ]
                found.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


TEXTS = texts_of_the_code()


def test_the_page_has_those_that_are_met_most() -> None:
    assert len(ROWS) >= 50


def test_each_has_an_anchor_of_its_own() -> None:
    anchors = [anchor for anchor, _, _ in ROWS]

    assert PAGE.count("<a id=") == len(anchors) == len(set(anchors))


@pytest.mark.parametrize(("kind", "message"), [(kind, text) for _, kind, text in ROWS])
def test_the_code_has_a_message_of_the_page(kind: str, message: str) -> None:
    pieces = [re.escape(piece.strip()) for piece in message.split("...") if piece.strip()]
    pattern = re.compile(rf"\s*{_VALUE}\W*\s*".join(pieces) if len(pieces) > 1 else pieces[0], re.S)

    assert kind in pytest_datapipeline.__all__
    assert any(pattern.search(text) for text in TEXTS), message
