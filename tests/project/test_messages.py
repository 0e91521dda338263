"""The catalog of messages is true: the code has each, and names none that is not in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_datapipeline
from pytest_datapipeline._check.advice.rules import IDS
from pytest_datapipeline._contract.rules import RULES
from pytest_datapipeline._messages.catalog import SECTIONS, Message

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pytest_datapipeline"
DOCS = ROOT / "docs"
MESSAGES = [message for held in SECTIONS.values() for message in held]
TREES = [
    ast.parse(path.read_text(encoding="utf-8"))
    for path in PACKAGE.rglob("*.py")
    if path.parent.name != "_messages"
]
# Stands for a value in a text of the code, as "..." does in the catalog.
_VALUE = "\0"


def texts_of_the_code() -> list[str]:
    """Every text in the package, with a mark for each value that it is filled in with."""
    found = []
    for node in (node for tree in TREES for node in ast.walk(tree)):
        if isinstance(node, ast.JoinedStr):
            parts = [
                str(part.value) if isinstance(part, ast.Constant) else _VALUE
                for part in node.values
            ]
            found.append("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


def ids_in_the_code() -> set[str]:
    """What the code gives as `about`."""
    given: list[ast.AST] = []
    for node in (node for tree in TREES for node in ast.walk(tree)):
        if isinstance(node, ast.keyword) and node.arg == "about":
            given.append(node.value)
        elif isinstance(node, ast.FunctionDef) and node.name == "why_nothing_happens":
            given += [held for held in ast.walk(node) if isinstance(held, ast.Return)]
    texts = [
        held.value for value in given for held in ast.walk(value) if isinstance(held, ast.Constant)
    ]
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z-]+", text)}


TEXTS = texts_of_the_code()


def test_the_catalog_has_those_that_are_met_most() -> None:
    assert len(MESSAGES) >= 50


def test_each_has_an_id_of_its_own_that_no_rule_has_but_that_of_a_warning() -> None:
    ids = [message.id for message in MESSAGES]
    warned = [message.id for message in MESSAGES if message.kind.endswith("Warning")]

    assert len(ids) == len(set(ids))
    assert set(warned) <= set(RULES)
    assert not (set(ids) - set(warned)) & {*RULES, *IDS}
    assert not set(RULES) & set(IDS)


@pytest.mark.parametrize(
    ("kind", "message"),
    [(message.kind, text) for message in MESSAGES for text in message.texts],
)
def test_the_code_has_a_message_of_the_catalog(kind: str, message: str) -> None:
    pieces = [re.escape(piece.strip()) for piece in message.split("...") if piece.strip()]
    pattern = re.compile(rf"\s*{_VALUE}\W*\s*".join(pieces) if len(pieces) > 1 else pieces[0], re.S)

    assert kind in pytest_datapipeline.__all__
    assert any(pattern.search(text) for text in TEXTS), message


def test_the_code_names_every_id_of_the_catalog_and_no_other() -> None:
    # A ContractWarning takes the id of its rule.
    of_rules = {message.id for message in MESSAGES if message.kind == "ContractWarning"}

    assert ids_in_the_code() == {message.id for message in MESSAGES} - of_rules


@pytest.mark.parametrize("message", MESSAGES, ids=[message.id for message in MESSAGES])
def test_each_says_where_to_read_on(message: Message) -> None:
    assert message.pages
    assert [page for page in message.pages if not (DOCS / page.partition("#")[0]).exists()] == []


def test_the_page_is_up_to_date() -> None:
    script = DOCS / "messages.py"

    result = subprocess.run([sys.executable, str(script), "--check"], check=False)

    assert result.returncode == 0, "run: python docs/messages.py"
