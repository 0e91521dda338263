"""What is said of a definition: by AWS's validation, and apart from that by our own rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._service.clock import VirtualClock
from .._service.errors import ServiceError
from .._service.service import Caller, Service
from .._service.settings import ServiceSettings
from .advice.matter import Matter
from .advice.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Collection

    from .._definitions.place import Place
    from .._definitions.reading import Reading
    from .advice.matter import Advice

ERROR = "error"
WARNING = "warning"
ADVICE = "advice"
# The rules of what AWS finds: it names none itself.
VALIDATION = {ERROR: "aws-error", WARNING: "aws-warning"}
_CALLER = Caller("us-east-1")


@dataclass(frozen=True)
class Finding:
    """Something that is said of a definition.

    Attributes:
        level: an error or a warning of AWS's validation, or advice of our own.
        rule: the id of an advice; what AWS finds has one for errors and one for warnings.
    """

    level: str
    rule: str
    text: str
    place: Place


@dataclass
class Verdict:
    """All that is said of one definition."""

    reading: Reading
    findings: list[Finding]

    def of(self, level: str) -> list[Finding]:
        """The findings of a level."""
        return [held for held in self.findings if held.level == level]


def judge(reading: Reading, now: int, ignored: Collection[str] = ()) -> Verdict:
    """What is said of a definition.

    Args:
        reading: the definition.
        now: nanoseconds since 1970; a schedule that starts before is a backfill.
        ignored: the ids of rules of advice that are off.
    """
    found = _validated(reading, now)
    matter = Matter(reading.request, now)
    for rule in RULES:
        if rule.id not in ignored:
            found += [
                Finding(ADVICE, rule.id, held.text, _of_advice(reading, matter, held))
                for held in rule.apply(matter)
            ]
    return Verdict(reading, found)


def _of_advice(reading: Reading, matter: Matter, advice: Advice) -> Place:
    """Where an advice belongs: an inherited field stands in another object."""
    object_id, key = advice.object_id, advice.field
    source = None
    if object_id is not None and key is not None:
        source = matter.definition.source_of(object_id, key)
    return reading.place(source or object_id, key)._replace(object=object_id)


def _validated(reading: Reading, now: int) -> list[Finding]:
    """The answer of ValidatePipelineDefinition."""
    service = Service(VirtualClock(now), ServiceSettings())
    made: Any = service.handle("CreatePipeline", {"name": "checked", "uniqueId": "1"}, _CALLER)
    try:
        answer: Any = service.handle(
            "ValidatePipelineDefinition", {**made, **reading.request}, _CALLER
        )
    except ServiceError as error:
        # The whole definition is refused, as for more objects than an account may have.
        return [
            Finding(ERROR, VALIDATION[ERROR], f"{error.code}: {error.message}", reading.place())
        ]
    kinds = (("validationErrors", "errors", ERROR), ("validationWarnings", "warnings", WARNING))
    return [
        Finding(level, VALIDATION[level], text.strip(), reading.place_of(held["id"], text))
        for part, key, level in kinds
        for held in answer[part]
        for text in held[key]
    ]
