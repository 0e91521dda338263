"""The fake's clock, and freezegun: one time, moved from either side."""

from __future__ import annotations

import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from types import ModuleType
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from freezegun import api, freeze_time

from pytest_datapipeline import DataPipelineFake, FakeUsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from freezegun.api import FrozenDateTimeFactory

NEW_YEAR = datetime(2020, 1, 1, tzinfo=timezone.utc)


def poll(worker_group: str = "wg") -> Any:
    client = boto3.client("datapipeline", config=Config(read_timeout=100))
    return client.poll_for_task(workerGroup=worker_group)


# -- the clock alone ------------------------------------------------------------------------------


@pytest.mark.datapipeline(start=NEW_YEAR)
def test_the_clock_starts_where_a_setting_says_and_moves_only_when_moved(
    datapipeline_fake: DataPipelineFake,
) -> None:
    first = datapipeline_fake.clock.now()
    second = datapipeline_fake.clock.now()

    assert first == second == NEW_YEAR


def test_the_clock_starts_at_the_present_second_by_default() -> None:
    before = datetime.now(timezone.utc).replace(microsecond=0)

    with DataPipelineFake() as fake:
        start = fake.clock.now()

    assert before <= start <= datetime.now(timezone.utc)
    assert start.microsecond == 0


@pytest.mark.datapipeline(start="2020-01-01")
@pytest.mark.parametrize("step", [90, 90.0, timedelta(seconds=90)])
def test_the_clock_advances_by_seconds_or_a_timedelta(
    datapipeline_fake: DataPipelineFake, step: Any
) -> None:
    datapipeline_fake.clock.advance(step)

    assert datapipeline_fake.clock.now() == NEW_YEAR + timedelta(seconds=90)


