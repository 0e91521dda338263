"""The program that creates, runs and watches a pipeline; `work` plays its task runners."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orchestration
import pytest
from orchestration import Definition, Gone, InvalidDefinition, NotValid, Orchestrator, TookTooLong
from orchestration.__main__ import main

from pytest_datapipeline import activate_pipeline, set_status

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake, Work

# The program waits with time.sleep and measures with time.monotonic: both go by the fake's clock.
pytestmark = [
    pytest.mark.datapipeline(start="2024-05-01T00:00:00", virtual_sleep=True, freeze=True),
    pytest.mark.usefixtures("datapipeline_fake"),
]

FILE = Path(orchestration.__file__).with_name("reports.json")
VALUES = {"myStart": "2024-05-01T00:00:00", "myRuns": "4"}


@pytest.fixture
def definition() -> Definition:
    return Definition.read(FILE).with_values(VALUES)


@pytest.fixture
def orchestrator() -> Orchestrator:
    return Orchestrator()


@pytest.fixture
def pipeline_id(orchestrator: Orchestrator, definition: Definition) -> str:
    """The pipeline, deployed and activated."""
    deployed = orchestrator.deploy("reports", definition)
    orchestrator.activate(deployed, definition)
    return deployed


def test_a_pipeline_that_goes_well_leaves_nothing_to_report(
    datapipeline_fake: DataPipelineFake, orchestrator: Orchestrator, pipeline_id: str
) -> None:
    datapipeline_fake.work()

    failures = orchestrator.run(pipeline_id)

    assert failures == []
    datapipeline_fake.pipelines["reports"].assert_finished()
    assert datapipeline_fake.clock.now().hour == 3


def test_each_hour_works_on_the_data_of_its_hour(
    datapipeline_fake: DataPipelineFake, orchestrator: Orchestrator, pipeline_id: str
) -> None:
    commands: list[str] = []
    datapipeline_fake.work(lambda work: commands.append(work.fields["command"]))

    orchestrator.run(pipeline_id)

    assert commands[:2] == [
        "echo summarise s3://example-data/in/2024-05-01-00",
        "echo mail s3://example-data/out/2024-05-01-00.csv",
    ]
    assert len(commands) == 8


def test_deploying_twice_gives_one_pipeline(
    datapipeline_fake: DataPipelineFake, orchestrator: Orchestrator, definition: Definition
) -> None:
    first = orchestrator.deploy("reports", definition)
    again = orchestrator.deploy("reports", definition)

    assert first == again
    assert len(datapipeline_fake.pipelines) == 1


def test_an_error_in_the_definition_is_told_and_nothing_is_activated(
    datapipeline_fake: DataPipelineFake, orchestrator: Orchestrator, definition: Definition
) -> None:
    wrong = definition.with_values({"myRuns": "many"})

    with pytest.raises(NotValid, match="Hourly"):
        orchestrator.deploy("reports", wrong)

    assert activate_pipeline() not in datapipeline_fake.calls
    assert datapipeline_fake.pipelines["reports"].state == "PENDING"


def test_a_failure_is_reported_with_its_error_and_its_logs(
    datapipeline_fake: DataPipelineFake, orchestrator: Orchestrator, pipeline_id: str
) -> None:
    def work(task: Work) -> None:
        if task.id == "Summarise":
            raise ValueError("no such column")

    datapipeline_fake.work(work)

    failures = orchestrator.wait(pipeline_id)

    assert failures[0].component == "Summarise"
    assert (failures[0].error_id, failures[0].error_message) == ("ValueError", "no such column")
    assert failures[0].logs.startswith(f"s3://example-logs/reports/{pipeline_id}/Summarise/")
    (alarm,) = datapipeline_fake.pipelines.notifications
    assert alarm.subject == "No report for 2024-05-01T00:00:00"


def test_a_rerun_mends_a_failure_and_what_failed_because_of_it(
    datapipeline_fake: DataPipelineFake, orchestrator: Orchestrator, pipeline_id: str
) -> None:
    broken = {"@Summarise_2024-05-01T01:00:00"}

    def work(task: Work) -> str | None:
        return "FAILED" if task.instance_id in broken and task.attempt <= 3 else None

    datapipeline_fake.work(work)

    failures = orchestrator.run(pipeline_id)

    assert failures == []
    assert datapipeline_fake.calls.count(set_status(status="RERUN")) == 1
    datapipeline_fake.pipelines["reports"].assert_finished()


def test_what_fails_again_and_again_is_given_up(
    datapipeline_fake: DataPipelineFake, orchestrator: Orchestrator, pipeline_id: str
) -> None:
    datapipeline_fake.work(lambda task: "FAILED" if task.id == "Mail" else None)

    failures = orchestrator.run(pipeline_id, reruns=2)

    assert {failure.component for failure in failures} == {"Mail"}
    assert datapipeline_fake.calls.count(set_status(status="RERUN")) == 2


def test_input_that_comes_late_is_waited_for(
    datapipeline_fake: DataPipelineFake, orchestrator: Orchestrator, pipeline_id: str
) -> None:
    datapipeline_fake.pipelines.outcome("InputReady", False, times=5)
    datapipeline_fake.work()

    failures = orchestrator.run(pipeline_id)

    assert failures == []


def test_a_pipeline_that_is_not_done_in_time_is_told_of(
    orchestrator: Orchestrator, pipeline_id: str
) -> None:
    with pytest.raises(TookTooLong, match="is SCHEDULED after 3600 seconds"):
        orchestrator.wait(pipeline_id, timeout=3600)


def test_a_pipeline_that_is_deleted_meanwhile_is_told_of(
    orchestrator: Orchestrator, pipeline_id: str
) -> None:
    orchestrator.delete(pipeline_id)

    with pytest.raises(Gone, match=pipeline_id):
        orchestrator.wait(pipeline_id)


@pytest.mark.parametrize("content", ["no json", "[]", '{"objects": [{"type": "Schedule"}]}'])
def test_a_file_that_holds_no_definition_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "definition.json"
    file.write_text(content)

    with pytest.raises(InvalidDefinition, match="holds no pipeline definition"):
        Definition.read(file)


# -- the command ----------------------------------------------------------------------------------

ARGUMENTS = [str(FILE), "--name", "reports", "--value", "myStart=2024-05-01T00:00:00"]


def test_the_command_runs_a_pipeline_to_its_end(
    datapipeline_fake: DataPipelineFake, capsys: pytest.CaptureFixture[str]
) -> None:
    datapipeline_fake.work()

    status = main([*ARGUMENTS, "--value", "myRuns=2", "--delete"])

    assert status == 0
    assert capsys.readouterr().out.endswith(": done\n")
    assert len(datapipeline_fake.pipelines) == 0


def test_the_command_tells_what_is_wrong_with_a_definition(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main([*ARGUMENTS, "--value", "myRuns=none"])

    assert status == 2
    assert "Hourly" in capsys.readouterr().err


@pytest.mark.parametrize(
    "operation",
    [
        *("create_pipeline", "put_pipeline_definition", "activate_pipeline"),
        *("describe_pipelines", "query_objects"),
    ],
)
def test_the_command_tells_of_an_error_at_each_step(
    datapipeline_fake: DataPipelineFake, capsys: pytest.CaptureFixture[str], operation: str
) -> None:
    datapipeline_fake.work()
    datapipeline_fake.fail(operation, "InternalServiceError")

    status = main([*ARGUMENTS, "--value", "myRuns=1"])

    assert status == 3
    assert "InternalServiceError" in capsys.readouterr().err


def test_throttling_is_left_to_botocore(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.work()
    datapipeline_fake.fail("describe_pipelines", "throttling", per="request", times=2)

    assert main([*ARGUMENTS, "--value", "myRuns=1"]) == 0
    assert len(datapipeline_fake.calls.backoffs) == 2
