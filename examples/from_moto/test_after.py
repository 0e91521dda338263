"""After: moto still has S3; the pipeline is validated, scheduled and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from .publish import Refused, publish

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_datapipeline import DataPipelineFake, Work


@pytest.fixture
def script(tmp_path: Path) -> Path:
    script = tmp_path / "sales.sh"
    script.write_text("echo sales")
    return script


@mock_aws
@pytest.mark.datapipeline(start="2024-01-01T00:00:00")
def test_a_report_runs_each_day_of_a_week(
    datapipeline_fake: DataPipelineFake, script: Path
) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="reports")
    days = []

    def play_the_runner(work: Work) -> None:
        assert work.fields["scriptUri"] == "s3://reports/scripts/sales.sh"
        days.append(work.fields["scriptArgument"])

    publish(script, "reports", "2024-01-01T00:00:00", days=7)
    datapipeline_fake.pipelines["sales"].run(play_the_runner)

    assert days == [f"2024-01-0{day}" for day in range(1, 8)]
    datapipeline_fake.pipelines["sales"].assert_finished()


@mock_aws
def test_a_start_that_is_no_date_is_refused(
    datapipeline_fake: DataPipelineFake, script: Path
) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="reports")

    with pytest.raises(Refused, match="startDateTime"):
        publish(script, "reports", "next monday", days=7)

    assert datapipeline_fake.pipelines["sales"].state == "PENDING"


@mock_aws
def test_a_report_that_is_published_twice_is_one_pipeline(
    datapipeline_fake: DataPipelineFake, script: Path
) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="reports")

    first = publish(script, "reports", "2024-01-01T00:00:00", days=7)

    assert publish(script, "reports", "2024-01-01T00:00:00", days=7) == first
    assert len(list(datapipeline_fake.pipelines)) == 1
