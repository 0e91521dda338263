"""Where the line stands that names what explains a message, and where it does not."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pytest_datapipeline import (
    DataPipelineFake,
    DataPipelineStubber,
    FakeUsageError,
    Stuck,
    UnexpectedCall,
    UnmetExpectations,
    explore,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.inner_pytest import Run


def test_it_ends_a_failure_and_not_the_summary(run: Run) -> None:
    result = run(
        """
        def test_a(datapipeline_fake):
            datapipeline_fake.run(print)
        """
    )

    result.stdout.fnmatch_lines(
        [
            "E*FakeUsageError: run() ends the loop when every task has ended, *",
            "E       Help: pytest-datapipeline explain nothing-to-run",
            "",
            "test_it_ends*.py:2: FakeUsageError",
            "*= short test summary info =*",
            "FAILED *::test_a - pytest*",
            "*= 1 failed in *",
        ],
        consecutive=True,
    )


def test_the_end_of_a_test_names_each_explanation_once_at_the_end(run: Run) -> None:
    result = run(
        """
        import boto3, contextlib

        def test_a(datapipeline_fake):
            datapipeline_fake.fail("poll_for_task", "throttling")
            datapipeline_fake.fail("list_pipelines", "throttling")

        def test_b(datapipeline_stubber):
            datapipeline_stubber.add_time_out()
            with contextlib.suppress(AssertionError):
                boto3.client("datapipeline").list_pipelines()
        """
    )

    result.assert_outcomes(failed=2)
    told = result.stdout.str()
    assert told.count("Help: pytest-datapipeline explain fault-not-met\n") == 1
    line = "Help: pytest-datapipeline explain another-response-next response-not-used\n"
    assert told.count(line) == 1
    result.stdout.fnmatch_lines(
        [
            "A planned fault was not met: fail(poll_for_task(), *",
            "A planned fault was not met: fail(list_pipelines(), *",
            "Help: *",
        ],
        consecutive=True,
    )


def test_a_warning_has_it_below_what_it_says(run: Run) -> None:
    result = run(
        """
        import boto3
        from botocore.config import Config

        def test_a(datapipeline_fake):
            datapipeline_fake.enqueue("WG")
            client = boto3.client("datapipeline", config=Config(read_timeout=100))
            client.poll_for_task(workerGroup="wg", hostname="h")
        """,
        "-Wdefault",
    )

    result.stdout.fnmatch_lines(
        [
            "*: WorkerGroupWarning: PollForTask on 'wg' ended empty while tasks wait in 'WG'; *",
            "  Help: pytest-datapipeline explain worker-group-spelling",
        ],
        consecutive=True,
    )


def test_the_summary_of_findings_names_the_command_once(run: Run) -> None:
    result = run(
        """
        import boto3

        def test_a(datapipeline_fake, datapipeline_client):
            datapipeline_client.poll_for_task(workerGroup="wg")
        """,
        ini="datapipeline_contract = report",
    )

    result.stdout.fnmatch_lines(
        [
            "*= AWS Data Pipeline: findings =*",
            "1 no-hostname in 1 test",
            "Help: pytest-datapipeline explain no-hostname",
            "",
        ],
        consecutive=True,
    )


def test_an_exploration_names_what_explains_its_failures_below_its_table() -> None:
    def scenario(fake: DataPipelineFake) -> None:
        client = boto3.client("datapipeline")
        try:
            client.list_pipelines()
        except client.exceptions.ClientError:
            fake.wait_until(fake.enqueue("wg"))

    with pytest.raises(UnmetExpectations) as caught:
        explore(scenario, only=["throttling"])

    lines = str(caught.value).splitlines()
    assert lines[-1] == "Help: pytest-datapipeline explain nothing-will-change"
    assert str(caught.value).count("Help: ") == 1
    assert str(copy.copy(caught.value)) == str(caught.value)


def test_a_wait_for_a_pipeline_has_it_below_its_table() -> None:
    fake = DataPipelineFake()
    with pytest.raises(Stuck) as caught, fake:
        fake.pipelines.activate(
            [
                {"id": "Default", "scheduleType": "ondemand", "workerGroup": "wg"},
                {"id": "A", "type": "ShellCommandActivity", "command": "true"},
            ]
        ).run()

    lines = str(caught.value).splitlines()
    assert lines[-1] == "Help: pytest-datapipeline explain nothing-will-change"
    assert str(caught.value).count("Help: ") == 1


def test_a_message_that_the_catalog_has_not_is_without_it() -> None:
    with pytest.raises(FakeUsageError) as caught:
        DataPipelineFake().findings.filter(strength="bad")  # type: ignore[arg-type]  # on purpose

    assert "Help: " not in str(caught.value)


def test_the_record_of_calls_has_the_refusal_without_it() -> None:
    stubber = DataPipelineStubber()
    with pytest.raises(UnexpectedCall, match="Help: "), stubber:
        boto3.client("datapipeline").list_pipelines()

    assert stubber.calls[0].error_message == (
        "ListPipelines was called, but the stubber has no response left: none was added."
    )


def again(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, again])
def test_a_copy_of_an_error_has_it_once(copied: Callable[[Any], Any]) -> None:
    with pytest.raises(FakeUsageError) as caught, DataPipelineFake() as fake:
        fake.pipelines["Nightly"]

    error = copied(caught.value)

    assert type(error) is FakeUsageError
    assert str(error) == str(caught.value)
    assert str(error).count("Help: ") == 1


def test_a_test_run_loads_no_explanation(run_in_a_process: Run) -> None:
    result = run_in_a_process(
        """
        import sys

        def test_a(datapipeline_fake):
            try:
                datapipeline_fake.run(print)
            except ValueError as error:
                assert "Help: " in str(error)
            assert "pytest_datapipeline._messages" not in sys.modules
        """
    )

    result.assert_outcomes(passed=1)
