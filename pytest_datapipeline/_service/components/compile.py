"""From an activated definition to its components, connected to each other."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..clock import SECOND
from ..definitions.catalog import SCHEDULE, family_of
from ..definitions.definition import DEFAULT
from ..expressions.periods import Period
from ..fields import parse_datetime
from ..instances.instance import USER_MANAGED_PRECONDITIONS
from .component import ACTIVITY, NODE, PRECONDITION, RESOURCE, PipelineComponent
from .intervals import Schedule
from .texts import text_of

if TYPE_CHECKING:
    from ..definitions.definition import Definition
    from ..settings import ServiceSettings
    from .pipeline import Pipeline


def is_on_demand(definition: Definition) -> bool:
    """Whether a pipeline runs once for each activation."""
    fields = definition.resolved(DEFAULT)
    return (text_of(definition, DEFAULT, fields, "scheduleType") or "").lower() == "ondemand"


def maximum_on_demand(definition: Definition) -> int:
    """How many runs of an on-demand pipeline there may be at a time. Documented: 1 by default."""
    fields = definition.resolved(DEFAULT)
    text = text_of(definition, DEFAULT, fields, "maxActiveInstances") or ""
    return int(text) if text.strip().isdigit() else 1


def schedule_of(definition: Definition, object_id: str, first_activation: int) -> Schedule | None:
    """The intervals that a Schedule object describes; None if it describes none."""
    fields = definition.resolved(object_id)

    def text(key: str) -> str | None:
        return text_of(definition, object_id, fields, key)

    try:
        period = Period.parse(text("period") or "")
        given = text("startDateTime")
        start = parse_datetime(given) if given is not None else first_activation // SECOND * SECOND
        end = text("endDateTime")
        if end is not None:
            return Schedule.until(object_id, start, period, parse_datetime(end))
        occurrences = text("occurrences")
        return Schedule(object_id, start, period, int(occurrences) if occurrences else None)
    except ValueError:
        return None


def compile_plan(
    pipeline: Pipeline, definition: Definition, settings: ServiceSettings
) -> list[PipelineComponent]:
    """The components of a definition, connected to each other. Preconditions come after the
    objects that they guard.
    """
    return _Compiler(pipeline, definition, settings).components()


class _Compiler:
    def __init__(
        self,
        pipeline: Pipeline,
        definition: Definition,
        settings: ServiceSettings,
    ) -> None:
        self._pipeline = pipeline
        self._definition = definition
        self._settings = settings
        self._schedules: dict[str, Schedule | None] = {}
        self._on_demand = pipeline.on_demand if is_on_demand(definition) else None

    def components(self) -> list[PipelineComponent]:
        found: dict[str, PipelineComponent] = {}
        for held in self._definition.objects:
            kind = family_of(self._definition.type_of(held.id) or "")
            if kind in (ACTIVITY, NODE, RESOURCE) and held.id not in found:
                schedule = self._schedule_of(held.id) or self._users_schedule(held.id)
                if schedule is not None:
                    found[held.id] = PipelineComponent(
                        self._pipeline, self._settings, self._definition, held.id, schedule
                    )
        guards = [guard for component in list(found.values()) for guard in self._guards(component)]
        for component in found.values():
            self._connect(component, found)
        for guard in guards:
            self._lend_worker_group(guard, found)
        self._name_apart(guards)
        return [*found.values(), *guards]

    def _schedule_of(self, object_id: str) -> Schedule | None:
        if self._on_demand is not None:
            return self._on_demand
        name = self._definition.resolved(object_id).first("schedule")
        if name is None or family_of(self._definition.type_of(name) or "") != SCHEDULE:
            return None
        if name not in self._schedules:
            self._schedules[name] = schedule_of(
                self._definition, name, self._pipeline.first_activation or 0
            )
        return self._schedules[name]

    def _users_schedule(self, object_id: str) -> Schedule | None:
        # Our choice: a node or resource without a schedule follows the first activity that uses it.
        for user in self._users.get(object_id, ()):
            schedule = self._schedule_of(user)
            if schedule is not None:
                return schedule
        return None

    @cached_property
    def _users(self) -> dict[str, list[str]]:
        """The objects that work with each node or resource, in the definition's order."""
        found: dict[str, list[str]] = {}
        for held in self._definition.objects:
            fields = self._definition.resolved(held.id)
            used = [name for key in ("input", "output", "runsOn") for name in fields.refs(key)]
            for object_id in dict.fromkeys(used):
                found.setdefault(object_id, []).append(held.id)
        return found

    def _guards(self, component: PipelineComponent) -> list[PipelineComponent]:
        for object_id in component.fields.refs("precondition"):
            if family_of(self._definition.type_of(object_id) or "") != PRECONDITION:
                continue
            guard = PipelineComponent(
                self._pipeline,
                self._settings,
                self._definition,
                object_id,
                component.schedule,
                node=component,
            )
            guard.at_end = component.at_end
            guard.limit = 0
            guard.dependents.append(component)
            component.preconditions.append(guard)
            component.needs.append(guard)
        return component.preconditions

    def _connect(self, component: PipelineComponent, found: dict[str, PipelineComponent]) -> None:
        def needs(consumer: PipelineComponent, producer: PipelineComponent) -> None:
            if producer is not consumer and producer not in consumer.needs:
                consumer.needs.append(producer)
                producer.dependents.append(consumer)
                if producer.family == NODE:
                    follows(producer, consumer)

        def follows(node: PipelineComponent, leader: PipelineComponent) -> None:
            node.leaders.append(leader)
            leader.followers.append(node)

        fields = component.fields
        # What it runs on ends when it does: it cannot wait for that.
        machine = fields.refs("runsOn")[:1]
        for key in ("dependsOn", "input") if component.family == ACTIVITY else ("dependsOn",):
            # An activity that changes a node in place does not wait for itself.
            apart = machine if key == "dependsOn" else fields.refs("output")
            for object_id in fields.refs(key):
                if object_id in found and object_id not in apart:
                    needs(component, found[object_id])
        if component.family == ACTIVITY:
            for object_id in fields.refs("output"):
                if object_id in found and found[object_id].family == NODE:
                    needs(found[object_id], component)
                    follows(found[object_id], component)
            for object_id in fields.refs("runsOn")[:1]:
                if object_id in found:
                    component.runs_on = found[object_id]
                    found[object_id].users.append(component)

    def _lend_worker_group(
        self, guard: PipelineComponent, found: dict[str, PipelineComponent]
    ) -> None:
        """Documented: the worker group of a precondition is that of the activity that uses it."""
        if guard.type not in USER_MANAGED_PRECONDITIONS or guard.node is None:
            return
        node = guard.node
        users = [
            found[user]
            for user in self._users.get(node.id, ())
            if node.family == NODE and user in found and found[user].family == ACTIVITY
        ]
        for lender in (node, *users):
            if lender.runs_on is not None or lender.worker_group:
                guard.runs_on = lender.runs_on
                guard.worker_group = lender.worker_group
                if lender.runs_on is not None:
                    lender.runs_on.users.append(guard)
                return

    @staticmethod
    def _name_apart(guards: list[PipelineComponent]) -> None:
        # Our choice: where a precondition guards several objects, the ids of its runs tell which.
        seen: set[str] = set()
        for guard in guards:
            if guard.id in seen and guard.node is not None:
                guard.suffix = f"_{guard.node.id}"
            seen.add(guard.id)
