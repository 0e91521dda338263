"""What is tried with a definition: each trial is an item."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

from .._check.verdict import ADVICE, ERROR, judge
from .._preview.formats.text import as_table
from .._preview.plan import Plan
from .._preview.simulation import Simulation, first_start, simulate, stored
from .._service.components.scope import ObjectScope, evaluated
from .._service.definitions.catalog import ACTIVITY, family_of
from .._service.expressions.template import ExpressionError
from .._service.fields import parse_datetime
from .._service.instances.instance import FINISHED, FULFILLED, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from .._check.verdict import Finding
    from .._definitions.reading import Reading
    from .._preview.preview import Preview
    from .._service.components.component import PipelineComponent, Run
    from .._service.fields import Field

# Our choices: so many runs are tried, and on-demand pipelines are activated at this moment, so that
# an item says the same on every day.
RUNS = 2
MOMENT = parse_datetime("2030-01-01T00:00:00")


class Failure(Exception):
    """What a trial has found; the text says where."""


class Subject:
    """A definition under trial.

    Attributes:
        path: of its file.
        title: its name in reports.
        ignored: the ids of rules of advice that are off.
    """

    def __init__(
        self, reading: Reading, path: Path, title: str, ignored: Collection[str] = ()
    ) -> None:
        self.reading = reading
        self.path = path
        self.title = title
        self.ignored = ignored

    @cached_property
    def plan(self) -> Plan:
        """From the first start of its schedules on; a run of work takes some minutes."""
        return Plan(runs=RUNS, now=MOMENT)

    @cached_property
    def findings(self) -> list[Finding]:
        """What `check` says, at the moment at which the definition begins."""
        now = first_start(stored(self.reading), self.plan)
        return judge(self.reading, now, self.ignored).findings

    def preview(self) -> Preview:
        """What it runs."""
        return dataclasses.replace(simulate(self.reading, self.plan), title=self.title)

    def place(self, object_id: str, key: str | None = None) -> str:
        """Where an object or a field stands, in words."""
        return str(self.reading.place(object_id, key))


def valid(subject: Subject) -> None:
    """AWS's validation finds no error."""
    _refuse([held for held in subject.findings if held.level == ERROR])


def advice(subject: Subject) -> None:
    """No rule of advice has anything to say."""
    found = [held for held in subject.findings if held.level == ADVICE]
    rules = " ".join(dict.fromkeys(held.rule for held in found))
    _refuse(
        found,
        "This is our advice, and none of AWS's rules. To do without it, have in pytest's",
        f"configuration: datapipeline_ignored_advice = {rules}",
    )


def _refuse(findings: list[Finding], *more: str) -> None:
    if findings:
        told = [f"{held.place}: {held.text} [{held.rule}]" for held in findings]
        raise Failure("\n".join([*told, *more]))


def runs(subject: Subject) -> None:
    """Some intervals, or a run on demand, go to their ends, and all succeed."""
    preview = subject.preview()
    bad = [row for row in preview.rows if row.status not in FULFILLED]
    if not preview.rows:
        raise Failure("Nothing runs: no activity has a schedule with an interval.")
    if bad:
        named = [f"{subject.place(row.component)}: {row.id} is {row.status}" for row in bad]
        raise Failure("\n".join([*named, "", as_table(preview)]))


def expressions(subject: Subject) -> None:
    """Every expression of what runs, and of what that works with, can be evaluated."""
    simulation = _ran(subject)
    problems = [
        f"{subject.place(object_id, field.key)}: {error}"
        for run in simulation.pipeline.runs
        for object_id, scope in _scopes(run)
        for field in run.origin.definition.resolved(object_id).flat()
        if (error := _error_of(field, scope)) is not None
    ]
    if problems:
        raise Failure("\n".join(dict.fromkeys(problems)))


def _error_of(field: Field, scope: ObjectScope) -> ExpressionError | None:
    try:
        evaluated(field, scope)
    except ExpressionError as error:
        return error
    return None


def _scopes(run: Run) -> Iterator[tuple[str, ObjectScope]]:
    """A run, and the objects that do not run but that it works with."""
    component = run.origin
    yield component.id, component.scope(run)
    definition, context = component.definition, component.context(run)
    seen, waiting = {component.id}, list(_referred(component, component.id))
    while waiting:
        object_id = waiting.pop()
        if object_id in seen or object_id in component.pipeline.components:
            continue
        seen.add(object_id)
        if family_of(definition.type_of(object_id) or "") not in _NOT_ALONE:
            yield object_id, ObjectScope(context, object_id)
            waiting += _referred(component, object_id)


# Actions ask for what only a failure brings, preconditions have runs of their own.
_NOT_ALONE = frozenset({"action", "precondition"})


def _referred(component: PipelineComponent, object_id: str) -> list[str]:
    definition = component.definition
    return [
        field.value
        for field in definition.resolved(object_id).flat()
        if field.is_ref and field.value in definition.by_id and field.key != "parent"
    ]


def recovers(subject: Subject) -> None:
    """Where a run of an activity fails, a rerun of it mends all that came of that."""
    definition = stored(subject.reading)
    activities = [
        object_id
        for object_id in definition.by_id
        if family_of(definition.type_of(object_id) or "") == ACTIVITY
    ]
    problems = []
    for name in activities:
        simulation = _ran(subject, name)
        failed = [run for run in simulation.pipeline.runs if run.of.id == name and run.ended]
        failed = [run for run in failed if run.status not in (FINISHED, SKIPPED)]
        if not failed:
            continue
        cascaded = sorted({run.of.id for run in _open(simulation)} - {name})
        simulation.forgive()
        for run in failed:
            simulation.service.engine.rerun(run)
        simulation.run_on()
        left = _open(simulation)
        if left:
            others = ", ".join(cascaded) or "no other"
            states = ", ".join(f"{run.id} is {run.status}" for run in left[:5])
            problems.append(
                f"{subject.place(name)}: it failed (and with it {others}) and was run again; then "
                f"{states}"
            )
    if problems:
        raise Failure("\n".join(problems))


def _open(simulation: Simulation) -> list[Run]:
    """What has not succeeded, of the runs that are looked at."""
    return [
        run for run in simulation.pipeline.runs if run.index < RUNS and run.status not in FULFILLED
    ]


def _ran(subject: Subject, failing: str | None = None) -> Simulation:
    fails: list[tuple[str, int | None]] = [] if failing is None else [(failing, None)]
    simulation = Simulation(subject.reading, dataclasses.replace(subject.plan, fails=fails))
    simulation.run_on()
    return simulation


TRIALS: dict[str, Callable[[Subject], None]] = {
    "valid": valid,
    "advice": advice,
    "runs": runs,
    "expressions": expressions,
    "recovers": recovers,
}
