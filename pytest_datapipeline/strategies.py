"""Strategies of Hypothesis for what a task runner meets. Needs the extra `hypothesis`.

from hypothesis import given
from pytest_datapipeline import strategies

@given(task=strategies.tasks(), faults=strategies.fault_plans())
def test_a_runner(task, faults):
    with DataPipelineFake() as fake:
        fake.enqueue("reports", task)
        for call, fault, options in faults:
            fake.fail(call, fault, **options)
        ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

try:
    from hypothesis import strategies as st
except ImportError:
    raise ImportError(
        "pytest_datapipeline.strategies needs Hypothesis, which is not installed: "
        "pip install hypothesis"
    ) from None

from ._explore.disturbances import kinds_of
from ._service.fields import ref
from ._service.protocol import model
from ._service.settings import MAXIMUM_WORKER_GROUP_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

# What a runner calls.
_RUNNERS_CALLS = (
    "poll_for_task",
    "report_task_progress",
    "set_task_status",
    "report_task_runner_heartbeat",
)
# As the service takes them: no control characters but tabs and line ends, no surrogates.
_CHARACTERS = st.characters(
    min_codepoint=0x20, categories=("L", "M", "N", "P", "S", "Zs"), exclude_characters="\x7f"
)
_LONGEST = 10_240
_SHORT = 60


def worker_groups() -> SearchStrategy[str]:
    """Names of worker groups: usual ones, and any of up to 1,024 characters that AWS takes."""
    usual = st.sampled_from(["reports", "wg-1", "pre production", "WG", "wg"])
    any_ = st.text(_CHARACTERS, min_size=1, max_size=_SHORT)
    longest = st.just("w" * MAXIMUM_WORKER_GROUP_LENGTH)
    return st.one_of(usual, any_, longest)


def tasks(*, command: SearchStrategy[str] | None = None) -> SearchStrategy[dict[str, Any]]:
    """Tasks as `enqueue` takes them: a command and further fields.

    These hold texts, lists and references.

    Args:
        command: the commands; by default ones that do nothing.
    """
    commands = st.sampled_from(["true", "echo hi"]) if command is None else command
    values = st.one_of(_texts(), st.lists(_texts(), min_size=2, max_size=4), st.just(ref("Other")))
    own = st.dictionaries(st.from_regex(r"\Amy[A-Za-z0-9]{1,20}\Z"), values, max_size=4)
    return st.builds(lambda run, fields: {"command": run, **fields}, commands, own)


def task_objects() -> SearchStrategy[dict[str, Any]]:
    """Whole task objects, as `poll_for_task` returns them and `enqueue` takes them.

    The attempt is one of several objects, and nothing has a certain order.
    """
    return st.builds(
        _task_object,
        st.integers(1, 10**9),
        st.lists(_fields(), min_size=1, max_size=4),
        st.randoms(use_true_random=False),
    )


def definitions(
    *, worker_group: str = "reports", most: int = 5
) -> SearchStrategy[list[dict[str, Any]]]:
    """Definitions of pipelines that run on demand, as `pipelines.activate` takes them.

    They have activities that depend on earlier ones, each with the worker group.

    Args:
        worker_group: of all activities.
        most: how many activities at most.
    """

    @st.composite
    def drawn(draw: st.DrawFn) -> list[dict[str, Any]]:
        objects: list[dict[str, Any]] = [{"id": "Default", "scheduleType": "ondemand"}]
        for number in range(draw(st.integers(1, most))):
            needed = draw(st.sets(st.integers(0, number - 1))) if number else set()
            activity: dict[str, Any] = {
                "id": f"Activity{number}",
                "type": "ShellCommandActivity",
                "command": draw(st.sampled_from(["true", "echo #{@scheduledStartTime}"])),
                "workerGroup": worker_group,
                "maximumRetries": str(draw(st.integers(0, 3))),
            }
            if needed:
                activity["dependsOn"] = [{"ref": f"Activity{held}"} for held in sorted(needed)]
            objects.append(activity)
        return objects

    return drawn()


def fault_plans(
    *, operations: Sequence[str] = _RUNNERS_CALLS, most: int = 5
) -> SearchStrategy[list[tuple[str, str | int, Mapping[str, Any]]]]:
    """What can go wrong, each as the arguments of `fail`: a call, a fault and its options.

    None has to be met.

    Args:
        operations: whose calls fail, in boto3's names; by default those of task runners.
        most: how many faults at most.

    Raises:
        ValueError: there is no such operation.
    """
    one = st.one_of([_faults_of(name) for name in operations])
    return st.lists(one, max_size=most)


def _faults_of(name: str) -> SearchStrategy[tuple[str, str | int, Mapping[str, Any]]]:
    kinds = [
        int(kind) if kind.isdigit() else kind
        for kind in kinds_of(model.operation_name(name))
        # The first ends the test's own thread; the others are for explorations alone.
        if kind not in ("runner_dies", "clock_jumps", "task_canceled", "task_taken_back")
    ]
    options = st.fixed_dictionaries(
        {
            "times": st.integers(1, 3),
            "after": st.integers(0, 5),
            "per": st.sampled_from(["call", "request"]),
            "optional": st.just(True),
        }
    )
    return st.tuples(st.just(name), st.sampled_from(kinds), options)


def _texts() -> SearchStrategy[str]:
    return st.one_of(st.text(_CHARACTERS, max_size=_SHORT), st.just("x" * _LONGEST))


def _fields() -> SearchStrategy[list[dict[str, str]]]:
    return st.lists(
        st.builds(
            lambda key, value: {"key": f"my{key}", "stringValue": value},
            st.from_regex(r"\A[A-Za-z0-9]{1,20}\Z"),
            _texts(),
        ),
        max_size=4,
        unique_by=lambda field: field["key"],
    )


def _task_object(number: int, others: list[list[dict[str, str]]], random: Any) -> dict[str, Any]:
    attempt = f"@Activity_2024-01-01T00:00:00_Attempt={number}"
    objects = {
        f"Other{place}": {"id": f"Other{place}", "name": f"Other{place}", "fields": fields}
        for place, fields in enumerate(others[1:])
    }
    fields = [
        {"key": "type", "stringValue": "ShellCommandActivity"},
        {"key": "command", "stringValue": "true"},
        *others[0],
    ]
    random.shuffle(fields)
    objects[attempt] = {"id": attempt, "name": attempt, "fields": fields}
    ids = list(objects)
    random.shuffle(ids)
    return {
        "taskId": f"task-{number}",
        "pipelineId": f"df-{number:020d}",
        "attemptId": attempt,
        "objects": {held: objects[held] for held in ids},
    }
