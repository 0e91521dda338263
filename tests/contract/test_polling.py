"""Findings about how a runner polls."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from support.runner import GROUP, HOST, poll, work_one

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


def client_with(**config: Any) -> Any:
    return boto3.client("datapipeline", config=Config(**config))


@pytest.mark.parametrize("seconds", [60, 89])
def test_a_read_time_out_below_the_long_poll_breaks_the_contract(
    datapipeline_fake: DataPipelineFake, seconds: int
) -> None:
    datapipeline_fake.enqueue(GROUP)

    work_one(client_with(read_timeout=seconds))

    (found,) = datapipeline_fake.findings
    assert found.id == "short-read-timeout"
    assert found.strength == "broken"
    assert f"a read time-out of {seconds} seconds" in found.text


def test_boto3_s_own_read_time_out_is_too_short(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue(GROUP)

    work_one(boto3.client("datapipeline"))

    assert datapipeline_fake.findings == ["short-read-timeout"]


@pytest.mark.parametrize("seconds", [90, 100, None])
def test_a_read_time_out_of_the_long_poll_or_more_is_right(
    datapipeline_fake: DataPipelineFake, seconds: int | None
) -> None:
    work_one(client_with(read_timeout=seconds))

    assert not datapipeline_fake.findings


def test_a_task_handed_to_a_poll_that_was_given_up_is_lost(
    datapipeline_fake: DataPipelineFake,
) -> None:
    client = client_with(read_timeout=60, retries={"total_max_attempts": 1})
    with pytest.raises(Exception, match="Read timeout"):
        poll(client)
    datapipeline_fake.enqueue(GROUP)

    datapipeline_fake.clock.advance(120)

    assert "lost-hand-over" in datapipeline_fake.findings.ids


def test_a_task_that_comes_when_no_poll_is_given_up_is_not_lost(
    datapipeline_fake: DataPipelineFake,
) -> None:
    client = client_with(read_timeout=60, retries={"total_max_attempts": 1})
    with pytest.raises(Exception, match="Read timeout"):
        poll(client)
    datapipeline_fake.clock.advance(30)
    datapipeline_fake.enqueue(GROUP)

    datapipeline_fake.clock.advance(120)

    assert "lost-hand-over" not in datapipeline_fake.findings.ids


def test_two_open_polls_of_one_host_are_against_advice(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    threads = [threading.Thread(target=poll, args=[datapipeline_client]) for _ in range(2)]
    for thread in threads:
        thread.start()

    datapipeline_fake.wait_until(lambda: len(datapipeline_fake.waiting) == 2, move_time=False)

    (found,) = datapipeline_fake.findings
    assert (found.id, found.strength) == ("concurrent-polls", "advice")
    datapipeline_fake.clock.advance(90)
    for thread in threads:
        thread.join()


def test_open_polls_of_two_hosts_are_right(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    threads = [
        threading.Thread(target=poll, args=[datapipeline_client], kwargs={"hostname": host})
        for host in ("one", "two")
    ]
    for thread in threads:
        thread.start()

    datapipeline_fake.wait_until(lambda: len(datapipeline_fake.waiting) == 2, move_time=False)

    assert not datapipeline_fake.findings
    datapipeline_fake.clock.advance(90)
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("polled", ["Reports", "reports ", "REPORTS"])
@pytest.mark.filterwarnings("ignore::pytest_datapipeline.WorkerGroupWarning")
def test_a_worker_group_in_another_spelling_breaks_the_contract(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, polled: str
) -> None:
    datapipeline_fake.enqueue(GROUP)

    poll(datapipeline_client, workerGroup=polled)

    assert datapipeline_fake.findings == ["worker-group-spelling"]


@pytest.mark.filterwarnings("ignore::pytest_datapipeline.WorkerGroupWarning")
def test_a_worker_group_of_another_name_may_be_meant_so(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("reports-2")

    poll(datapipeline_client, workerGroup="reports-1")

    assert not datapipeline_fake.findings


@pytest.mark.parametrize("polled", ["dev*", "dev?", "a,b", "a;b"])
def test_a_poll_with_a_wildcard_breaks_the_contract(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, polled: str
) -> None:
    poll(datapipeline_client, workerGroup=polled)

    (found,) = datapipeline_fake.findings
    assert found.id == "wildcard-worker-group"
    assert repr(polled) in found.text


def test_a_worker_group_that_really_has_such_a_name_is_right(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("a,b")

    poll(datapipeline_client, workerGroup="a,b")

    assert "wildcard-worker-group" not in datapipeline_fake.findings.ids


def test_a_worker_group_that_a_schedule_inherits_too_is_for_the_activities_alone(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.pipelines.create(
        [
            {"id": "Default", "workerGroup": "etl"},
            {"id": "Daily", "type": "Schedule", "period": "1 days"}
            | {"startAt": "FIRST_ACTIVATION_DATE_TIME"},
            {"id": "Box", "type": "Ec2Resource", "schedule": {"ref": "Daily"}}
            | {"terminateAfter": "1 Hour", "role": "a-role", "resourceRole": "another-role"},
            {"id": "A", "type": "ShellCommandActivity", "command": "true"}
            | {"runsOn": {"ref": "Box"}, "schedule": {"ref": "Daily"}},
        ]
    )

    poll(datapipeline_client, workerGroup="etl")

    assert "polls-for-runs-on" in datapipeline_fake.findings.ids


@pytest.mark.parametrize(("resource", "expected"), [("Box", ["polls-for-runs-on"]), (None, [])])
def test_polling_for_work_that_has_a_resource_breaks_the_contract(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    resource: str | None,
    expected: list[str],
) -> None:
    runs_on = {} if resource is None else {"runsOn": {"ref": resource}}
    box = {"id": "Box", "type": "Ec2Resource", "terminateAfter": "1 Hour"}
    box |= {"role": "a-role", "resourceRole": "another-role"}
    datapipeline_fake.pipelines.create(
        {
            "objects": [
                {"id": "Default", "scheduleType": "ondemand"},
                box,
                {"id": "A", "type": "ShellCommandActivity", "command": "true"}
                | {"workerGroup": GROUP}
                | runs_on,
            ]
        }
    )

    poll(datapipeline_client)

    assert datapipeline_fake.findings == expected


@pytest.mark.parametrize(("region", "expected"), [("eu-west-1", ["wrong-region"]), (None, [])])
@pytest.mark.filterwarnings("ignore::pytest_datapipeline.WorkerGroupWarning")
def test_polling_in_another_region_breaks_the_contract(
    datapipeline_fake: DataPipelineFake, region: str | None, expected: list[str]
) -> None:
    datapipeline_fake.enqueue(GROUP, region="us-east-1")
    client = boto3.client(
        "datapipeline",
        region_name=region or "us-east-1",
        config=Config(read_timeout=100),
    )

    poll(client)

    assert datapipeline_fake.findings == expected


def test_a_poll_without_a_hostname_is_against_advice(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_client.poll_for_task(workerGroup=GROUP)

    (found,) = datapipeline_fake.findings
    assert (found.id, found.strength) == ("no-hostname", "advice")


def test_a_poll_with_a_hostname_is_right(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_client.poll_for_task(workerGroup=GROUP, hostname=HOST)

    assert not datapipeline_fake.findings
