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
# Documented limits of an account and of a definition.
MAXIMUM_PIPELINES = 100
MAXIMUM_OBJECTS = 100
ACTIVE_INSTANCES = 5
MAXIMUM_TAGS = 10
# Documented: so many ids may be asked for in one call. DescribeObjects takes more than it says.
MAXIMUM_DESCRIBED_PIPELINES = 25
MAXIMUM_DESCRIBED_OBJECTS = 100
MAXIMUM_SELECTORS = 10
MAXIMUM_QUERY_LIMIT = 100
# Our choice: how many pipelines a page of ListPipelines holds; nobody published it.
LIST_PAGE = 50
# Observed: SCHEDULING is seen a second after the activation, instances after five to seven, and a
# pipeline with nothing to run has finished after two.
ACTIVATION_SECONDS = 1
EMPTY_SECONDS = 2
INSTANCES_SECONDS = 5
# Our choice: so long a pipeline is DEACTIVATING at least where consistency is eventual.
DEACTIVATION_SECONDS = 1
# Observed: a deleted pipeline is described for up to eleven seconds. A new one is listed late.
DELETION_SECONDS = 11
LISTING_SECONDS = 2
# Our choice: so long a deactivation waits for runners that have not asked whether they should stop.
CANCEL_SECONDS = 15 * 60
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
        shuffle: whether fields, objects and lists of ids come in an arbitrary order. Default
            False. The real service's order is arbitrary: True catches programs that rely on one.
        seed: of the ids and of the shuffling.
        consistency: "immediate" (default): reads see writes at once. "eventual": an activated
            pipeline is PENDING, then SCHEDULING for some seconds, instances appear after five, a
            deleted one is DELETING for eleven, and a listing lags, as recorded on the service.
        task_references: which id a task's references to objects with runs carry. "instance"
            (default): as the runs of the service refer to each other; "component": the id in the
            definition.
        schedule_type: of objects that do not say. Default "cron", which clients send.
        active_instances: how many instances of an object may be active at a time where it does
            not say. Default 5, the documented limit of an account.
        creation_interval: seconds between two creations of an instance of an object. Default 0,
            so that a backfill does not take hours; documented is 300.
        resource_seconds: how long a simulated resource is CREATING. Default 0.
        late_until: what lateAfterTimeout waits for, "start" (default, the guide of 2019) or
            "completion" (later ones).
        on_demand_reactivation: what activating an on-demand pipeline does that has as many runs as
            it may. "refuse" (default) was observed; "cancel" the runs, or "ignore" the call are
            what two pages of AWS say.
        deactivation: of a pipeline that does not run. "accept" (default), as nothing says
            otherwise; "refuse" answers InvalidRequestException.
        unknown_objects: ids that DescribeObjects does not know. "omit" (default); "refuse" answers
            InvalidRequestException.
        activation_values: what parameter values at the activation do to those stored. "replace"
            (default), as users report; "merge" keeps the others.
        query_pages: whether a query filters "before" (default) or "after" it cuts pages; after
            gives pages with few ids or none, as older documentation warns.
        backfill: what activating with a start more than a day ago does. "accept" (default) was
            observed; "refuse" is what the guide says of the console.
        secrets: how the values of fields with * are described. "mask" (default) or "show".
        preconditions: what a precondition on S3 or DynamoDB comes to. "succeed" (default); "look"
            asks moto, if it is active.
        maximum_pipelines: of an account. Default 100, as documented.
        maximum_objects: of a definition. Default 100, as documented.
    """

    running_from: Literal["report", "hand-over"] = "report"
    task_objects: Literal["reachable", "attempt"] = "reachable"
    false_for_activity: Literal["fail", "refuse"] = "fail"
    accept_repeated_final_status: bool = False
    shuffle: bool = False
    seed: int = 0
    consistency: Literal["immediate", "eventual"] = "immediate"
    task_references: Literal["instance", "component"] = "instance"
    schedule_type: Literal["cron", "timeseries"] = "cron"
    active_instances: int = ACTIVE_INSTANCES
    creation_interval: float = 0.0
    resource_seconds: float = 0.0
    late_until: Literal["start", "completion"] = "start"
    on_demand_reactivation: Literal["refuse", "cancel", "ignore"] = "refuse"
    deactivation: Literal["accept", "refuse"] = "accept"
    unknown_objects: Literal["omit", "refuse"] = "omit"
    activation_values: Literal["replace", "merge"] = "replace"
    query_pages: Literal["before", "after"] = "before"
    backfill: Literal["accept", "refuse"] = "accept"
    secrets: Literal["mask", "show"] = "mask"
    preconditions: Literal["succeed", "look"] = "succeed"
    maximum_pipelines: int = MAXIMUM_PIPELINES
    maximum_objects: int = MAXIMUM_OBJECTS

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)
