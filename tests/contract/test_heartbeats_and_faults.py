"""Findings about heartbeats, and about what follows a refusal."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import HTTPClientError
from support.runner import GROUP, HOST, poll, take

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


def beat(client: Any, runner: str = "runner-1", host: str = HOST) -> Any:
    return client.report_task_runner_heartbeat(taskrunnerId=runner, hostname=host)


def single_request_client() -> Any:
    """A client that repeats nothing by itself."""
    return boto3.client(
        "datapipeline", config=Config(read_timeout=100, retries={"total_max_attempts": 1})
    )


@pytest.mark.parametrize(("polls", "expected"), [(11, []), (12, ["no-heartbeat"])])
def test_a_runner_without_heartbeats_is_found_after_15_minutes(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    polls: int,
    expected: list[str],
) -> None:
    for _ in range(polls):
        poll(datapipeline_client)

    assert datapipeline_fake.findings == expected


@pytest.mark.parametrize(("polls", "expected"), [(10, []), (11, ["no-heartbeat"])])
def test_a_gap_between_heartbeats_is_found_after_15_minutes(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    polls: int,
    expected: list[str],
) -> None:
    beat(datapipeline_client)
    for _ in range(polls):
        poll(datapipeline_client)
    beat(datapipeline_client)

    assert datapipeline_fake.findings == expected


def test_a_poll_after_terminate_breaks_the_contract(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.terminate("runner-1")
    beat(datapipeline_client)

    poll(datapipeline_client)

    assert datapipeline_fake.findings == ["terminate-ignored"]


def test_a_runner_that_stops_at_terminate_is_right(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    poll(datapipeline_client)
    datapipeline_fake.terminate("runner-1")

    beat(datapipeline_client)

    assert not datapipeline_fake.findings


def test_terminate_is_not_known_from_an_answer_that_was_lost(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.terminate("runner-1")
    datapipeline_fake.fail("report_task_runner_heartbeat", "answer_lost")
    with contextlib.suppress(HTTPClientError):
        beat(datapipeline_client)

    poll(datapipeline_client)

    assert not datapipeline_fake.findings


def test_a_new_runner_id_at_each_heartbeat_breaks_the_contract(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    for runner in ("one", "two", "three"):
        beat(datapipeline_client, runner)
        datapipeline_fake.clock.advance(300)

    assert datapipeline_fake.findings == ["changing-runner-id"]


@pytest.mark.parametrize("pause", [0, 300])
def test_one_that_sends_the_heartbeats_of_several_runners_is_right(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, pause: int
) -> None:
    for _ in range(1 if pause == 0 else 2):
        for runner in ("one", "two", "three"):
            beat(datapipeline_client, runner)
            datapipeline_fake.clock.advance(pause)

    assert not datapipeline_fake.findings


def test_one_runner_id_on_two_hosts_breaks_the_contract(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    for host in ("one", "two", "one"):
        beat(datapipeline_client, host=host)

    assert datapipeline_fake.findings == ["shared-runner-id"]


def test_a_runner_may_move_to_another_host(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    beat(datapipeline_client, host="one")
    datapipeline_fake.clock.advance(300)
    beat(datapipeline_client, host="two")
    datapipeline_fake.clock.advance(300)
    beat(datapipeline_client, host="two")

    assert not datapipeline_fake.findings


def test_one_runner_id_on_one_host_is_right(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    beat(datapipeline_client)
    beat(datapipeline_client)

    assert not datapipeline_fake.findings


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [
        ([1, 1, 1, 1], ["no-back-off"]),
        ([0, 0, 0, 0], []),  # it may well pause in real time
        ([8, 4, 2, 1], ["no-back-off"]),
        ([1, 2, 4, 8], []),
        ([1, 1, 1], []),
    ],
)
def test_pauses_between_throttled_calls_are_to_grow(
    datapipeline_fake: DataPipelineFake, pauses: list[int], expected: list[str]
) -> None:
    client = single_request_client()
    datapipeline_fake.fail("poll_for_task", "throttling", times=len(pauses) + 1)

    for pause in [*pauses, 0]:
        with contextlib.suppress(client.exceptions.ClientError):
            poll(client)
        datapipeline_fake.clock.advance(pause)

    assert datapipeline_fake.findings == expected


@pytest.mark.parametrize(
    ("times", "pause", "expected"),
    [(101, 0.4, ["polls-too-fast"]), (100, 0.4, []), (101, 0.5, []), (101, 0, [])],
)
def test_a_loop_that_polls_on_without_a_pause_after_errors_is_found(
    datapipeline_fake: DataPipelineFake, times: int, pause: float, expected: list[str]
) -> None:
    client = single_request_client()
    datapipeline_fake.fail("poll_for_task", "InternalServiceError", times=times)

    for _ in range(times):
        with contextlib.suppress(client.exceptions.ClientError):
            poll(client)
        datapipeline_fake.clock.advance(pause)

    assert datapipeline_fake.findings == expected


@pytest.mark.parametrize(("more", "expected"), [(100, ["reports-too-fast"]), (99, [])])
def test_a_report_for_each_row_is_found(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    more: int,
    expected: list[str],
) -> None:
    datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)

    for _ in range(more):
        datapipeline_fake.clock.advance(0.0001)
        datapipeline_client.report_task_progress(taskId=task_id)

    assert datapipeline_fake.findings == expected
