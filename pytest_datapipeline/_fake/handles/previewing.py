"""The previews of a fake's pipelines, loaded when somebody asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from ...errors import told_by_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from ..._definitions.reader import DefinitionSource, TemplateParameters
    from ..._service.components.pipeline import Pipeline as Record
    from .previews import PipelineDiff, PipelinePreview

    class Defined(Protocol):
        """A pipeline, whose definition is the one that was put last."""

        @property
        def _record(self) -> Record: ...


__tracebackhide__ = told_by_message


class Previewing:
    """The part of `Pipelines` that previews definitions."""

    def _now(self) -> datetime:
        raise NotImplementedError

    def preview(
        self,
        definition: DefinitionSource,
        *,
        values: Mapping[str, Any] | None = None,
        template_parameters: TemplateParameters | None = None,
        resource: str | None = None,
        start: datetime | str | None = None,
        until: datetime | timedelta | str | None = None,
        runs: int | None = None,
        fail: Sequence[str] = (),
        take: Mapping[str, float | timedelta | str] | None = None,
        outcome: Mapping[str, str] | None = None,
    ) -> PipelinePreview:
        """What a definition would run, by the same scheduler, on a clock of its own.

        Args:
            definition: see `create`, as for the next three.
            values: parameter values.
            template_parameters: of a template.
            resource: which of a template's pipelines.
            start: the activation; by default the first start of a schedule, or now.
            until: when to stop, a moment or a span.
            runs: how many runs of each schedule; by default the first three.
            fail: activities of which each attempt fails: "Load", or "Load@2030-01-01T00:00:00".
            take: how long activities work, in seconds, as a timedelta or as "20m"; by default five
                minutes; "*" for all others.
            outcome: of resources and preconditions, by id or type: FINISHED, FAILED or FALSE.

        Raises:
            FakeUsageError: the definition cannot be read or has errors, or lacks what is named.
        """
        from .previews import preview_of

        return preview_of(
            definition,
            self._now(),
            values=values,
            template_parameters=template_parameters,
            resource=resource,
            start=start,
            until=until,
            runs=runs,
            fail=fail,
            take=take,
            outcome=outcome,
        )

    def diff(
        self,
        before: DefinitionSource | Defined,
        after: DefinitionSource | Defined,
        *,
        values: Mapping[str, Any] | None = None,
        start: datetime | str | None = None,
        until: datetime | timedelta | str | None = None,
        runs: int | None = None,
    ) -> PipelineDiff:
        """What a change of a definition changes in what runs; false if nothing.

        Args:
            before: a definition, see `create`, or a pipeline.
            after: another one.
            values: parameter values.
            start: see `preview`, as for the next ones.
            until: when to stop.
            runs: how many runs of each schedule.

        Raises:
            FakeUsageError: see `preview`.
        """
        from .previews import diff_of

        return diff_of(
            _put(before),
            _put(after),
            self._now(),
            values=values,
            start=start,
            until=until,
            runs=runs,
        )


def _put(source: DefinitionSource | Defined) -> DefinitionSource:
    """A definition, or that which was put to a pipeline last."""
    record: Record | None = getattr(source, "_record", None)
    if record is None:
        return cast("DefinitionSource", source)
    return record.definition.to_response()
