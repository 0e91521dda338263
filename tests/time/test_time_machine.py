"""time-machine beside freezegun: the travelled time is the fake's clock, both ways."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from pytest_datapipeline import FakeUsageError

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

NEW_YEAR = datetime(2020, 1, 1, tzinfo=timezone.utc)


def test_the_travelled_time_is_the_clock(datapipeline_fake: DataPipelineFake) -> None:
    with time_machine.travel(NEW_YEAR, tick=False):
        assert datapipeline_fake.clock.now() == NEW_YEAR


def test_an_empty_poll_moves_the_travelled_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    with time_machine.travel(NEW_YEAR, tick=False):
        datapipeline_client.poll_for_task(workerGroup="wg")

        assert datetime.now(timezone.utc) == NEW_YEAR + timedelta(seconds=90)
        assert datapipeline_fake.clock.now() == NEW_YEAR + timedelta(seconds=90)


def test_a_shift_makes_due_what_falls_before_it(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with time_machine.travel(NEW_YEAR, tick=False) as traveller:
        task = datapipeline_fake.enqueue("wg", delay=60)
        traveller.shift(61)

        assert task.status == "WAITING_FOR_RUNNER"


def test_a_move_wakes_up_a_poll_of_another_thread(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    answers: list[Any] = []

    def poll() -> None:
        answers.append(datapipeline_client.poll_for_task(workerGroup="wg"))

    with time_machine.travel(NEW_YEAR, tick=False) as traveller:
        thread = threading.Thread(target=poll)
        thread.start()
        datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)
        traveller.move_to(NEW_YEAR + timedelta(seconds=90))
        thread.join(10)

    assert len(answers) == 1
    assert "taskObject" not in answers[0]


def test_a_ticking_time_goes_on_from_where_a_poll_has_moved_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    with time_machine.travel(NEW_YEAR, tick=True):
        datapipeline_client.poll_for_task(workerGroup="wg")

        assert time.time() >= NEW_YEAR.timestamp() + 90
        assert datapipeline_fake.clock.now() >= NEW_YEAR + timedelta(seconds=90)


def test_a_move_into_the_past_is_refused(datapipeline_fake: DataPipelineFake) -> None:
    with time_machine.travel(NEW_YEAR, tick=False) as traveller:
        datapipeline_fake.clock.advance(3600)

        with pytest.raises(FakeUsageError, match="cannot move backwards"):
            traveller.move_to(NEW_YEAR)


def test_what_was_under_way_keeps_its_distance_when_time_travel_begins(
    datapipeline_fake: DataPipelineFake,
) -> None:
    task = datapipeline_fake.enqueue("wg", delay=60)

    with time_machine.travel(NEW_YEAR, tick=False):
        datapipeline_fake.clock.advance(59)
        assert task.status == "WAITING_ON_DEPENDENCIES"
        datapipeline_fake.clock.advance(1)
        assert task.status == "WAITING_FOR_RUNNER"