@pytest.mark.datapipeline(start="2020-01-01")
@pytest.mark.parametrize(
    "target",
    [
        "2020-01-02T00:00:00",
        datetime(2020, 1, 2),
        datetime(2020, 1, 2, 2, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_the_clock_moves_to_a_moment(datapipeline_fake: DataPipelineFake, target: Any) -> None:
    datapipeline_fake.clock.move_to(target)

    assert datapipeline_fake.clock.now() == NEW_YEAR + timedelta(days=1)


@pytest.mark.datapipeline(start="2020-01-01")
def test_the_clock_does_not_move_backwards(datapipeline_fake: DataPipelineFake) -> None:
    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.clock.move_to("2019-12-31T00:00:00")
    with pytest.raises(FakeUsageError):
        datapipeline_fake.clock.advance(-1)

    assert str(caught.value) == (
        "The clock cannot move backwards: it stands at 2020-01-01T00:00:00+00:00, and "
        "2019-12-31T00:00:00+00:00 is 1 day, 0:00:00 earlier.\n"
        "Help: pytest-datapipeline explain time-goes-back"
    )
    assert datapipeline_fake.clock.now() == NEW_YEAR


def test_what_falls_due_on_the_way_happens_at_its_own_moment(
    datapipeline_fake: DataPipelineFake,
) -> None:
    task = datapipeline_fake.enqueue("wg", delay=10)
    start = datapipeline_fake.clock.now()

    datapipeline_fake.clock.advance(3600)
    fields = poll()["taskObject"]["objects"][task.attempts[0].id]["fields"]

    started = {field["key"]: field.get("stringValue") for field in fields}["@actualStartTime"]
    assert started == f"{start + timedelta(seconds=10):%Y-%m-%dT%H:%M:%S}"


def test_the_process_s_own_time_is_left_alone(datapipeline_fake: DataPipelineFake) -> None:
    before = time.time()

    datapipeline_fake.clock.advance(86_400)
    poll()

    assert time.time() - before < 3600


# -- freezegun ------------------------------------------------------------------------------------


@freeze_time("2020-01-01")
def test_time_frozen_by_a_decorator_is_the_clock(datapipeline_fake: DataPipelineFake) -> None:
    assert datapipeline_fake.clock.now() == NEW_YEAR


def test_time_frozen_within_the_test_is_the_clock_from_then_on(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with freeze_time("2020-01-01"):
        inside = datapipeline_fake.clock.now()
    after = datapipeline_fake.clock.now()

    assert inside == after == NEW_YEAR


def test_time_frozen_around_the_fake_is_its_start() -> None:
    with freeze_time("2020-01-01"), DataPipelineFake() as fake:
        assert fake.clock.now() == NEW_YEAR


def test_an_empty_poll_moves_the_frozen_time(datapipeline_fake: DataPipelineFake) -> None:
    with freeze_time("2020-01-01"):
        poll()

        assert datetime.now() == datetime(2020, 1, 1, 0, 1, 30)
        assert time.time() == (NEW_YEAR + timedelta(seconds=90)).timestamp()


def test_moving_the_clock_moves_the_frozen_time(datapipeline_fake: DataPipelineFake) -> None:
    with freeze_time("2020-01-01"):
        datapipeline_fake.clock.advance(3600)
        hour_later = datetime.now()
        datapipeline_fake.clock.move_to("2020-02-01")

        assert (hour_later, datetime.now()) == (datetime(2020, 1, 1, 1), datetime(2020, 2, 1))


@pytest.mark.parametrize("move", ["tick", "move_to"])
def test_moving_the_frozen_time_moves_the_clock_and_fires_what_is_due(
    datapipeline_fake: DataPipelineFake, move: str
) -> None:
    with freeze_time("2020-01-01") as frozen:
        task = datapipeline_fake.enqueue("wg", delay=60)
        if move == "tick":
            frozen.tick(timedelta(seconds=60))
        else:
            frozen.move_to("2020-01-01 00:01:00")

        assert task.status == "WAITING_FOR_RUNNER"
        assert datapipeline_fake.clock.now() == NEW_YEAR + timedelta(seconds=60)


def test_the_freezer_of_pytest_freezer_is_the_clock(
    freezer: FrozenDateTimeFactory, datapipeline_fake: DataPipelineFake
) -> None:
    freezer.move_to("2030-01-01")

    poll()

    assert datapipeline_fake.clock.now() == datetime(2030, 1, 1, 0, 1, 30, tzinfo=timezone.utc)
    assert datetime.now() == datetime(2030, 1, 1, 0, 1, 30)


def test_moving_the_frozen_time_backwards_is_refused(datapipeline_fake: DataPipelineFake) -> None:
    with freeze_time("2020-01-01") as frozen:
        datapipeline_fake.clock.now()

        with pytest.raises(FakeUsageError, match="cannot move backwards"):
            frozen.move_to("2019-01-01")

        assert datetime.now() == datetime(2020, 1, 1)


def test_freezing_an_earlier_time_keeps_the_distance_of_what_is_under_way(
    datapipeline_fake: DataPipelineFake,
) -> None:
    task = datapipeline_fake.enqueue("wg", delay=60)

    with freeze_time("2001-01-01"):
        datapipeline_fake.clock.now()

        assert task.deadline == datetime(2001, 1, 1, 0, 1, tzinfo=timezone.utc)
        assert task.status == "WAITING_ON_DEPENDENCIES"


def test_freezing_a_later_time_makes_due_what_falls_before_it(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with freeze_time("2020-01-01"):
        task = datapipeline_fake.enqueue("wg", delay=60)
    with freeze_time("2020-01-01 00:02:00"):
        answer = poll()

    assert answer["taskObject"]["taskId"] == task.task_id


def test_a_ticking_frozen_time_goes_on_from_where_a_poll_has_moved_it(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with freeze_time("2020-01-01", tick=True):
        poll()

        passed = (datapipeline_fake.clock.now() - NEW_YEAR).total_seconds()
        assert passed >= 90


def test_an_auto_ticking_frozen_time_does_not_tick_because_the_fake_looks_at_it(
    datapipeline_fake: DataPipelineFake,
) -> None:
    # Hypothesis times garbage collections, by the frozen clock if it is not told to be ignored.
    with freeze_time("2020-01-01", auto_tick_seconds=15, ignore=["hypothesis"]):
        for _ in range(3):
            datapipeline_fake.clock.now()

        assert datapipeline_fake.clock.now() == NEW_YEAR


@pytest.mark.datapipeline(start="2020-01-01", freeze=True)
def test_a_setting_freezes_the_test_s_own_clocks_along(
    datapipeline_fake: DataPipelineFake,
) -> None:
    before = time.monotonic()

    poll()

    assert datetime.now() == datetime(2020, 1, 1, 0, 1, 30)
    assert time.monotonic() - before == 90


def in_a_thread(read: Callable[[], float]) -> float:
    found: list[float] = []
    thread = threading.Thread(target=lambda: found.append(read()))
    thread.start()
    thread.join(timeout=10)
    return found[0]


@pytest.mark.datapipeline(start=NEW_YEAR, freeze=True)
def test_the_setting_freezes_the_clocks_of_threads_too(
    datapipeline_fake: DataPipelineFake,
) -> None:
    before = in_a_thread(time.time)
    datapipeline_fake.clock.advance(90)
    after = in_a_thread(time.time)

    assert (before, after) == (NEW_YEAR.timestamp(), NEW_YEAR.timestamp() + 90)


def test_a_freeze_of_the_user_s_own_keeps_the_modules_that_it_ignores() -> None:
    with freeze_time("2020-01-01"):
        before = api.ignore_lists[-1]
        with DataPipelineFake(freeze=True):
            within = api.ignore_lists[-1]

    assert within == before
    assert "threading" in within


@freeze_time("2021-01-01")
def test_the_setting_leaves_a_time_alone_that_is_frozen_already() -> None:
    with DataPipelineFake(freeze=True) as fake:
        poll()

        assert datetime.now() == datetime(2021, 1, 1, 0, 1, 30)
        assert fake.clock.now() == datetime(2021, 1, 1, 0, 1, 30, tzinfo=timezone.utc)


def test_a_setting_makes_the_sleep_of_modules_that_have_imported_it_take_virtual_time() -> None:
    module = ModuleType("a_runner")
    exec("from time import sleep", module.__dict__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "a_runner", module)
        with DataPipelineFake(start="2020-01-01", virtual_sleep=True) as fake:
            module.__dict__["sleep"](3600)

            assert fake.clock.now() == NEW_YEAR + timedelta(hours=1)

    assert module.__dict__["sleep"] is time.sleep


@pytest.mark.datapipeline(start="2020-01-01", virtual_sleep=True)
def test_a_setting_makes_sleep_take_virtual_time(datapipeline_fake: DataPipelineFake) -> None:
    time.sleep(3600)

    assert datapipeline_fake.clock.now() == NEW_YEAR + timedelta(hours=1)
