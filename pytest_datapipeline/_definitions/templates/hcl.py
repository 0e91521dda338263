"""HCL as python-hcl2 parses it: blocks with their attributes and lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...errors import FakeUsageError, explained, told_by_message
from ..place import Place, problem

__tracebackhide__ = told_by_message


@dataclass
class Block:
    """A block: `resource "type" "name" { ... }`.

    Attributes:
        words: its type, and its labels without their quotes.
        attributes: by name; the value as python-hcl2 writes it, with quotes and `${}`.
        lines: of the attributes.
    """

    words: tuple[str, ...]
    line: int | None
    attributes: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int | None] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def of(self, word: str) -> list[Block]:
        """The blocks of a type within this one."""
        return [held for held in self.blocks if held.words[0] == word]


def parse_hcl(text: str, file: str | None) -> Block:
    """The file as a block without words.

    Raises:
        FakeUsageError: it is no HCL, or there is no parser.
    """
    try:
        import hcl2
        from hcl2.rules.base import AttributeRule, BlockRule
    except ImportError:
        raise FakeUsageError(
            explained(
                f"{Place(file)} seems to be Terraform's, which needs python-hcl2 8: "
                "pip install 'pytest-datapipeline[definitions]'",
                about="extra-not-installed",
            )
        ) from None
    options = hcl2.SerializationOptions(with_comments=False, preserve_heredocs=False)

    def block(words: tuple[str, ...], line: int | None, body: Any) -> Block:
        made = Block(words, line)
        for rule in body.children:
            # python-hcl2 keeps the lines where it has no name for them.
            at = getattr(getattr(rule, "_meta", None), "line", None)
            if isinstance(rule, AttributeRule):
                name = rule.identifier.serialize(options)
                made.attributes[name] = rule.expression.serialize(options)
                made.lines[name] = at
            elif isinstance(rule, BlockRule):
                labels = tuple(str(label.serialize(options)).strip('"') for label in rule.labels)
                made.blocks.append(block(labels, at, rule.body))
        return made

    try:
        return block((), None, hcl2.parses(text).body)
    except Exception as error:
        # Of lark's and of its own, python-hcl2 documents none.
        line = getattr(error, "line", None)
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        place = Place(file, line if isinstance(line, int) and line > 0 else None)
        raise problem(place, f"is no HCL: {what}") from None
