"""What PollForTask hands out, as far as this runner needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_datapipeline.type_defs import TaskObjectTypeDef


class InvalidTask(Exception):
    """A task that this runner cannot run."""


@dataclass(frozen=True)
class Task:
    """One attempt at an activity."""

    task_id: str
    pipeline_id: str
    attempt_id: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def from_task_object(cls, task_object: TaskObjectTypeDef) -> Task:
        attempt_id = task_object["attemptId"]
        # The map may hold other objects too, such as data nodes, and in any order.
        attempt = task_object["objects"][attempt_id]
        return cls(
            task_id=task_object["taskId"],
            pipeline_id=task_object["pipelineId"],
            attempt_id=attempt_id,
            fields=tuple(
                # A value is either a text or the id of another object.
                (field["key"], field.get("stringValue", field.get("refValue", "")))
                for field in attempt["fields"]
            ),
        )

    def values(self, key: str) -> list[str]:
        """All values of a field: the service writes a list by repeating the key."""
        return [value for field, value in self.fields if field == key]

    def value(self, key: str) -> str:
        values = self.values(key)
        if len(values) != 1:
            raise InvalidTask(f"The task needs one field {key!r}, but has {len(values)}.")
        return values[0]

    @property
    def command(self) -> str:
        if self.value("type") != "ShellCommandActivity":
            raise InvalidTask(f"This runner does not know the type {self.value('type')!r}.")
        return self.value("command")

    @property
    def arguments(self) -> list[str]:
        return self.values("scriptArgument")
