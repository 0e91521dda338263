"""A pipeline as the service keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..definitions.definition import Definition
from ..instances.instance import GivenComponent
from .intervals import OnDemand

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..clock import Timer
    from ..instances.instance import Attempt, Component, Instance
    from .component import PipelineComponent, Run

PENDING = "PENDING"
SCHEDULING = "SCHEDULING"
SCHEDULED = "SCHEDULED"
FINISHED = "FINISHED"
DEACTIVATING = "DEACTIVATING"
INACTIVE = "INACTIVE"
DELETING = "DELETING"
STATES = (PENDING, SCHEDULING, SCHEDULED, FINISHED, DEACTIVATING, INACTIVE, DELETING)


# Beyond the positions that instances of the scheduler's can have.
_ENQUEUED = 10**9


class Pipeline:
    """One pipeline. Times are in nanoseconds since 1970, None until they happen.

    Attributes:
        definition: what was put last.
        active: the definition that was activated last; None before the first activation.
        components: the runnable objects of `active` by id, preconditions apart.
        guards: its preconditions, one for each object that they guard.
        runs: all instances, in the order of their creation.
        open: how many of them have not ended.
        interrupted: runs that a deactivation canceled, which a resumption takes up again.
        enqueued: instances that a test put into a queue directly.
        paused: the ids of the objects that are.
    """

    __slots__ = (
        "_by_id",
        "_by_object",
        "_indexed",
        "_sorted",
        "activating",
        "active",
        "components",
        "created",
        "definition",
        "deletion_requested",
        "description",
        "enqueued",
        "errored",
        "finished",
        "first_activation",
        "guards",
        "id",
        "interrupted",
        "last_activation",
        "last_deactivated",
        "name",
        "on_demand",
        "open",
        "paused",
        "region",
        "runs",
        "state",
        "state_before_deletion",
        "tags",
        "timers",
        "uninformed",
        "unique_id",
        "version",
    )

    def __init__(
        self,
        id: str,
        name: str,
        unique_id: str,
        region: str | None,
        created: int,
        description: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        self.id: str = id
        self.name: str = name
        self.unique_id: str = unique_id
        self.region: str | None = region
        self.created: int = created
        self.description: str | None = description
        self.tags: dict[str, str] = dict(tags or {})
        self.state: str = PENDING
        self.definition: Definition = Definition()
        self.errored: bool = False
        self.active: Definition | None = None
        self.version: int = 0
        self.first_activation: int | None = None
        self.last_activation: int | None = None
        self.last_deactivated: int | None = None
        self.finished: int | None = None
        self.deletion_requested: int | None = None
        self.state_before_deletion: str = PENDING
        self.components: dict[str, PipelineComponent] = {}
        self.guards: list[PipelineComponent] = []
        self.on_demand: OnDemand = OnDemand("")
        self.runs: list[Run] = []
        self.open: int = 0
        self.interrupted: list[Instance] = []
        self.enqueued: list[Instance] = []
        self.paused: set[str] = set()
        self.timers: dict[tuple[int, bool], Timer] = {}
        # Of activations that do not show yet.
        self.activating: list[Timer] = []
        # Canceled attempts whose runners have not been told yet: it is deactivating until then.
        self.uninformed: dict[Attempt, None] = {}
        # How many of `runs` and of `enqueued` are in each index. These are made when one is asked.
        self._indexed = [0, 0]
        self._by_id: dict[str, Instance] = {}
        self._sorted = [0, 0]
        self._by_object: tuple[dict[str, list[Instance]], ...] = ({}, {})

    def __repr__(self) -> str:
        return f"<Pipeline {self.id} {self.name!r}: {self.state}>"

    @property
    def working(self) -> bool:
        """Whether new instances come."""
        return self.state in (SCHEDULING, SCHEDULED) or bool(self.activating)

    @property
    def all_components(self) -> Iterator[PipelineComponent]:
        yield from self.components.values()
        yield from self.guards

    def running(self, object_id: str) -> list[Component]:
        """What runs of an object: its component, those of a precondition, or those of tasks that
        a test enqueued; none of an object that does not run.
        """
        component = self.components.get(object_id)
        if component is not None:
            return [component]
        guards = [held for held in self.guards if held.id == object_id]
        given = [held.component for held in self.enqueued if held.component.id == object_id]
        return [*guards, *given]

    @property
    def given(self) -> list[GivenComponent]:
        """The components of tasks that were enqueued, each once."""
        found: dict[str, GivenComponent] = {}
        for instance in self.enqueued:
            component = instance.component
            if isinstance(component, GivenComponent):
                found.setdefault(component.id, component)
        return [
            component for component in found.values() if component.id not in self.definition.by_id
        ]

    @property
    def instances(self) -> list[Instance]:
        """All instances: those that it created, and those that a test enqueued."""
        return [*self.runs, *self.enqueued]

    def instances_from(self, begin: int) -> Iterator[tuple[int, Instance]]:
        """The instances from a position on, with their positions. What comes while they are looked
        at does not move them: those of tasks that a test enqueued have positions of their own.
        """
        for place in range(begin, len(self.runs)):
            yield place, self.runs[place]
        for place in range(max(0, begin - _ENQUEUED), len(self.enqueued)):
            yield _ENQUEUED + place, self.enqueued[place]

    def instances_of(self, object_id: str) -> Sequence[Instance]:
        """Those of one object, in the same order."""
        kinds: tuple[Sequence[Instance], ...] = (self.runs, self.enqueued)
        for place, (instances, of) in enumerate(zip(kinds, self._by_object, strict=True)):
            for held in instances[self._sorted[place] :]:
                of.setdefault(held.component.id, []).append(held)
            self._sorted[place] = len(instances)
        created, given = (of.get(object_id, []) for of in self._by_object)
        return [*created, *given] if created and given else created or given

    def instance(self, instance_id: str) -> Instance | None:
        """The instance of an id."""
        kinds: tuple[Sequence[Instance], ...] = (self.runs, self.enqueued)
        for place, instances in enumerate(kinds):
            for held in instances[self._indexed[place] :]:
                self._by_id[held.id] = held
            self._indexed[place] = len(instances)
        return self._by_id.get(instance_id)

    def attempt(self, attempt_id: str) -> Attempt | None:
        """The attempt of an id."""
        base, _, number = attempt_id.rpartition("_Attempt=")
        held = self.instance(base)
        if held is not None and number.isdigit() and 0 < int(number) <= len(held.attempts):
            return held.attempts[int(number) - 1]
        # A test can give a task an attempt id of its own.
        for given in self.enqueued:
            for attempt in given.attempts:
                if attempt.id == attempt_id:
                    return attempt
        return None
