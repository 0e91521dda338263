"""Task objects, the answers to PollForTask, with the fields of AWS's published example."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ..fields import Field
    from .ids import Ids

Kind = Literal["stringValue", "refValue"]

# The fields of an attempt: key, kind, and the name of the value in `TaskObject.values`.
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
    """A task, as the answer to PollForTask has it.

    Attributes:
        values: the values of `ROWS`, by name; a row without one is left out.
        own: the task's own fields, which replace those of `ROWS` with the same keys.
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
        self.task_id: str = task_id
        self.pipeline_id: str = pipeline_id
        self.attempt_id: str = attempt_id
        self.values: dict[str, str] = values
        self.own: tuple[Field, ...] = own
        self.others: tuple[dict[str, Any], ...] = others

    @property
    def plain(self) -> bool:
        """Whether it has no other objects, and all of `ROWS`."""
        return (
            not self.others
            and len(self.values) == _COUNT
            and all(field.key not in _KEYS for field in self.own)
        )

    def to_dict(self, shuffled_by: Ids | None = None) -> dict[str, Any]:
        """The answer to PollForTask; with `shuffled_by`, in an arbitrary order."""
        given = {field.key for field in self.own}
        fields: list[dict[str, str]] = [
            {"key": key, kind: self.values[name]}
            for key, kind, name in ROWS
            if key not in given and name in self.values
        ]
        fields += [field.to_wire() for field in self.own]
        objects = [
            {"id": self.attempt_id, "name": self.attempt_id, "fields": fields},
            *({**other, "fields": list(other["fields"])} for other in self.others),
        ]
        if shuffled_by is not None:
            shuffled_by.shuffle(objects)
            for shuffled in objects:
                shuffled_by.shuffle_fields(shuffled["fields"], itemgetter("key"))
        return {
            "taskObject": {
                "taskId": self.task_id,
                "pipelineId": self.pipeline_id,
                "attemptId": self.attempt_id,
                "objects": {sent["id"]: sent for sent in objects},
            }
        }
