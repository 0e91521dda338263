"""YAML with its lines, and CloudFormation's short forms: `!Ref A` is `{"Ref": "A"}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import FakeUsageError, explained, told_by_message
from .place import Place, problem
from .tree import Path, Tree

if TYPE_CHECKING:
    import yaml

__tracebackhide__ = told_by_message

# Aliases of aliases can make a page of text billions of objects.
_MAXIMUM_NODES = 200_000
_MAXIMUM_DEPTH = 200
_NULL = "tag:yaml.org,2002:null"


def yaml_tree(text: str, file: str | None) -> Tree:
    """The tree of a YAML text. Scalars are texts as they are written: `1.10` is no number, and
    `yes` is not true.

    Raises:
        FakeUsageError: it is none, or there is no parser.
    """
    try:
        import yaml
    except ImportError:
        raise FakeUsageError(
            explained(
                f"{Place(file)} seems to be YAML, which needs PyYAML: "
                "pip install 'pytest-datapipeline[definitions]'",
                about="extra-not-installed",
            )
        ) from None
    # The parser in C does the same in a tenth of the time, where there is one.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        what = error.problem or error.context or "it cannot be parsed"
        raise problem(Place(file, line), f"is no YAML: {what}.") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise problem(Place(file), f"is no YAML: {_one_line(error)}.") from None
    lines: dict[Path, int] = {}
    data = None if root is None else _Reader(file, lines).value(root, ())
    return Tree(data, file, lambda: lines)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


class _Reader:
    def __init__(self, file: str | None, lines: dict[Path, int]) -> None:
        self._file = file
        self._lines = lines
        self._nodes = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        """The data of a node, the tag of which may be one of CloudFormation's functions."""
        self._nodes += 1
        line = node.start_mark.line + 1
        if self._nodes > _MAXIMUM_NODES or len(path) > _MAXIMUM_DEPTH:
            raise problem(
                Place(self._file, line), "has too many parts, maybe aliases that hold each other."
            )
        self._lines.setdefault(path, line)
        function = _function(node.tag)
        if function is not None:
            path = (*path, function)
        found = self._bare(node, path)
        if function is None:
            return found
        if function == "Fn::GetAtt" and isinstance(found, str):
            found = found.split(".", 1)
        return {function: found}

    def _bare(self, node: yaml.Node, path: Path) -> Any:
        import yaml

        if isinstance(node, yaml.MappingNode):
            found: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = key_node.value
                line = key_node.start_mark.line + 1
                if not isinstance(key, str):
                    raise problem(Place(self._file, line), "has a key that is no text.")
                at = (*path, key)
                self._lines[at] = line
                found[key] = self.value(value_node, at)
            return found
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, place)) for place, item in enumerate(node.value)]
        return None if node.tag == _NULL else node.value


def _function(tag: str) -> str | None:
    """The long name of a short form."""
    if not tag.startswith("!") or tag == "!":
        return None
    name = tag[1:]
    return name if name in ("Ref", "Condition") else f"Fn::{name}"
