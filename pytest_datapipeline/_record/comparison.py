"""What pytest prints of a comparison of calls that does not hold.

pytest cuts what it prints to a few lines. So the lines are short, what is as expected takes one
line for all of it, and nothing goes before what differs that need not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import told_by_message
from .call import Call, CallMatcher
from .calls import Calls, InOrder
from .rendering import cut, shown

if TYPE_CHECKING:
    from .difference import Difference
    from .secrets import Hide

__tracebackhide__ = told_by_message

_LEGEND = "  (- expected but not made, + made but not expected, ! made with other parameters)"
_LONGEST_LINE = 150
# More calls than this are not matched with each other, nor printed: it would take very long, and
# nobody would read it.
_MOST = 100


def explain_comparison(op: str, left: object, right: object) -> list[str] | None:
    """What pytest prints of a comparison with calls that does not hold; None if it is not one."""
    if op in ("in", "not in"):
        if isinstance(left, CallMatcher) and isinstance(right, Calls):
            return _explain_membership(op, left, right)
        return None
    if op != "==":
        return None
    if isinstance(right, (Calls, Call)) and not isinstance(left, (Calls, Call)):
        left, right = right, left
    if isinstance(left, Call):
        return _explain_call(left, right) if isinstance(right, CallMatcher) else None
    if not isinstance(left, Calls):
        return None
    if isinstance(right, InOrder):
        return _explain_order(left, right)
    if isinstance(right, Sequence) and (
        not right or any(isinstance(item, (CallMatcher, Call)) for item in right)
    ):
        return _explain_equality(left, right)
    return None


def _explain_call(call: Call, matcher: CallMatcher) -> list[str]:
    return [
        f"the call is not {cut(repr(matcher), _LONGEST_LINE)}, but",
        f"  {_line(call, call.hide())}",
        *_differences(matcher.difference(call)),
    ]


def _explain_equality(calls: Calls, expected: Sequence[Any]) -> list[str]:
    made_in_all = f"{calls._made} made, {len(expected)} expected{_dropped(calls)}"
    lines = [f"the calls are not those expected: {made_in_all}"]
    hide = calls.hide()
    start, end = _ends_in_common(calls, expected)
    made, wanted = calls[start : len(calls) - end], expected[start : len(expected) - end]
    alike = start
    for matcher, call in _aligned(made[:_MOST], wanted[:_MOST]):
        if call is not None and matcher is not None and matcher == call:
            alike += 1
            continue
        lines += _as_expected(alike)
        alike = 0
        if call is None:
            lines.append(f"- {cut(_expected(matcher), _LONGEST_LINE)}")
        elif matcher is None:
            lines.append(f"+ {_line(call, hide)}")
        else:
            lines.append(f"! {_line(call, hide)}")
            lines += _differences(matcher.difference(call))
    left = [
        f"{len(held) - _MOST} {what}"
        for held, what in ((made, "made"), (wanted, "expected"))
        if len(held) > _MOST
    ]
    if left:
        lines += [*_as_expected(alike), f"  and of those that follow, {' and '.join(left)}"]
        alike = 0
    return [*lines, *_as_expected(alike + end), _LEGEND]


def _as_expected(count: int) -> list[str]:
    return [f"  {count} call{'s' if count > 1 else ''} as expected"] if count else []


def _expected(item: object) -> str:
    return repr(item) if isinstance(item, CallMatcher) else shown(item)


def _ends_in_common(calls: Calls, expected: Sequence[Any]) -> tuple[int, int]:
    """How many are as expected at the beginning, and how many at the end."""
    shortest = min(len(calls), len(expected))
    start = 0
    while start < shortest and expected[start] == calls[start]:
        start += 1
    end = 0
    while end < shortest - start and expected[-1 - end] == calls[-1 - end]:
        end += 1
    return start, end


def _aligned(calls: Calls, expected: Sequence[Any]) -> list[tuple[Any, Call | None]]:
    """Pairs of what belongs together: the alignment with most matches, then most operations."""
    rows, columns = len(expected), len(calls)
    worth = [[_worth(matcher, call) for call in calls] for matcher in expected]
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            value = worth[row][column]
            together = value + best[row + 1][column + 1] if value else 0
            best[row][column] = max(together, best[row + 1][column], best[row][column + 1])
    pairs: list[tuple[Any, Call | None]] = []
    row = column = 0
    while row < rows and column < columns:
        value = worth[row][column]
        if value and best[row][column] == value + best[row + 1][column + 1]:
            pairs.append((expected[row], calls[column]))
            row, column = row + 1, column + 1
        elif best[row][column] == best[row + 1][column]:
            pairs.append((expected[row], None))
            row += 1
        else:
            pairs.append((None, calls[column]))
            column += 1
    pairs += [(matcher, None) for matcher in expected[row:]]
    pairs += [(None, call) for call in calls[column:]]
    return pairs


def _worth(matcher: Any, call: Call) -> int:
    if matcher == call:
        return 3
    return int(isinstance(matcher, CallMatcher) and matcher.operation == call.operation)


def _explain_order(calls: Calls, order: InOrder) -> list[str]:
    unmet = order.first_unmet(calls)
    if unmet is None:
        return ["the calls are in order"]
    index, latest = unmet
    hide = calls.hide()
    after = f"after {_line(latest, hide)}" if latest is not None else "among all calls"
    wanted = cut(repr(order.matchers[index]), _LONGEST_LINE)
    lines = [f"nothing meets number {index + 1} of in_order, {wanted}, {after}{_dropped(calls)}"]
    lines += [f"  {_line(call, hide)}" for call in calls[:_MOST]]
    if len(calls) > _MOST:
        lines.append(f"  and {len(calls) - _MOST} more")
    return lines


def _dropped(calls: Calls) -> str:
    return f"; {calls._earlier}" if calls._earlier else ""


def _explain_membership(op: str, matcher: CallMatcher, calls: Calls) -> list[str]:
    hide = calls.hide()
    wanted = cut(repr(matcher), _LONGEST_LINE)
    if op == "not in":
        made = [call for call in calls if matcher.matches(call)]
        lines = [f"{wanted} was called", *(f"  {_line(call, hide)}" for call in made[:_MOST])]
        if len(made) > _MOST:
            lines.append(f"  and {len(made) - _MOST} more")
        return lines
    near = sorted(
        (call for call in calls if call.operation == matcher.operation),
        key=lambda call: len(matcher.difference(call)),
    )
    if not near:
        others = ", ".join(dict.fromkeys(calls.operations)) or "nothing"
        return [f"{wanted} was not called; called were: {others}"]
    lines = [f"{wanted} was not called; the nearest calls, and where they differ:"]
    for call in near[:5]:
        lines.append(f"  {_line(call, hide)}")
        lines += _differences(matcher.difference(call))
    return lines


def _differences(found: list[Difference]) -> list[str]:
    return [f"    {cut(str(difference), _LONGEST_LINE)}" for difference in found]


def _line(call: Call, hide: Hide) -> str:
    return cut(call.in_a_table(False, hide), _LONGEST_LINE)
