"""Publishes a report: its script goes to S3, and a pipeline that runs it each day is activated.

It knows nothing of the tests, neither of those before nor of those after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Refused(Exception):
    """The service has found errors in the definition."""


def publish(script: Path, bucket: str, start: str, days: int) -> str:
    """Publish a report that runs for so many days; the id of its pipeline.

    Raises:
        Refused: with what is wrong.
    """
    key = f"scripts/{script.name}"
    boto3.client("s3", region_name="us-east-1").upload_file(str(script), bucket, key)
    client = boto3.client("datapipeline", region_name="us-east-1")
    pipeline_id: str = client.create_pipeline(name=script.stem, uniqueId=script.stem)["pipelineId"]
    answer = client.put_pipeline_definition(
        pipelineId=pipeline_id,
        pipelineObjects=[
            _object("Default", scheduleType="cron", workerGroup="reports"),
            _object(
                "Daily",
                type="Schedule",
                period="1 day",
                startDateTime=start,
                occurrences=str(days),
            ),
            _object(
                "Report",
                {"schedule": "Daily"},
                type="ShellCommandActivity",
                scriptUri=f"s3://{bucket}/{key}",
                scriptArgument="#{format(@scheduledStartTime, 'YYYY-MM-dd')}",
            ),
        ],
    )
    if answer["errored"]:
        told = [text for held in answer["validationErrors"] for text in held["errors"]]
        raise Refused("; ".join(told))
    client.activate_pipeline(pipelineId=pipeline_id)
    return pipeline_id


def _object(name: str, references: Mapping[str, str] | None = None, **texts: str) -> Any:
    fields = [{"key": key, "stringValue": value} for key, value in texts.items()]
    fields += [{"key": key, "refValue": value} for key, value in (references or {}).items()]
    return {"id": name, "name": name, "fields": fields}
