"""Pipelines through a boto3 client, in as few words as tests need."""

from __future__ import annotations

from typing import Any

from pytest_datapipeline._definitions.reader import read_one

SCHEDULE = {
    "id": "S",
    "type": "Schedule",
    "period": "1 day",
    "startDateTime": "2020-01-01T00:00:00",
    "occurrences": "2",
}
DEFAULT = {"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}}


def request_of(definition: Any) -> dict[str, Any]:
    """The parameters of PutPipelineDefinition, apart from the pipeline's id."""
    return read_one(definition).request


def activity(id: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "type": "ShellCommandActivity", "command": "true", **fields}


def daily(*objects: dict[str, Any], occurrences: int = 2, **default: Any) -> list[dict[str, Any]]:
    """A definition whose objects run once a day from 2020-01-01 on."""
    return [{**DEFAULT, **default}, {**SCHEDULE, "occurrences": str(occurrences)}, *objects]


def cascading(*objects: dict[str, Any], occurrences: int = 1) -> list[dict[str, Any]]:
    return daily(*objects, occurrences=occurrences, failureAndRerunMode="cascade")


def on_demand(*objects: dict[str, Any], **default: Any) -> list[dict[str, Any]]:
    return [{"id": "Default", "workerGroup": "wg", "scheduleType": "ondemand", **default}, *objects]


def created(client: Any, name: str = "n") -> str:
    pipeline_id: str = client.create_pipeline(name=name, uniqueId=f"of-{name}")["pipelineId"]
    return pipeline_id


def put(client: Any, pipeline_id: str, objects: list[dict[str, Any]], **values: Any) -> Any:
    return client.put_pipeline_definition(
        pipelineId=pipeline_id, **request_of({"objects": objects, "values": values})
    )


def activated(client: Any, objects: list[dict[str, Any]], name: str = "n") -> str:
    pipeline_id = created(client, name)
    answer = put(client, pipeline_id, objects)
    assert not answer["errored"], answer["validationErrors"]
    client.activate_pipeline(pipelineId=pipeline_id)
    return pipeline_id


def as_dict(fields: list[dict[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields:
        value = field.get("stringValue", field.get("refValue"))
        if field["key"] in found:
            before = found[field["key"]]
            found[field["key"]] = [*(before if isinstance(before, list) else [before]), value]
        else:
            found[field["key"]] = value
    return found


def described(client: Any, pipeline_id: str) -> dict[str, Any]:
    """The fields of a pipeline."""
    answer = client.describe_pipelines(pipelineIds=[pipeline_id])
    return as_dict(answer["pipelineDescriptionList"][0]["fields"])


def state(client: Any, pipeline_id: str) -> str:
    return str(described(client, pipeline_id)["@pipelineState"])


def fields_of(
    client: Any, pipeline_id: str, object_id: str, *, evaluate: bool = False
) -> dict[str, Any]:
    answer = client.describe_objects(
        pipelineId=pipeline_id, objectIds=[object_id], evaluateExpressions=evaluate
    )
    return as_dict(answer["pipelineObjects"][0]["fields"])


def ids(client: Any, pipeline_id: str, sphere: str = "INSTANCE", *selectors: Any) -> list[str]:
    query = {"selectors": [_selector(*held) for held in selectors]} if selectors else {}
    pages = client.get_paginator("query_objects").paginate(
        pipelineId=pipeline_id, sphere=sphere, **({"query": query} if query else {})
    )
    return [object_id for page in pages for object_id in page.get("ids", [])]


def _selector(name: str, operator: str, *values: str) -> dict[str, Any]:
    return {"fieldName": name, "operator": {"type": operator, "values": list(values)}}


def error_of(error: Any) -> tuple[str, str]:
    """Code and text of a ClientError."""
    held = error.value.response["Error"]
    return held["Code"], held["Message"]


def take(client: Any, worker_group: str = "wg") -> dict[str, Any]:
    task: dict[str, Any] = client.poll_for_task(workerGroup=worker_group)["taskObject"]
    return task


def finish(client: Any, worker_group: str = "wg", status: str = "FINISHED") -> str:
    """Work one task; the id of its attempt."""
    task = take(client, worker_group)
    client.set_task_status(taskId=task["taskId"], taskStatus=status)
    return str(task["attemptId"])
