"""The AWS CLI, end to end, against the endpoint. Skipped where awscli is not installed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_datapipeline import DataPipelineFake
    from pytest_datapipeline.endpoint import DataPipelineEndpoint

pytest.importorskip("awscli")
# Starting the CLI takes its time. The fake's clock starts now: list-runs asks for the runs of the
# last four days by the real one.
pytestmark = pytest.mark.datapipeline(patience=60)

DEFINITION = {
    "objects": [
        {"id": "Default", "workerGroup": "wg", "scheduleType": "ondemand"},
        {"id": "Say", "type": "ShellCommandActivity", "command": "echo #{myWord}"},
    ],
    "parameters": [{"id": "myWord", "type": "String"}],
    "values": {"myWord": "hello"},
}


def aws(*arguments: str) -> Any:
    """Run `aws datapipeline ...`; what it prints, as JSON if it is that."""
    done = subprocess.run(
        [sys.executable, "-m", "awscli", "datapipeline", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    try:
        return json.loads(done.stdout)
    except ValueError:
        return done.stdout


@pytest.fixture
def pipeline_id(datapipeline_endpoint: DataPipelineEndpoint, tmp_path: Path) -> str:
    """A pipeline that the CLI has created and defined from a file."""
    file = tmp_path / "definition.json"
    file.write_text(json.dumps(DEFINITION))
    made: str = aws("create-pipeline", "--name", "n", "--unique-id", "u")["pipelineId"]
    put = aws(
        "put-pipeline-definition",
        "--pipeline-id",
        made,
        "--pipeline-definition",
        f"file://{file}",
    )
    assert put["errored"] is False
    return made


def test_a_definition_file_comes_back_as_it_was_put(pipeline_id: str) -> None:
    got = aws("get-pipeline-definition", "--pipeline-id", pipeline_id)

    assert got["values"] == DEFINITION["values"]
    assert {held["id"] for held in got["objects"]} == {"Default", "Say"}
    assert got["objects"][1]["command"] == "echo #{myWord}"


def test_a_pipeline_is_activated_run_and_listed(
    datapipeline_fake: DataPipelineFake, pipeline_id: str
) -> None:
    aws("activate-pipeline", "--pipeline-id", pipeline_id, "--parameter-values", "myWord=bye")
    task = aws("poll-for-task", "--worker-group", "wg")["taskObject"]
    fields = task["objects"][task["attemptId"]]["fields"]
    aws("set-task-status", "--task-id", task["taskId"], "--task-status", "FINISHED")
    runs = aws("list-runs", "--pipeline-id", pipeline_id)

    assert {"key": "command", "stringValue": "echo bye"} in fields
    assert "@Say_" in runs
    assert "FINISHED" in runs
    assert datapipeline_fake.pipelines[pipeline_id].state == "FINISHED"


def test_runs_are_listed_by_status(pipeline_id: str) -> None:
    aws("activate-pipeline", "--pipeline-id", pipeline_id)

    finished = aws("list-runs", "--pipeline-id", pipeline_id, "--status", "finished")
    waiting = aws("list-runs", "--pipeline-id", pipeline_id, "--status", "waiting_for_runner")

    assert "@Say_" not in finished
    assert "@Say_" in waiting


def test_the_cli_turns_all_pages(
    datapipeline_fake: DataPipelineFake, datapipeline_endpoint: DataPipelineEndpoint
) -> None:
    for number in range(70):
        datapipeline_fake.pipelines.create([], name=f"p{number}")

    listed = aws("list-pipelines")["pipelineIdList"]

    assert len({held["id"] for held in listed}) == 70
    assert datapipeline_fake.calls.operations.count("list_pipelines") == 2
    assert datapipeline_endpoint.port


def test_an_error_of_the_service_is_told_by_the_cli(
    datapipeline_endpoint: DataPipelineEndpoint,
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "awscli", "datapipeline"),
            *("delete-pipeline", "--pipeline-id", "df-0123456789ABCDEFGHIJ"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert "PipelineNotFoundException" in done.stderr
    assert "df-0123456789ABCDEFGHIJ does not exist" in done.stderr
    assert datapipeline_endpoint.port
