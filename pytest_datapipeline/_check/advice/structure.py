"""Advice on how objects hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._service.definitions.catalog import ACTIVITY
from ..._service.definitions.definition import DEFAULT
from ..._service.definitions.validation.cycles import cycles
from ..._service.definitions.validation.subject import names_in
from .matter import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .matter import Matter

# Of these AWS's validation finds cycles itself.
_VALIDATED = frozenset({"parent", "dependsOn", "precondition", "input", "output"})


def unscheduled(matter: Matter) -> Iterator[Advice]:
    for subject in matter.of_family(ACTIVITY):
        component = matter.components.get(subject.id)
        if "schedule" in subject.fields and component is None and matter.components:
            yield Advice(
                subject.id, "schedule", "No schedule of it can be told: nothing would run it."
            )
        elif component is not None and not component.schedule.has(0):
            yield Advice(
                subject.id, "schedule", "Its schedule has no interval: nothing would run it."
            )


def unreferenced(matter: Matter) -> Iterator[Advice]:
    used = {
        field.value
        for held in matter.definition.objects
        for field in held.fields
        # References that are given as texts count as well: AWS takes some of these.
        if field.value in matter.definition.by_id and field.value != held.id
    }
    for subject in matter.subjects:
        if subject.id == DEFAULT or subject.id in used or subject.family in (ACTIVITY, None):
            continue
        yield Advice(
            subject.id,
            None,
            f"Nothing refers to this {subject.type}: it does nothing, or a reference is missing.",
        )


def worker_group_and_runs_on(matter: Matter) -> Iterator[Advice]:
    for subject in matter.of_family(ACTIVITY):
        if "workerGroup" not in subject.fields or "runsOn" not in subject.fields:
            continue
        source = matter.source_of(subject, "workerGroup")
        whence = "" if source == subject.id else f" that it has from {source!r}"
        yield Advice(
            subject.id,
            "runsOn" if source != subject.id else "workerGroup",
            f"The workerGroup {subject.fields.first('workerGroup')!r}{whence} is ignored, as it "
            f"runs on {subject.fields.first('runsOn')!r}.",
        )


def no_retries(matter: Matter) -> Iterator[Advice]:
    for subject in matter.of_family(ACTIVITY):
        if subject.literal("maximumRetries") == "0":
            yield Advice(
                subject.id,
                "maximumRetries",
                "It is tried once alone: a passing fault fails it, and what depends on it.",
            )


def no_failure_alarm(matter: Matter) -> Iterator[Advice]:
    for subject in matter.of_family(ACTIVITY):
        if "onFail" not in subject.fields:
            yield Advice(
                subject.id, None, "Nobody is told when it fails: it has no onFail with an SnsAlarm."
            )


def reference_cycle(matter: Matter) -> Iterator[Advice]:
    definition = matter.definition
    graph = {
        held.id: [
            field.value
            for field in held.fields
            if field.is_ref and field.key not in _VALIDATED and field.value in definition.by_id
        ]
        for held in definition.by_id.values()
    }
    for object_id, text in cycles(graph, "references"):
        yield Advice(object_id, None, text.partition(":")[2].strip())
    for subject in matter.subjects:
        own = {
            field.key: [name for name in names_in(field) if name in subject.fields]
            for field in subject.object.fields
        }
        inner = {key: [name for name in names if name in own] for key, names in own.items()}
        for key, text in cycles(inner, "fields"):
            yield Advice(subject.id, key, text.partition(":")[2].strip())


def unused_parameter(matter: Matter) -> Iterator[Advice]:
    for declared in matter.definition.declared:
        if declared.id not in matter.context.used:
            yield Advice(declared.id, None, "No expression uses this parameter.")
