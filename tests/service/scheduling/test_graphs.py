"""Random graphs of activities with random outcomes, against a model of their own.

The model below knows nothing of the library: it goes through the graph from its sources to its
sinks, once for each interval, and says what must have become of every activity.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from pytest_datapipeline import DataPipelineFake

if TYPE_CHECKING:
    from pytest_datapipeline import Task
    from pytest_datapipeline._fake.handles.pipelines import Pipeline
    from pytest_datapipeline._fake.players import Work

FAILURES = {"FAILED", "CASCADE_FAILED", "CANCELED"}
NEW_YEAR = datetime(2020, 1, 1, tzinfo=timezone.utc)
PERIOD = timedelta(days=30)
# More than any activity is tried: one that fails so often fails for good.
FOR_GOOD = 9


@dataclass(frozen=True)
class Activity:
    """What the test knows of an activity. It depends on earlier ones, by number."""

    depends_on: tuple[int, ...]
    reads: tuple[int, ...]
    cascade: bool
    retries: int
    failures: tuple[int, ...]


@dataclass(frozen=True)
class World:
    """A graph, and how many intervals it runs for."""

    activities: tuple[Activity, ...]
    intervals: int

    def definition(self, *, more: int = 0) -> list[dict[str, Any]]:
        objects: list[dict[str, Any]] = [
            {"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}},
            {
                "id": "S",
                "type": "Schedule",
                "period": "30 days",
                "startDateTime": "2020-01-01T00:00:00",
                "occurrences": str(self.intervals + more),
            },
        ]
        read = {number for activity in self.activities for number in activity.reads}
        for number, activity in enumerate(self.activities):
            mode = {"failureAndRerunMode": "cascade" if activity.cascade else "none"}
            made: dict[str, Any] = {
                "id": f"A{number}",
                "type": "ShellCommandActivity",
                "command": "true",
                "maximumRetries": str(activity.retries),
                **mode,
            }
            if activity.depends_on:
                made["dependsOn"] = [{"ref": f"A{other}"} for other in activity.depends_on]
            if activity.reads:
                made["input"] = [{"ref": f"N{other}"} for other in activity.reads]
            if number in read:
                made["output"] = {"ref": f"N{number}"}
                objects.append(
                    {"id": f"N{number}", "type": "S3DataNode", "filePath": "s3://b/k", **mode}
                )
            objects.append(made)
        return objects


def worlds() -> st.SearchStrategy[World]:
    @st.composite
    def build(draw: st.DrawFn) -> World:
        intervals = draw(st.integers(1, 3))
        activities = []
        for number in range(draw(st.integers(1, 9))):
            earlier = st.sets(st.integers(0, number - 1), max_size=3) if number else st.just(set())
            activities.append(
                Activity(
                    depends_on=tuple(sorted(draw(earlier))),
                    reads=tuple(sorted(draw(earlier))),
                    cascade=draw(st.booleans()),
                    retries=draw(st.integers(0, 2)),
                    failures=tuple(
                        draw(st.sampled_from([0, 0, 0, 1, 2, FOR_GOOD])) for _ in range(intervals)
                    ),
                )
            )
        return World(tuple(activities), intervals)

    return build()


def expected(world: World, interval: int) -> dict[str, str]:
    """What becomes of the activities and nodes of an interval, by the documentation."""
    found: dict[str, str] = {}
    read = {number for activity in world.activities for number in activity.reads}
    for number, activity in enumerate(world.activities):
        needs = [found[f"A{other}"] for other in activity.depends_on]
        needs += [found[f"N{other}"] for other in activity.reads]
        found[f"A{number}"] = _status(activity, needs, interval)
        if number in read:
            found[f"N{number}"] = _after([found[f"A{number}"]], activity.cascade) or "FINISHED"
    return found


def _after(needs: list[str], cascade: bool) -> str | None:
    if cascade and FAILURES & set(needs):
        return "CASCADE_FAILED"
    return "WAITING_ON_DEPENDENCIES" if set(needs) - {"FINISHED"} else None


def _status(activity: Activity, needs: list[str], interval: int) -> str:
    blocked = _after(needs, activity.cascade)
    if blocked is not None:
        return blocked
    return "FINISHED" if activity.failures[interval] <= activity.retries else "FAILED"


def actual(pipeline: Pipeline, interval: int) -> dict[str, str]:
    start = NEW_YEAR + interval * PERIOD
    return {held.id: held.status for held in pipeline.instances if held.scheduled_start == start}


def interval_of(held: Task | Work) -> int:
    return (held.scheduled_start - NEW_YEAR) // PERIOD


def worker(world: World, mended: set[tuple[int, int]]) -> Any:
    """Fails each activity as often as it says, unless it has been mended."""
    failed: dict[str, int] = {}

    def work(task: Work) -> str | None:
        number = int(task.id[1:])
        interval = interval_of(task)
        if (number, interval) in mended:
            return None
        failed[task.instance_id] = failed.get(task.instance_id, 0) + 1
        failures = world.activities[number].failures[interval]
        return "FAILED" if failed[task.instance_id] <= failures else None

    return work


@examples(60)
@given(worlds())
def test_every_activity_ends_as_the_model_says(world: World) -> None:
    with DataPipelineFake(start="2020-01-01T00:00:00") as fake:
        pipeline = fake.pipelines.activate(world.definition())
        pipeline.run(worker(world, set()), until=world.intervals * PERIOD)

        for interval in range(world.intervals):
            assert actual(pipeline, interval) == expected(world, interval)


@examples(60)
@given(worlds())
def test_every_activity_is_tried_as_often_as_it_may(world: World) -> None:
    with DataPipelineFake(start="2020-01-01T00:00:00") as fake:
        pipeline = fake.pipelines.activate(world.definition())
        pipeline.run(worker(world, set()), until=world.intervals * PERIOD)

        for held in pipeline.instances:
            if held.id.startswith("N"):
                assert held.attempts == []
                continue
            activity = world.activities[int(held.id[1:])]
            interval = interval_of(held)
            tries = min(activity.failures[interval], activity.retries) + 1
            assert len(held.attempts) == (tries if held.status in ("FINISHED", "FAILED") else 0)


@examples(60)
@given(worlds())
def test_what_failed_runs_well_once_it_is_mended_and_run_again(world: World) -> None:
    with DataPipelineFake(start="2020-01-01T00:00:00", region="us-east-1") as fake:
        # An interval to come: what has failed can be run again until the pipeline is FINISHED.
        pipeline = fake.pipelines.activate(world.definition(more=1))
        mended: set[tuple[int, int]] = set()
        work = worker(world, mended)
        pipeline.run(work, until=world.intervals * PERIOD - timedelta(days=2))

        # Whatever failed first is mended; what failed because of it follows by cascade, or waits.
        for _ in world.activities:
            for held in pipeline.instances:
                if held.status == "FAILED":
                    mended.add((int(held.id[1:]), interval_of(held)))
                if held.status in FAILURES:
                    held.rerun()
            pipeline.run(work, until=timedelta(hours=2))

        assert set(pipeline.statuses()) == {"FINISHED"}


@examples(40)
@given(worlds(), st.randoms(use_true_random=False))
def test_nothing_runs_before_what_it_depends_on_has_finished(world: World, random: Any) -> None:
    order: list[tuple[int, int]] = []

    with DataPipelineFake(start="2020-01-01T00:00:00") as fake:
        pipeline = fake.pipelines.activate(world.definition())

        def work(task: Work) -> str | None:
            number, interval = int(task.id[1:]), interval_of(task)
            activity = world.activities[number]
            for other in {*activity.depends_on, *activity.reads}:
                assert (other, interval) in order
            if random.random() < 0.2:
                return "FAILED"
            order.append((number, interval))
            return None

        pipeline.run(work, until=world.intervals * PERIOD)
