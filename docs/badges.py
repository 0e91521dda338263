"""Makes the badges of the README from pyproject.toml: `python docs/badges.py`.

Pictures of our own: they are there without a network, and tell nobody who looks at them.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "assets" / "badges"

_BLUE, _GREEN = "#1d63a3", "#2b7a34"
_HEIGHT = 20
# Around a text, in pixels.
_MARGIN = 6
# How wide letters are; a text is stretched to that, so a picture looks the same in every font.
_NARROW, _WIDE = " .:fijlrt", "mwM%"


class Badge(NamedTuple):
    """A claim of two words, as of Python: 3.10 to 3.15."""

    label: str
    value: str
    color: str

    @property
    def text(self) -> str:
        return f"{self.label}: {self.value}"


def badges(project: dict[str, Any]) -> dict[str, Badge]:
    """Each badge by the name of its file, of what pyproject.toml says."""
    about = project["project"]
    marks = about["classifiers"]
    pythons = [found[1] for mark in marks if (found := re.search(r"Python :: (3\.\d+)$", mark))]
    floors = dict(re.findall(r"([\w-]+)>=([\d.]+)", " ".join(about["dependencies"])))
    assert "Typing :: Typed" in marks
    assert project["tool"]["mypy"]["strict"]
    return {
        "python": Badge("Python", f"{pythons[0]} to {pythons[-1]}", _BLUE),
        "pytest": Badge("pytest", f"{floors['pytest']} or newer", _BLUE),
        "boto3": Badge("boto3", f"{floors['boto3']} or newer", _BLUE),
        "types": Badge("types", "mypy strict", _GREEN),
        "coverage": Badge(
            "coverage", f"at least {project['tool']['coverage']['report']['fail_under']} %", _GREEN
        ),
        "license": Badge("license", about["license"], _GREEN),
    }


def picture(badge: Badge) -> str:
    """A badge as SVG."""
    left, right = (2 * _MARGIN + _width(text) for text in badge[:2])
    parts = [
        _part(badge.label, 0, left, "#4a4a4a"),
        _part(badge.value, left, right, badge.color),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right:g}" height="{_HEIGHT}" '
        f'role="img" aria-label="{escape(badge.text)}">\n'
        f"<title>{escape(badge.text)}</title>\n"
        '<clipPath id="round">'
        f'<rect width="{left + right:g}" height="{_HEIGHT}" rx="3"/></clipPath>\n'
        '<g clip-path="url(#round)" fill="#fff" text-anchor="middle" '
        'font-family="Verdana, DejaVu Sans, sans-serif" font-size="11">\n'
        f"{''.join(parts)}</g>\n</svg>\n"
    )


def _width(text: str) -> float:
    return sum(4 if letter in _NARROW else 10 if letter in _WIDE else 7 for letter in text)


def _part(text: str, start: float, width: float, color: str) -> str:
    return (
        f'<rect x="{start:g}" width="{width:g}" height="{_HEIGHT}" fill="{color}"/>\n'
        f'<text x="{start + width / 2:g}" y="14" textLength="{width - 2 * _MARGIN:g}">'
        f"{escape(text)}</text>\n"
    )


def line(made: dict[str, Badge]) -> str:
    """The line of the README that shows them all."""
    folder = FOLDER.relative_to(ROOT).as_posix()
    return " ".join(f"![{badge.text}]({folder}/{name}.svg)" for name, badge in made.items())


def main() -> None:
    """Write them."""
    if sys.version_info < (3, 11):
        raise SystemExit("docs/badges.py needs tomllib, of Python 3.11 or newer.")
    tomllib = import_module("tomllib")
    made = badges(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    FOLDER.mkdir(exist_ok=True)
    for name, badge in made.items():
        (FOLDER / f"{name}.svg").write_text(picture(badge), encoding="utf-8")
    print(line(made))


if __name__ == "__main__":
    main()
