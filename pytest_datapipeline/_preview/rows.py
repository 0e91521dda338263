"""The runs of a pipeline as previews, reports and matchers tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._service.components.neighbours import needs_of
from .._service.components.scope import ObjectScope, evaluated
from .._service.expressions.template import ExpressionError
from .._service.fields import MASK
from .preview import Ran, Try

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._service.components.component import PipelineComponent, Run
    from .._service.fields import Field

# What every run has for itself, and what says when it runs.
_OWN = frozenset({"type", "parent", "workerGroup", "schedule", "scheduleType"})
_REASONS = ("error", "cancellation_reason", "failure_reason", "cascade_failed_on")


def rows_of(runs: Iterable[Run], now: int) -> list[Ran]:
    """Runs in the order of their intervals, and in those in which they begin to work."""
    rows = [_row(run, now) for run in runs]
    rows.sort(key=lambda row: (row.scheduled_start, _begin(row)))
    return rows


def _row(run: Run, now: int) -> Ran:
    component = run.origin
    return Ran(
        component=component.id,
        type=component.type,
        family=component.family,
        id=run.id,
        scheduled_start=run.scheduled_start,
        scheduled_end=run.scheduled_end,
        status=run.status,
        started=run.actual_start,
        ended=run.actual_end,
        on=_on(component),
        reason=_reason(run),
        late=_is_late(run, now),
        waits_for=[] if run.ended else needs_of(run),
        attempts=[
            Try(held.number, held.status, held.started, held.ended, held.error_message)
            for held in run.attempts
        ],
        fields=_fields(component, run),
    )


def _reason(run: Run) -> str | None:
    for name in _REASONS:
        told = run.detail(name)
        if told:
            return f"{told} has failed." if name == "cascade_failed_on" else str(told)
    return run.attempts[-1].error_message if run.attempts else None


def _is_late(run: Run, now: int) -> bool:
    limit, created = run.origin.late_after, run.actual_start
    if limit is None or created is None:
        return False
    begun = run.attempts[0].started if run.attempts else run.actual_end
    return (now if begun is None else begun) - created > limit


def _on(component: PipelineComponent) -> str:
    if component.runs_on is not None:
        return component.runs_on.id
    return component.worker_group if component.is_for_runners else ""


def _fields(component: PipelineComponent, run: Run) -> dict[str, Any]:
    """The fields of a run as descriptions show them, with secrets masked."""
    found: dict[str, Any] = {}
    scope = component.scope(run)
    for key, fields in component.fields.items():
        if key in _OWN or fields[0].is_ref:
            continue
        values = [value for field in fields for value in _values(field, scope)]
        if key.startswith("*"):
            values = [MASK] * len(values)
        found[key] = values[0] if len(values) == 1 else values
    return found


def _values(field: Field, scope: ObjectScope) -> list[str]:
    try:
        found = evaluated(field, scope)
    except ExpressionError as error:
        return [f"({error})"]
    return [held.value if held.shown is None else held.shown for held in found]


def _begin(row: Ran) -> int:
    moments = (row.begun, row.ended, row.started, row.scheduled_start)
    return next(moment for moment in moments if moment is not None)
