"""Previews as a test holds them: what a definition would run, and what a change changes in that."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ... import checks
from ..._definitions.reader import read_one
from ..._definitions.reading import give
from ..._definitions.values import by_name
from ..._preview.diff import diff_as_json, diff_as_text, difference
from ..._preview.formats.machines import as_json, as_mermaid
from ..._preview.formats.text import as_table
from ..._preview.plan import OUTCOMES, Plan, duration, failing
from ..._preview.simulation import first_start, simulate, stored
from ...errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ..._preview.diff import Difference
    from ..._preview.preview import Preview, Ran

__tracebackhide__ = told_by_message


class PipelinePreview:
    """What a definition would run; see `Pipelines.preview`."""

    __slots__ = ("_preview",)

    def __init__(self, preview: Preview) -> None:
        self._preview = preview

    def __repr__(self) -> str:
        return as_table(self._preview)

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The runs in the order in which they begin to work, as `--format json` has them."""
        return [row.to_dict() for row in self._preview.rows]

    @property
    def json(self) -> str:
        """All of it, as JSON."""
        return as_json(self._preview)

    @property
    def mermaid(self) -> str:
        """The graph of the definition, as code hosts draw it."""
        return as_mermaid(self._preview)

    @property
    def html(self) -> str:
        """A page in one file. Needs the extra `report`."""
        from ..._preview.formats.page import as_html

        return as_html(self._preview)

    def _rows(self) -> list[Ran]:
        return self._preview.rows


class PipelineDiff:
    """What a change of a definition changes in what runs; false if nothing."""

    __slots__ = ("_found",)

    def __init__(self, found: Difference) -> None:
        self._found = found

    def __repr__(self) -> str:
        return diff_as_text(self._found)

    def __bool__(self) -> bool:
        return bool(self._found.added or self._found.gone or self._found.changed)

    @property
    def added(self) -> list[str]:
        """The ids of instances that there were none of before."""
        return [row.id for row in self._found.added]

    @property
    def gone(self) -> list[str]:
        """The ids of instances that there are none of any more."""
        return [row.id for row in self._found.gone]

    @property
    def moved(self) -> list[str]:
        """The ids of instances that run at another time."""
        return [held.after.id for held in self._found.changed if held.is_moved]

    @property
    def changed(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What differs in the instances that there are before and after, by id and by name."""
        told: list[dict[str, Any]] = json.loads(diff_as_json(self._found))["changed"]
        return {held["after"]: held["differences"] for held in told}


def preview_of(definition: Any, now: datetime, **given: Any) -> PipelinePreview:
    """See `Pipelines.preview`."""
    reading = read_one(
        definition,
        given.pop("values"),
        template_parameters=given.pop("template_parameters"),
        resource=given.pop("resource"),
    )
    ids = [held["id"] for held in reading.request["pipelineObjects"]]
    plan = _plan(now, ids, **given)
    found = simulate(reading, plan)
    plan.check_moments(found)
    return PipelinePreview(found)


def diff_of(before: Any, after: Any, now: datetime, **given: Any) -> PipelineDiff:
    """See `Pipelines.diff`."""
    values = given.pop("values")
    readings = [read_one(held) for held in (before, after)]
    give(readings, by_name(values, "values"))
    plan = _plan(now, [], **given)
    plan.start = min(first_start(stored(held), plan) for held in readings)
    one, other = (simulate(held, plan) for held in readings)
    return PipelineDiff(difference(one, other))


def _plan(
    now: datetime,
    ids: list[str],
    *,
    start: datetime | str | None,
    until: datetime | timedelta | str | None,
    runs: int | None,
    fail: Sequence[str] = (),
    take: Mapping[str, float | timedelta | str] | None = None,
    outcome: Mapping[str, str] | None = None,
) -> Plan:
    plan = Plan(now=checks.moment("now", now))
    if start is not None:
        plan.start = checks.moment("start", start)
    if until is not None and runs is not None:
        raise FakeUsageError("Both until and runs are given: give one.")
    if runs is not None:
        checks.count("runs", runs, 1)
        plan.runs = runs
    if isinstance(until, timedelta):
        plan.length = checks.seconds("until", until)
    elif until is not None:
        plan.until = checks.moment("until", until)
    plan.fails = failing(fail, ids)
    for name, value in (take or {}).items():
        if isinstance(value, str):
            plan.takes[name] = duration(f"take of {name}", value)
        else:
            plan.takes[name] = checks.seconds(f"take of {name}", value)
    for name, status in (outcome or {}).items():
        if status not in OUTCOMES:
            raise FakeUsageError(
                f"The outcome of {name} is {status!r}; it can be {', '.join(OUTCOMES)}."
            )
        plan.outcomes[name] = status
    return plan
