"""Arguments that no method can take, and the check that refusing them changes nothing."""

from __future__ import annotations

import math
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import strategies as st

from pytest_datapipeline import DataPipelineFake, FakeUsageError

from .examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import SearchStrategy

FEW = examples(25)


TEXTS = st.text(max_size=5)

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    TEXTS,
    st.binary(max_size=3),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.builds(object),
)

ANYTHING = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.tuples(inner)
        | st.dictionaries(TEXTS | st.integers(), inner, max_size=2)
    ),
    max_leaves=3,
)

ENDLESS = st.sampled_from([math.nan, math.inf, -math.inf, 1e12, 1e300, 10**30, timedelta.max])

NEGATIVE = st.sampled_from([-1, -0.5, -1e300, timedelta(seconds=-1), timedelta.min])


def but_no(*kinds: type) -> SearchStrategy[Any]:
    """Anything that is neither None nor of one of the kinds."""
    return ANYTHING.filter(lambda value: value is not None and not isinstance(value, kinds))


def texts_of(longest: int) -> SearchStrategy[Any]:
    """What is no text of 1 to `longest` characters of those that the service takes."""
    return but_no(str) | st.sampled_from(["", "x" * (longest + 1), "a\0b", "\x1f", "a\ud800"])


DURATIONS = but_no(int, float, timedelta) | st.booleans() | ENDLESS | NEGATIVE

COUNTS = but_no(int) | st.booleans() | st.integers(max_value=-1)


@cache
def client() -> Any:
    return boto3.session.Session(
        aws_access_key_id="unused", aws_secret_access_key="unused", region_name="us-east-1"
    ).client("datapipeline", config=Config(read_timeout=100, retries={"total_max_attempts": 1}))


@contextmanager
def busy_fake() -> Iterator[DataPipelineFake]:
    """One task runs, one waits and one is yet to come."""
    with DataPipelineFake(start="2020-01-01T00:00:00") as entered:
        entered.enqueue("wg", {"command": "first"}, {"command": "second"})
        entered.enqueue("wg", {"command": "third"}, delay=60)
        task_id = client().poll_for_task(workerGroup="wg")["taskObject"]["taskId"]
        client().report_task_progress(taskId=task_id)
        client().report_task_runner_heartbeat(taskrunnerId="runner")
        yield entered


def state(of: DataPipelineFake) -> Any:
    return (
        repr(of),
        of.clock.now(),
        [(repr(task), task.deadline, task.task_id) for task in of.tasks],
        repr(of.calls),
        of.waiting,
        of.heartbeats,
    )


@contextmanager
def refused(of: DataPipelineFake, match: str | None = None) -> Iterator[None]:
    before = state(of)
    with pytest.raises(FakeUsageError, match=match):
        yield
    assert state(of) == before


def untyped(method: Any) -> Any:
    """The method, for arguments that a type checker would refuse."""
    return method
