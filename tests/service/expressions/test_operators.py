"""Operators: precedence, what is refused, and arithmetic against Python's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.examples import examples

from pytest_datapipeline._service.expressions.values import literal

if TYPE_CHECKING:
    from collections.abc import Callable
from support.expressions import refused, value

# -- operators ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 - 2 - 1", "4"),
        ("100 / 10 / 3", "3"),
        ("2 ^ 3 ^ 2", "512.0"),
        ("(2 ^ 3) ^ 2", "64.0"),
        ("-2 ^ 2", "-4.0"),
        ("2 ^ -1", "0.5"),
        ("2 ^ -1 * 4", "2.0"),
        ("2 * -3", "-6"),
        ("--3", "3"),
        ("3---3", "0"),
        ("-7 / 2", "-3"),
        ("7 / -2", "-3"),
        ("-7 / -2", "3"),
        ("7 / 2.0", "3.5"),
        (".5 + .25", "0.75"),
        ("2*myCount", "14"),
        ("2**mySecretCount", "10"),
        ("'a' + 1 + 2", "a12"),
        ("1 + 2 + 'a'", "3a"),
        ("'x' + 2 ^ 2", "x4.0"),
        ("'at ' + myDateTime", "at 2011-05-24T17:10:00"),
        ("'of ' + input", "of MyInput"),
        ("myDigits * 2", "24"),
        ("myDigits + 2", "122"),
        ("'1.5' * 2", "3.0"),
        ("-'3'", "-3"),
        ("myList1 * 10", "[10, 20]"),
        ("10 - myList1", "[9, 8]"),
        ("-myList1", "[-1, -2]"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775807 - 1", "-9223372036854775808"),
    ],
)
def test_operators_have_their_usual_precedence(expression: str, result: str) -> None:
    assert value(f"#{{{expression}}}") == result


@pytest.mark.parametrize(
    ("expression", "position", "part"),
    [
        ("1 / 0", 4, "division by zero"),
        ("1 / 0.0", 4, "division by zero"),
        ("0 ^ -1", 4, "division by zero"),
        ("9 ^ 9 ^ 9 ^ 9 ^ 9", 12, "too large"),
        ("(0 - 9) ^ 999999", 10, "too large"),
        ("(0 - 8) ^ 0.5", 10, "no real number"),
        ("9223372036854775807 + 1", 22, "too large"),
        ("9223372036854775808", 2, "too large"),
        ("9" * 5000, 2, "too large"),
        ("9" * 5000 + ".0", 2, "too large"),
        (f"'{'9' * 5000}' * 1", 5005, "too large"),
        ("10 ^ 308 * 10", 11, "too large"),
        ("myText * 2", 9, "the string 'hello'"),
        ("myDateTime + 1", 13, "the DateTime 2011-05-24T17:10:00"),
        ("1 - input", 4, "the object 'MyInput'"),
        ("-input", 2, "the object 'MyInput'"),
        ("myList1 + myList2", 10, "two lists"),
    ],
)
def test_what_has_no_result_is_refused(expression: str, position: int, part: str) -> None:
    error = refused(f"#{{{expression}}}")

    assert error.position == position
    assert part in error.reason


# -- arithmetic against Python's ------------------------------------------------------------------


class NoResult(Exception):
    """The oracle has none."""


# An operand or ("+", left, right) or ("-", operand), and as text with no parenthesis too many.
Tree = Any
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
MINUS_PRECEDENCE = 3

NUMBERS = st.integers(0, 50) | st.sampled_from([0.5, 1.25, 2.0, 12.75])
TREES: st.SearchStrategy[Tree] = st.recursive(
    NUMBERS,
    lambda inner: (
        st.tuples(st.sampled_from("+-*/^"), inner, inner) | st.tuples(st.just("-"), inner)
    ),
    max_leaves=8,
)


def rendered(tree: Tree) -> tuple[str, int]:
    """The text and how strongly its outermost operator binds."""
    if not isinstance(tree, tuple):
        return str(tree), 9
    if len(tree) == 2:
        return "-" + grouped(tree[1], MINUS_PRECEDENCE), MINUS_PRECEDENCE
    symbol, left, right = tree
    own = PRECEDENCE[symbol]
    to_right = symbol == "^"
    text = f"{grouped(left, own + to_right)} {symbol} {grouped(right, own + (not to_right))}"
    return text, own


def grouped(tree: Tree, least: int) -> str:
    text, binds = rendered(tree)
    return text if binds >= least else f"({text})"


def computed(tree: Tree) -> float:
    if not isinstance(tree, tuple):
        number: float = tree
        return number
    if len(tree) == 2:
        return checked(-computed(tree[1]))
    symbol, left, right = tree[0], computed(tree[1]), computed(tree[2])
    try:
        if symbol == "^":
            power = float(left) ** float(right)
            if isinstance(power, complex):
                raise NoResult
            return checked(power)
        if symbol == "/" and isinstance(left, int) and isinstance(right, int):
            quotient, rest = divmod(left, right)
            return checked(quotient + (1 if rest and quotient < 0 else 0))
        operations: dict[str, Callable[[], float]] = {
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
            "/": lambda: left / right,
        }
        return checked(operations[symbol]())
    except (ZeroDivisionError, OverflowError):
        raise NoResult from None


def checked(number: float) -> float:
    fits = -(2**63) <= number < 2**63 if isinstance(number, int) else math.isfinite(number)
    if not fits:
        raise NoResult
    return number


@examples(500)
@given(tree=TREES)
def test_arithmetic_is_pythons(tree: Tree) -> None:
    text = "#{" + rendered(tree)[0] + "}"
    try:
        expected = literal(computed(tree))
    except NoResult:
        refused(text)
    else:
        assert value(text) == expected


@settings(deadline=None)
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_written_so_that_it_can_be_read_back(number: float) -> None:
    text = literal(number)

    digits = text.lstrip("-").partition("E")[0]
    assert float(text) == number
    assert "." in text
    assert "E" not in text or len(digits.partition(".")[0]) == 1
