"""How the service behaves where its documentation leaves a choice, and its documented times.

Durations are in seconds. A value that AWS documents is a constant; a value that nobody documents
is a setting, with the reason for its default beside it.
"""

# Annotations are looked up by every run of pytest: no future import, which makes texts of them.
from typing import Annotated, Any, Literal

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
    """The choices of the simulated service, given by name. Each says what it is about.

    No dataclass: the plugin is loaded by every run of pytest, and making one takes a millisecond.
    """

    # What AWS leaves open, or contradicts itself about.

    # The only published task object is handed out WAITING_FOR_RUNNER.
    running_from: Annotated[
        Literal["report", "hand-over"],
        "what makes an attempt RUNNING: its first report, or the hand-over",
    ] = "report"
    # AWS's own runner had all of them; its one published example has the attempt alone.
    task_objects: Annotated[
        Literal["reachable", "attempt"],
        "the objects that a task carries: all that it works with, or the attempt alone",
    ] = "reachable"
    # TaskNotFoundException is the only error that AWS lists for a status that is sent twice.
    accept_repeated_final_status: Annotated[
        bool, "accept the SetTaskStatus that botocore sends again after a lost answer"
    ] = False
    # What clients send.
    schedule_type: Annotated[
        Literal["cron", "timeseries"], "the scheduleType of objects that have none"
    ] = "cron"
    # Refusing was observed; two pages of AWS say the others.
    on_demand_reactivation: Annotated[
        Literal["refuse", "cancel", "ignore"],
        "activating an on-demand pipeline beyond its limit: refuse, cancel its runs, or ignore",
    ] = "refuse"
    # As users report.
    activation_values: Annotated[
        Literal["replace", "merge"],
        "whether the values of an activation replace all that are stored, or merge with them",
    ] = "replace"

    # Stricter than most tests need.

    # Orders are arbitrary on the service: this catches programs that rely on one.
    shuffle: Annotated[bool, "fields, objects and lists of ids come in an arbitrary order"] = False
    seed: Annotated[int, "of ids and of the shuffling"] = 0
    # Eventual: an activated pipeline is PENDING, then SCHEDULING for some seconds, instances appear
    # after five, a deleted one is DELETING for eleven, and a listing lags, as recorded.
    consistency: Annotated[
        Literal["immediate", "eventual"],
        "whether reads see writes at once, or after the delays that were recorded on the service",
    ] = "immediate"
    # Documented are 300 seconds; with none a backfill does not take hours.
    creation_interval: Annotated[
        float, "seconds between two creations of an instance of an object; AWS documents 300"
    ] = 0.0
    resource_seconds: Annotated[float, "how long a simulated resource is CREATING"] = 0.0

    # A pipeline's surroundings.

    secrets: Annotated[Literal["mask", "show"], "the values of fields with * in descriptions"] = (
        "mask"
    )
    preconditions: Annotated[
        Literal["succeed", "look"], "those on S3 and DynamoDB: they succeed, or look in moto"
    ] = "succeed"
    active_instances: Annotated[
        int, "active instances of an object that has no maxActiveInstances"
    ] = ACTIVE_INSTANCES
    maximum_pipelines: Annotated[int, "how many pipelines an account may have"] = MAXIMUM_PIPELINES
    maximum_objects: Annotated[int, "how many objects a definition may have"] = MAXIMUM_OBJECTS

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)
