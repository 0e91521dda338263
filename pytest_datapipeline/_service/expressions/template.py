"""Parsed texts: closures that evaluate them in the scope of an object."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ..fields import MASK
from .functions import CONVERSIONS, FUNCTIONS, apply_operator, negate, signature
from .values import SHOWN, Refused, described, flattened, literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from .functions import Operator
    from .values import Scope, Value

    Node = Callable[[Scope], Value]


class ExpressionError(Exception):
    """An expression that cannot be parsed or evaluated.

    `expression` is the whole text that it is in, `position` the offset in that of what is wrong,
    `hidden` the reason without the values in it, which may be secret.
    """

    def __init__(
        self, expression: str, position: int, reason: str, hidden: str | None = None
    ) -> None:
        super().__init__(expression, position, reason)
        self.hidden: str = reason if hidden is None else hidden
        self.expression = expression
        self.position = position
        self.reason = reason

    def __str__(self) -> str:
        text = self.expression
        if len(text) > 2 * SHOWN:
            first, last = max(self.position - SHOWN, 0), self.position + SHOWN
            text = ("..." if first else "") + text[first:last] + ("..." if text[last:] else "")
        return f"{self.reason}: at position {self.position} of {text!r}"


class Template:
    """A parsed text, as a list of plain texts and expressions. Immutable: equal texts share one."""

    __slots__ = ("_flattens", "_parts", "has_expressions", "names", "paths", "text")

    def __init__(
        self,
        text: str,
        parts: tuple[tuple[int, str | Node], ...] = (),
        paths: tuple[tuple[str, ...], ...] = (),
    ) -> None:
        self.text = text
        self.paths = paths
        self.names = frozenset(path[0] for path in paths)
        self.has_expressions = bool(parts)
        self._parts = parts
        self._flattens = _is_list_of_expressions([part for _, part in parts])

    def __repr__(self) -> str:
        return f"Template({self.text!r})"

    def values(
        self,
        scope: Scope,
        *,
        lenient: bool = False,
        shown: Callable[[Value], Value] = lambda value: value,
    ) -> list[str]:
        """What the text becomes. A list in it makes a text for each of its values.

        Args:
            scope: in which it is evaluated.
            lenient: whether an expression that cannot be evaluated stays as it is written.
            shown: what stands in the text for the value of each expression, in their order.

        Raises:
            ExpressionError: it cannot be evaluated for this object.
        """
        if not self.has_expressions:
            return [self.text]
        found: list[Value] = []
        lists: list[int] = []
        for index, (position, part) in enumerate(self._parts):
            if isinstance(part, str):
                found.append(part)
                continue
            try:
                value = part(scope)
            except ExpressionError:
                if not lenient:
                    raise
                value = self._written(index)
            value = shown(value)
            if isinstance(value, list):
                lists.append(position)
            found.append(value)
        if not lists:
            return ["".join([literal(value) for value in found])]
        if self._flattens:
            return [literal(value) for value in flattened(found[1::2])]
        if len(lists) > 1:
            # Neither pairing the values nor crossing them is documented.
            raise ExpressionError(
                self.text, lists[1], "a text can hold one list, unless it is '[#{a}, #{b}]'"
            )
        index = next(index for index, value in enumerate(found) if isinstance(value, list))
        before = "".join([literal(value) for value in found[:index]])
        after = "".join([literal(value) for value in found[index + 1 :]])
        return [f"{before}{literal(value)}{after}" for value in flattened([found[index]])]

    def _written(self, index: int) -> str:
        """One of the parts as it stands in the text."""
        following = self._parts[index + 1 : index + 2]
        end = following[0][0] if following else len(self.text)
        return self.text[self._parts[index][0] : end]

    def value(self, scope: Scope, *, lenient: bool = False) -> str:
        """What the text becomes, as one string: several values are "[a, b]", none is "".

        Args:
            scope: in which it is evaluated.
            lenient: whether an expression that cannot be evaluated stays as it is written.

        Raises:
            ExpressionError: it cannot be evaluated for this object.
        """
        values = self.values(scope, lenient=lenient)
        if len(values) == 1:
            return values[0]
        return f"[{', '.join(values)}]" if values else ""


_OPENING = re.compile(r"\s*\[\s*")
_COMMA = re.compile(r"\s*,\s*")
_CLOSING = re.compile(r"\s*\]\s*")


def _is_list_of_expressions(parts: list[str | Node]) -> bool:
    """Whether the parts are those of `[#{a}, #{b}]`."""
    texts = parts[::2]
    if len(parts) < 3 or len(parts) % 2 == 0 or any(not isinstance(text, str) for text in texts):
        return False
    patterns = (_OPENING, *[_COMMA] * (len(texts) - 2), _CLOSING)
    return all(
        isinstance(text, str) and pattern.fullmatch(text)
        for pattern, text in zip(patterns, texts, strict=True)
    )


# -- nodes ----------------------------------------------------------------------------------------


def constant(value: Value) -> Node:
    """Always the same value."""
    return lambda _: value


def path_node(text: str, names: tuple[tuple[int, str], ...]) -> Node:
    """A field, or a field of an object that the field before it refers to, and so on.

    `names` are the fields, each with its position in `text`.
    """
    (position, first), *rest = names

    def own(scope: Scope) -> Value:
        try:
            return scope.lookup(first)
        except KeyError:
            raise _no_field(text, position, first, scope) from None

    def of_others(scope: Scope) -> Value:
        value = own(scope)
        for at, name in rest:
            value = _field(text, at, name, value)
        return value

    return of_others if rest else own


def _field(text: str, position: int, name: str, value: Value) -> Value:
    """The field of an object, or those of the objects in a list."""
    if isinstance(value, list):
        return flattened([_field(text, position, name, item) for item in value])
    if isinstance(value, (str, int, float, datetime)):
        problem = f"is no object and has no field {name!r}"
        raise ExpressionError(text, position, f"{described(value)} {problem}", f"{MASK} {problem}")
    try:
        return value.lookup(name)
    except KeyError:
        raise _no_field(text, position, name, value) from None


def _no_field(text: str, position: int, name: str, scope: Scope) -> ExpressionError:
    return ExpressionError(text, position, f"the object {scope.id!r} has no field {name!r}")


class Call(NamedTuple):
    """A call of a function, without its first argument if it is a method's."""

    position: int
    name: str
    arguments: tuple[Node, ...]


