"""The rows about pipelines: the operations on them, and the scheduler by itself."""

from __future__ import annotations

import gc
import random
import statistics
import time
import tracemalloc
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from measure import Row, captured, client, floor, plugin_loaded, ratio, timed
from moto import mock_aws
from tasks import TASK, poll_floor

from pytest_datapipeline import DataPipelineFake
from pytest_datapipeline._service.clock import VirtualClock, to_ns
from pytest_datapipeline._service.service import Caller, Service
from pytest_datapipeline._service.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEFINITION: list[dict[str, Any]] = [
    {"id": "Default", "workerGroup": "wg", "failureAndRerunMode": "cascade"},
    {
        "id": "Daily",
        "type": "Schedule",
        "period": "1 day",
        "startDateTime": "2020-01-01T00:00:00",
        "occurrences": "3",
    },
    {
        "id": "Fetch",
        "type": "ShellCommandActivity",
        "command": "echo #{format(@scheduledStartTime, 'YYYY-MM-dd')}",
        "schedule": {"ref": "Daily"},
    },
    {
        "id": "Report",
        "type": "ShellCommandActivity",
        "command": "true",
        "schedule": {"ref": "Daily"},
        "dependsOn": {"ref": "Fetch"},
    },
]
OBJECTS = [
    {
        "id": held["id"],
        "name": held["id"],
        "fields": [
            {"key": key, "refValue": value["ref"]}
            if isinstance(value, dict)
            else {"key": key, "stringValue": value}
            for key, value in held.items()
            if key != "id"
        ],
    }
    for held in DEFINITION
]
START = "2020-01-01T00:00:00"
CALLS = 40
CALL = "a call that a two-line `before-send` handler answers"
HANDLER = "a two-line `before-send` handler with the same bytes"

Calls = list[dict[str, Any]]


@dataclass
class Operation:
    """One operation: its method, and the parameters of each call once pipelines are there."""

    name: str
    method: str
    parameters: Callable[[list[str]], Calls]
    state: str = "activated"
    in_moto: bool = False


def _same(**more: Any) -> Callable[[list[str]], Calls]:
    return lambda ids: [{"pipelineId": ids[0], **more}] * CALLS


def _each(**more: Any) -> Callable[[list[str]], Calls]:
    return lambda ids: [{"pipelineId": pipeline_id, **more} for pipeline_id in ids]


_RUN = f"@Fetch_{START}"
OPERATIONS = (
    Operation(
        "CreatePipeline",
        "create_pipeline",
        lambda _: [{"name": "n", "uniqueId": f"u{number}"} for number in range(CALLS)],
        in_moto=True,
    ),
    Operation(
        "PutPipelineDefinition",
        "put_pipeline_definition",
        _same(pipelineObjects=OBJECTS),
        "defined",
        in_moto=True,
    ),
    Operation(
        "ValidatePipelineDefinition",
        "validate_pipeline_definition",
        _same(pipelineObjects=OBJECTS),
    ),
    Operation("GetPipelineDefinition", "get_pipeline_definition", _same(), in_moto=True),
    Operation("ActivatePipeline", "activate_pipeline", _each(), "defined", in_moto=True),
    Operation("DeactivatePipeline", "deactivate_pipeline", _each()),
    Operation("DeletePipeline", "delete_pipeline", _each(), in_moto=True),
    Operation("ListPipelines", "list_pipelines", lambda _: [{}] * CALLS, in_moto=True),
    Operation(
        "DescribePipelines",
        "describe_pipelines",
        lambda ids: [{"pipelineIds": [ids[0]]}] * CALLS,
        in_moto=True,
    ),
    Operation(
        "DescribeObjects",
        "describe_objects",
        _same(objectIds=["Fetch", "Report"]),
        in_moto=True,
    ),
    Operation("QueryObjects", "query_objects", _same(sphere="INSTANCE")),
    Operation(
        "EvaluateExpression",
        "evaluate_expression",
        _same(objectId=_RUN, expression="#{command} at #{@scheduledStartTime}"),
    ),
    Operation("SetStatus", "set_status", _same(objectIds=["Report"], status="PAUSE")),
    Operation("AddTags", "add_tags", _same(tags=[{"key": "team", "value": "reports"}])),
    Operation("RemoveTags", "remove_tags", _same(tagKeys=["team"])),
)


def _pipelines(made_by: Any, state: str, name: str = "made") -> list[str]:
    """As many pipelines as there are calls, defined or activated."""
    ids = []
    for number in range(CALLS):
        made = made_by.create_pipeline(name=name, uniqueId=f"{name}-{number}")
        made_by.put_pipeline_definition(pipelineId=made["pipelineId"], pipelineObjects=OBJECTS)
        if state == "activated":
            made_by.activate_pipeline(pipelineId=made["pipelineId"])
        ids.append(made["pipelineId"])
    return ids


