"""The queues of worker groups by themselves: which task goes to which poll."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from pytest_datapipeline._service.instances.queues import Poll, Ticket, WorkerGroups


@dataclass(eq=False)
class Item:
    """What stands in a queue here."""

    name: str
    waits: bool = True


def groups() -> WorkerGroups[Item]:
    return WorkerGroups(lambda item: item.waits)


def poll(worker_group: str = "wg", region: str = "us-east-1") -> Poll:
    return Poll(worker_group, region, None, None, 0)


# -- tickets --------------------------------------------------------------------------------------


def test_a_ticket_keeps_its_answer_and_tells_when_it_has_come() -> None:
    ticket = Ticket()
    told: list[object] = []
    ticket.on_resolved = lambda: told.append(ticket.answer)
    before = ticket.resolved

    ticket.resolve("answer")

    assert (before, ticket.resolved, ticket.answer, told) == (False, True, "answer", ["answer"])


def test_a_ticket_that_nobody_watches_is_resolved_all_the_same() -> None:
    ticket = Ticket()

    ticket.resolve()

    assert (ticket.resolved, ticket.answer) == (True, None)


# -- items ----------------------------------------------------------------------------------------


def test_an_unknown_worker_group_has_nothing() -> None:
    assert groups().take("wg", "us-east-1") is None


def test_items_leave_in_the_order_in_which_they_came() -> None:
    queues = groups()
    items = [Item("a"), Item("b"), Item("c")]
    for item in items:
        queues.offer("wg", None, item)

    taken = [queues.take("wg", "us-east-1") for _ in range(4)]

    assert taken == [*items, None]


@pytest.mark.parametrize("other", ["WG", "wg ", " wg", "w", "wgg", ""])
def test_names_of_worker_groups_are_compared_exactly(other: str) -> None:
    queues = groups()
    queues.offer("wg", None, Item("a"))

    assert queues.take(other, "us-east-1") is None


def test_an_item_of_a_region_is_for_polls_of_that_region() -> None:
    queues = groups()
    item = Item("a")
    queues.offer("wg", "eu-west-1", item)

    elsewhere = queues.take("wg", "us-east-1")
    there = queues.take("wg", "eu-west-1")

    assert (elsewhere, there) == (None, item)


def test_items_with_and_without_a_region_have_one_order() -> None:
    queues = groups()
    items = [Item("any 1"), Item("own 1"), Item("any 2"), Item("own 2")]
    for item in items:
        queues.offer("wg", "eu-west-1" if "own" in item.name else None, item)

    taken = [queues.take("wg", "eu-west-1") for _ in items]

    assert taken == items


def test_an_item_that_does_not_wait_any_more_is_passed_over() -> None:
    queues = groups()
    first, second = Item("a"), Item("b")
    queues.offer("wg", None, first)
    queues.offer("wg", None, second)

    first.waits = False

    assert queues.take("wg", "us-east-1") is second


def test_the_worker_groups_in_which_something_waits_are_named() -> None:
    queues = groups()
    gone = Item("gone")
    queues.offer("empty", None, gone)
    queues.offer("full", "eu-west-1", Item("a"))
    queues.wait(poll("polled"))

    gone.waits = False

    assert list(filter(queues.has_waiting, queues.names)) == ["full"]


# -- polls ----------------------------------------------------------------------------------------


def test_the_poll_that_has_waited_longest_gets_the_next_item() -> None:
    queues = groups()
    polls = [poll(), poll()]
    for waiting in polls:
        queues.wait(waiting)

    given = [queues.offer("wg", None, Item(name)) for name in "abc"]

    assert given == [*polls, None]


def test_an_item_that_goes_to_a_poll_is_not_queued_as_well() -> None:
    queues = groups()
    queues.wait(poll())

    queues.offer("wg", None, Item("a"))

    assert queues.take("wg", "us-east-1") is None
    assert queues.polls() == []


def test_a_poll_of_another_region_or_group_is_passed_over() -> None:
    queues = groups()
    right = poll(region="eu-west-1")
    for waiting in (poll(region="us-east-1"), poll("other", "eu-west-1"), right):
        queues.wait(waiting)

    given = queues.offer("wg", "eu-west-1", Item("a"))

    assert given is right
    assert len(queues.polls()) == 2


def test_a_poll_that_has_its_answer_gets_nothing_more() -> None:
    queues = groups()
    answered, waiting = poll(), poll()
    queues.wait(answered)
    queues.wait(waiting)

    answered.resolve({})

    assert queues.offer("wg", None, Item("a")) is waiting


def test_a_poll_whose_client_has_given_up_still_gets_an_item() -> None:
    queues = groups()
    abandoned = poll()
    abandoned.abandoned = True
    queues.wait(abandoned)

    assert queues.offer("wg", None, Item("a")) is abandoned


def test_a_poll_that_leaves_does_not_wait_any_more() -> None:
    queues = groups()
    gone, waiting = poll(), poll()
    queues.wait(gone)
    queues.wait(waiting)

    queues.leave(gone)

    assert queues.polls() == [waiting]


# -- anything in any order, against one list ------------------------------------------------------

NAMES = st.sampled_from(["wg", "WG", "other"])
REGIONS = st.sampled_from(["us-east-1", "eu-west-1"])
STEPS = st.lists(
    st.tuples(st.just("offer"), NAMES, st.none() | REGIONS)
    | st.tuples(st.sampled_from(["take", "wait"]), NAMES, REGIONS)
    | st.tuples(st.sampled_from(["leave", "withdraw"]), st.integers(0, 30)),
    max_size=80,
)


@examples(200)
@given(steps=STEPS)
def test_the_queues_do_what_one_list_of_items_and_one_of_polls_do(
    steps: list[tuple[object, ...]],
) -> None:
    queues = groups()
    ready: list[tuple[object, object, Item]] = []
    polls: list[Poll] = []
    made = 0

    for what, *values in steps:
        if what == "offer":
            group, region = values
            made += 1
            item = Item(f"item {made}")
            served = next(
                (p for p in polls if p.worker_group == group and region in (None, p.region)), None
            )
            assert queues.offer(str(group), region, item) is served  # type: ignore[arg-type]  # drawn
            if served is None:
                ready.append((group, region, item))
            else:
                polls.remove(served)
        elif what == "take":
            group, region = values
            entry = next(
                (entry for entry in ready if entry[0] == group and entry[1] in (None, region)), None
            )
            taken = queues.take(str(group), str(region))
            assert taken is (entry[2] if entry is not None else None)
            if entry is not None:
                ready.remove(entry)
        elif what == "wait":
            waiting = poll(*map(str, values))
            queues.wait(waiting)
            polls.append(waiting)
        elif what == "leave" and polls:
            leaving = polls.pop(int(str(values[0])) % len(polls))
            queues.leave(leaving)
        elif what == "withdraw" and ready:
            withdrawn = ready.pop(int(str(values[0])) % len(ready))
            withdrawn[2].waits = False
        assert sorted(map(id, queues.polls())) == sorted(map(id, polls))
        assert set(filter(queues.has_waiting, queues.names)) == {entry[0] for entry in ready}
