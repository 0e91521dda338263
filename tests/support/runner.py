"""A task runner in a few lines, right in all that AWS asks for, and steps of one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = "reports"
HOST = "runner-1.example"


def poll(client: Any, **parameters: Any) -> Any:
    """Poll once; the task object, or None."""
    given = {"workerGroup": GROUP, "hostname": HOST, **parameters}
    return client.poll_for_task(**given).get("taskObject")


def take(client: Any) -> str:
    """Poll a task and acknowledge it; its id."""
    task_id: str = poll(client)["taskId"]
    client.report_task_progress(taskId=task_id)
    return task_id


def finish(client: Any, task_id: str, **parameters: Any) -> None:
    """Set a task's final status."""
    client.set_task_status(taskId=task_id, **{"taskStatus": "FINISHED", **parameters})


def work_one(client: Any, job: Callable[[Any], None] = lambda _: None) -> bool:
    """Poll once and do as AWS asks; whether a task came."""
    task = poll(client)
    if task is None:
        return False
    if client.report_task_progress(taskId=task["taskId"])["canceled"]:
        return True
    try:
        job(task)
    except Exception as error:
        finish(
            client,
            task["taskId"],
            taskStatus="FAILED",
            errorId=type(error).__name__,
            errorMessage=str(error),
        )
    else:
        finish(client, task["taskId"])
    return True


def work(client: Any, job: Callable[[Any], None] = lambda _: None) -> None:
    """Work one task after the other, forever."""
    while True:
        work_one(client, job)
