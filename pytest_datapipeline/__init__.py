"""AWS Data Pipeline in the test process: a pytest plugin with a fake of the whole service.

Everything that a test imports is here. Nothing is loaded before it is used: with the plugin
loaded and unused, neither boto3, botocore nor freezegun is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._contract.findings import Finding, Findings
    from ._explore.exploration import Exploration, ExplorationFailed, Trial
    from ._explore.explorer import Explore, explore
    from ._fake.gates import Gate
    from ._fake.handles.matching import one_run, ran
    from ._fake.handles.pipelines import Pipeline
    from ._fake.handles.tasks import Task
    from ._fake.players import Work
    from ._fake.world import Snapshot
    from ._record.call import Call, CallMatcher
    from ._record.calls import Calls, in_order
    from ._record.matchers import (
        activate_pipeline,
        add_tags,
        create_pipeline,
        deactivate_pipeline,
        delete_pipeline,
        describe_objects,
        describe_pipelines,
        evaluate_expression,
        get_pipeline_definition,
        list_pipelines,
        poll_for_task,
        put_pipeline_definition,
        query_objects,
        remove_tags,
        report_task_progress,
        report_task_runner_heartbeat,
        set_status,
        set_task_status,
        validate_pipeline_definition,
    )
    from ._service.fields import ref
    from ._suite.contract import RunnerContract
    from ._timeline.event import Event
    from ._timeline.timeline import Timeline
    from .endpoint import DataPipelineEndpoint
    from .errors import (
        ContractWarning,
        FakeUsageError,
        RunnerUnwound,
        Stuck,
        UnexpectedCall,
        UnmetExpectations,
        WorkerGroupWarning,
    )
    from .fake import DataPipelineFake
    from .stubber import DataPipelineStubber

__version__ = "0.1.0"

# Where this is not installed, `-p pytest_datapipeline` has pytest load this package as the plugin.
# The hooks and fixtures are in a module of their own, so that a program without pytest does not
# import them.
pytest_plugins: tuple[str, ...] = ("pytest_datapipeline.plugin",)

_HOMES = {
    "_record.call": ("Call", "CallMatcher"),
    "_record.calls": ("Calls", "in_order"),
    "endpoint": ("DataPipelineEndpoint",),
    "_contract.findings": ("Finding", "Findings"),
    "errors": (
        "ContractWarning",
        "FakeUsageError",
        "RunnerUnwound",
        "Stuck",
        "UnexpectedCall",
        "UnmetExpectations",
        "WorkerGroupWarning",
    ),
    "fake": ("DataPipelineFake",),
    "_explore.exploration": ("Exploration", "ExplorationFailed", "Trial"),
    "_explore.explorer": ("Explore", "explore"),
    "_fake.gates": ("Gate",),
    "_fake.handles.tasks": ("Task",),
    "_record.matchers": (
        "activate_pipeline",
        "add_tags",
        "create_pipeline",
        "deactivate_pipeline",
        "delete_pipeline",
        "describe_objects",
        "describe_pipelines",
        "evaluate_expression",
        "get_pipeline_definition",
        "list_pipelines",
        "poll_for_task",
        "put_pipeline_definition",
        "query_objects",
        "remove_tags",
        "report_task_progress",
        "report_task_runner_heartbeat",
        "set_status",
        "set_task_status",
        "validate_pipeline_definition",
    ),
    "_fake.handles.matching": ("one_run", "ran"),
    "_fake.handles.pipelines": ("Pipeline",),
    "_service.fields": ("ref",),
    "_suite.contract": ("RunnerContract",),
    "stubber": ("DataPipelineStubber",),
    "_fake.players": ("Work",),
    "_fake.world": ("Snapshot",),
    "_timeline.event": ("Event",),
    "_timeline.timeline": ("Timeline",),
}
_WHERE = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Call",
    "CallMatcher",
    "Calls",
    "ContractWarning",
    "DataPipelineEndpoint",
    "DataPipelineFake",
    "DataPipelineStubber",
    "Event",
    "Exploration",
    "ExplorationFailed",
    "Explore",
    "FakeUsageError",
    "Finding",
    "Findings",
    "Gate",
    "Pipeline",
    "RunnerContract",
    "RunnerUnwound",
    "Snapshot",
    "Stuck",
    "Task",
    "Timeline",
    "Trial",
    "UnexpectedCall",
    "UnmetExpectations",
    "Work",
    "WorkerGroupWarning",
    "activate_pipeline",
    "add_tags",
    "create_pipeline",
    "deactivate_pipeline",
    "delete_pipeline",
    "describe_objects",
    "describe_pipelines",
    "evaluate_expression",
    "explore",
    "get_pipeline_definition",
    "in_order",
    "list_pipelines",
    "one_run",
    "poll_for_task",
    "put_pipeline_definition",
    "query_objects",
    "ran",
    "ref",
    "remove_tags",
    "report_task_progress",
    "report_task_runner_heartbeat",
    "set_status",
    "set_task_status",
    "validate_pipeline_definition",
]


# No __dir__ beside it: pytest looks for fixtures by taking every attribute that dir() names.
def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_WHERE[name]}", __name__), name)
