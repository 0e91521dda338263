"""The types of keyword arguments, which type checkers alone load, are what the code takes."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest_datapipeline
from pytest_datapipeline import Explore, explore

PACKAGE = Path(pytest_datapipeline.__file__).parent


def fields(module: str, name: str) -> dict[str, str]:
    """The annotations in a class, as they are written; of `Annotated`, what it annotates."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    (found,) = (
        node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == name
    )
    types = {}
    for node in found.body:
        if isinstance(node, ast.AnnAssign):
            kind = node.annotation
            if isinstance(kind, ast.Subscript) and ast.unparse(kind.value) == "Annotated":
                assert isinstance(kind.slice, ast.Tuple)
                kind = kind.slice.elts[0]
            types[ast.unparse(node.target)] = ast.unparse(kind)
    return types


SETTINGS = {
    **fields("settings.py", "Settings"),
    **fields("_service/settings.py", "ServiceSettings"),
}


def test_a_fake_takes_every_setting_with_its_type() -> None:
    taken = {**fields("settings.py", "ExploreOptions"), **fields("settings.py", "FakeOptions")}

    assert taken == SETTINGS


def test_an_exploration_takes_every_setting_but_its_own_seed() -> None:
    taken = fields("settings.py", "ExploreOptions")

    assert taken == {name: kind for name, kind in SETTINGS.items() if name != "seed"}
    assert "seed" in inspect.signature(explore).parameters


def test_the_fixture_for_explorations_takes_what_explore_takes() -> None:
    function = inspect.signature(explore).parameters.values()
    _, *fixture = inspect.signature(Explore.__call__).parameters.values()

    assert [(held.name, held.kind) for held in fixture] == [
        (held.name, held.kind) for held in function
    ]
    types = {held.name: held.annotation for held in fixture}
    # A test has a name.
    assert types.pop("name") == "str"
    assert types.items() <= {(held.name, held.annotation) for held in function}
