"""What pages are drawn of: a chart over time, and a graph from left to right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from pytest_datapipeline._report.drawing import Shape, draw
from pytest_datapipeline._report.gantt import Bar, gantt
from pytest_datapipeline._report.statuses import look_of
from pytest_datapipeline._report.text_chart import text_chart
from pytest_datapipeline._service.clock import SECOND
from pytest_datapipeline._service.instances import instance

HOUR = 3600 * SECOND


def test_statuses_that_have_one_letter_share_it_in_the_legend() -> None:
    bars = [Bar(0, 0, HOUR, "CREATING", ""), Bar(1, 0, HOUR, "PAUSED", "")]

    chart = text_chart([("A", ""), ("B", "")], bars, 0, HOUR)

    assert chart.splitlines()[-1] == "? CREATING or PAUSED"


def test_bars_lie_at_their_times_in_their_lanes() -> None:
    bars = [
        Bar(0, 0, HOUR, "FINISHED", "first"),
        Bar(1, HOUR, 2 * HOUR, "FAILED", "second"),
    ]

    chart = gantt([("A", "x"), ("B", "y")], bars, 0, 2 * HOUR)

    first, second = chart.boxes
    assert first.x + first.width == pytest.approx(second.x, abs=0.3)
    assert first.y < second.y
    assert second.look.sign == "✗"
    assert chart.ticks[0][1:] == ("00:00", "1970-01-01")


def test_a_bar_of_no_length_is_seen_and_a_failure_has_its_sign() -> None:
    bars = [Bar(0, 0, 0, "CASCADE_FAILED", "x"), Bar(0, HOUR, HOUR, "FINISHED", "y")]

    failed, finished = gantt([("A", "")], bars, 0, 900 * HOUR).boxes

    assert failed.width >= 3
    assert failed.has_sign
    assert not finished.has_sign


def test_what_waits_is_drawn_below_what_works() -> None:
    bars = [Bar(0, 0, 9, "FINISHED", "works"), Bar(0, 0, 9, "FINISHED", "waits", faint=True)]

    assert [box.bar.title for box in gantt([("A", "")], bars, 0, 9).boxes] == ["waits", "works"]


@pytest.mark.parametrize(
    "status",
    [
        *(instance.FINISHED, instance.FAILED, instance.CASCADE_FAILED, instance.CANCELED),
        *(instance.TIMEDOUT, instance.SKIPPED, instance.RUNNING, instance.CREATING),
        *(instance.WAITING_FOR_RUNNER, instance.WAITING_ON_DEPENDENCIES),
    ],
)
def test_every_status_has_a_sign(status: str) -> None:
    assert look_of(status).sign not in ("", "?")


def test_a_node_lies_right_of_what_goes_before_it() -> None:
    shapes = [Shape(name, "", "activity") for name in "CAB"]

    drawing = draw(shapes, [("A", "B", ""), ("B", "C", "dependsOn"), ("A", "C", "")])

    at = {shape.id: shape.x for shape in drawing.shapes}
    assert at["A"] < at["B"] < at["C"]
    assert [line.label for line in drawing.lines] == ["", "dependsOn", ""]


@examples(100)
@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDEX")), max_size=15))
def test_any_graph_is_drawn_with_no_two_nodes_at_one_place(arrows: list[tuple[str, str]]) -> None:
    shapes = [Shape(name, "", "activity") for name in "ABCDE"]

    drawing = draw(shapes, [(source, target, "") for source, target in arrows])

    assert len({(shape.x, shape.y) for shape in drawing.shapes}) == 5
    assert all(shape.x + shape.width < drawing.width for shape in drawing.shapes)


@examples(100)
@given(
    st.lists(
        st.tuples(st.integers(0, 10**20), st.integers(0, 10**19), st.integers(0, 3)), max_size=8
    )
)
def test_any_bars_lie_within_their_chart(held: list[tuple[int, int, int]]) -> None:
    bars = [Bar(lane, begin, begin + length, "FINISHED", "") for begin, length, lane in held]

    chart = gantt([(str(n), "") for n in range(4)], bars, 0, HOUR)

    assert all(box.x >= 0 and box.x + box.width <= chart.width for box in chart.boxes)
    assert len(chart.ticks) < 400
