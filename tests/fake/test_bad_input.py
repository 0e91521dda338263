"""What a test can get wrong: it is told so at once, in one kind of error, and nothing changes."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bad_input import (
    ANYTHING,
    COUNTS,
    DURATIONS,
    FEW,
    busy_fake,
    but_no,
    client,
    refused,
    state,
    texts_of,
    untyped,
)

from pytest_datapipeline import (
    CallMatcher,
    DataPipelineFake,
    FakeUsageError,
    in_order,
    poll_for_task,
    set_task_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy


@pytest.fixture
def fake() -> Iterator[DataPipelineFake]:
    with busy_fake() as entered:
        yield entered


# -- the clock -------------------------------------------------------------------------------------


def test_the_clock_refuses_what_is_no_duration_or_would_turn_it_back(
    fake: DataPipelineFake,
) -> None:
    @FEW
    @given(delta=st.none() | DURATIONS)
    def check(delta: Any) -> None:
        with refused(fake):
            fake.clock.advance(delta)

    check()


def test_the_clock_refuses_what_is_no_moment(fake: DataPipelineFake) -> None:
    @FEW
    @given(target=st.none() | but_no(str, datetime) | st.sampled_from(["", "soon", "2020-13-01"]))
    def check(target: Any) -> None:
        with refused(fake):
            fake.clock.move_to(target)

    check()


@pytest.mark.parametrize(
    "target",
    [
        "2019-12-31T23:59:59.999999",
        datetime(2019, 12, 31),
        datetime.min,
        datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_the_clock_refuses_a_moment_that_has_passed(fake: DataPipelineFake, target: Any) -> None:
    with refused(fake, "cannot move backwards"):
        fake.clock.move_to(target)


# -- loops and waits -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("until", but_no(datetime, timedelta)),
        ("max_calls", st.none() | COUNTS | st.just(0)),
        ("max_time", st.none() | DURATIONS),
        ("die_at", but_no()),
    ],
)
def test_run_refuses_a_wrong_value_of_each_argument(
    fake: DataPipelineFake, name: str, values: SearchStrategy[Any]
) -> None:
    started: list[str] = []

    @FEW
    @given(value=values)
    def check(value: Any) -> None:
        with refused(fake):
            fake.run(lambda: started.append("loop"), **{name: value})

    check()
    assert started == []


@pytest.mark.parametrize(
    "arguments", [{"until": 5}, {"max_time": math.nan}, {"max_calls": "many"}], ids=repr
)
def test_a_refused_run_lets_no_runner_die_afterwards(
    fake: DataPipelineFake, arguments: dict[str, Any]
) -> None:
    with refused(fake):
        fake.run(lambda: None, die_at=poll_for_task(), **arguments)

    assert "taskObject" in client().poll_for_task(workerGroup="wg")


def test_wait_until_refuses_what_is_no_condition(fake: DataPipelineFake) -> None:
    @FEW
    @given(condition=but_no(datetime, timedelta))
    def check(condition: Any) -> None:
        with refused(fake, "is nothing to wait for"):
            fake.wait_until(condition)

    check()


def test_a_moment_that_has_passed_is_nothing_to_wait_for_long(fake: DataPipelineFake) -> None:
    before = state(fake)

    fake.wait_until(datetime(2019, 1, 1))

    assert state(fake) == before


def test_terminate_refuses_what_is_no_id_of_a_runner(fake: DataPipelineFake) -> None:
    @FEW
    @given(runner=texts_of(1024))
    def check(runner: Any) -> None:
        with refused(fake):
            fake.terminate(runner)

    check()


# -- matchers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matcher", "name", "suggestion"),
    [
        (poll_for_task, "worker_group", "workerGroup"),
        (set_task_status, "status", "taskStatus"),
        (set_task_status, "taskID", "taskId"),
    ],
)
def test_a_matcher_refuses_an_unknown_parameter_with_the_nearest_name(
    matcher: Callable[..., Any], name: str, suggestion: str
) -> None:
    with pytest.raises(FakeUsageError, match=f"Did you mean '{suggestion}'"):
        matcher(**{name: "x"})


def test_a_matcher_takes_keywords_only() -> None:
    with pytest.raises(TypeError):
        untyped(poll_for_task)("wg")


@pytest.mark.parametrize("parameters", [{}, {"workerGroup": "wg"}])
def test_a_matcher_of_no_operation_is_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(FakeUsageError, match="has no operation 'PollForTasks'"):
        CallMatcher("PollForTasks", parameters)


@FEW
@given(value=st.none() | ANYTHING)
def test_an_order_is_of_matchers(value: Any) -> None:
    with pytest.raises(FakeUsageError):
        in_order(poll_for_task(), value)


def test_calls_are_filtered_by_an_operation_or_a_matcher(fake: DataPipelineFake) -> None:
    @FEW
    @given(call=but_no(str) | st.sampled_from(["", "nonsense"]))
    def check(call: Any) -> None:
        with refused(fake):
            fake.calls.filter(call)

    check()


@FEW
@given(value=ANYTHING)
def test_a_matcher_takes_any_value_and_compares_with_it(value: Any) -> None:
    with DataPipelineFake() as fake:
        fake.enqueue("wg")
        client().poll_for_task(workerGroup="a name that is drawn by nobody", hostname="host")

        assert fake.calls != [poll_for_task(workerGroup=value)]


# -- settings --------------------------------------------------------------------------------------


NUMBERS = but_no(int, float) | st.booleans() | st.sampled_from([0, -1, -0.5, math.nan])


ENDLESS_NUMBERS = st.sampled_from([math.inf, 1e300])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        (
            "start",
            but_no(str, datetime) | st.sampled_from(["", "soon", "2020-13-01", date(2020, 1, 1)]),
        ),
        ("region", st.none() | but_no(str) | st.just("")),
        ("honour_read_timeout", st.none() | but_no(bool)),
        ("unmet_faults_fail", st.none() | but_no(bool)),
        ("freeze", st.none() | but_no(bool)),
        ("virtual_sleep", st.none() | but_no(bool)),
        ("running_from", st.none() | ANYTHING),
        ("task_objects", st.none() | ANYTHING),
        ("accept_repeated_final_status", st.none() | but_no(bool)),
        ("shuffle", st.none() | but_no(bool)),
        ("kept_calls", st.none() | but_no(int) | st.booleans() | st.integers(max_value=-1)),
        ("seed", st.none() | but_no(int) | st.booleans()),
        ("patience", st.none() | NUMBERS | ENDLESS_NUMBERS),
        ("settle", st.none() | NUMBERS | ENDLESS_NUMBERS),
        ("idle_limit", st.none() | NUMBERS),
    ],
)
def test_each_setting_refuses_a_wrong_value(name: str, values: SearchStrategy[Any]) -> None:
    @FEW
    @given(value=values)
    def check(value: Any) -> None:
        with pytest.raises(FakeUsageError):
            DataPipelineFake(**{name: value})

    check()


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("regoin", "region"), ("virtualsleep", "virtual_sleep"), ("runnning_from", "running_from")],
)
def test_an_unknown_setting_is_refused_with_the_nearest_name(name: str, suggestion: str) -> None:
    with pytest.raises(FakeUsageError, match=f"Did you mean '{suggestion}'"):
        DataPipelineFake(**cast("Any", {name: "x"}))


def test_settings_are_given_by_name() -> None:
    with pytest.raises(FakeUsageError, match="settings by name"):
        untyped(DataPipelineFake)("2020-01-01")


def test_a_fake_can_be_made_after_one_that_was_refused() -> None:
    with pytest.raises(FakeUsageError):
        DataPipelineFake(region="")

    with DataPipelineFake() as fake:
        assert fake.tasks == []


# -- a fake that answers no calls ------------------------------------------------------------------


USES: dict[str, Callable[[DataPipelineFake], object]] = {
    "run": lambda fake: fake.run(lambda: None, until=lambda: True),
    "wait_until": lambda fake: fake.wait_until(timedelta(seconds=1)),
    "until": lambda fake: fake.until(),
    "fail": lambda fake: fake.fail("poll_for_task", 503),
    "enqueue": lambda fake: fake.enqueue("wg"),
}


@pytest.mark.parametrize("method", sorted(set(USES) - {"enqueue", "fail"}))
def test_a_fake_that_was_not_entered_drives_nothing(method: str) -> None:
    fake = DataPipelineFake()

    with pytest.raises(FakeUsageError, match=r"Write `with DataPipelineFake\(\) as fake:`"):
        USES[method](fake)


@pytest.mark.parametrize("method", USES)
def test_a_fake_whose_test_has_ended_drives_and_plans_nothing(method: str) -> None:
    with DataPipelineFake() as fake:
        fake.fail("poll_for_task", 503, optional=True)

    with pytest.raises(FakeUsageError, match=rf"^{method}\(\) is of no use .* has ended"):
        USES[method](fake)
