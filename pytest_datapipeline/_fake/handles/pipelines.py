"""What a test does with pipelines: define and activate them, run them, see how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ... import checks
from ..._definitions.reader import read_one
from ..._definitions.values import by_name, parameters_of, strange, values_request
from ..._service.clock import SECOND, to_datetime
from ..._service.definitions.validation.texts import NO_PARAMETER_VALUE
from ..._service.errors import ServiceError
from ..._service.instances.instance import FINISHED
from ..._service.operations.descriptions import pipeline_health
from ..._service.service import Caller, Service
from ..._service.texts import did_you_mean, listed, shorten
from ...errors import FakeUsageError, explained, told_by_message
from .outcomes import Outcomes
from .previewing import Previewing
from .running import Running
from .table import TABLE_ROWS, table_of
from .tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from ..._definitions.reader import DefinitionSource, TemplateParameters
    from ..._definitions.reading import Reading
    from ..._preview.preview import Ran
    from ..._service.components.component import Run
    from ..._service.components.pipeline import Pipeline as Record
    from ..._time.timekeeper import Timekeeper
    from ..players import Work, Workers
    from .outcomes import Outcome
    from .previews import PipelinePreview
    from .running import Condition

__tracebackhide__ = told_by_message

# How many rows of a table a `repr` shows.
_ROWS = 20


@dataclass(frozen=True)
class Notification:
    """What an SnsAlarm of a pipeline published. `time` is UTC."""

    time: datetime
    pipeline_id: str
    action_id: str
    instance_id: str
    topic_arn: str
    subject: str
    message: str


class Pipeline:
    """A pipeline, as it stands at the moment at which it is asked."""

    __slots__ = ("_owner", "_record")

    def __init__(self, record: Record, owner: Pipelines) -> None:
        self._record = record
        self._owner = owner

    def __repr__(self) -> str:
        head = f"<Pipeline {self.id} {self.name!r}: {self.state}>"
        if not self._record.runs and not self._record.enqueued:
            return head
        return f"{head}\n{self.table(last=_ROWS)}"

    @property
    def id(self) -> str:
        """Its id, `df-...`."""
        return self._record.id

    @property
    def name(self) -> str:
        """Its name."""
        return self._record.name

    @property
    def state(self) -> str:
        """PENDING, SCHEDULING, SCHEDULED, FINISHED, DEACTIVATING, INACTIVE or DELETING."""
        return self._record.state

    @property
    def health(self) -> str | None:
        """HEALTHY or ERROR; None before the first instance has ended."""
        health = pipeline_health(self._record)
        return None if health is None else health[0]

    @property
    def instances(self) -> list[Task]:
        """All instances so far, in the order in which they were created.

        They are of activities, data nodes, resources and preconditions.
        """
        return [self._owner._handle(held) for held in self._record.instances]

    def instance(self, component: str, index: int = 0) -> Task:
        """The instance of a component, by its number: 0 is the first, -1 the latest.

        Raises:
            FakeUsageError: there is none.
        """
        with self._owner._time.lock:
            found = self._record.instances_of(component)
            try:
                return self._owner._handle(found[index])
            except IndexError:
                text = self._no_instance(component, index, len(found))
        raise FakeUsageError(explained(text, about="no-such-instance"))

    def _no_instance(self, component: str, index: int, count: int) -> str:
        """Why a component has no instance of a number, and what to do."""
        record = self._record
        known = list(record.definition.by_id)
        with_instances = dict.fromkeys(held.component.id for held in record.instances)
        if component not in known and component not in with_instances:
            return (
                f"The definition has no object {component!r}.{did_you_mean(component, known)} "
                f"It has: {listed(known)}."
            )
        text = f"{component!r} has {count} instances, none of number {index}."
        running = record.components.get(component)
        if count or running is None:
            there = ", ".join(with_instances) or "nothing yet"
            return f"{text} The pipeline is {record.state}, with instances of: {there}."
        now = f"the clock stands at {self._owner._now():%Y-%m-%d %H:%M:%S}"
        if not running.schedule.has(0) or running.due_at(0) <= self._owner._time.now():
            return f"{text} The pipeline is {record.state}, and {now}."
        due = to_datetime(running.due_at(0))
        return (
            f"{text} Its first run is due at {due:%Y-%m-%d %H:%M:%S}, and {now}. Let the fake "
            f"begin there, by the setting start={due:%Y-%m-%dT%H:%M:%S}, or let time pass: by "
            "pipeline.run(...) or clock.move_to(...)."
        )

    def statuses(self, component: str | None = None) -> list[str]:
        """The statuses of all instances, or of those of one component."""
        with self._owner._time.lock:
            record = self._record
            found = record.instances if component is None else record.instances_of(component)
            return [held.status for held in found]

    def table(self, last: int | None = TABLE_ROWS) -> str:
        """Its latest runs as `aws datapipeline list-runs` shows them.

        Args:
            last: how many rows; None for all.
        """
        if last is not None:
            checks.count("last", last, 1)
        return table_of(self._record.instances, last)

    @property
    def gantt(self) -> str:
        """Its runs so far over time, in letters; empty while none has taken any time."""
        from ..._preview.formats.bars import lanes_and_bars
        from ..._report.text_chart import text_chart

        rows = self._rows()
        if not rows:
            return ""
        now = self._owner._service.clock.now
        lanes, bars = lanes_and_bars(rows, now)
        moments = [moment for bar in bars for moment in (bar.begin, bar.end)]
        start, end = min(moments), max(moments)
        return text_chart(lanes, bars, start, end) if start < end else ""

    def _rows(self) -> list[Ran]:
        from ..._preview.rows import rows_of

        with self._owner._time.lock:
            return rows_of(self._record.runs, self._owner._service.clock.now)

    def preview(
        self,
        *,
        start: datetime | str | None = None,
        until: datetime | timedelta | str | None = None,
        runs: int | None = None,
        fail: Sequence[str] = (),
        take: Mapping[str, float | timedelta | str] | None = None,
        outcome: Mapping[str, str] | None = None,
    ) -> PipelinePreview:
        """What its definition would run, had it just been made; it stays as it is itself.

        Args:
            start: see `Pipelines.preview`, as for the next ones.
            until: when to stop.
            runs: how many runs of each schedule.
            fail: activities that fail.
            take: how long activities work.
            outcome: of resources and preconditions.

        Raises:
            FakeUsageError: see `Pipelines.preview`.
        """
        return self._owner.preview(
            self._record.definition.to_response(),
            start=start,
            until=until,
            runs=runs,
            fail=fail,
            take=take,
            outcome=outcome,
        )

    def activate(
        self, values: Mapping[str, Any] | None = None, *, start: datetime | str | None = None
    ) -> None:
        """Activate it, as ActivatePipeline does.

        Args:
            values: parameter values.
            start: the moment from which it resumes; earlier intervals are skipped.

        Raises:
            FakeUsageError: the service refuses it; the text says why.
        """
        parameters: dict[str, Any] = {"pipelineId": self.id}
        if values:
            values = by_name(values, "values")
            known = parameters_of(self._record.definition.to_response())
            unknown = strange(values, known, repr(self.name))
            if unknown:
                raise FakeUsageError(
                    explained("\n".join(unknown.values()), about="unknown-definition-parameter")
                )
            parameters["parameterValues"] = values_request(values)
        if start is not None:
            parameters["startTimestamp"] = checks.moment("start", start) / SECOND
        self._owner._call("ActivatePipeline", parameters, self._record.region)

    def run(
        self,
        work: Callable[[Work], object] | None = None,
        *,
        until: str | datetime | timedelta | Condition | None = None,
        max_time: float | timedelta | None = None,
    ) -> None:
        """Let time pass until the pipeline has finished.

        Args:
            work: plays the task runners of this pipeline: called for every task that becomes
                ready; see `DataPipelineFake.work`. Without it, runners in threads or workers
                that were set up before do the work.
            until: when to stop instead: a state of the pipeline, a moment of virtual time (a
                datetime or an ISO text), a span of it, or a predicate.
            max_time: how much virtual time it may take, in seconds or as a timedelta.

        Raises:
            FakeUsageError: the pipeline has no end and `until` is not given.
            Stuck: nothing more is going to happen, or `max_time` has passed.
        """
        self._owner._running.run(self._record, lambda: repr(self), work, until, max_time)

    def assert_finished(self) -> None:
        """Fail the test unless it is FINISHED and no instance of it has failed."""
        __tracebackhide__ = True
        well = self.state == FINISHED and {FINISHED, "SKIPPED"}.issuperset(self.statuses())
        if not well:
            raise AssertionError(f"{self.name!r} should have finished well.\n{self!r}")


class Pipelines(Previewing):
    """The pipelines of a fake: `datapipeline_fake.pipelines`."""

    def __init__(
        self,
        service: Service,
        time: Timekeeper,
        region: str,
        wait: Callable[[Any, str, bool], None],
        workers: Workers,
    ) -> None:
        self._service = service
        self._time = time
        self._region = region
        self._running = Running(service, time, wait, workers)
        self._outcomes = Outcomes(self._handle)
        self._created = 0

    def __repr__(self) -> str:
        names = [held.name for held in self]
        return f"<{len(names)} pipelines: {listed(names)}>"

    def __iter__(self) -> Iterator[Pipeline]:
        with self._time.lock:
            return iter([Pipeline(held, self) for held in self._service.pipelines.existing()])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, key: str) -> Pipeline:
        """The pipeline of an id or of a name.

        Raises:
            FakeUsageError: there is none, or several have that name.
        """
        found = [held for held in self if key in (held.id, held.name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise FakeUsageError(
                f"{len(found)} pipelines have the name {key!r}: "
                f"{listed([held.id for held in found])}."
            )
        known = [name for held in self for name in (held.name, held.id)]
        raise FakeUsageError(
            explained(
                f"There is no pipeline {key!r}.{did_you_mean(str(key), known)} There are: "
                f"{listed(known)}.",
                about="unknown-pipeline",
            )
        )

    # -- making them ------------------------------------------------------------------------------

    def create(
        self,
        definition: DefinitionSource,
        *,
        name: str | None = None,
        values: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        description: str | None = None,
        region: str | None = None,
        template_parameters: TemplateParameters | None = None,
        resource: str | None = None,
    ) -> Pipeline:
        """Create a pipeline and put its definition.

        Args:
            definition: the path of a file in any form that `docs/definitions.md` lists, its
                contents as a mapping, a list of objects in the AWS CLI's format, or the parameters
                of put_pipeline_definition.
            name: of the pipeline.
            values: parameter values.
            tags: of the pipeline.
            description: of the pipeline.
            region: where it lives; by default that of the fake.
            template_parameters: of a CloudFormation template, or Terraform's variables: by name, or
                as the list that CloudFormation's CLI takes.
            resource: which of a template's pipelines; needed where there are several.

        Raises:
            FakeUsageError: the definition cannot be read, or the service finds errors in it, all
                of which the text tells. Nothing is created.
        """
        reading = read_one(
            definition, values, template_parameters=template_parameters, resource=resource
        )
        with self._time.lock:
            self._created += 1
            parameters: dict[str, Any] = {
                "name": name or reading.name or f"pipeline-{self._created}",
                "uniqueId": f"made-by-the-test-{self._created}",
            }
            if tags:
                parameters["tags"] = [{"key": key, "value": tags[key]} for key in tags]
            if description is not None:
                parameters["description"] = description
            made = self._call("CreatePipeline", parameters, region)
            pipeline_id = made["pipelineId"]
            try:
                answer = self._call(
                    "PutPipelineDefinition", {"pipelineId": pipeline_id, **reading.request}, region
                )
                problems = _problems(answer, reading)
                if problems:
                    raise FakeUsageError(
                        explained(
                            "\n".join(["The definition has errors:", *problems]),
                            about="definition-has-errors",
                        )
                    )
            except FakeUsageError:
                self._service.pipelines.forget(pipeline_id)
                raise
            return Pipeline(self._service.pipelines.all[pipeline_id], self)

    def activate(
        self,
        definition: DefinitionSource,
        *,
        name: str | None = None,
        values: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        description: str | None = None,
        region: str | None = None,
        start: datetime | str | None = None,
        template_parameters: TemplateParameters | None = None,
        resource: str | None = None,
    ) -> Pipeline:
        """Create a pipeline, put its definition and activate it.

        Args:
            definition: see `create`, as for the next ones.
            name: of the pipeline.
            values: parameter values.
            tags: of the pipeline.
            description: of the pipeline.
            region: where it lives; by default that of the fake.
            start: the moment from which it runs; earlier intervals are skipped.
            template_parameters: see `create`.
            resource: see `create`.

        Raises:
            FakeUsageError: see `create`.
        """
        made = self.create(
            definition,
            name=name,
            values=values,
            tags=tags,
            description=description,
            region=region,
            template_parameters=template_parameters,
            resource=resource,
        )
        try:
            made.activate(start=start)
        except FakeUsageError:
            self._service.pipelines.forget(made.id)
            raise
        return made

    # -- what the service does by itself ----------------------------------------------------------

    def outcome(
        self,
        what: str,
        outcome: Outcome | bool | Callable[[Task], Outcome],
        *,
        times: int | None = None,
    ) -> None:
        """Say what becomes of simulated resources, and of preconditions that the service checks.

        By default resources start and preconditions are met.

        Args:
            what: the id of an object in a definition, or a type such as "S3KeyExists".
            outcome: "FINISHED" or True; "FALSE" or False (a precondition is not met yet, and
                checked again after its retryDelay); "FAILED" (the attempt fails); or a function
                of the instance that says one of these.
            times: for how many attempts it holds; by default for all.

        Raises:
            FakeUsageError: the outcome is none of these.
        """
        with self._time.lock:
            self._outcomes.plan(what, outcome, times)

    def decide(self, run: Run) -> str | None:
        """What was said about the outcome of a run; None if nothing was."""
        return self._outcomes.of(run)

    @property
    def notifications(self) -> list[Notification]:
        """What the SnsAlarms of all pipelines published, in order."""
        with self._time.lock:
            return [
                Notification(
                    to_datetime(held.at),
                    held.pipeline_id,
                    held.action_id,
                    held.node_id,
                    held.topic,
                    held.subject,
                    held.message,
                )
                for held in self._service.engine.notifications
            ]

    # -- helpers ----------------------------------------------------------------------------------

    def _handle(self, instance: Any) -> Task:
        return Task(instance, self._service, self._time)

    def _now(self) -> datetime:
        return to_datetime(self._time.now())

    def _call(self, operation: str, parameters: dict[str, Any], region: str | None) -> Any:
        with self._time.lock:
            self._time.sync()
            try:
                return self._service.handle(
                    operation, parameters, Caller(region or self._region, "made-by-the-test")
                )
            except ServiceError as error:
                raise FakeUsageError(
                    f"The service refuses {operation} with {error.code}: "
                    f"{shorten(error.message, 2000)}"
                ) from None


def _problems(answer: Mapping[str, Any], reading: Reading) -> list[str]:
    """The errors of a definition, apart from values that the activation may bring."""
    return [
        f"  {held['id']}: {text}{_where(reading, held['id'], text)}"
        for held in answer["validationErrors"]
        for text in held["errors"]
        if text != NO_PARAMETER_VALUE
    ]


def _where(reading: Reading, object_id: str, problem: str) -> str:
    place = reading.place_of(object_id, problem)
    return "" if place.line is None else f" ({place.file}:{place.line})"
