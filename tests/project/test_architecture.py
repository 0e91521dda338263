"""The architecture page is true: its floors are the packages of the tree and the layers that lint
checks, and each floor says itself what it is.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pytest_datapipeline"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FOLDERS = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))


def name_of(folder: Path) -> str:
    return folder.relative_to(PACKAGE).as_posix()


def rooms(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def contracts() -> dict[str, Any]:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has none")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {held["id"]: held for held in settings["tool"]["importlinter"]["contracts"]}


def test_the_page_lists_every_package_and_no_other() -> None:
    listed = re.findall(r"^\| `([a-z_/]+)/` \|", PAGE, re.M)

    assert sorted(listed) == sorted(name_of(folder) for folder in FOLDERS if folder != PACKAGE)


def test_the_page_names_every_module_at_the_root() -> None:
    row = re.search(r"^\| the root \| (.*)$", PAGE, re.M)

    assert row is not None
    assert sorted(re.findall(r"`([a-z_]+)\.py`", row[1])) == rooms(PACKAGE)


@pytest.mark.parametrize("contract", ["floors", "service"])
def test_the_page_draws_the_floors_as_lint_checks_them(contract: str) -> None:
    layers = [re.split(r"[ |]+", layer) for layer in contracts()[contract]["layers"]]
    picture = re.search(rf"^<!-- {contract} -->\n```text\n(.*?)^```", PAGE, re.M | re.S)

    assert picture is not None
    drawn = [re.findall(r"[a-z_]+", line.partition("  ")[0]) for line in picture[1].splitlines()]
    assert drawn == layers


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_folder_holds_two_to_ten_rooms(folder: Path) -> None:
    packages = [path for path in folder.iterdir() if (path / "__init__.py").exists()]

    assert len(rooms(folder)) + len(packages) >= 2
    assert len(rooms(folder)) <= 10


@pytest.mark.parametrize("folder", [held for held in FOLDERS if held != PACKAGE], ids=name_of)
def test_a_folder_says_what_lives_there(folder: Path) -> None:
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""

    assert re.search(r"\b[Ii]mports?\b", text), text
    assert re.search(r"\bimported\b|\bmay (use|import) it\b", text), text


@pytest.mark.parametrize("folder", [held for held in FOLDERS if held != PACKAGE], ids=name_of)
def test_the_tests_have_the_same_folders(folder: Path) -> None:
    parts = [part.removeprefix("_") for part in folder.relative_to(PACKAGE).parts]
    # A folder within a room is that room to the tests.
    places = [Path(*parts), Path(*parts).parent] if len(parts) > 1 else [Path(*parts)]

    assert any(list((ROOT / "tests" / place).rglob("test_*.py")) for place in places)
