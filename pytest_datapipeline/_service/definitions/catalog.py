"""The types of pipeline objects, and the fields that each has."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

ACTIVITY = "activity"
DATA_NODE = "data node"
RESOURCE = "resource"
PRECONDITION = "precondition"
DATABASE = "database"
DATA_FORMAT = "data format"
ACTION = "action"
SCHEDULE = "schedule"
UTILITY = "utility"

FAMILIES = (
    ACTIVITY,
    DATA_NODE,
    RESOURCE,
    PRECONDITION,
    DATABASE,
    DATA_FORMAT,
    ACTION,
    SCHEDULE,
    UTILITY,
)
RUNNABLE = (ACTIVITY, DATA_NODE, RESOURCE)


class Slot(NamedTuple):
    """What a field holds.

    Attributes:
        kind: S string, R reference, P period, I integer, D double, B boolean, E enumeration,
            T datetime. With several letters, any of these kinds.
        values: of an enumeration, in any case of letters; empty if they are not known.
        families: that a reference may point to; empty for any.
    """

    kind: str
    values: tuple[str, ...] = ()
    families: tuple[str, ...] = ()

    @property
    def is_reference(self) -> bool:
        return self.kind == "R"


class ObjectType(NamedTuple):
    """A type of object.

    Attributes:
        slots: the fields that it takes, the required ones included.
        required: the fields that it must have.
        groups: of each of these it must have one field.
        open: whether it takes other fields as well, because its own are not documented.
    """

    name: str
    family: str
    slots: dict[str, Slot]
    required: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    open: bool = False


# In the tables below `name:K` is an optional field of the kind K, `name:K!` a required one, and
# `one:K/other:K` a group. "PI" takes a period or a number.

_PRECONDITION_FIELDS = """
    attemptStatus:S attemptTimeout:P failureAndRerunMode:E lateAfterTimeout:P maximumRetries:I
    onFail:R onLateAction:R onSuccess:R parent:R reportProgressTimeout:P retryDelay:P
"""
_RUNNABLE_FIELDS = f"""
    {_PRECONDITION_FIELDS} maxActiveInstances:I pipelineLogUri:S schedule:R scheduleType:E
"""
_COMMON = {
    ACTIVITY: f"{_RUNNABLE_FIELDS} dependsOn:R precondition:R input:R output:R",
    DATA_NODE: f"{_RUNNABLE_FIELDS} dependsOn:R precondition:R runsOn:R workerGroup:S",
    RESOURCE: _RUNNABLE_FIELDS,
    PRECONDITION: f"{_PRECONDITION_FIELDS} preconditionTimeout:P",
}
_OTHERS = "parent:R"

_RUNNER = "runsOn:R/workerGroup:S"
_TASK_CONFIG = "postActivityTaskConfig:R preActivityTaskConfig:R"
_RESIZE = "resizeClusterBeforeRunning:B resizeClusterMaxInstances:I"
_TABLE = "createTableSql:S database:R insertQuery:S schemaName:S selectQuery:S table:S!"
# The guide lists runsOn and workerGroup as well, but only to say that they are not allowed.
_MACHINE = """
    actionOnResourceFailure:E actionOnTaskFailure:E availabilityZone:S httpProxy:R initTimeout:P
    keyPair:S region:E subnetId:S useOnDemandOnLastAttempt:B
