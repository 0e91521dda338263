"""The expression language of field values: `s3://bucket/#{format(@scheduledStartTime, 'YYYY')}`.

    text       = (anything but "#{" | "#{" expression "}")*
    expression = operand (("+" | "-" | "*" | "/" | "^") operand)*
    operand    = "-"* primary ("." function "(" arguments ")")*
    primary    = number | string | path | function "(" arguments ")" | "(" expression ")"
    arguments  = [expression ("," expression)*]
    path       = name ("." name)*
    name       = ["@" | "*"] letter (letter | digit | "_")*
    number     = digits ["." digits] | "." digits
    string     = "'" character* "'" | '"' character* '"'         with backslash escapes, on one line

`^` binds strongest and to the right, then the minus of a single operand, then `*` and `/`, then
`+` and `-`. `value.function(more)` is `function(value, more)`. A star where an operand may start
belongs to the name of a secure field.

A text is parsed once, into closures, and evaluated as often as there are tasks.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ..texts import did_you_mean
from .functions import FUNCTIONS, MINUS, OPERATORS, signature
from .template import Call, ExpressionError, Template, call_chain, constant, infix, path_node
from .values import Refused, in_range, read_int

if TYPE_CHECKING:
    from .functions import Operator
    from .template import Node

# How deep calls and parentheses may nest: far deeper than in practice, and well below the limit of
# Python's recursion.
MAXIMUM_DEPTH = 50


def parse(text: str) -> Template:
    """The template of a text.

    Raises:
        ExpressionError: an expression in it is malformed, or calls a function wrongly.
    """
    # Plain texts are many and cheap to parse: they would only push expressions out of the cache.
    return _parse(text) if "#{" in text else Template(text)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Template:
    return _Parser(text).template()


_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[@*]?[^\W\d]\w*")
_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class _Parser:
    """Reads a text from its start to its end, and each expression in it by recursive descent."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.opened = 0
        self.depth = 0
        self.paths: dict[tuple[str, ...], None] = {}

    def template(self) -> Template:
        parts: list[tuple[int, str | Node]] = []
        while (opened := self.text.find("#{", self.at)) != -1:
            if opened > self.at:
                parts.append((self.at, self.text[self.at : opened]))
            self.opened = opened
            self.at = opened + 2
            if self.peek() == "}":
                raise self.error("the expression is empty")
            parts.append((opened, self.expression()))
            self.expect("}", "an operator or '}'")
        if self.at < len(self.text):
            parts.append((self.at, self.text[self.at :]))
        return Template(self.text, tuple(parts), tuple(self.paths))

    # -- characters

    def error(self, reason: str, position: int | None = None) -> ExpressionError:
        return ExpressionError(self.text, self.at if position is None else position, reason)

    def peek(self) -> str:
        """The next character that is no space."""
        space = _SPACE.match(self.text, self.at)
        if space is not None:
            self.at = space.end()
        if self.at >= len(self.text):
            raise self.error("the '#{' is not closed", self.opened)
        return self.text[self.at]

    def expect(self, char: str, wanted: str) -> None:
        found = self.peek()
        if found != char:
            raise self.error(f"{wanted} is wanted, not {found!r}")
        self.at += 1

    # -- grammar

    def expression(self) -> Node:
        """Operands and operators, put in order of precedence (Dijkstra's shunting-yard)."""
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise self.error(f"calls and parentheses nest deeper than {MAXIMUM_DEPTH}")
        program: list[Node | tuple[int, Operator]] = []
        waiting: list[tuple[int, Operator]] = []
        while True:
            while self.peek() == "-":
                waiting.append((self.at, MINUS))
                self.at += 1
            program.append(self.operand())
            operator = OPERATORS.get(self.peek())
            if operator is None:
                break
            while waiting and (
                waiting[-1][1].precedence > operator.precedence
                or (waiting[-1][1].precedence == operator.precedence and not operator.to_right)
            ):
                program.append(waiting.pop())
            waiting.append((self.at, operator))
            self.at += 1
        self.depth -= 1
        program += reversed(waiting)
        first = program[0]
        return first if callable(first) and len(program) == 1 else infix(self.text, tuple(program))

    def operand(self) -> Node:
        """A primary and the methods that are called on it."""
        char = self.peek()
        start: Node | None = None
        calls: list[Call] = []
        if char == "(":
            self.at += 1
            start = self.expression()
            self.expect(")", "an operator or ')'")
        elif char in "'\"":
            start = constant(self.string())
        elif (digits := _DIGITS.match(self.text, self.at)) is not None:
            start = constant(self.number(digits[0]))
            self.at = digits.end()
        else:
            position, name = self.name("a value")
            if self.peek() == "(":
                calls.append(self.call(position, name, 0))
            else:
                names = [(position, name)]
                while self.peek() == ".":
                    self.at += 1
                    names.append(self.name("a name"))
                    if self.peek() == "(":
                        calls.append(self.call(*names.pop(), 1))
                        break
                start = self.path(names)
        while self.peek() == ".":
            self.at += 1
            position, name = self.name("the name of a function")
            if self.peek() != "(":
                raise self.error(
                    f"{name!r} cannot be read here: only objects have fields", position
                )
            calls.append(self.call(position, name, 1))
        if start is not None and not calls:
            return start
        return call_chain(self.text, start, tuple(calls))

    def name(self, wanted: str) -> tuple[int, str]:
        char = self.peek()
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise self.error(f"{wanted} is wanted, not {char!r}")
        position, self.at = self.at, match.end()
        return position, match[0]

    def path(self, names: list[tuple[int, str]]) -> Node:
        if names[0][1] == "node":
            for position, name in names[2:]:
                if name.startswith("@"):
                    raise self.error(
                        f"the runtime field {name!r} can be read of 'node' itself, not of an "
                        "object that it refers to",
                        position,
                    )
        self.paths[tuple(name for _, name in names)] = None
        return path_node(self.text, tuple(names))

    def call(self, position: int, name: str, given: int) -> Call:
        """The arguments of a function, `given` of which stand before its name."""
        function = FUNCTIONS.get(name)
        if function is None:
            hint = did_you_mean(name, FUNCTIONS)
            raise self.error(f"there is no function {name!r}.{hint}", position)
        self.at += 1
        arguments: list[Node] = []
        if self.peek() != ")":
            arguments.append(self.expression())
            while self.peek() == ",":
                self.at += 1
                arguments.append(self.expression())
        self.expect(")", "an operator, ',' or ')'")
        count = given + len(arguments)
        if count != len(function.parameters):
            raise self.error(
                f"{signature(name)} takes {_arguments(len(function.parameters))}, not {count}",
                position,
            )
        return Call(position, name, tuple(arguments))

    def number(self, digits: str) -> int | float:
        try:
            return in_range(float(digits)) if "." in digits else read_int(digits)
        except Refused as refused:
            raise self.error(str(refused)) from None

    def string(self) -> str:
        start, quote = self.at, self.text[self.at]
        found: list[str] = []
        self.at += 1
        while True:
            char = self.text[self.at : self.at + 1]
            if char == "\\":
                self.at += 1
                escaped = self.text[self.at : self.at + 1]
                char = _ESCAPES.get(escaped, escaped)
            elif char == quote:
                self.at += 1
                return "".join(found)
            elif char in "\r\n":  # also where the text ends: a string is on one line
                char = ""
            if not char:
                raise self.error("the string is not closed", start)
            found.append(char)
            self.at += 1


def _arguments(count: int) -> str:
    return "1 argument" if count == 1 else f"{count} arguments"
