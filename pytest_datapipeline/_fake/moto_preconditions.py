"""Looks in moto whether a precondition on S3 or DynamoDB is met."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..errors import FakeUsageError, explained, told_by_message

if TYPE_CHECKING:
    from .._service.components.component import Run

__tracebackhide__ = told_by_message


def look(run: Run) -> str | None:
    """FINISHED or FALSE as S3 or DynamoDB say; None for what is no such precondition.

    Raises:
        FakeUsageError: moto is not active, so that the question would go to AWS.
    """
    question = _QUESTIONS.get(run.of.type)
    if question is None:
        return None
    if not _moto_is_active():
        raise FakeUsageError(
            explained(
                f"{run.id} ({run.of.type}) is to be looked up (the setting "
                "preconditions='look'), but moto is not active: use mock_aws() in this test, or "
                "say what comes of it with datapipeline_fake.pipelines.outcome(...).",
                about="moto-not-active",
            )
        )
    fields = {field.key: field.value for field in run.of.fields_of(run)}
    region = run.of.region
    return "FINISHED" if question(fields, region) else "FALSE"


def _moto_is_active() -> bool:
    models = sys.modules.get("moto.core.models")
    stubber = getattr(models, "botocore_stubber", None)
    return bool(getattr(stubber, "enabled", False))


def _client(service: str, region: str | None) -> Any:
    import boto3

    return boto3.client(service, region_name=region or "us-east-1")  # type: ignore[call-overload]  # by a name


def _bucket_and_key(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


def _key_exists(fields: dict[str, str], region: str | None) -> bool:
    from botocore.exceptions import ClientError

    bucket, key = _bucket_and_key(fields["s3Key"])
    try:
        _client("s3", region).head_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    return True


def _prefix_is_not_empty(fields: dict[str, str], region: str | None) -> bool:
    from botocore.exceptions import ClientError

    bucket, prefix = _bucket_and_key(fields["s3Prefix"])
    try:
        found = _client("s3", region).list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    except ClientError:
        return False
    return bool(found["KeyCount"])


def _table_exists(fields: dict[str, str], region: str | None) -> bool:
    from botocore.exceptions import ClientError

    try:
        _client("dynamodb", region).describe_table(TableName=fields["tableName"])
    except ClientError:
        return False
    return True


def _table_has_data(fields: dict[str, str], region: str | None) -> bool:
    if not _table_exists(fields, region):
        return False
    found = _client("dynamodb", region).scan(TableName=fields["tableName"], Limit=1)
    return bool(found["Count"])


_QUESTIONS = {
    "S3KeyExists": _key_exists,
    "S3PrefixNotEmpty": _prefix_is_not_empty,
    "DynamoDBTableExists": _table_exists,
    "DynamoDBDataExists": _table_has_data,
}
