"""One matcher for each operation of the service, named and with parameters as in boto3.

    assert set_task_status(taskStatus="FINISHED") in datapipeline_fake.calls

Only the parameters that are given are compared. See `CallMatcher` for what a value can be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .call import CallMatcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from typing_extensions import TypedDict, Unpack

    # Anything that is compared; a function gets what the call has.
    Expected: TypeAlias = object | Callable[[Any], object]

    class ActivatePipelineParameters(TypedDict, total=False):
        pipelineId: Expected
        parameterValues: Expected
        startTimestamp: Expected

    class AddTagsParameters(TypedDict, total=False):
        pipelineId: Expected
        tags: Expected

    class CreatePipelineParameters(TypedDict, total=False):
        name: Expected
        uniqueId: Expected
        description: Expected
        tags: Expected

    class DeactivatePipelineParameters(TypedDict, total=False):
        pipelineId: Expected
        cancelActive: Expected

    class DeletePipelineParameters(TypedDict, total=False):
        pipelineId: Expected

    class DescribeObjectsParameters(TypedDict, total=False):
        pipelineId: Expected
        objectIds: Expected
        evaluateExpressions: Expected
        marker: Expected

    class DescribePipelinesParameters(TypedDict, total=False):
        pipelineIds: Expected

    class EvaluateExpressionParameters(TypedDict, total=False):
        pipelineId: Expected
        objectId: Expected
        expression: Expected

    class GetPipelineDefinitionParameters(TypedDict, total=False):
        pipelineId: Expected
        version: Expected

    class ListPipelinesParameters(TypedDict, total=False):
        marker: Expected

    class PollForTaskParameters(TypedDict, total=False):
        workerGroup: Expected
        hostname: Expected
        instanceIdentity: Expected

    class PutPipelineDefinitionParameters(TypedDict, total=False):
        pipelineId: Expected
        pipelineObjects: Expected
        parameterObjects: Expected
        parameterValues: Expected

    class QueryObjectsParameters(TypedDict, total=False):
        pipelineId: Expected
        query: Expected
        sphere: Expected
        marker: Expected
        limit: Expected

    class RemoveTagsParameters(TypedDict, total=False):
        pipelineId: Expected
        tagKeys: Expected

    class ReportTaskProgressParameters(TypedDict, total=False):
        taskId: Expected
        fields: Expected

    class ReportTaskRunnerHeartbeatParameters(TypedDict, total=False):
        taskrunnerId: Expected
        workerGroup: Expected
        hostname: Expected

    class SetStatusParameters(TypedDict, total=False):
        pipelineId: Expected
        objectIds: Expected
        status: Expected

    class SetTaskStatusParameters(TypedDict, total=False):
        taskId: Expected
        taskStatus: Expected
        errorId: Expected
        errorMessage: Expected
        errorStackTrace: Expected

    class ValidatePipelineDefinitionParameters(TypedDict, total=False):
        pipelineId: Expected
        pipelineObjects: Expected
        parameterObjects: Expected
        parameterValues: Expected


def activate_pipeline(**parameters: Unpack[ActivatePipelineParameters]) -> CallMatcher:
    """A pipeline is started."""
    return CallMatcher("ActivatePipeline", parameters)


def add_tags(**parameters: Unpack[AddTagsParameters]) -> CallMatcher:
    """A pipeline gets tags."""
    return CallMatcher("AddTags", parameters)


def create_pipeline(**parameters: Unpack[CreatePipelineParameters]) -> CallMatcher:
    """A pipeline is made."""
    return CallMatcher("CreatePipeline", parameters)


def deactivate_pipeline(**parameters: Unpack[DeactivatePipelineParameters]) -> CallMatcher:
    """A pipeline is stopped."""
    return CallMatcher("DeactivatePipeline", parameters)


def delete_pipeline(**parameters: Unpack[DeletePipelineParameters]) -> CallMatcher:
    """A pipeline is deleted."""
    return CallMatcher("DeletePipeline", parameters)


def describe_objects(**parameters: Unpack[DescribeObjectsParameters]) -> CallMatcher:
    """Objects of a pipeline are asked for."""
    return CallMatcher("DescribeObjects", parameters)


def describe_pipelines(**parameters: Unpack[DescribePipelinesParameters]) -> CallMatcher:
    """Pipelines are asked for."""
    return CallMatcher("DescribePipelines", parameters)


def evaluate_expression(**parameters: Unpack[EvaluateExpressionParameters]) -> CallMatcher:
    """An expression is evaluated for an object."""
    return CallMatcher("EvaluateExpression", parameters)


def get_pipeline_definition(**parameters: Unpack[GetPipelineDefinitionParameters]) -> CallMatcher:
    """A definition is asked for."""
    return CallMatcher("GetPipelineDefinition", parameters)


def list_pipelines(**parameters: Unpack[ListPipelinesParameters]) -> CallMatcher:
    """The list of pipelines is asked for."""
    return CallMatcher("ListPipelines", parameters)


def poll_for_task(**parameters: Unpack[PollForTaskParameters]) -> CallMatcher:
    """A runner asks for a task."""
    return CallMatcher("PollForTask", parameters)


def put_pipeline_definition(**parameters: Unpack[PutPipelineDefinitionParameters]) -> CallMatcher:
    """A definition is stored."""
    return CallMatcher("PutPipelineDefinition", parameters)


def query_objects(**parameters: Unpack[QueryObjectsParameters]) -> CallMatcher:
    """Ids of objects are asked for."""
    return CallMatcher("QueryObjects", parameters)


def remove_tags(**parameters: Unpack[RemoveTagsParameters]) -> CallMatcher:
    """A pipeline loses tags."""
    return CallMatcher("RemoveTags", parameters)


def report_task_progress(**parameters: Unpack[ReportTaskProgressParameters]) -> CallMatcher:
    """A runner acknowledges a task, or says that it goes on."""
    return CallMatcher("ReportTaskProgress", parameters)


def report_task_runner_heartbeat(
    **parameters: Unpack[ReportTaskRunnerHeartbeatParameters],
) -> CallMatcher:
    """A runner says that it is alive."""
    return CallMatcher("ReportTaskRunnerHeartbeat", parameters)


def set_status(**parameters: Unpack[SetStatusParameters]) -> CallMatcher:
    """The status of objects is set."""
    return CallMatcher("SetStatus", parameters)


def set_task_status(**parameters: Unpack[SetTaskStatusParameters]) -> CallMatcher:
    """A runner ends a task."""
    return CallMatcher("SetTaskStatus", parameters)


def validate_pipeline_definition(
    **parameters: Unpack[ValidatePipelineDefinitionParameters],
) -> CallMatcher:
    """A definition is checked."""
    return CallMatcher("ValidatePipelineDefinition", parameters)
