"""Before: moto has S3, and keeps what is created of a pipeline. Nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from moto import mock_aws

from .publish import publish

if TYPE_CHECKING:
    from pathlib import Path


@mock_aws
def test_a_report_is_published(tmp_path: Path) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="reports")
    script = tmp_path / "sales.sh"
    script.write_text("echo sales")

    pipeline_id = publish(script, "reports", "2024-01-01T00:00:00", days=7)

    client = boto3.client("datapipeline", region_name="us-east-1")
    (held,) = client.list_pipelines()["pipelineIdList"]
    assert held == {"id": pipeline_id, "name": "sales"}


@mock_aws
def test_a_start_that_is_no_date_is_not_noticed(tmp_path: Path) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="reports")
    script = tmp_path / "sales.sh"
    script.write_text("echo sales")

    assert publish(script, "reports", "next monday", days=7)  # AWS would refuse it
