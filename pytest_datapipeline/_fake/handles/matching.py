"""What a test expects of the runs of a pipeline: `assert pipeline == ran("Extract", "Load")`."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ... import checks
from ..._service.clock import to_datetime
from ..._service.definitions.catalog import ACTIVITY
from ..._service.fields import timestamp
from ..._service.instances.instance import FINISHED, SKIPPED
from ...errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._preview.preview import Ran as Row

__tracebackhide__ = told_by_message

_TIMES = ("scheduled_start", "started", "ended")
_LEGEND = "  (- expected but did not run, + ran but was not expected, ! ran otherwise)"


class _HasRows(Protocol):
    def _rows(self) -> list[Row]: ...


class OneRun:
    """What is expected of one run; see `one_run`."""

    __slots__ = ("component", "expected", "fields")

    def __init__(
        self, component: str, expected: dict[str, object], fields: dict[str, object]
    ) -> None:
        self.component: str = component
        self.expected: dict[str, object] = expected
        self.fields: dict[str, object] = fields

    def __repr__(self) -> str:
        told = {
            name: value
            for name, value in {**self.expected, **self.fields}.items()
            if (name, value) != ("status", FINISHED)
        }
        more = ", ".join(f"{name}={value!r}" for name, value in told.items())
        return f"one_run({self.component!r}, {more})" if more else repr(self.component)

    def differences(self, row: Row) -> list[str]:
        """What a run of its component has otherwise."""
        found = []
        for name, wanted in self.expected.items():
            had, shown = _had(row, name)
            if not _equal(name, wanted, had):
                found.append(f"{name} is {shown}, expected {wanted!r}")
        for key, wanted in self.fields.items():
            value = row.fields.get(key)
            if wanted != value:
                shown = "missing" if key not in row.fields else repr(value)
                found.append(f"{key} is {shown}, expected {wanted!r}")
        return found


def one_run(
    component: str,
    *,
    status: object = FINISHED,
    attempts: object = None,
    scheduled_start: object = None,
    started: object = None,
    ended: object = None,
    **fields: object,
) -> OneRun:
    """One run that a test expects, for `ran`.

    Args:
        component: the id of the object that runs.
        status: what became of it.
        attempts: how many there were.
        scheduled_start: when its interval begins, a datetime or an ISO text (UTC).
        started: when it began to work.
        ended: when it ended.
        fields: evaluated fields, a list's as a list. Any value may be a matcher, as of
            dirty-equals; None, for a time or a number, is anything.
    """
    given = {
        "status": status,
        "attempts": attempts,
        "scheduled_start": scheduled_start,
        "started": started,
        "ended": ended,
    }
    return OneRun(
        component, {name: held for name, held in given.items() if held is not None}, fields
    )


class Ran:
    """The runs that a test expects; see `ran`."""

    __slots__ = ("in_any_order", "partial", "runs")
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # what is equal to it changes

    def __init__(self, runs: list[OneRun], partial: bool, in_any_order: bool) -> None:
        self.runs: list[OneRun] = runs
        self.partial: bool = partial
        self.in_any_order: bool = in_any_order

    def __repr__(self) -> str:
        parts = [repr(held) for held in self.runs]
        parts += ["partial=True"] if self.partial else []
        parts += ["in_any_order=True"] if self.in_any_order else []
        return f"ran({', '.join(parts)})"

    def __eq__(self, other: object) -> bool:
        if not hasattr(other, "_rows"):
            return NotImplemented
        return not any(line[0] in "-+!" for line in self._compared(other))

    def explain(self, other: _HasRows) -> list[str]:
        """What pytest prints where a pipeline has run otherwise."""
        return [f"the pipeline did not run as expected{_LEGEND}", *self._compared(other)]

    def _compared(self, other: _HasRows) -> list[str]:
        return list(self._lines(self._of(other)))

    def _of(self, other: _HasRows) -> list[Row]:
        """The runs that count, in the order in which they worked."""
        rows = [row for row in other._rows() if self._counts(row)]
        rows.sort(key=_moment)
        return rows

    def _counts(self, row: Row) -> bool:
        named = [held for held in self.runs if held.component == row.component]
        if row.family != ACTIVITY and not named:
            return False
        if row.status == SKIPPED or (row.begun is None and row.ended is None):
            return any(held.expected.get("status") == row.status for held in named)
        return True

    def _lines(self, rows: list[Row]) -> Iterator[str]:
        if self.in_any_order:
            yield from self._unordered(rows)
            return
        wanted = [held.component for held in self.runs]
        had = [row.component for row in rows]
        matcher = difflib.SequenceMatcher(None, wanted, had, autojunk=False)
        for what, low, high, first, last in matcher.get_opcodes():
            if what == "equal":
                for held, row in zip(self.runs[low:high], rows[first:last], strict=True):
                    yield _line(held, row)
                continue
            for held in self.runs[low:high]:
                yield f"- {held!r}"
            if not self.partial:
                for row in rows[first:last]:
                    yield f"+ {_shown(row)}"

    def _unordered(self, rows: list[Row]) -> Iterator[str]:
        left = list(rows)
        for held in self.runs:
            same = [row for row in left if row.component == held.component]
            best = min(same, key=lambda row: len(held.differences(row)), default=None)
            if best is None:
                yield f"- {held!r}"
                continue
            left.remove(best)
            yield _line(held, best)
        if not self.partial:
            for row in left:
                yield f"+ {_shown(row)}"


def ran(*runs: str | OneRun, partial: bool = False, in_any_order: bool = False) -> Ran:
    """The runs of activities that a pipeline is expected to have had: `pipeline == ran("A", "B")`.

    Args:
        runs: in the order in which they began to work: ids, of which each is FINISHED, or `one_run`
            for more. Objects that are no activities count only where they are named; what was
            skipped, or has not begun, only where one_run names its status.
        partial: whether others may have run between them.
        in_any_order: whether the order does not matter.

    Raises:
        FakeUsageError: something is neither an id nor of `one_run`.
    """
    found = []
    for held in runs:
        if not isinstance(held, (str, OneRun)):
            raise FakeUsageError(
                f"ran() has {held!r}; it takes ids of objects, and one_run(id, ...) for more."
            )
        found.append(one_run(held) if isinstance(held, str) else held)
    return Ran(found, partial, in_any_order)


def explain_runs(op: str, left: object, right: object) -> list[str] | None:
    """What pytest prints of a comparison with `ran` that does not hold; None if it is not one."""
    if isinstance(left, Ran):
        left, right = right, left
    if op != "==" or not isinstance(right, Ran) or not hasattr(left, "_rows"):
        return None
    return right.explain(left)


def _line(held: OneRun, row: Row) -> str:
    differences = held.differences(row)
    if not differences:
        return f"  {_shown(row)}"
    return f"! {row.component} of {timestamp(row.scheduled_start)}: {'; '.join(differences)}"


def _shown(row: Row) -> str:
    return f"{row.component} of {timestamp(row.scheduled_start)}: {row.status}"


def _had(row: Row, name: str) -> tuple[Any, str]:
    """What a run has, and how it is shown."""
    if name == "status":
        return row.status, row.status
    if name == "attempts":
        return len(row.attempts), str(len(row.attempts))
    moment = row.begun if name == "started" else getattr(row, name)
    return moment, "nothing" if moment is None else timestamp(moment)


def _equal(name: str, wanted: Any, had: Any) -> bool:
    if name in _TIMES:
        if isinstance(wanted, (str, datetime)):
            return bool(checks.moment(name, wanted) == had)
        had = None if had is None else to_datetime(had)
    return bool(wanted == had)


def _moment(row: Row) -> int:
    moments = (row.begun, row.ended, row.started, row.scheduled_start)
    return next(moment for moment in moments if moment is not None)
