"""What an activated definition runs: its runnable objects, what each needs, when it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..definitions.catalog import family_of
from ..expressions.periods import parse_period
from ..expressions.template import ExpressionError
from ..fields import Field, timestamp
from ..instances.instance import (
    PERIODS,
    USER_MANAGED_PRECONDITIONS,
    Component,
    Instance,
    Policy,
)
from ..protocol.task_object import TaskObject
from .intervals import OnDemand, Schedule
from .scope import Context, ObjectScope, evaluated
from .texts import is_the_same_all_along, needs_a_run, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..definitions.definition import Definition, Resolved
    from ..instances.instance import Attempt
    from ..settings import ServiceSettings

ACTIVITY = "activity"
NODE = "data node"
RESOURCE = "resource"
PRECONDITION = "precondition"
_WITH_RUNS = frozenset({ACTIVITY, NODE, RESOURCE, PRECONDITION})

# What a component takes over from the one in whose place it comes.
_KEPT = (
    *("runs", "open", "active", "paused", "created_at"),
    *("latest", "latest_completed", "finished_at", "health"),
)
# Fields that every task object has for itself, whatever the definition says.
_OF_THE_TASK = frozenset({"parent", "type", "workerGroup", "schedule", "id", "name"})
# References that say when something runs, not what it works with: a task does not carry them along.
_ORDER = frozenset({"dependsOn", "precondition", "parent", "onSuccess", "onFail", "onLateAction"})


class Owner(Protocol):
    """A pipeline, as far as its components know it."""

    @property
    def id(self) -> str: ...
    @property
    def region(self) -> str | None: ...
    @property
    def components(self) -> Mapping[str, PipelineComponent]: ...


class Run(Instance):
    """One run of a pipeline's component.

    Attributes:
        index: of its interval.
        blocked: how many of its component's needs were found fulfilled when it was last looked at.
        again: whether it is run again after it had ended.
        details: what few of them have: why it was canceled, on what it failed, ...
        evaluated: its evaluated fields, kept while it is open if they stay the same.
    """

    __slots__ = ("again", "blocked", "details", "evaluated", "index")

    def __init__(self, component: PipelineComponent, index: int, version: int) -> None:
        schedule = component.schedule
        super().__init__(component, schedule.start_of(index), schedule.end_of(index))
        self.index: int = index
        self.version = version
        self.blocked: int = 0
        self.again: bool = False
        self.details: dict[str, Any] | None = None
        self.evaluated: list[list[Field]] | None = None

    @property
    def origin(self) -> PipelineComponent:
        """Its component as it was when the run was created.

        Documented: a changed definition is for new runs.
        """
        component = self.component
        assert isinstance(component, PipelineComponent)
        return component

    @property
    def of(self) -> PipelineComponent:
        """Its component as it is in the active definition, which knows all runs."""
        component = self.origin
        while component.successor is not None:
            component = component.successor
        return component

    def note(self, **details: Any) -> None:
        """Keep something that few instances have."""
        self.details = {**(self.details or {}), **details}

    def detail(self, name: str) -> Any:
        """What few instances have, such as the reason of a cancellation; None if it has none."""
        return None if self.details is None else self.details.get(name)


class PipelineComponent(Component):
    """A runnable object of an activated definition: activity, data node, resource or precondition.

    A precondition is one component for each object that it guards, its `node`.
    """

    __slots__ = (
        "_carries",
        "_keeps",
        "_parts",
        "_static",
        "active",
        "at_end",
        "cascade",
        "created_at",
        "definition",
        "dependents",
        "evaluates",
        "family",
        "fields",
        "finished_at",
        "followers",
        "health",
        "init_timeout",
        "late_after",
        "latest",
        "latest_completed",
        "leaders",
        "limit",
        "needs",
        "next_index",
        "node",
        "on_fail",
        "on_late",
        "on_success",
        "open",
        "pipeline",
        "preconditions",
        "runs",
        "runs_on",
        "schedule",
        "successor",
        "suffix",
        "terminate_after",
        "users",
    )

    def __init__(
        self,
        pipeline: Owner,
        settings: ServiceSettings,
        definition: Definition,
        object_id: str,
        schedule: Schedule,
        node: PipelineComponent | None = None,
        suffix: str = "",
    ) -> None:
        fields = definition.resolved(object_id)
        kind = fields.first("type") or ""
        self.definition: Definition = definition
        self.fields: Resolved = fields
        super().__init__(
            id=object_id,
            type=kind,
            pipeline_id=pipeline.id,
            region=pipeline.region,
            worker_group="",
            policy=self._policy(object_id),
        )
        self.pipeline: Owner = pipeline
        self.family: str = family_of(kind) or ""
        self.schedule: Schedule = schedule
        self.node: PipelineComponent | None = node
        self.suffix: str = suffix
        mode = (self.text("scheduleType") or settings.schedule_type).lower()
        # Documented: resources are there from the beginning of an interval.
        self.at_end: bool = mode == "timeseries" and self.family != RESOURCE
        self.cascade: bool = (self.text("failureAndRerunMode") or "").lower() == "cascade"
        limit = self._integer("maxActiveInstances")
        self.limit: int = settings.active_instances if limit is None else limit
        self.late_after: int | None = self._duration("lateAfterTimeout")
        self.init_timeout: int | None = self._duration("initTimeout")
        self.terminate_after: int | None = self._duration("terminateAfter")
        self.on_success: list[str] = fields.refs("onSuccess")
        self.on_fail: list[str] = fields.refs("onFail")
        self.on_late: list[str] = fields.refs("onLateAction")
        self.worker_group: str = self.text("workerGroup") or ""
        self.runs_on: PipelineComponent | None = None
        self.users: list[PipelineComponent] = []
        self.preconditions: list[PipelineComponent] = []
        self.needs: list[PipelineComponent] = []
        self.dependents: list[PipelineComponent] = []
        # Of a data node: those that use it, which it never runs ahead of; they know it, too.
        self.leaders: list[PipelineComponent] = []
        self.followers: list[PipelineComponent] = []
        self.runs: dict[int, Run] = {}
        self.open: dict[int, Run] = {}
        self.active: int = 0
        self.next_index: int = 0
        self.successor: PipelineComponent | None = None
        self.created_at: int | None = None
        self.latest: int | None = None
        self.latest_completed: int | None = None
        self.finished_at: int | None = None
        self.health: tuple[str, str, int] | None = None
        self._parts = self._split()
        self._static = tuple(field for fixed, _ in self._parts for field in fixed)
        # Whether a field is evaluated anew for each run, which may fail.
        self.evaluates: bool = any(
            field is not None and not field.is_ref for _, field in self._parts
        )
        # Whether what they become depends on its interval alone.
        self._keeps = self.evaluates and all(
            is_the_same_all_along(definition, object_id, field.value)
            for _, field in self._parts
            if field is not None and not field.is_ref
        )
        self._carries: list[tuple[str, dict[str, Any] | None]] | None = None

    def take_over(self, earlier: PipelineComponent) -> None:
        """Go on with the runs of the same object in the definition that was active before."""
        for name in _KEPT:
            setattr(self, name, getattr(earlier, name))
        if isinstance(self.schedule, OnDemand) or self.schedule.start == earlier.schedule.start:
            self.next_index = earlier.next_index
        earlier.successor = self

    # -- what the fields say ----------------------------------------------------------------------

    def text(self, key: str) -> str | None:
        """The value of a string field, parameters filled in; None if there is none."""
        return text_of(self.definition, self.id, self.fields, key)

    def _integer(self, key: str) -> int | None:
        value = text_of(self.definition, self.id, self.fields, key)
        return int(value) if value is not None and value.strip().isdigit() else None

    def _duration(self, key: str) -> int | None:
        value = text_of(self.definition, self.id, self.fields, key)
        if value is None:
            return None
        try:
            # Documented for EmrCluster's terminateAfter: a bare number counts hours.
            return parse_period(f"{value} hours" if value.strip().isdigit() else value)
        except ValueError:
            return None

    def _policy(self, object_id: str) -> Policy:
        self.id = object_id
        values = {name: self._duration(key) for key, name in PERIODS.items()}
        given: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        retries = self._integer("maximumRetries")
        if retries is not None:
            given["maximum_retries"] = retries
        return Policy(**given)

    def _split(self) -> tuple[tuple[tuple[Field, ...], Field | None], ...]:
        """The fields in the order given: those that are the same in every task, and one that is
        evaluated for each of them, by turns. A list may hold fields of both kinds.
        """
        scope = ObjectScope(Context(self.definition), self.id)
        parts: list[tuple[tuple[Field, ...], Field | None]] = []
        static: list[Field] = []
        for field in self.fields.flat():
            if field.key in _OF_THE_TASK:
                continue
            fixed = self._always(field, scope)
            if fixed is None:
                parts.append((tuple(static), field))
                static = []
            else:
                static += fixed
        parts.append((tuple(static), None))
        return tuple(parts)

    def _always(self, field: Field, scope: ObjectScope) -> list[Field] | None:
        """What a field becomes in every task; None if that depends on the run."""
        try:
            if field.is_ref:
                kind = family_of(self.definition.type_of(field.value) or "")
                depends = kind in _WITH_RUNS
            else:
                depends = needs_a_run(self.definition, self.id, field.value)
            return None if depends else evaluated(field, scope)
        except ExpressionError:
            return None

    @property
    def is_for_runners(self) -> bool:
        """Whether its runs are tasks that go to runners."""
        return self.family == ACTIVITY or self.type in USER_MANAGED_PRECONDITIONS

    # -- when it is due ---------------------------------------------------------------------------

    def due_at(self, index: int) -> int:
        schedule = self.schedule
        if isinstance(schedule, OnDemand):
            # At once, even where its name had to be that of the second after.
            return 0
        return schedule.end_of(index) if self.at_end else schedule.start_of(index)

    @property
    def exhausted(self) -> bool:
        """Whether all its runs have been created."""
        return not self.schedule.has(self.next_index)

    def needed_by(self, run: Run) -> Iterator[Run | None]:
        """The runs of this component that a run of another waits for; None for one to come."""
        if run.of.schedule is self.schedule:
            if self.schedule.has(run.index):
                yield self.runs.get(run.index)
            return
        for index in self.schedule.matching(run.scheduled_start, run.scheduled_end):
            yield self.runs.get(index)

    # -- what a runner is handed ------------------------------------------------------------------

    def instance_id(self, instance: Instance) -> str:
        return f"@{self.id}_{timestamp(instance.scheduled_start)}{self.suffix}"

    def instance_name(self, instance: Instance) -> str:
        # Observed: the name has the component's name where the id has its id.
        name = self.definition.by_id[self.id].name
        return f"@{name}_{timestamp(instance.scheduled_start)}{self.suffix}"

    def worker_group_of(self, instance: Instance) -> str:
        assert isinstance(instance, Run)
        if self.runs_on is None:
            return self.worker_group
        for resource in self.runs_on.needed_by(instance):
            if resource is not None:
                return f"resource:{self.pipeline_id}_{resource.id}"
        return f"resource:{self.pipeline_id}_{self.runs_on.id}"

    def context(self, run: Instance) -> Context:
        """In which the expressions of a run are evaluated."""
        assert isinstance(run, Run)

        def instance_of(object_id: str) -> Instance | None:
            return self.run_of(object_id, run)

        return Context(self.definition, instance_of, run.scheduled_start, run.scheduled_end)

    def run_of(self, object_id: str, run: Run) -> Run | None:
        """The run of another object that a run of this component works with."""
        if object_id == self.id:
            return run
        other = self.pipeline.components.get(object_id)
        if other is not None and other.schedule is self.schedule:
            return other.runs.get(run.index)
        if other is None:
            for precondition in self.preconditions:
                if precondition.id == object_id:
                    return precondition.runs.get(run.index)
            return None
        return next((needed for needed in other.needed_by(run) if needed is not None), None)

    def scope(self, run: Instance, shown_id: str | None = None) -> ObjectScope:
        """The scope of a run, or under another id of one of its attempts."""
        node = None if self.node is None else self.node.id
        return ObjectScope(self.context(run), self.id, run, shown_id, node)

    def fields_of(self, run: Instance) -> tuple[Field, ...]:
        """The fields of the definition, evaluated for a run.

        Raises:
            ExpressionError: one cannot be evaluated.
        """
        if len(self._parts) == 1:
            return self._static
        assert isinstance(run, Run)
        following = iter(self._evaluated(run))
        found: list[Field] = []
        for fixed, field in self._parts:
            found.extend(fixed)
            if field is None:
                continue
            if field.is_ref:
                other = self.run_of(field.value, run)
                found.append(field if other is None else Field(field.key, other.id, True))
            else:
                found.extend(next(following))
        return tuple(found)

    def _evaluated(self, run: Run) -> list[list[Field]]:
        """The fields that hold expressions, in order. A run needs them twice at least: before it
        is offered to runners, to see whether they can be evaluated, and when one gets it.
        """
        if run.evaluated is not None or not self.evaluates:
            return run.evaluated or []
        scope = self.scope(run)
        found = [
            evaluated(field, scope)
            for _, field in self._parts
            if field is not None and not field.is_ref
        ]
        if self._keeps and not run.ended:
            run.evaluated = found
        return found

    def task_object(self, attempt: Attempt, task_id: str, with_objects: bool) -> TaskObject:
        run = attempt.instance
        assert isinstance(run, Run)
        instance_id = self.instance_id(run)
        values = {
            "component": self.id,
            "scheduled_start": timestamp(run.scheduled_start),
            "sphere": "ATTEMPT",
            "instance": instance_id,
            "type": self.type,
            "status": "WAITING_FOR_RUNNER",
            "version": str(run.version),
            "actual_start": timestamp(attempt.started),
            "scheduled_end": timestamp(run.scheduled_end),
            "pipeline": self.pipeline_id,
        }
        schedule = self.fields.first("schedule")
        if schedule is not None:
            values["schedule"] = schedule
        if self.worker_group:
            values["worker_group"] = self.worker_group
        try:
            own = self.fields_of(run)
            others = self._reachable(run) if with_objects else ()
        except ExpressionError:
            # The run has failed on it already, unless its fields change while it waits.
            own, others = self._static, ()
        if self.node is not None:
            own = (*own, Field("node", self._node_id(run), True))
        attempt_id = f"{instance_id}_Attempt={attempt.number}"
        return TaskObject(task_id, self.pipeline_id, attempt_id, values, own, others)

    def _node_id(self, run: Run) -> str:
        assert self.node is not None
        guarded = self.node.runs.get(run.index)
        return self.node.id if guarded is None else guarded.id

    def _reachable(self, run: Run) -> tuple[dict[str, Any], ...]:
        """The objects that a task works with, and those that they refer to, evaluated."""
        found = []
        for object_id, fixed in self._company():
            if fixed is not None:
                found.append(fixed)
                continue
            other = self.run_of(object_id, run)
            if other is not None:
                fields = other.origin.fields_of(other)
                fields = (*fields, Field("type", other.of.type))
                found.append(_wire(other.id, other.name, fields))
            else:
                scope = ObjectScope(self.context(run), object_id)
                found.append(self._wire_by_itself(object_id, scope))
        return tuple(found)

    def _company(self) -> list[tuple[str, dict[str, Any] | None]]:
        """The ids of the objects that a task carries; with the object, if it never changes."""
        if self._carries is None:
            ids: list[str] = []
            names = [field.value for field in self.fields.flat() if _carried(field)]
            while names:
                object_id = names.pop(0)
                if object_id in (*ids, self.id) or object_id not in self.definition.by_id:
                    continue
                ids.append(object_id)
                resolved = self.definition.resolved(object_id)
                names += [field.value for field in resolved.flat() if _carried(field)]
            self._carries = [(object_id, self._fixed(object_id)) for object_id in ids]
        return self._carries

    def _fixed(self, object_id: str) -> dict[str, Any] | None:
        if family_of(self.definition.type_of(object_id) or "") in _WITH_RUNS:
            return None
        if any("#{" in field.value for field in self.definition.resolved(object_id).flat()):
            return None
        scope = ObjectScope(Context(self.definition), object_id)
        return self._wire_by_itself(object_id, scope)

    def _wire_by_itself(self, object_id: str, scope: ObjectScope) -> dict[str, Any]:
        name = self.definition.by_id[object_id].name
        return _wire(object_id, name, self._of_object(object_id, scope))

    def _of_object(self, object_id: str, scope: ObjectScope) -> tuple[Field, ...]:
        return tuple(
            value
            for field in self.definition.resolved(object_id).flat()
            if field.key not in ("parent", "id", "name")
            for value in evaluated(field, scope)
        )


def _wire(object_id: str, name: str, fields: tuple[Field, ...]) -> dict[str, Any]:
    return {"id": object_id, "name": name, "fields": [field.to_wire() for field in fields]}


def _carried(field: Field) -> bool:
    return field.is_ref and field.key not in _ORDER
