"""What programs around a runner do: they define, activate and watch pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._service.clock import SECOND
from ..._service.components.pipeline import FINISHED
from ..._service.instances.instance import FAILURES
from ..._service.settings import MAXIMUM_DESCRIBED_PIPELINES, MAXIMUM_SELECTORS
from ..rule import END, Found, rule

if TYPE_CHECKING:
    from ..._record.call import Call
    from ..evidence import Evidence

# A second creation so soon after one that failed is taken for its repetition.
_SOON = 15 * 60 * SECOND


@rule(
    "errors-of-definition-ignored",
    "broken",
    "ActivatePipeline",
    asked="PutPipelineDefinition answers `errored` and validationErrors, with HTTP status 200",
    source="service model of AWS's SDKs, PutPipelineDefinition",
    remedy="Look at `errored` in the answer before you activate the pipeline.",
)
def errors_of_definition_ignored(seen: Evidence, call: Call) -> Found | None:
    pipeline = call.parameters.get("pipelineId", "")
    put = seen.errored.get(pipeline)
    if put is None:
        return None
    return Found(
        f"{pipeline} was activated although its definition was refused.", (put, call), pipeline
    )


@rule(
    "fresh-unique-id",
    "broken",
    "CreatePipeline",
    asked="uniqueId makes CreatePipeline safe to repeat: the same one gives the same pipeline",
    source="service model of AWS's SDKs, CreatePipeline",
    remedy="Make the uniqueId once, and give it with each repetition.",
)
def fresh_unique_id(seen: Evidence, call: Call) -> Found | None:
    name = call.parameters.get("name", "")
    failed = seen.creations.get((call.region, str(name)))
    if failed is None or failed.parameters.get("uniqueId") == call.parameters.get("uniqueId"):
        return None
    if call.time_ns - failed.time_ns > _SOON:
        return None
    return Found(
        f"The pipeline {name!r} was created with {call.parameters.get('uniqueId')!r} after a "
        f"failed call with {failed.parameters.get('uniqueId')!r}: there may be two now.",
        (failed, call),
        name,
    )


@rule(
    "query-operands",
    "broken",
    "QueryObjects",
    asked="EQ takes one value, and a query has at most 10 selectors",
    source="service model of AWS's SDKs, Query and Selector; an issue of the AWS CLI",
    remedy="Query for each value by itself.",
)
def query_operands(_: Evidence, call: Call) -> Found | None:
    selectors = (call.parameters.get("query") or {}).get("selectors") or ()
    if len(selectors) > MAXIMUM_SELECTORS:
        return Found(f"A query has {len(selectors)} selectors.", (call,))
    for selector in selectors:
        operator = selector.get("operator") or {}
        values = operator.get("values") or ()
        if operator.get("type") == "EQ" and len(values) > 1:
            return Found(f"EQ has {len(values)} values.", (call,))
    return None


@rule(
    "many-ids",
    "advice",
    ("DescribePipelines", "DescribeObjects"),
    asked="At most 25 ids are to be given in one call",
    source="service model of AWS's SDKs, DescribePipelines and DescribeObjects",
    remedy="Ask in portions of 25.",
)
def many_ids(_: Evidence, call: Call) -> Found | None:
    ids = call.parameters.get("pipelineIds") or call.parameters.get("objectIds") or ()
    if len(ids) <= MAXIMUM_DESCRIBED_PIPELINES:
        return None
    return Found(f"{len(ids)} ids were given in one call.", (call,), call.operation)


def _says_finished(call: Call, pipeline: str) -> bool:
    """Whether a description of pipelines was answered, and has one as FINISHED."""
    described = (call.response or {}).get("pipelineDescriptionList", ()) if not call.error else ()
    return any(
        held["pipelineId"] == pipeline
        and {"key": "@pipelineState", "stringValue": FINISHED} in held["fields"]
        for held in described
    )


@rule(
    "success-read-from-pipeline",
    "advice",
    END,
    asked="A pipeline is FINISHED whether its instances have succeeded or failed",
    source="pipelines that were seen on AWS",
    remedy="Read success from @status of the instances, by QueryObjects and DescribeObjects, or at "
    "least from the pipeline's @healthStatus.",
)
def success_read_from_pipeline(seen: Evidence, _: None) -> Found | None:
    failed = {
        held.id
        for held in (seen.pipelines() if seen.watched else ())
        if any(run.status in FAILURES for run in held.runs)
    }
    for pipeline in sorted(failed - seen.looked_at):
        # Not when it is called: only few of the answers have to be read.
        calls = [call for call in seen.watched.get(pipeline, ()) if _says_finished(call, pipeline)]
        if len(calls) > 1:
            return Found(
                f"{pipeline} was described {len(calls)} times as FINISHED, and has instances that "
                "failed, which nobody has looked at.",
                (calls[0], calls[-1]),
            )
    return None
