"""The virtual clock by itself, and the units of time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.examples import examples

from pytest_datapipeline._service.clock import (
    SECOND,
    Timer,
    VirtualClock,
    duration,
    to_datetime,
    to_ns,
)

MICROSECOND = SECOND // 1_000_000
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))


# -- units ----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(moment=MOMENTS)
def test_a_datetime_and_its_nanoseconds_are_the_same_moment(moment: datetime) -> None:
    aware = moment.replace(tzinfo=timezone.utc)

    assert to_datetime(to_ns(aware)) == aware


@settings(deadline=None)
@given(moment=MOMENTS)
def test_a_datetime_without_a_zone_is_utc(moment: datetime) -> None:
    assert to_ns(moment) == to_ns(moment.replace(tzinfo=timezone.utc))


@settings(deadline=None)
@given(moment=MOMENTS, hours=st.integers(-12, 12))
def test_the_zone_of_a_datetime_is_taken_into_account(moment: datetime, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))

    assert to_ns(moment.replace(tzinfo=zone)) == to_ns(moment) - hours * 3600 * SECOND


@settings(deadline=None)
@given(seconds=st.integers(-(10**10), 10**10))
def test_whole_seconds_are_exact(seconds: int) -> None:
    assert duration(seconds) == seconds * SECOND
    assert duration(timedelta(seconds=seconds)) == seconds * SECOND


@settings(deadline=None)
@given(microseconds=st.integers(0, 10**12))
def test_seconds_with_up_to_six_decimals_are_exact(microseconds: int) -> None:
    assert duration(microseconds / 1_000_000) == microseconds * MICROSECOND


@settings(deadline=None)
@given(seconds=st.floats(0, 10**6))
def test_a_duration_is_whole_microseconds_and_at_most_one_too_long(seconds: float) -> None:
    nanoseconds = duration(seconds)

    assert nanoseconds % MICROSECOND == 0
    # A float of this size is itself less than a nanosecond off.
    assert seconds * SECOND - 1 <= nanoseconds <= seconds * SECOND + MICROSECOND + 1


@pytest.mark.parametrize(("seconds", "microseconds"), [(1e-7, 1), (1.0000004, 1_000_001)])
def test_a_part_of_a_microsecond_is_rounded_up(seconds: float, microseconds: int) -> None:
    assert duration(seconds) == microseconds * MICROSECOND


# -- timers ---------------------------------------------------------------------------------------


def test_a_timer_fires_at_its_moment_and_not_before() -> None:
    clock = VirtualClock(0)
    fired: list[int] = []
    clock.call_later(10, lambda: fired.append(clock.now))

    clock.move_to(9)
    before = list(fired)
    clock.move_to(10)

    assert (before, fired) == ([], [10])


def test_timers_of_one_moment_fire_in_the_order_in_which_they_were_set() -> None:
    clock = VirtualClock(0)
    fired: list[str] = []
    for name in "abc":
        clock.call_at(5, lambda name=name: fired.append(name))  # type: ignore[misc]  # bound now

    clock.move_to(5)

    assert fired == ["a", "b", "c"]


def test_a_timer_fires_at_its_own_moment_when_time_moves_far() -> None:
    clock = VirtualClock(0)
    fired: list[int] = []
    clock.call_at(3, lambda: fired.append(clock.now))
    clock.call_at(7, lambda: fired.append(clock.now))

    clock.move_to(100)

    assert (fired, clock.now) == ([3, 7], 100)


def test_a_timer_that_a_timer_sets_fires_in_the_same_move() -> None:
    clock = VirtualClock(0)
    fired: list[int] = []

    def chain() -> None:
        clock.call_later(4, lambda: fired.append(clock.now))

    clock.call_at(3, chain)

    clock.move_to(7)

    assert fired == [7]


def test_a_timer_for_the_past_fires_at_the_next_move_and_does_not_turn_time_back() -> None:
    clock = VirtualClock(50)
    fired: list[int] = []
    timer = clock.call_at(10, lambda: fired.append(clock.now))

    clock.move_to(50)

    assert (timer.when, fired, clock.now) == (50, [50], 50)


def test_a_cancelled_timer_does_not_fire() -> None:
    clock = VirtualClock(0)
    fired: list[int] = []
    timer = clock.call_at(3, lambda: fired.append(clock.now))

    clock.cancel(timer)
    clock.move_to(10)

    assert fired == []


def test_a_timer_that_another_of_the_same_moment_cancels_does_not_fire() -> None:
    clock = VirtualClock(0)
    fired: list[int] = []
    timers: list[Timer] = []
    clock.call_at(3, lambda: clock.cancel(timers[0]))
    timers.append(clock.call_at(3, lambda: fired.append(clock.now)))

    clock.move_to(3)

    assert fired == []


def test_cancelling_twice_or_after_it_fired_does_nothing() -> None:
    clock = VirtualClock(0)
    fired = clock.call_at(1, lambda: None)
    cancelled = clock.call_at(2, lambda: None)
    clock.call_at(3, lambda: None)
    clock.move_to(1)

    for timer in (fired, cancelled, cancelled):
        clock.cancel(timer)

    assert clock.pending == 1


def test_a_clock_without_timers_has_no_next_moment_and_nothing_to_fire() -> None:
    clock = VirtualClock(5)

    clock.fire_next()

    assert (clock.next_at(), clock.now, clock.pending) == (None, 5, 0)


def test_moving_to_the_past_does_nothing() -> None:
    clock = VirtualClock(5)

    clock.move_to(4)

    assert clock.now == 5


def test_many_cancelled_timers_are_thrown_away_and_the_others_kept() -> None:
    clock = VirtualClock(0)
    fired: list[int] = []
    for when in range(1, 1001):
        timer = clock.call_at(when, lambda: fired.append(clock.now))
        if when % 100:
            clock.cancel(timer)

    pending = clock.pending
    clock.move_to(1000)

    assert pending == 10
    assert fired == [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]


@pytest.mark.parametrize("present", [0, 10**6])
def test_rebasing_keeps_the_distance_of_every_timer(present: int) -> None:
    clock = VirtualClock(1000)
    fired: list[int] = []
    timer = clock.call_later(30, lambda: fired.append(clock.now))
    clock.call_later(20, lambda: fired.append(clock.now))

    clock.rebase(present)
    clock.move_to(present + 100)

    assert timer.when == present + 30
    assert fired == [present + 20, present + 30]


def test_a_clock_tells_its_time_and_how_many_timers_it_has() -> None:
    clock = VirtualClock(to_ns(datetime(2020, 1, 1)))
    clock.call_later(5, lambda: None)

    assert repr(clock) == "<VirtualClock at 2020-01-01T00:00:00+00:00, 1 timers>"


# -- anything in any order, against a sorted list -------------------------------------------------

Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["set", "cancel", "chain"]), st.integers(0, 200))
    | st.tuples(st.sampled_from(["move", "fire", "rebase"]), st.integers(0, 60)),
    max_size=120,
)


class SortedList:
    """The same clock, naively: a list that is sorted for every question."""

    def __init__(self) -> None:
        self.now = 0
        self.planned: list[tuple[int, int]] = []
        self.chains: dict[int, int] = {}
        self.fired: list[tuple[int, int]] = []
        self.count = 0

    def set(self, delay: int, chain: int | None = None) -> None:
        self.planned.append((self.now + delay, self.count))
        if chain is not None:
            self.chains[self.count] = chain
        self.count += 1

    def cancel(self, number: int) -> None:
        self.planned = [timer for timer in self.planned if timer[1] != number]

    def fire(self) -> None:
        if self.planned:
            timer = min(self.planned)
            self.planned.remove(timer)
            self.now, number = timer
            self.fired.append(timer)
            if number in self.chains:
                self.set(self.chains[number])

    def move(self, target: int) -> None:
        while self.planned and min(self.planned)[0] <= target:
            self.fire()
        self.now = target

    def rebase(self, now: int) -> None:
        self.planned = [(when + now - self.now, number) for when, number in self.planned]
        self.now = now


@examples(200)
@given(steps=STEPS)
def test_the_clock_does_what_a_sorted_list_of_timers_does(steps: list[Step]) -> None:
    clock, naive = VirtualClock(0), SortedList()
    timers: list[Timer] = []
    fired: list[tuple[int, int]] = []

    def set_timer(delay: int, chain: int | None = None) -> None:
        number = len(timers)

        def fire() -> None:
            fired.append((clock.now, number))
            if chain is not None:
                set_timer(chain)

        timers.append(clock.call_later(delay, fire))

    for what, value in steps:
        if what == "set":
            set_timer(value)
            naive.set(value)
        elif what == "chain":
            set_timer(value, value // 2)
            naive.set(value, value // 2)
        elif what == "cancel" and timers:
            clock.cancel(timers[value % len(timers)])
            naive.cancel(value % len(timers))
        elif what == "move":
            clock.move_to(clock.now + value)
            naive.move(naive.now + value)
        elif what == "fire":
            clock.fire_next()
            naive.fire()
        elif what == "rebase":
            clock.rebase(value)
            naive.rebase(value)
        upcoming = min(naive.planned)[0] if naive.planned else None
        assert (clock.now, clock.next_at(), clock.pending, fired) == (
            naive.now,
            upcoming,
            len(naive.planned),
            naive.fired,
        )


@examples(50)
@given(
    delays=st.lists(st.integers(0, 1000), min_size=150, max_size=300),
    kept=st.sets(st.integers(0, 299), max_size=20),
)
def test_throwing_cancelled_timers_away_loses_none_of_the_others(
    delays: list[int], kept: set[int]
) -> None:
    clock = VirtualClock(0)
    fired: list[tuple[int, int]] = []
    timers = [
        clock.call_at(delay, lambda number=number: fired.append((clock.now, number)))  # type: ignore[misc]  # bound now
        for number, delay in enumerate(delays)
    ]

    for number, timer in enumerate(timers):
        if number not in kept:
            clock.cancel(timer)
    clock.move_to(1000)

    expected = [(delay, number) for number, delay in enumerate(delays) if number in kept]
    assert fired == sorted(expected)
