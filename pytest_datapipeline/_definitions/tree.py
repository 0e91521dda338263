"""Parsed text that knows its lines: JSON here, YAML in `yaml_tree`, HCL in `hcl`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..errors import told_by_message
from .place import Place, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__tracebackhide__ = told_by_message

Step = str | int
Path = tuple[Step, ...]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class Tree:
    """Data, and the lines on which its parts stand.

    Args:
        data: mappings, lists, texts and other scalars.
        file: the name of the file, for errors.
        find_lines: the lines by path. Looked for when the first is asked for: most definitions are
            fine, and nobody asks.
    """

    def __init__(
        self, data: Any, file: str | None, find_lines: Callable[[], dict[Path, int]] = dict
    ) -> None:
        self.data = data
        self.file = file
        self._find_lines = find_lines
        self._lines: dict[Path, int] | None = None

    def line(self, path: Path) -> int | None:
        """The line on which a part stands, or what it is in; None if nobody knows."""
        if self._lines is None:
            self._lines = self._find_lines()
        for length in range(len(path), 0, -1):
            line = self._lines.get(path[:length])
            if line is not None:
                return line
        return None

    def place(self, path: Path = (), object: str | None = None, field: str | None = None) -> Place:
        """Where a part stands."""
        return Place(self.file, self.line(path), object, field)


def json_tree(text: str, file: str | None) -> Tree:
    """The tree of a JSON text.

    Raises:
        FakeUsageError: it is none.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise problem(Place(file, error.lineno), f"is no JSON: {error}.") from None
    except (ValueError, RecursionError) as error:
        # A number of too many digits; brackets in brackets without an end.
        raise problem(Place(file), f"cannot be read as JSON: {error}.") from None
    return Tree(data, file, lambda: _json_lines(text))


def _json_lines(text: str) -> dict[Path, int]:
    """The line of each key and each item, in a text that is known to be JSON."""
    lines: dict[Path, int] = {}
    # For each open bracket: whether it is a list, and the present index or key.
    open_brackets: list[list[Any]] = []
    key_comes = False
    for token, line in _tokens(text):
        if token in "{[":
            _begin_item(open_brackets, lines, line)
            is_list = token == "["
            open_brackets.append([is_list, -1 if is_list else None, True])
            key_comes = not is_list
        elif token in "}]":
            open_brackets.pop()
            key_comes = False
        elif token == ",":
            open_brackets[-1][2] = True
            key_comes = not open_brackets[-1][0]
        elif token == ":":
            key_comes = False
        elif key_comes:
            open_brackets[-1][1] = json.loads(token)
            lines[tuple(held[1] for held in open_brackets)] = line
        else:
            _begin_item(open_brackets, lines, line)
    return lines


def _begin_item(open_brackets: list[list[Any]], lines: dict[Path, int], line: int) -> None:
    """Count the items of a list."""
    if open_brackets and open_brackets[-1][0] and open_brackets[-1][2]:
        open_brackets[-1][1] += 1
        open_brackets[-1][2] = False
        lines[tuple(held[1] for held in open_brackets)] = line


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line, seen = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        yield match[0], line
