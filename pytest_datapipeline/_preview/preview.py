"""What came of a preview: the runs, each with its attempts and its evaluated fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._service.definitions.catalog import ACTIVITY, RESOURCE
from .._service.fields import timestamp

if TYPE_CHECKING:
    from .graph import Graph

# The fields that tell best what a run does, the first of them that it has.
TELLING = (
    *("command", "scriptUri", "step", "hiveScript", "script", "jarUri", "transformSql"),
    *("directoryPath", "filePath", "tableName", "table", "s3Key", "s3Prefix", "insertMode"),
)


@dataclass(frozen=True)
class Try:
    """One attempt. Times are nanoseconds since 1970."""

    number: int
    status: str
    started: int
    ended: int | None
    error: str | None


@dataclass
class Ran:
    """One run of an object.

    Attributes:
        component: the id of the object.
        family: activity, data node, resource or precondition.
        started: when it was created, and began to wait.
        on: the worker group that works on it, or the resource on which it runs.
        reason: why it did not run, or has failed.
        waits_for: what it still waits for at the end of the preview.
        late: whether it had not started lateAfterTimeout after it was due.
        fields: the fields, evaluated; a list's values in a list. Secrets are masked.
    """

    component: str
    type: str
    family: str
    id: str
    scheduled_start: int
    scheduled_end: int
    status: str
    started: int | None
    ended: int | None
    on: str = ""
    reason: str | None = None
    late: bool = False
    waits_for: list[str] = field(default_factory=list)
    attempts: list[Try] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def telling(self) -> str:
        """What it does, in one line: its command, or its path."""
        for key in TELLING:
            if key in self.fields:
                value = self.fields[key]
                return "; ".join(value) if isinstance(value, list) else str(value)
        return ""

    @property
    def begun(self) -> int | None:
        """When it began to work; None for what has not, as it waits or failed before."""
        if self.attempts:
            return self.attempts[0].started
        return None if self.family in (ACTIVITY, RESOURCE) else self.ended

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "component": self.component,
            "type": self.type,
            "family": self.family,
            "id": self.id,
            "scheduledStart": timestamp(self.scheduled_start),
            "scheduledEnd": timestamp(self.scheduled_end),
            "status": self.status,
            "started": shown(self.begun),
            "ended": shown(self.ended),
            "on": self.on or None,
            "late": self.late,
            "reason": self.reason,
            "waitsFor": self.waits_for,
            "attempts": [
                {
                    "number": held.number,
                    "status": held.status,
                    "started": shown(held.started),
                    "ended": shown(held.ended),
                    "error": held.error,
                }
                for held in self.attempts
            ],
            "fields": self.fields,
        }


@dataclass
class Preview:
    """All that ran.

    Attributes:
        title: the file, and which of its pipelines.
        bound: in words, from when until when.
        state: of the pipeline, at the end.
        is_cut: whether there would be more runs than were asked for.
        alarms: moment, action, instance and subject of what alarms published.
    """

    title: str
    bound: str
    state: str
    start: int
    end: int
    rows: list[Ran]
    graph: Graph
    is_cut: bool = False
    alarms: list[tuple[int, str, str, str]] = field(default_factory=list)


def shown(moment: int | None) -> str | None:
    """A moment as the service writes it."""
    return None if moment is None else timestamp(moment)
