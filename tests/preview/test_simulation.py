"""A simulation keeps its user informed, and takes any definition."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.pipelines import activity, daily

from pytest_datapipeline import FakeUsageError
from pytest_datapipeline._definitions.reader import read_one
from pytest_datapipeline._preview.plan import Plan, duration
from pytest_datapipeline._preview.simulation import Progress, simulate
from pytest_datapipeline._service.clock import SECOND


def test_a_long_preview_tells_how_far_it_has_come() -> None:
    told: list[str] = []
    progress = Progress(told.append, patience=0)
    objects = daily(*(activity(f"A{n}") for n in range(5)), occurrences=365)

    simulate(read_one(objects), Plan(runs=365), progress)
    progress.end()

    assert len(told) > 1
    assert told[0].startswith("\r2020-")
    assert told[-1].strip() == ""


def test_a_short_preview_tells_nothing() -> None:
    told: list[str] = []
    progress = Progress(told.append)

    simulate(read_one(daily(activity("A"))), Plan(), progress)
    progress.end()

    assert told == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("20m", 1200), ("7d", 604_800), ("2 weeks", 1_209_600), ("1 Hour", 3600)],
)
def test_a_duration_may_be_short_or_as_fields_have_it(text: str, seconds: int) -> None:
    assert duration("--for", text) == seconds * SECOND


IDS = ["A", "B", "C"]
ACTIVITIES = st.fixed_dictionaries(
    {"id": st.sampled_from(IDS)},
    optional={
        "dependsOn": st.sampled_from(IDS).map(lambda name: {"ref": name}),
        "maximumRetries": st.sampled_from(["0", "1"]),
        "attemptTimeout": st.sampled_from(["1 minute", "1 hour"]),
        "failureAndRerunMode": st.sampled_from(["cascade", "none"]),
        "scheduleType": st.sampled_from(["cron", "timeseries"]),
        "command": st.sampled_from(["x", "#{@scheduledStartTime}", "#{nothing}"]),
        "lateAfterTimeout": st.just("1 minute"),
    },
)


@examples(100)
@given(
    st.lists(ACTIVITIES, min_size=1, max_size=3, unique_by=lambda held: str(held["id"])),
    st.lists(st.sampled_from(IDS), max_size=2),
    st.integers(1, 4),
)
def test_any_definition_is_previewed_or_refused(
    held: list[dict[str, Any]], fails: list[str], runs: int
) -> None:
    objects = daily(*(activity(**{"command": "x", **fields}) for fields in held), occurrences=3)
    known = {fields["id"] for fields in held}
    plan = Plan(runs=runs, fails=[(name, None) for name in fails if name in known])

    try:
        preview = simulate(read_one(objects), plan)
    except FakeUsageError:
        return

    starts = [row.scheduled_start for row in preview.rows]
    assert starts == sorted(starts)
    assert len(preview.rows) <= runs * len(held)
    assert all(row.status != "FAILED" or row.reason for row in preview.rows)
