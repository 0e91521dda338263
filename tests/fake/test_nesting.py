"""Fakes and stubbers in one another: the innermost answers, then the outer one again."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime, timezone
from typing import Any

import boto3
import botocore.endpoint
import pytest
from botocore.config import Config
from freezegun import freeze_time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_datapipeline import (
    DataPipelineFake,
    DataPipelineStubber,
    FakeUsageError,
    UnmetExpectations,
    poll_for_task,
)


def client(**config: Any) -> Any:
    return boto3.client(
        "datapipeline",
        "us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(**{"read_timeout": 100, **config}),
    )


def test_the_innermost_answers_and_then_the_outer_one_again() -> None:
    made = client()

    with DataPipelineFake() as outer:
        outer.enqueue("wg", id="Outer")
        with DataPipelineFake() as inner:
            inner.enqueue("wg", id="Inner")
            first = made.poll_for_task(workerGroup="wg")
        second = made.poll_for_task(workerGroup="wg")

    assert "Inner" in first["taskObject"]["attemptId"]
    assert "Outer" in second["taskObject"]["attemptId"]
    assert inner.calls == [poll_for_task(workerGroup="wg")]
    assert outer.calls == [poll_for_task(workerGroup="wg")]


def test_each_has_its_own_clock() -> None:
    with DataPipelineFake(start="2020-01-01T00:00:00") as outer:
        with DataPipelineFake(start="2030-01-01T00:00:00") as inner:
            client().poll_for_task(workerGroup="nothing here")
            assert inner.clock.now() == datetime(2030, 1, 1, 0, 1, 30, tzinfo=timezone.utc)
        assert outer.clock.now() == datetime(2020, 1, 1, tzinfo=timezone.utc)
        client().poll_for_task(workerGroup="nothing here")

    assert outer.clock.now() == datetime(2020, 1, 1, 0, 1, 30, tzinfo=timezone.utc)


def test_each_freezes_the_test_s_clocks_at_its_own_time() -> None:
    with DataPipelineFake(start="2020-01-01T00:00:00", freeze=True) as outer:
        outer.clock.advance(5)
        with DataPipelineFake(start="2030-01-01T00:00:00", freeze=True) as inner:
            inner.clock.advance(7)
            within = datetime.now()  # what user code reads
            outer.enqueue("wg")
        after = datetime.now()
    real = datetime.now(timezone.utc)

    assert within == datetime(2030, 1, 1, 0, 0, 7)
    assert after == datetime(2020, 1, 1, 0, 0, 5)
    assert real.year > 2023


def test_inside_of_a_frozen_one_clocks_are_real_again() -> None:
    with DataPipelineFake(start="2020-01-01T00:00:00", freeze=True), DataPipelineFake():
        assert datetime.now(timezone.utc).year > 2023


def test_time_that_the_test_has_frozen_is_kept() -> None:
    with DataPipelineFake(start="2020-01-01T00:00:00", freeze=True) as outer:
        with freeze_time("2040-01-01"):
            with DataPipelineFake() as inner:
                assert inner.clock.now().year == 2040
                assert datetime.now(timezone.utc).year == 2040
            assert datetime.now(timezone.utc).year == 2040
        assert datetime.now(timezone.utc).year == 2020
    assert datetime.now(timezone.utc).year > 2023
    assert outer.clock.now().year == 2040  # frozen time is the fake's time, as ever


def test_a_sleep_takes_the_time_of_the_innermost() -> None:
    with DataPipelineFake(start="2020-01-01T00:00:00", virtual_sleep=True) as outer:
        with DataPipelineFake(start="2020-01-01T00:00:00", virtual_sleep=True) as inner:
            time.sleep(3600)
        time.sleep(60)

    assert inner.clock.now().hour == 1
    assert (outer.clock.now().hour, outer.clock.now().minute) == (0, 1)


def test_timers_of_asyncio_take_the_time_of_the_innermost() -> None:
    with DataPipelineFake(start="2020-01-01T00:00:00") as outer:
        with DataPipelineFake(start="2020-01-01T00:00:00") as inner:
            asyncio.run(waits(inner, 3600))
        asyncio.run(waits(outer, 60))

    assert inner.clock.now().hour == 1
    assert (outer.clock.now().hour, outer.clock.now().minute) == (0, 1)


async def waits(fake: DataPipelineFake, seconds: int) -> None:
    await fake.until(datetime.fromtimestamp(fake.clock.now().timestamp() + seconds, timezone.utc))


def test_each_remembers_its_planned_faults() -> None:
    with pytest.raises(UnmetExpectations, match="A planned fault was not met"), DataPipelineFake():
        with DataPipelineFake() as inner:
            inner.fail("poll_for_task", "throttling", per="call")
            with pytest.raises(Exception, match="ThrottlingException"):
                client(retries={"max_attempts": 0}).poll_for_task(workerGroup="wg")
        with DataPipelineFake() as another:
            another.fail("poll_for_task", "throttling")


def test_a_client_s_retry_quota_is_each_one_s_own() -> None:
    made = client(retries={"mode": "standard", "total_max_attempts": 2})

    def requests_of_a_failing_call(fake: DataPipelineFake) -> int:
        before = len(fake.calls)
        fake.fail("list_pipelines", "throttling", per="call", times=1)
        with pytest.raises(made.exceptions.ClientError, match="Throttling"):
            made.list_pipelines()
        return len(fake.calls) - before

    with DataPipelineFake() as outer:
        while requests_of_a_failing_call(outer) == 2:
            pass
        with DataPipelineFake() as inner:
            with_a_fresh_quota = requests_of_a_failing_call(inner)
        with_an_empty_quota = requests_of_a_failing_call(outer)

    assert with_a_fresh_quota == 2
    assert with_an_empty_quota == 1


def test_a_stubber_inside_of_a_fake_answers_until_it_is_left() -> None:
    with DataPipelineFake() as fake:
        with DataPipelineStubber() as stubber:
            stubber.add_response("list_pipelines", {"pipelineIdList": [{"id": "df-scripted"}]})
            scripted = client().list_pipelines()["pipelineIdList"]
        real = client().list_pipelines()["pipelineIdList"]

    assert [held["id"] for held in scripted] == ["df-scripted"]
    assert real == []
    assert len(fake.calls) == 1


def test_a_fake_inside_of_a_stubber_answers_until_it_is_left() -> None:
    with DataPipelineStubber() as stubber:
        stubber.add_response("list_pipelines", {"pipelineIdList": [{"id": "df-scripted"}]})
        with DataPipelineFake():
            real = client().list_pipelines()["pipelineIdList"]
        scripted = client().list_pipelines()["pipelineIdList"]

    assert real == []
    assert [held["id"] for held in scripted] == ["df-scripted"]


def test_botocore_is_as_it_was_once_all_are_left() -> None:
    before = dict(vars(botocore.endpoint.Endpoint))

    with DataPipelineFake(), DataPipelineStubber(), DataPipelineFake():
        pass

    assert dict(vars(botocore.endpoint.Endpoint)) == before


def test_the_outer_one_may_be_left_first() -> None:
    outer, inner = DataPipelineFake(), DataPipelineFake()
    before = dict(vars(botocore.endpoint.Endpoint))

    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    client().list_pipelines()
    inner.__exit__(None, None, None)

    assert len(inner.calls) == 1
    assert dict(vars(botocore.endpoint.Endpoint)) == before


def test_its_repr_says_which_one_answers() -> None:
    with DataPipelineFake() as outer:
        with DataPipelineFake() as inner:
            assert "<DataPipelineFake, behind another DataPipelineFake, at " in repr(outer)
            assert "<DataPipelineFake, active, at " in repr(inner)
        assert "<DataPipelineFake, active, at " in repr(outer)
    assert "<DataPipelineFake, not active, at " in repr(outer)


def test_threads_do_not_nest(datapipeline_fake: DataPipelineFake) -> None:
    told = []

    def enters() -> None:
        try:
            DataPipelineFake().__enter__()
        except FakeUsageError as error:
            told.append(str(error))

    thread = threading.Thread(target=enters, name="other")
    thread.start()
    thread.join()

    assert told == [
        "DataPipelineFake cannot start in thread 'other': DataPipelineFake answers this process's "
        "Data Pipeline calls already, and is of thread 'MainThread'. They nest in one thread "
        "alone: have all threads use one.\n"
        "Help: pytest-datapipeline explain fake-of-another-thread"
    ]
    assert client().list_pipelines()["pipelineIdList"] == []


# That the fixture is one for all examples is what this is about.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["a", "b"]))
def test_each_example_has_its_own_inside_of_a_test_with_the_fixture(
    datapipeline_fake: DataPipelineFake, name: str
) -> None:
    with DataPipelineFake() as fake:
        client().create_pipeline(name=name, uniqueId="u")
        assert [held.name for held in fake.pipelines] == [name]

    assert not datapipeline_fake.calls


@given(depth=st.lists(st.sampled_from(["enter", "leave", "poll"]), max_size=12))
def test_whatever_nests_each_sees_its_own_calls(depth: list[str]) -> None:
    made = client()
    stack: list[tuple[DataPipelineFake, int]] = []

    for step in depth:
        if step == "enter":
            fake = DataPipelineFake(start="2020-01-01T00:00:00")
            fake.__enter__()
            stack.append((fake, 0))
        elif step == "leave" and stack:
            fake, polls = stack.pop()
            fake.__exit__(None, None, None)
            assert len(fake.calls) == polls
        elif step == "poll" and stack:
            made.poll_for_task(workerGroup="wg")
            fake, polls = stack.pop()
            stack.append((fake, polls + 1))
            assert (fake.clock.now() - datetime(2020, 1, 1, tzinfo=timezone.utc)).seconds == (
                90 * (polls + 1)
            )
    while stack:
        fake, polls = stack.pop()
        fake.__exit__(None, None, None)
        assert len(fake.calls) == polls
