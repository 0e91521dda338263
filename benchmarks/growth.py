"""The rows about growth: what a thing costs beside 50,000 others, over its cost beside 1,000.

The service is asked by itself: what botocore takes for a call would hide the difference.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

from measure import Median, Row, client, ratio
from pipelines import CALLER, START

from pytest_datapipeline import DataPipelineFake
from pytest_datapipeline._service.clock import VirtualClock
from pytest_datapipeline._service.service import Service
from pytest_datapipeline._service.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_datapipeline._fake.handles.pipelines import Pipeline

FEW, MANY = 1_000, 50_000
LIMIT = 1.2
ACTIVITY = {"type": "ShellCommandActivity", "command": "true", "workerGroup": "wg"}


def _seconds(act: Callable[[], object]) -> float:
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        act()
        return time.process_time() - start
    finally:
        gc.enable()


def _ratio(few: Callable[[], float], many: Callable[[], float]) -> Median:
    """Of five pairs, measured in turn; each gives seconds for one thing."""
    return ratio(many, few, 5)


def _pipelines(count: int) -> Service:
    service = Service(VirtualClock(0), ServiceSettings(maximum_pipelines=10**9))
    _create(service, count)
    return service


def _create(service: Service, count: int) -> None:
    before = len(service.pipelines.all)
    for number in range(before, before + count):
        service.handle("CreatePipeline", {"name": "n", "uniqueId": str(number)}, CALLER)


def _object(object_id: str, **fields: str) -> dict[str, Any]:
    """An object on the wire; a value that begins with `->` is a reference."""
    return {
        "id": object_id,
        "name": object_id,
        "fields": [
            {"key": key, "refValue": value[2:]}
            if value.startswith("->")
            else {"key": key, "stringValue": value}
            for key, value in fields.items()
        ],
    }


def _defined(objects: list[dict[str, Any]]) -> Service:
    """A service with one pipeline of this definition."""
    service = _pipelines(1)
    service.settings.maximum_objects = len(objects)
    (pipeline_id,) = service.pipelines.all
    put: Any = service.handle(
        "PutPipelineDefinition", {"pipelineId": pipeline_id, "pipelineObjects": objects}, CALLER
    )
    assert not put["errored"], put
    return service


def _all_pages(service: Service, operation: str, parameters: dict[str, Any], key: str) -> int:
    found, marker = 0, None
    while True:
        answer: Any = service.handle(
            operation, {**parameters, **({"marker": marker} if marker else {})}, CALLER
        )
        found += len(answer[key])
        marker = answer.get("marker")
        if marker is None:
            return found


def pipelines(_: int) -> Iterator[Row]:
    few, many = _pipelines(FEW), _pipelines(MANY)

    def created(service: Service) -> float:
        return _seconds(lambda: _create(service, 500)) / 500

    def listed(service: Service) -> float:
        count = len(service.pipelines.all)
        # As many items on both sides, so that neither is too short a time.
        times = max(1, MANY // count)
        _all_pages(service, "ListPipelines", {}, "pipelineIdList")
        took = _seconds(
            lambda: [
                _all_pages(service, "ListPipelines", {}, "pipelineIdList") for _ in range(times)
            ]
        )
        return took / (count * times)

    measured = _ratio(lambda: created(few), lambda: created(many))
    yield Row("create_pipeline beside 50,000", "1,000", measured, LIMIT)
    measured = _ratio(lambda: listed(few), lambda: listed(many))
    # Each page takes the same steps; so many pipelines do not fit into a processor's cache.
    yield Row("list_pipelines, all pages of 50,000", "1,000", measured, 1.4)


def queries(_: int) -> Row:
    sides = []
    for count in (FEW, MANY):
        fake = DataPipelineFake()
        task = fake.enqueue("wg", *[{"command": "true"}] * count)[0]
        sides.append(
            (fake._world.service, {"pipelineId": task.pipeline_id, "sphere": "INSTANCE"}, count)
        )

    def queried(service: Service, parameters: dict[str, Any], count: int) -> float:
        times = max(1, MANY // count)
        took = _seconds(
            lambda: [_all_pages(service, "QueryObjects", parameters, "ids") for _ in range(times)]
        )
        return took / (count * times)

    measured = _ratio(lambda: queried(*sides[0]), lambda: queried(*sides[1]))
    return Row("query_objects, all pages of 50,000", "1,000", measured, LIMIT)


def enqueued(_: int) -> Row:
    fakes = []
    for count in (FEW, MANY):
        fake = DataPipelineFake()
        fake.enqueue("wg", *[{"command": "true"}] * count)
        fakes.append(fake)

    def in_turn(fake: DataPipelineFake) -> float:
        def act() -> None:
            for _ in range(200):
                task = fake.enqueue("wg")
                fake._world.service.handle(
                    "DescribeObjects",
                    {"pipelineId": task.pipeline_id, "objectIds": [task.instance_id]},
                    CALLER,
                )

        return _seconds(act) / 200

    measured = _ratio(lambda: in_turn(fakes[0]), lambda: in_turn(fakes[1]))
    return Row("enqueue and describe_objects in turn beside 50,000", "1,000", measured, LIMIT)


def groups(_: int) -> Iterator[Row]:
    polling = client()

    def polls(count: int) -> float:
        with DataPipelineFake(idle_limit=1e9) as fake:
            for number in range(count):
                fake.enqueue(f"group-{number:05}")
            polling.poll_for_task(workerGroup="nothing here")
            took = _seconds(
                lambda: [polling.poll_for_task(workerGroup="nothing here") for _ in range(100)]
            )
        return took / 100

    for count in (1_000, 10_000):
        polls(1)
        polls(count)
        more = Median.of((polls(count) - polls(1)) * 1e6 for _ in range(3))
        yield Row(
            f"an empty poll beside {count:,} worker groups", "beside one", more, 50, "us more"
        )


def run_on_demand(service: Service, times: int) -> None:
    (pipeline_id,) = service.pipelines.all
    for _ in range(times):
        service.handle("ActivatePipeline", {"pipelineId": pipeline_id}, CALLER)
        attempt = service.tasks.queues.take("wg", "us-east-1")
        assert attempt is not None
        service.tasks.hand_over(attempt, None, None)
        assert attempt.task_id is not None
        service.tasks.set_status(attempt.task_id, "FINISHED")


def activations(_: int) -> Row:
    definition = [
        _object("Default", scheduleType="ondemand"),
        _object("A", **ACTIVITY),
    ]

    sides = []
    for count in (FEW, MANY):
        service = _defined(definition)
        run_on_demand(service, count)
        sides.append(service)

    def activated(service: Service) -> float:
        return _seconds(lambda: run_on_demand(service, 500)) / 500

    measured = _ratio(lambda: activated(sides[0]), lambda: activated(sides[1]))
    return Row("a run on demand after 50,000 of the same pipeline", "1,000", measured, LIMIT)


def activation(_: int) -> Row:
    """Nodes and resources that follow the schedules of the activities that use them."""

    def activated(count: int) -> float:
        objects = [
            _object("Default", failureAndRerunMode="cascade"),
            _object("S", type="Schedule", period="1 day", startAt="FIRST_ACTIVATION_DATE_TIME"),
        ]
        for number in range(count // 3):
            works_with = {"input": f"->In{number}", "runsOn": f"->Box{number}"}
            activity = {"type": "ShellCommandActivity", "command": "true", "schedule": "->S"}
            objects += [
                _object(f"In{number}", type="S3DataNode", filePath="s3://bucket/key"),
                _object(f"Box{number}", type="Ec2Resource", role="r", resourceRole="r"),
                _object(f"A{number}", **activity, **works_with),
            ]
        service = _defined(objects)
        (pipeline_id,) = service.pipelines.all
        request = {"pipelineId": pipeline_id}
        return _seconds(lambda: service.handle("ActivatePipeline", request, CALLER)) / count

    measured = _ratio(lambda: activated(300), lambda: activated(6_000))
    return Row("activating 6,000 objects, each", "of 300", measured, LIMIT)


def looks(_: int) -> Row:
    def pipeline_of(count: int) -> Pipeline:
        fake = DataPipelineFake()
        made = fake.pipelines.create(
            [{"id": "Default", "scheduleType": "ondemand"}, {"id": "A", **ACTIVITY}]
        )
        run_on_demand(fake._world.service, count)
        return made

    def looked(pipeline: Pipeline) -> float:
        pipeline.instance("A")
        return _seconds(lambda: [pipeline.instance("A", n) for n in range(500)]) / 500

    few, many = pipeline_of(FEW), pipeline_of(MANY)
    measured = _ratio(lambda: looked(few), lambda: looked(many))
    return Row("`pipeline.instance(name, number)` among 50,000", "among 1,000", measured, LIMIT)


def descriptions(_: int) -> Row:
    """Of resources, which show the instances that run on them."""
    machine = {"type": "Ec2Resource", "role": "r", "resourceRole": "r"}
    on_machine = {"type": "ShellCommandActivity", "command": "true", "runsOn": {"ref": "Box"}}

    def ran(days: int) -> tuple[Service, list[dict[str, Any]]]:
        schedule = {"type": "Schedule", "period": "1 day", "startDateTime": START}
        fake = DataPipelineFake(start=START)
        with fake:
            made = fake.pipelines.activate(
                [
                    {"id": "Default", "schedule": {"ref": "S"}},
                    {"id": "S", **schedule, "occurrences": str(days)},
                    {"id": "Box", **machine},
                    {"id": "A", **on_machine},
                ]
            )
            made.run(lambda _: None)
        found = [made.instance("Box", number).instance_id for number in range(500)]
        pages = [found[begin : begin + 25] for begin in range(0, 500, 25)]
        return fake._world.service, [{"pipelineId": made.id, "objectIds": page} for page in pages]

    def described(service: Service, requests: list[dict[str, Any]]) -> float:
        return _seconds(
            lambda: [service.handle("DescribeObjects", request, CALLER) for request in requests]
        ) / (25 * len(requests))

    few, many = ran(FEW), ran(10_000)
    measured = _ratio(lambda: described(*few), lambda: described(*many))
    return Row("describe_objects of resources with 10,000 runs", "with 1,000", measured, LIMIT)


def runs(_: int) -> Row:
    schedule = {
        "id": "S",
        "type": "Schedule",
        "period": "1 day",
        "startDateTime": "2020-01-01T00:00:00",
    }
    daily = [
        {"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}},
        {
            "id": "A",
            "type": "ShellCommandActivity",
            "command": "echo #{format(@scheduledStartTime, 'YYYY-MM-dd')}",
        },
    ]

    def run(days: int) -> float:
        times = max(1, 10_000 // days)
        took = 0.0
        for _ in range(times):
            with DataPipelineFake(start=START) as fake:
                pipeline = fake.pipelines.activate([{**schedule, "occurrences": str(days)}, *daily])
                took += _seconds(lambda: pipeline.run(lambda _: None))  # noqa: B023  # called now
        return took / (days * times)

    measured = _ratio(lambda: run(FEW), lambda: run(20_000))
    return Row("`pipeline.run`, each of 20,000 days", "of 1,000", measured, LIMIT)


def validation(_: int) -> Row:
    service = _pipelines(1)
    pipeline_id = next(iter(service.pipelines.all))
    default = {"id": "Default", "name": "Default", "fields": []}

    def validated(count: int) -> float:
        objects = [
            {
                "id": f"A{number}",
                "name": f"A{number}",
                "fields": [
                    {"key": "type", "stringValue": "ShellCommandActivity"},
                    {"key": "command", "stringValue": "echo #{@scheduledStartTime}"},
                    {"key": "workerGroup", "stringValue": "wg"},
                    {"key": "dependsOn", "refValue": f"A{max(0, number - 1)}"},
                ][: 4 if number else 3],
            }
            for number in range(count)
        ]
        definition = {"pipelineId": pipeline_id, "pipelineObjects": [default, *objects]}
        service.settings.maximum_objects = count + 1
        took = _seconds(lambda: service.handle("ValidatePipelineDefinition", definition, CALLER))
        return took / count

    measured = _ratio(lambda: validated(100), lambda: validated(1_000))
    return Row("validating 1,000 objects, each", "of 100", measured, LIMIT)


ROWS = (
    pipelines,
    queries,
    enqueued,
    groups,
    activation,
    activations,
    looks,
    descriptions,
    runs,
    validation,
)
