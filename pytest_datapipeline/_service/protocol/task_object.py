"""The task object that a runner is handed, with the fields of AWS's published example."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ..fields import Field
    from .ids import Ids

Kind = Literal["stringValue", "refValue"]

# Key and kind of each field of an attempt, and the name of its value.
ROWS: tuple[tuple[str, Kind, str], ...] = (
    ("@componentParent", "refValue", "component"),
    ("@scheduledStartTime", "stringValue", "scheduled_start"),
    ("parent", "refValue", "component"),
    ("@sphere", "stringValue", "sphere"),
    ("workerGroup", "stringValue", "worker_group"),
    ("@instanceParent", "refValue", "instance"),
    ("type", "stringValue", "type"),
    ("@status", "stringValue", "status"),
    ("@version", "stringValue", "version"),
    ("schedule", "refValue", "schedule"),
    ("@actualStartTime", "stringValue", "actual_start"),
    ("@scheduledEndTime", "stringValue", "scheduled_end"),
    ("@activeInstances", "refValue", "instance"),
    ("@pipelineId", "stringValue", "pipeline"),
)
_KEYS = frozenset(key for key, _, _ in ROWS)
_COUNT = len({name for _, _, name in ROWS})


class TaskObject:
    """What a runner is handed.

    Attributes:
        values: the values of `ROWS`, by name; a row without one is left out.
        own: the fields that the task brings itself; they go before those of `ROWS`.
        others: further objects, in the wire's form.
    """

    __slots__ = ("attempt_id", "others", "own", "pipeline_id", "task_id", "values")

    def __init__(
        self,
        task_id: str,
        pipeline_id: str,
        attempt_id: str,
        values: dict[str, str],
        own: tuple[Field, ...],
        others: tuple[dict[str, Any], ...],
    ) -> None:
        self.task_id = task_id
        self.pipeline_id = pipeline_id
        self.attempt_id = attempt_id
        self.values = values
        self.own = own
        self.others = others

    @property
    def plain(self) -> bool:
        """Whether it is an attempt alone, with all of `ROWS`."""
        return (
            not self.others
            and len(self.values) == _COUNT
            and all(field.key not in _KEYS for field in self.own)
        )

    def to_dict(self, shuffled_by: Ids | None = None) -> dict[str, Any]:
        """The answer to PollForTask, with fields and objects in an arbitrary order if asked for."""
        given = {field.key for field in self.own}
        fields: list[dict[str, str]] = [
            {"key": key, kind: self.values[name]}
            for key, kind, name in ROWS
            if key not in given and name in self.values
        ]
        fields += [field.to_wire() for field in self.own]
        objects = [
            {"id": self.attempt_id, "name": self.attempt_id, "fields": fields},
            *({**held, "fields": list(held["fields"])} for held in self.others),
        ]
        if shuffled_by is not None:
            shuffled_by.shuffle(objects)
            for held in objects:
                shuffled_by.shuffle_fields(held["fields"], itemgetter("key"))
        return {
            "taskObject": {
                "taskId": self.task_id,
                "pipelineId": self.pipeline_id,
                "attemptId": self.attempt_id,
                "objects": {held["id"]: held for held in objects},
            }
        }
