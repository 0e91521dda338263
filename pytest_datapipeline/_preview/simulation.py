"""Runs a definition on the virtual clock, by the service's own scheduler."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .._service.clock import SECOND, VirtualClock
from .._service.components import pipeline as states
from .._service.components.compile import is_on_demand
from .._service.components.intervals import OnDemand, Schedule
from .._service.definitions.catalog import ACTIVITY, PRECONDITION, RESOURCE, family_of
from .._service.definitions.definition import Definition
from .._service.definitions.validation.values import try_parse
from .._service.errors import ServiceError
from .._service.fields import parse_datetime, timestamp
from .._service.instances.instance import FINISHED, USER_MANAGED_PRECONDITIONS
from .._service.service import Caller, Service
from .._service.settings import ServiceSettings
from .._service.texts import shorten
from ..errors import FakeUsageError, told_by_message
from .graph import graph_of
from .plan import RUNS, shown_bound
from .preview import Preview
from .rows import rows_of
from .workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._definitions.reading import Reading
    from .._service.components.component import Run
    from .._service.components.pipeline import Pipeline
    from .plan import Plan

__tracebackhide__ = told_by_message

_CALLER = Caller("us-east-1")
# Our choice: so long after the last interval that is shown its runs may still go on.
_SLACK = 7 * 86_400 * SECOND
# How many timers fire between two looks at the real clock.
_LOOK = 2_000
_MICROSECOND = 1_000
_OWN = frozenset({"type", "parent", "workerGroup", "schedule", "scheduleType"})


def simulate(
    reading: Reading, plan: Plan, progress: Callable[[int, int], None] = lambda *_: None
) -> Preview:
    """What a definition runs.

    Args:
        reading: the definition.
        plan: what is assumed.
        progress: told now and then of the virtual time, and of how many runs there are.

    Raises:
        FakeUsageError: the definition has errors, or lacks what the plan names.
    """
    try:
        return Simulation(reading, plan, progress).preview()
    except FakeUsageError:
        raise
    except (ValueError, OverflowError) as error:
        raise FakeUsageError(
            f"{reading.title}: its dates lead beyond the years 1 to 9999, where they end ({error})."
        ) from None


class Simulation:
    """A definition that runs as a plan says."""

    def __init__(
        self, reading: Reading, plan: Plan, progress: Callable[[int, int], None] = lambda *_: None
    ) -> None:
        self._reading = reading
        self._plan = plan
        self._progress = progress
        self.definition = stored(reading)
        self._check_names()
        self.start = first_start(self.definition, plan)
        self.clock = VirtualClock(self.start)
        # Of what its tasks work with, nobody looks at more than the attempt.
        settings = ServiceSettings(task_objects="attempt")
        self.service = Service(self.clock, settings, outcome_of=self._outcome_of)
        Workers(self.clock, self.service.tasks, plan)
        self.pipeline = self._activated()

    def _check_names(self) -> None:
        workers, others = [], []
        for held in self.definition.by_id.values():
            kind = self.definition.type_of(held.id) or ""
            family = family_of(kind)
            if kind in USER_MANAGED_PRECONDITIONS or family == ACTIVITY:
                workers.append(held.id)
            elif family in (RESOURCE, PRECONDITION):
                others += [held.id, kind]
        self._plan.check_names(workers, list(dict.fromkeys(others)))

    def _outcome_of(self, run: Run) -> str:
        outcomes = self._plan.outcomes
        return outcomes.get(run.of.id) or outcomes.get(run.of.type) or FINISHED

    # -- the pipeline -----------------------------------------------------------------------------

    def _activated(self) -> Pipeline:
        name = (self._reading.name or "preview")[:1024]
        made = self._call("CreatePipeline", {"name": name, "uniqueId": "preview"})
        answer = self._call("PutPipelineDefinition", {**made, **self._reading.request})
        if answer["errored"]:
            problems = "\n".join(
                f"  {self._reading.place_of(held['id'], text)}: {text}"
                for held in answer["validationErrors"]
                for text in held["errors"]
            )
            raise FakeUsageError(
                f"{self._reading.title} has errors, as AWS's validation has them, so that nothing "
                f"would run:\n{problems}"
            )
        resume = self._plan.resume
        more = {} if resume is None else {"startTimestamp": resume / SECOND}
        self._call("ActivatePipeline", {**made, **more})
        return self.service.pipelines.all[made["pipelineId"]]

    def _call(self, operation: str, parameters: dict[str, Any]) -> Any:
        try:
            return self.service.handle(operation, parameters, _CALLER)
        except ServiceError as error:
            raise FakeUsageError(
                f"{self._reading.title}: the service refuses {operation} with {error.code}: "
                f"{shorten(error.message, 2000)}"
            ) from None

    # -- time -------------------------------------------------------------------------------------

    def preview(self) -> Preview:
        """Let time pass as far as the plan says, and tell what ran."""
        plan = self._plan
        count = None
        if plan.length is not None:
            end = self.start + plan.length
        elif plan.until is not None:
            end = plan.until
        else:
            count = RUNS if plan.runs is None else plan.runs
            end = self._end_of(count)
        if end < self.start:
            raise FakeUsageError(
                f"--until {timestamp(end)} lies before the activation at {timestamp(self.start)}."
            )
        self.run(end, count)
        runs = [run for run in self.pipeline.runs if count is None or run.index < count]
        if count is None:
            # What is due at that moment is no part of it, as with the end of a schedule.
            self.clock.move_to(end - _MICROSECOND)
        rows = rows_of(runs, self.clock.now)
        ids = {row.id for row in rows}
        last = max(
            (moment for row in rows for moment in (row.ended, row.started) if moment is not None),
            default=self.start,
        )
        return Preview(
            title=self._reading.title,
            bound=shown_bound(plan, self.start, end, is_on_demand(self.definition)),
            state=self.pipeline.state,
            start=self.start,
            end=max(last, self.start) if count is not None else end,
            rows=rows,
            graph=graph_of(self.definition),
            is_cut=count is not None and self._goes_on(count),
            alarms=[
                (held.at, held.action_id, held.node_id, held.subject)
                for held in self.service.engine.notifications
                if held.node_id in ids
            ],
        )

    def run_on(self) -> None:
        """Let time pass until the runs that the plan asks for have ended."""
        count = RUNS if self._plan.runs is None else self._plan.runs
        self.run(max(self._end_of(count), self.clock.now + _SLACK), count)

    def forgive(self) -> None:
        """Have nothing fail from now on."""
        self._plan.fails.clear()

    def run(self, end: int, count: int | None = None) -> None:
        """Fire timers before a moment, or until the first runs of each schedule have ended."""
        clock = self.clock
        fired, ended = 0, 0
        # What was run again has its timers, though all of its schedule's runs may be there.
        while (upcoming := clock.next_at()) is not None and upcoming < end:
            clock.fire_next()
            fired += 1
            if not fired % _LOOK:
                self._progress(clock.now, len(self.pipeline.runs))
            if self.pipeline.state == states.FINISHED:
                return
            if count is not None:
                # Those before `ended` have ended, and are not looked at again.
                runs = self.pipeline.runs
                while ended < len(runs) and (runs[ended].ended or runs[ended].index >= count):
                    ended += 1
                if ended == len(runs) and self._all_created(count):
                    return

    def _all_created(self, count: int) -> bool:
        return all(
            held.next_index >= count or held.exhausted for held in self.pipeline.components.values()
        )

    def _goes_on(self, count: int) -> bool:
        return any(held.schedule.has(count) for held in self.pipeline.components.values())

    def _end_of(self, count: int) -> int:
        """When the first intervals of each schedule are over, and then some."""
        ends = [self.start]
        for component in self.pipeline.components.values():
            schedule = component.schedule
            if isinstance(schedule, OnDemand):
                continue
            last = count if schedule.count is None else min(count, schedule.count)
            if last:
                ends.append(_end_of_interval(schedule, last))
        return max(ends) + _SLACK


def first_start(definition: Definition, plan: Plan) -> int:
    """When the pipeline is activated. Our choice: the first start of a schedule, so that a preview
    says the same on every day; the present, where there is none.
    """
    if plan.start is not None:
        return plan.start
    starts = []
    for held in definition.by_id.values():
        if definition.type_of(held.id) == "Schedule":
            start = try_parse(parse_datetime, definition.resolved(held.id).first("startDateTime"))
            starts += [] if start is None else [start]
    return min(starts, default=plan.now)


def stored(reading: Reading) -> Definition:
    """The definition as the service would store it."""
    try:
        return Definition.of_request(reading.request)
    except ServiceError as error:
        raise FakeUsageError(f"{reading.title}: {error.message}") from None


def _end_of_interval(schedule: Schedule, index: int) -> int:
    try:
        return schedule.end_of(index)
    except (ValueError, OverflowError):
        # After the year 9999, which a period of years reaches soon.
        return schedule.start


class Progress:
    """Tells on a terminal how far a long preview has come."""

    def __init__(self, write: Callable[[str], object], patience: float = 2.0) -> None:
        self._write = write
        self._patience = patience
        self._since = time.monotonic()
        self.told = False

    def __call__(self, now: int, runs: int) -> None:
        if time.monotonic() - self._since >= self._patience:
            self.told = True
            self._write(f"\r{timestamp(now)}: {runs:,} runs")

    def end(self) -> None:
        """Leave an empty line."""
        if self.told:
            self._write("\r" + " " * 40 + "\r")