def _call(text: str, call: Call, scope: Scope, first: tuple[Value, ...]) -> Value:
    values = [*first, *[argument(scope) for argument in call.arguments]]
    parameters, apply = FUNCTIONS[call.name]
    number = 0
    try:
        for parameter in parameters:
            values[number] = CONVERSIONS[parameter](values[number])
            number += 1
    except Refused as refused:
        where = f"argument {number + 1} of {signature(call.name)}"
        raise ExpressionError(
            text, call.position, f"{where}: {refused}", f"{where}: {refused.hidden}"
        ) from None
    try:
        return apply(*values)
    except (ValueError, OverflowError) as error:
        shown = ", ".join([literal(value)[:SHOWN] for value in values])
        raise ExpressionError(
            text,
            call.position,
            f"{call.name}({shown}): {error}",
            f"{call.name} cannot be applied to {MASK}",
        ) from None


def call_chain(text: str, start: Node | None, calls: tuple[Call, ...]) -> Node:
    """A chain of method calls, each on the result of the one before.

    Evaluated in a loop, so that a long chain takes no more of Python's stack than a short one.
    """

    def node(scope: Scope) -> Value:
        given: tuple[Value, ...] = () if start is None else (start(scope),)
        for call in calls:
            given = (_call(text, call, scope, given),)
        return given[0]

    return node


def infix(text: str, program: tuple[Node | tuple[int, Operator], ...]) -> Node:
    """Operands and operators in postfix order, evaluated with a stack.

    Not recursive, so that a long sum takes no more of Python's stack than a short one.
    """

    def node(scope: Scope) -> Value:
        stack: list[Value] = []
        for step in program:
            if not isinstance(step, tuple):
                stack.append(step(scope))
                continue
            position, operator = step
            right = stack.pop()
            try:
                if operator.apply is None:
                    stack.append(negate(right))
                else:
                    stack.append(apply_operator(operator, stack.pop(), right))
            except Refused as refused:
                raise ExpressionError(text, position, str(refused), refused.hidden) from None
        return stack[0]

    return node
