"""The pages of the reference are what the code says."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_datapipeline
from pytest_datapipeline.settings import options

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def test_the_pages_that_are_made_are_up_to_date() -> None:
    script = ROOT / "docs" / "reference.py"

    result = subprocess.run([sys.executable, str(script), "--check"], check=False)

    assert result.returncode == 0, "run: python docs/reference.py"


def test_every_setting_has_its_row() -> None:
    text = (REFERENCE / "settings.md").read_text(encoding="utf-8")

    assert [option.name for option in options() if f"`{option.name}` |" not in text] == []


@pytest.mark.parametrize("name", pytest_datapipeline.__all__)
def test_every_public_name_is_in_the_reference(name: str) -> None:
    text = "".join(
        (REFERENCE / page).read_text(encoding="utf-8") for page in ("api.md", "errors.md")
    )

    assert re.search(rf"[.`]{name}(`|$)", text, re.M)


@pytest.mark.parametrize(
    "name", re.findall(r"^::: (\S+)$", (REFERENCE / "api.md").read_text(encoding="utf-8"), re.M)
)
def test_the_first_line_of_a_method_is_what_its_class_lists(name: str) -> None:
    held = pkgutil.resolve_name(name)
    described = {
        member: text.splitlines()[0]
        for member, value in vars(held).items()
        if not member.startswith("_") and (text := getattr(value, "__doc__", None))
        if isinstance(value, property)
        or (callable(value) and value.__module__.startswith("pytest_datapipeline"))
    }

    assert {member: line for member, line in described.items() if not line.endswith(".")} == {}


def test_every_fixture_is_in_the_reference() -> None:
    plugin = (ROOT / "pytest_datapipeline" / "plugin.py").read_text(encoding="utf-8")
    text = (REFERENCE / "fixtures.md").read_text(encoding="utf-8")
    fixtures = re.findall(r"^@pytest\.fixture\ndef (\w+)", plugin, re.M)
    fixtures += re.findall(r"^(\w+) = pytest\.fixture", plugin, re.M)

    assert [name for name in fixtures if f"`{name}`" not in text] == []
