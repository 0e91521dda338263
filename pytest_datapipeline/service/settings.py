"""How the service behaves where its documentation leaves a choice, and its documented times.

Durations are in seconds. A value that AWS documents is a constant; a value that nobody documents
is a setting, with the reason for its default beside it.
"""

from __future__ import annotations

from typing import Any, Literal

# Documented: an empty PollForTask is held this long.
POLL_SECONDS = 90
# Documented: without a ReportTaskProgress for this long, the task goes to a later PollForTask.
ACKNOWLEDGE_SECONDS = 120
# Documented: after the acknowledgement a runner keeps a task by reporting this often at least;
# the field reportProgressTimeout changes it.
REPORT_PROGRESS_SECONDS = 15 * 60
# Documented for older versions: two retries, ten minutes after each failure.
MAXIMUM_RETRIES = 2
RETRY_DELAY_SECONDS = 10 * 60
# Documented: a worker group is a string of at most this many characters.
MAXIMUM_WORKER_GROUP_LENGTH = 1024
# Documented: so is every id but a task's, which may be longer.
MAXIMUM_ID_LENGTH = 1024
MAXIMUM_TASK_ID_LENGTH = 2048


class ServiceSettings:
    """The choices of the simulated service, given by name.

    No dataclass: the plugin is loaded by every run of pytest, and making one takes a millisecond.

    Attributes:
        running_from: what makes an attempt RUNNING. Default "report", the first
            ReportTaskProgress: the only published task object is handed out WAITING_FOR_RUNNER.
        task_objects: which objects a task carries. "reachable" (default): the attempt and every
            object given with the task; "attempt": the attempt alone, as in AWS's one published
            example.
        false_for_activity: what SetTaskStatus FALSE does to an activity, which AWS keeps for
            preconditions. "fail" (default) treats it as FAILED; "refuse" answers
            InvalidRequestException.
        accept_repeated_final_status: whether a SetTaskStatus that botocore sends again, because
            it lost the answer to the first, is accepted. Default False: TaskNotFoundException,
            the only error that AWS lists for it.
        shuffle: whether fields and objects come in an arbitrary order. Default False. The
            real service's order is arbitrary: True catches runners that rely on one.
        seed: of the ids and of the shuffling.
    """

    running_from: Literal["report", "hand-over"] = "report"
    task_objects: Literal["reachable", "attempt"] = "reachable"
    false_for_activity: Literal["fail", "refuse"] = "fail"
    accept_repeated_final_status: bool = False
    shuffle: bool = False
    seed: int = 0

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)