"""
_JDBC = "databaseName:S jdbcDriverJarUri:S jdbcProperties:S *password:S! username:S!"

_TYPES = {
    ACTIVITY: {
        "ShellCommandActivity": f"""
            command:S/scriptUri:S {_RUNNER} scriptArgument:S stage:B stderr:S stdout:S
        """,
        "CopyActivity": _RUNNER,
        "EmrActivity": f"{_RUNNER} {_RESIZE} postStepCommand:S preStepCommand:S step:S",
        "HadoopActivity": f"""
            jarUri:S! {_RUNNER} {_TASK_CONFIG} argument:S hadoopQueue:S mainClass:S
        """,
        # One version of the guide has input and output among the required fields, another among the
        # optional ones: a script may do without staging.
        "HiveActivity": f"""
            hiveScript:S/scriptUri:S {_RUNNER} {_TASK_CONFIG} {_RESIZE}
            hadoopQueue:S scriptVariable:S stage:B
        """,
        "HiveCopyActivity": f"{_RUNNER} {_TASK_CONFIG} {_RESIZE} filterSql:S",
        "PigActivity": f"""
            script:S/scriptUri:S {_RUNNER} {_TASK_CONFIG} {_RESIZE} scriptVariable:S stage:B
        """,
        "RedshiftCopyActivity": f"""
            insertMode:E! {_RUNNER} commandOptions:S queue:S transformSql:S
        """,
        "SqlActivity": f"""
            database:R! script:S/scriptUri:S {_RUNNER} queue:S scriptArgument:S
        """,
    },
    DATA_NODE: {
        "S3DataNode": """
            compression:E dataFormat:R directoryPath:S filePath:S manifestFilePath:S
            s3EncryptionType:E
        """,
        "DynamoDBDataNode": """
            tableName:S! dataFormat:R readThroughputPercent:D region:E writeThroughputPercent:D
        """,
        "MySqlDataNode": _TABLE,
        "RedshiftDataNode": """
            database:R! tableName:S! createTableSql:S primaryKeys:S schemaName:S
        """,
        "SqlDataNode": _TABLE,
    },
    RESOURCE: {
        "Ec2Resource": f"""
            resourceRole:S! role:S! {_MACHINE} associatePublicIpAddress:B imageId:S
            instanceCount:I instanceType:S minInstanceCount:I runAsUser:S securityGroupIds:S
            securityGroups:S spotBidPrice:S terminateAfter:P
        """,
        # terminateAfter is documented as a number of hours, but used with periods.
        "EmrCluster": f"""
            {_MACHINE} additionalMasterSecurityGroupIds:S additionalSlaveSecurityGroupIds:S
            amiVersion:S applications:S bootstrapAction:S configuration:R coreInstanceBidPrice:S
            coreInstanceCount:I coreInstanceType:S coreGroupConfiguration:R
            coreEbsConfiguration:R EbsBlockDeviceConfig:R emrManagedMasterSecurityGroupId:S
            emrManagedSlaveSecurityGroupId:S enableDebugging:S hadoopSchedulerType:E
            masterInstanceBidPrice:S masterInstanceType:S masterGroupConfiguration:R
            masterEbsConfiguration:R releaseLabel:S resourceRole:S role:S
            serviceAccessSecurityGroupId:S supportedProducts:S taskInstanceBidPrice:S
            taskInstanceCount:I taskInstanceType:S taskGroupConfiguration:R
            taskEbsConfiguration:R terminateAfter:PI VolumeSpecification:R
        """,
    },
    PRECONDITION: {
        "DynamoDBDataExists": "role:S! tableName:S!",
        "DynamoDBTableExists": "role:S! tableName:S!",
        "Exists": "",
        "S3KeyExists": "role:S! s3Key:S!",
        "S3PrefixNotEmpty": "role:S! s3Prefix:S!",
        "ShellCommandPrecondition": """
            command:S/scriptUri:S scriptArgument:S stderr:S stdout:S
        """,
    },
    DATABASE: {
        "JdbcDatabase": f"connectionString:S! jdbcDriverClass:S! {_JDBC}",
        "RdsDatabase": f"rdsInstanceId:S! region:S {_JDBC}",
        "RedshiftDatabase": """
            *password:S! username:S! clusterId:S/connectionString:S databaseName:S
            jdbcProperties:S region:E
        """,
    },
    DATA_FORMAT: {
        "CSV": "column:S escapeChar:S",
        "Custom": "columnSeparator:S! column:S recordSeparator:S",
        "DynamoDBDataFormat": "column:S",
        "DynamoDBExportDataFormat": "column:S",
        "RegEx": "column:S inputRegEx:S outputFormat:S",
        "TSV": "column:S columnSeparator:S escapeChar:S recordSeparator:S",
    },
    ACTION: {
        "SnsAlarm": "message:S! role:S! subject:S! topicArn:S!",
        "Terminate": "",
    },
    SCHEDULE: {
        "Schedule": "period:P! startAt:E/startDateTime:T endDateTime:T occurrences:I",
    },
    UTILITY: {
        "ShellScriptConfig": "scriptArgument:S scriptUri:S",
        "EmrConfiguration": "classification:S! configuration:R property:R",
        "Property": "key:S! value:S!",
        "HttpProxy": """
            hostname:S! port:S! *password:S s3NoProxy:B username:S windowsDomain:S
            windowsWorkgroup:S
        """,
        "EbsConfiguration": "",
        "EbsBlockDeviceConfig": "",
        "VolumeSpecification": "",
    },
}
# Known from examples only: their fields are documented nowhere.
_OPEN = frozenset({"EbsConfiguration", "EbsBlockDeviceConfig", "VolumeSpecification"})

# Regions are left out: AWS keeps adding to them.
ENUMERATIONS: dict[str, tuple[str, ...]] = {
    "actionOnResourceFailure": ("retryall", "retrynone"),
    "actionOnTaskFailure": ("continue", "terminate"),
    "compression": ("none", "gzip"),
    "failureAndRerunMode": ("none", "cascade"),
    "hadoopSchedulerType": (
        "PARALLEL_FAIR_SCHEDULING",
        "PARALLEL_CAPACITY_SCHEDULING",
        "DEFAULT_SCHEDULER",
    ),
    "insertMode": ("KEEP_EXISTING", "OVERWRITE_EXISTING", "TRUNCATE", "APPEND"),
    "s3EncryptionType": ("SERVER_SIDE_ENCRYPTION", "NONE"),
    "scheduleType": ("cron", "ondemand", "timeseries"),
    "startAt": ("FIRST_ACTIVATION_DATE_TIME", "ONDEMAND_ACTIVATION_TIME"),
}

_POINTS_TO: dict[str, tuple[str, ...]] = {
    "database": (DATABASE,),
    "dataFormat": (DATA_FORMAT,),
    "dependsOn": RUNNABLE,
    "input": (DATA_NODE,),
    "onFail": (ACTION,),
    "onLateAction": (ACTION,),
    "onSuccess": (ACTION,),
    "output": (DATA_NODE,),
    "parent": (),
    "precondition": (PRECONDITION,),
    "runsOn": (RESOURCE,),
    "schedule": (SCHEDULE,),
}


@cache  # most fields belong to many types
def _slot(name: str, kind: str) -> Slot:
    if kind == "R":
        return Slot(kind, (), _POINTS_TO.get(name, (UTILITY,)))
    return Slot(kind, ENUMERATIONS.get(name, ()) if kind == "E" else ())


def _read(name: str, family: str, table: str) -> ObjectType:
    slots: dict[str, Slot] = {}
    required: list[str] = []
    groups: list[tuple[str, ...]] = []
    for token in f"{table} {_COMMON.get(family, _OTHERS)}".split():
        members = []
        for field in token.rstrip("!").split("/"):
            key, kind = field.split(":")
            # A type's own field comes first: it may be stricter than its family's.
            slots.setdefault(key, _slot(key, kind))
            members.append(key)
        if token.endswith("!"):
            required += members
        elif len(members) > 1:
            groups.append(tuple(members))
    return ObjectType(name, family, slots, tuple(required), tuple(groups), name in _OPEN)


TYPES: dict[str, ObjectType] = {
    name: _read(name, family, table)
    for family, tables in _TYPES.items()
    for name, table in tables.items()
}


def _merged() -> dict[str, Slot]:
    found: dict[str, Slot] = {}
    for kind in TYPES.values():
        for key, slot in kind.slots.items():
            known = found.setdefault(key, slot)
            if known != slot:
                kinds = "".join(sorted({*known.kind, *slot.kind}))
                values = dict.fromkeys((*known.values, *slot.values))
                families = dict.fromkeys((*known.families, *slot.families))
                found[key] = Slot(kinds, tuple(values), tuple(families))
    return found


# The fields of all types, for Default and other objects without a type.
ANY_SLOTS: dict[str, Slot] = _merged()


def slot_of(type_name: str | None, key: str) -> Slot | None:
    """What a field of a type holds, with or without the star of a secret's name; of any type if
    none is given.
    """
    slots = ANY_SLOTS if type_name is None else TYPES[type_name].slots
    return slots.get(key) or slots.get(f"*{key}")


def family_of(type_name: str) -> str | None:
    """The family of a type; None if there is no such type."""
    kind = TYPES.get(type_name)
    return None if kind is None else kind.family