def _timed(calling: Any, operation: Operation, ids: list[str]) -> float:
    method = getattr(calling, operation.method)
    following = iter(operation.parameters(ids))
    return timed(lambda: method(**next(following)), CALLS)


def _by_fake(calling: Any, operation: Operation) -> float:
    with plugin_loaded(), DataPipelineFake(start=START):
        return _timed(calling, operation, _pipelines(calling, operation.state))


def _floor_of(calling: Any, operation: Operation) -> tuple[Any, list[str]]:
    with DataPipelineFake(start=START):
        ids = _pipelines(calling, operation.state)
        got = captured(calling)
        getattr(calling, operation.method)(**operation.parameters(ids)[0])
    return floor(operation.name, got[-1]["body"], dict(got[-1]["headers"])), ids


def operations(blocks: int) -> Iterator[Row]:
    found = {}
    for operation in OPERATIONS:
        calling = client()
        below, ids = _floor_of(client(), operation)
        found[operation.name] = ratio(
            lambda calling=calling, operation=operation: _by_fake(calling, operation),  # type: ignore[misc]  # bound now
            lambda below=below, operation=operation, ids=ids: _timed(below, operation, ids),  # type: ignore[misc]  # bound now
            max(5, blocks // 3),
        )
    worst = max(found, key=lambda name: found[name])
    mean = statistics.geometric_mean(found.values())
    yield Row("the 15 operations on pipelines, geometric mean", HANDLER, mean, 1.1)
    yield Row(f"the slowest of them, `{worst}`", HANDLER, found[worst], 1.7)


def _validated(by: Any, pipeline_id: str, objects: list[dict[str, Any]], calls: int) -> float:
    return timed(
        lambda: by.validate_pipeline_definition(pipelineId=pipeline_id, pipelineObjects=objects),
        calls,
    )


def _validated_by_fake(by: Any, objects: list[dict[str, Any]], calls: int) -> float:
    count = len(objects)
    with plugin_loaded(), DataPipelineFake(start=START, maximum_objects=count) as fake:
        pipeline_id = fake.pipelines.create([{"id": "Default"}]).id
        return _validated(by, pipeline_id, objects, calls)


def validations(blocks: int) -> Iterator[Row]:
    """Definitions of users' sizes, each activity with up to two that it depends on."""
    for count in (100, 1_000, 5_000):
        objects, calls, calling = _graph(count - 2, 10), max(1, 2_000 // count), client()

        watched = client()
        got = captured(watched)
        _validated_by_fake(watched, objects, 1)
        below = floor("ValidatePipelineDefinition", got[-1]["body"], dict(got[-1]["headers"]))
        measured = ratio(
            partial(_validated_by_fake, calling, objects, calls),
            partial(_validated, below, "df-any", objects, calls),
            max(5, blocks // 5),
        )
        yield Row(f"validating {count:,} objects", HANDLER, measured, 2.3)


def operations_and_moto(blocks: int) -> Row:
    def by_moto(operation: Operation) -> float:
        with mock_aws():
            calling = boto3.client("datapipeline", region_name="us-east-1")
            return _timed(calling, operation, _pipelines(calling, operation.state))

    calling = client()
    ratios = [
        ratio(
            lambda operation=operation: _by_fake(calling, operation),  # type: ignore[misc]  # bound now
            lambda operation=operation: by_moto(operation),  # type: ignore[misc]  # bound now
            max(3, blocks // 8),
        )
        for operation in OPERATIONS
        if operation.in_moto
    ]
    return Row(
        "the 8 operations that moto has, geometric mean",
        "moto",
        statistics.geometric_mean(ratios),
        0.45,
    )


# -- the scheduler by itself ----------------------------------------------------------------------

CALLER = Caller("us-east-1")


def _graph(activities: int, intervals: int) -> list[dict[str, Any]]:
    """Activities that depend on up to two earlier ones each."""
    source = random.Random(1)
    default = [
        {"key": "workerGroup", "stringValue": "wg"},
        {"key": "schedule", "refValue": "Hourly"},
    ]
    schedule = [
        {"key": "type", "stringValue": "Schedule"},
        {"key": "period", "stringValue": "1 hour"},
        {"key": "startDateTime", "stringValue": "2019-01-01T00:00:00"},
        {"key": "occurrences", "stringValue": str(intervals)},
    ]
    objects = [
        {"id": "Default", "name": "Default", "fields": default},
        {"id": "Hourly", "name": "Hourly", "fields": schedule},
    ]
    for number in range(activities):
        fields = [
            {"key": "type", "stringValue": "ShellCommandActivity"},
            {"key": "command", "stringValue": "true"},
        ]
        others = {source.randrange(number) for _ in range(min(number, 2))}
        fields += [{"key": "dependsOn", "refValue": f"A{other}"} for other in sorted(others)]
        objects.append({"id": f"A{number}", "name": f"A{number}", "fields": fields})
    return objects


def _defined(activities: int, intervals: int) -> tuple[Service, str]:
    clock = VirtualClock(to_ns(datetime(2020, 1, 1, tzinfo=timezone.utc)))
    service = Service(clock, ServiceSettings(maximum_objects=10**6))
    made: Any = service.handle("CreatePipeline", {"name": "n", "uniqueId": "u"}, CALLER)
    put: Any = service.handle(
        "PutPipelineDefinition",
        {"pipelineId": made["pipelineId"], "pipelineObjects": _graph(activities, intervals)},
        CALLER,
    )
    assert not put["errored"]
    return service, made["pipelineId"]


def _run(service: Service, pipeline_id: str) -> int:
    """Run a pipeline to its end, as runners would; how many instances it had."""
    tasks = service.tasks
    service.handle("ActivatePipeline", {"pipelineId": pipeline_id}, CALLER)
    done = 0
    while (attempt := tasks.queues.take("wg", "us-east-1")) is not None:
        tasks.hand_over(attempt, None, None)
        assert attempt.task_id is not None
        tasks.set_status(attempt.task_id, "FINISHED")
        done += 1
    assert service.pipelines.all[pipeline_id].state == "FINISHED"
    return done


def _seconds_per_instance(activities: int, intervals: int) -> float:
    service, pipeline_id = _defined(activities, intervals)
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        done = _run(service, pipeline_id)
        return (time.perf_counter() - start) / done
    finally:
        gc.enable()


def instances(blocks: int) -> Iterator[Row]:
    """What an instance costs beside a call of a client, the unit of all that a test does."""
    polling = poll_floor(TASK)

    def call() -> float:
        return timed(lambda: polling.poll_for_task(workerGroup="wg"), 200) / 200

    measured = ratio(lambda: _seconds_per_instance(200, 20), call, max(5, blocks // 2))
    yield Row("an instance, from its creation to FINISHED, without a client", CALL, measured, 0.2)
    for activities, days in ((1, 2_000), (20, 100)):
        measured = ratio(partial(_seconds_of_run, activities, days), call, max(5, blocks // 2))
        what = f"an instance of `pipeline.run(work)`, {activities} a day"
        yield Row(what, CALL, measured, 0.5 if activities == 1 else 0.3)


def _seconds_of_run(activities: int, days: int) -> float:
    definition = [*DEFINITION[:1], {**DEFINITION[1], "occurrences": str(days)}]
    definition += [{**DEFINITION[2], "id": f"A{number}"} for number in range(activities)]
    with DataPipelineFake(start=START) as fake:
        pipeline = fake.pipelines.activate(definition)
        return timed(lambda: pipeline.run(lambda _: None), 1) / (activities * days)


def large_pipeline(blocks: int) -> Row:
    measured = ratio(
        lambda: _seconds_per_instance(1000, 100),
        lambda: _seconds_per_instance(1000, 10),
        max(3, blocks // 10),
    )
    return Row(
        "1,000 activities in a random graph for 100 intervals",
        "for 10, per instance",
        measured,
        1.2,
    )


def instance_memory(_: int) -> Row:
    service, pipeline_id = _defined(100, 50)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    done = _run(service, pipeline_id)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return Row("memory of a finished instance", "", (after - before) / done / 1024, 2, "KiB")


def endless_inputs(_: int) -> Row:
    """Five years of hours, three activities, an input each: an activity has five active ones."""
    reading = {"type": "ShellCommandActivity", "command": "true", "workerGroup": "wg"}
    node = {"type": "S3DataNode", "filePath": "s3://bucket/key"}
    with DataPipelineFake(start="2025-01-01T00:00:00") as fake:
        made = fake.pipelines.activate(
            [
                {"id": "Default", "schedule": {"ref": "S"}},
                {"id": "S", "type": "Schedule", "period": "1 hour", "startDateTime": START},
                *({"id": f"In{number}", **node} for number in range(3)),
                *(
                    {"id": f"A{number}", **reading, "input": {"ref": f"In{number}"}}
                    for number in range(3)
                ),
            ]
        )
        beyond = len(made.instances) - 2 * 3 * 5
    return Row("inputs of five years of hours, activated", "those in use", beyond, 0, "more")


def endless_schedule(_: int) -> Row:
    with DataPipelineFake(start="2020-01-01T12:00:00") as fake:
        made = fake.pipelines.activate(
            [
                {
                    "id": "S",
                    "type": "Schedule",
                    "period": "15 minutes",
                    "startDateTime": "2020-01-01T11:30:00",
                },
                {
                    "id": "A",
                    "type": "ShellCommandActivity",
                    "command": "true",
                    "workerGroup": "wg",
                    "schedule": {"ref": "S"},
                },
            ]
        )
        # 11:30, 11:45 and 12:00 are due.
        beyond = len(made.instances) - 3
    return Row("an endless schedule, activated", "instances that are due", beyond, 0, "more")


ROWS = (
    operations,
    validations,
    operations_and_moto,
    instances,
    large_pipeline,
    instance_memory,
    endless_schedule,
    endless_inputs,
)
