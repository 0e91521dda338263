"""Definitions as they are put, and their validation, in as few words as tests need."""

from __future__ import annotations

from typing import Any

from pytest_datapipeline._service.clock import SECOND
from pytest_datapipeline._service.definitions import catalog
from pytest_datapipeline._service.definitions.catalog import TYPES
from pytest_datapipeline._service.definitions.definition import Definition
from pytest_datapipeline._service.definitions.validation.walk import Findings, validate
from pytest_datapipeline._service.fields import Ref, ref

# 2017-03-01, when AWS's answer to its own example was recorded.
NOW = 1_488_326_400 * SECOND

CASCADE = (
    " It is recommended to set 'failureAndRerunMode'  to 'cascade' on Default object to enable "
    "cascade failure mode for Activity, Datanode, Precondition and Resource objects of a pipeline."
)
LOG_URI = (
    "'pipelineLogUri'is missing. It is recommended to set this value on Default object for better "
    "troubleshooting."
)


def wire_object(id: str, **fields: Any) -> dict[str, Any]:
    """An object of the wire; `star_x` is the field `*x`, `at_x` is `@x`."""
    held = []
    for name, value in fields.items():
        key = name.replace("star_", "*").replace("at_", "@")
        for item in value if isinstance(value, list) else [value]:
            kind = "refValue" if isinstance(item, Ref) else "stringValue"
            held.append({"key": key, kind: item.id if isinstance(item, Ref) else item})
    return {"id": id, "name": id, "fields": held}


def parameter(id: str, **attributes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "attributes": [
            {"key": key, "stringValue": item}
            for key, value in attributes.items()
            for item in (value if isinstance(value, list) else [value])
        ],
    }


def definition(
    *objects: dict[str, Any],
    parameters: list[dict[str, Any]] | None = None,
    values: dict[str, str | list[str]] | None = None,
) -> Definition:
    return Definition.of_request(
        {
            "pipelineObjects": list(objects),
            "parameterObjects": parameters,
            "parameterValues": [
                {"id": name, "stringValue": item}
                for name, value in (values or {}).items()
                for item in (value if isinstance(value, list) else [value])
            ],
        }
    )


QUIET = {"pipelineLogUri": "s3://logs", "failureAndRerunMode": "CASCADE"}
DEFAULT = wire_object("Default", workerGroup="wg", scheduleType="cron", **QUIET)
SCHEDULE = wire_object(
    "S", type="Schedule", period="1 hour", startDateTime="2030-01-01T00:00:00", occurrences="3"
)


def activity(id: str = "A", **fields: Any) -> dict[str, Any]:
    given = {"type": "ShellCommandActivity", "command": "echo", "schedule": ref("S"), **fields}
    return wire_object(id, **{key: value for key, value in given.items() if value is not None})


def node(id: str, **fields: Any) -> dict[str, Any]:
    return wire_object(id, type="S3DataNode", filePath=f"s3://b/{id}", **fields)


def schedule(**fields: Any) -> dict[str, Any]:
    start = {} if "startAt" in fields else {"startDateTime": "2030-01-01T00:00:00"}
    return wire_object("S", type="Schedule", **{"period": "1 hour", **start, **fields})


def check(*objects: dict[str, Any], base: bool = True, **more: Any) -> Findings:
    """The findings of some objects, by default beside a Default and a Schedule in order."""
    given = {held["id"] for held in objects}
    beside = [held for held in (DEFAULT, SCHEDULE) if base and held["id"] not in given]
    return validate(definition(*beside, *objects, **more), NOW)


def errors(found: Findings, id: str) -> str:
    return "\n".join(found.errors.get(id, []))


def warnings(found: Findings, id: str) -> str:
    return "\n".join(found.warnings.get(id, []))


# One object of each family to refer to.
TARGETS: dict[str, dict[str, Any]] = {
    catalog.DATA_NODE: wire_object("node", type="S3DataNode", filePath="s3://b/k"),
    catalog.DATABASE: wire_object(
        "db", type="RedshiftDatabase", star_password="p", username="u", clusterId="c"
    ),
    catalog.SCHEDULE: SCHEDULE,
}
VALUES = {"R": "", "P": "1 hour", "E": "", "T": "2030-01-01T00:00:00"}


def minimal(name: str) -> dict[str, Any]:
    """The least that an object of a type must have."""
    kind = TYPES[name]
    fields: dict[str, Any] = {"type": name}
    if kind.family == catalog.ACTIVITY:
        fields["schedule"] = ref("S")
    for key in (*kind.required, *(group[-1] for group in kind.groups)):
        slot = kind.slots[key]
        if slot.is_reference:
            fields[key] = ref(TARGETS[slot.families[0]]["id"])
        else:
            fields[key] = slot.values[0] if slot.values else VALUES.get(slot.kind, "text")
    return wire_object("X", **fields)


def without(held: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {**held, "fields": [field for field in held["fields"] if field["key"] not in keys]}


BARE_DEFAULT = wire_object("Default", **QUIET)


def check_sample(*objects: dict[str, Any]) -> Findings:
    """The findings of objects beside those that `minimal` ones refer to."""
    return check(BARE_DEFAULT, *TARGETS.values(), *objects)
