"""When instances are created: cron, timeseries, on demand, periods, ends, backfill."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.pipelines import activated, activity, daily, fields_of, ids, on_demand

from pytest_datapipeline._service.clock import SECOND, to_datetime, to_ns
from pytest_datapipeline._service.components.intervals import Schedule
from pytest_datapipeline._service.expressions.periods import Period

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")

NEW_YEAR = datetime(2020, 1, 1, tzinfo=timezone.utc)


def scheduled(*objects: dict[str, Any], mode: str = "cron", **schedule: Any) -> list[Any]:
    """A definition with a schedule of one's own."""
    default = {"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}}
    return [
        {**default, "scheduleType": mode},
        {"id": "S", "type": "Schedule", "startDateTime": "2020-01-01T00:00:00", **schedule},
        *objects,
    ]


def starts(fake: DataPipelineFake, definition: list[Any], days: float) -> list[datetime]:
    """When the instances of A are created within so many days."""
    pipeline = fake.pipelines.activate(definition)
    pipeline.run(lambda _: None, until=timedelta(days=days))
    return [held.started for held in pipeline.instances if held.started and held.id == "A"]


@pytest.mark.rule("cron-starts-at-the-beginning")
def test_by_cron_an_instance_starts_at_the_beginning_of_its_interval(
    datapipeline_fake: DataPipelineFake,
) -> None:
    found = starts(datapipeline_fake, scheduled(activity("A"), period="6 hours"), days=0.9)

    assert found == [NEW_YEAR + timedelta(hours=6 * number) for number in range(4)]


@pytest.mark.rule("timeseries-starts-at-the-end", "interval-bounds")
def test_by_timeseries_an_instance_starts_at_the_end_of_its_interval(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    definition = scheduled(activity("A"), mode="TIMESERIES", period="6 hours")

    found = starts(datapipeline_fake, definition, days=0.9)

    assert found == [NEW_YEAR + timedelta(hours=6 * number) for number in (1, 2, 3)]
    (pipeline,) = datapipeline_fake.pipelines
    fields = fields_of(datapipeline_client, pipeline.id, "@A_2020-01-01T00:00:00")
    assert fields["@scheduledStartTime"] == "2020-01-01T00:00:00"
    assert fields["@scheduledEndTime"] == "2020-01-01T06:00:00"
    assert fields["@actualStartTime"] == "2020-01-01T06:00:00"


@pytest.mark.rule("resources-at-the-beginning")
def test_a_resource_is_there_from_the_beginning_even_by_timeseries(
    datapipeline_fake: DataPipelineFake,
) -> None:
    resource = {"id": "R", "type": "Ec2Resource", "role": "r", "resourceRole": "r"}
    definition = scheduled(
        activity("A", runsOn={"ref": "R"}), resource, mode="timeseries", period="1 day"
    )

    pipeline = datapipeline_fake.pipelines.activate(definition)

    assert [held.id for held in pipeline.instances] == ["R"]
    assert pipeline.statuses() == ["WAITING_ON_DEPENDENCIES"]


@pytest.mark.rule("end-is-exclusive")
def test_an_hour_for_a_month_is_720_intervals(datapipeline_fake: DataPipelineFake) -> None:
    definition = scheduled(activity("A"), period="1 hour", endDateTime="2020-01-31T00:00:00")

    found = starts(datapipeline_fake, definition, days=40)

    assert len(found) == 720


@pytest.mark.rule("occurrences")
def test_occurrences_are_counted(datapipeline_fake: DataPipelineFake) -> None:
    definition = scheduled(activity("A"), period="15 Minutes", occurrences="7")

    assert len(starts(datapipeline_fake, definition, days=2)) == 7


@pytest.mark.rule("period-spelling")
@pytest.mark.parametrize("period", ["1 day", "1 Days", "24 hours", "1440 MINUTES"])
def test_periods_are_spelt_freely(datapipeline_fake: DataPipelineFake, period: str) -> None:
    definition = scheduled(activity("A"), period=period, occurrences="2")

    found = starts(datapipeline_fake, definition, days=2)

    assert found == [NEW_YEAR, NEW_YEAR + timedelta(days=1)]


@pytest.mark.rule("month-arithmetic-clamps")
def test_months_end_on_their_last_day(datapipeline_fake: DataPipelineFake) -> None:
    definition = scheduled(
        activity("A"), period="1 month", startDateTime="2020-01-31T00:00:00", occurrences="4"
    )

    found = starts(datapipeline_fake, definition, days=200)

    assert [held.day for held in found] == [31, 29, 31, 30]


@pytest.mark.rule("first-activation-time")
def test_a_schedule_can_start_at_the_first_activation(
    datapipeline_fake: DataPipelineFake,
) -> None:
    definition = scheduled(activity("A"), period="1 day", occurrences="2")
    del definition[1]["startDateTime"]
    definition[1]["startAt"] = "FIRST_ACTIVATION_DATE_TIME"
    datapipeline_fake.clock.advance(5025)

    pipeline = datapipeline_fake.pipelines.activate(definition)

    assert pipeline.instances[0].instance_id == "@A_2020-01-01T01:23:45"


@pytest.mark.rule("backfill")
@pytest.mark.datapipeline(start="2020-01-11T12:00:00")
def test_a_start_in_the_past_is_made_up_for(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=10))

    pipeline.run(lambda _: None)

    assert len(pipeline.instances) == 10
    assert {held.started for held in pipeline.instances} == {datapipeline_fake.clock.now()}


@pytest.mark.rule("five-active-instances")
@pytest.mark.datapipeline(start="2020-01-11T12:00:00")
def test_five_instances_of_an_object_are_active_at_a_time(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=10))

    assert pipeline.statuses() == ["WAITING_FOR_RUNNER"] * 5


@pytest.mark.rule("max-active-instances", "chronological")
@pytest.mark.datapipeline(start="2020-01-11T12:00:00")
def test_one_active_instance_makes_a_backfill_chronological(
    datapipeline_fake: DataPipelineFake,
) -> None:
    order: list[datetime] = []
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", maxActiveInstances="1"), occurrences=10)
    )
    assert len(pipeline.instances) == 1

    pipeline.run(lambda work: order.append(work.scheduled_start))

    assert order == sorted(order)
    assert len(order) == 10


@pytest.mark.rule("reruns-are-not-active")
@pytest.mark.datapipeline(start="2020-01-11T12:00:00")
def test_what_is_run_again_is_not_counted_as_active(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", maxActiveInstances="1"), occurrences=10)
    )
    pipeline.run(lambda _: None, until=lambda: len(pipeline.instances) == 3)

    pipeline.instance("A", 0).rerun()

    assert [held.ended for held in pipeline.instances] == [False, True, False]


@pytest.mark.rule("all-of-a-run-share-its-time")
def test_all_objects_of_a_run_have_the_time_of_the_schedule(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.clock.advance(77)
    node = {"id": "N", "type": "S3DataNode", "filePath": "s3://b/k"}
    pipeline = datapipeline_fake.pipelines.activate(on_demand(node, activity("A")))

    assert [held.instance_id for held in pipeline.instances] == [
        "@N_2020-01-01T00:01:17",
        "@A_2020-01-01T00:01:17",
    ]


@pytest.mark.rule("objects-without-instances")
def test_only_what_runs_has_instances(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A"), {"id": "F", "type": "CSV"}, {"id": "T", "type": "Terminate"})
    )

    assert {held.id for held in pipeline.instances} == {"A"}


def test_an_endless_schedule_makes_nothing_before_it_is_due(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(scheduled(activity("A"), period="15 minutes"))

    assert len(pipeline.instances) == 1
    datapipeline_fake.clock.advance(899)
    assert len(pipeline.instances) == 1
    datapipeline_fake.clock.advance(1)
    assert len(pipeline.instances) == 2


def test_a_daily_activity_waits_for_all_hourly_ones_of_its_day(
    datapipeline_fake: DataPipelineFake,
) -> None:
    hourly = {
        "id": "H",
        "type": "Schedule",
        "period": "6 hours",
        "startDateTime": "2020-01-01T00:00:00",
        "occurrences": "4",
    }
    pipeline = datapipeline_fake.pipelines.activate(
        daily(
            hourly,
            activity("Often", schedule={"ref": "H"}),
            activity("A", dependsOn={"ref": "Often"}),
            occurrences=1,
        )
    )

    pipeline.run(lambda _: None)

    assert pipeline.instance("A").finished == NEW_YEAR + timedelta(hours=18)


@pytest.mark.datapipeline(start="2020-01-11T12:00:00", creation_interval=300)
def test_a_setting_spreads_the_creation_of_instances(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=3))
    pipeline.run(lambda _: None)

    begin = pipeline.instances[0].started
    assert begin is not None
    assert [held.started for held in pipeline.instances] == [
        begin + timedelta(minutes=5 * number) for number in range(3)
    ]


# -- intervals, against datetime ------------------------------------------------------------------


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    st.integers(15, 3000),
    st.integers(0, 10**6),
)
def test_the_interval_of_a_moment_holds_it(start: datetime, minutes: int, later: int) -> None:
    schedule = Schedule("S", to_ns(start), Period(minutes * 60 * SECOND), None)
    moment = to_ns(start) + later * SECOND

    index = schedule.index_at(moment)

    assert schedule.start_of(index) <= moment < schedule.end_of(index)
    assert index == later // (minutes * 60)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    st.integers(1, 36),
    st.integers(0, 120),
)
def test_months_go_by_as_a_calendar_has_them(start: datetime, months: int, times: int) -> None:
    schedule = Schedule("S", to_ns(start), Period(0, months), None)

    found = to_datetime(schedule.start_of(times))

    passed = (found.year - start.year) * 12 + found.month - start.month
    assert passed == months * times
    assert found.day <= start.day
    assert found.day == start.day or (found + timedelta(days=1)).month != found.month
    assert schedule.index_at(schedule.start_of(times)) == times


@given(st.integers(15, 100), st.integers(1, 5000))
def test_an_end_cuts_off_the_intervals_that_begin_at_it_or_later(period: int, end: int) -> None:
    schedule = Schedule.until("S", 0, Period(period * SECOND), end * SECOND)

    assert schedule.count == len(range(0, end, period))


@pytest.mark.datapipeline(start="2020-01-01T12:00:00", creation_interval=300)
def test_an_activation_while_creations_are_paced_makes_no_interval_twice(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    hourly = {
        "id": "S",
        "type": "Schedule",
        "period": "1 hour",
        "startDateTime": "2020-01-01T00:00:00",
        "occurrences": "4",
    }
    pipeline_id = activated(
        datapipeline_client,
        [{"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}}, hourly, activity("A")],
    )
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    datapipeline_fake.clock.advance(3600)

    found = ids(datapipeline_client, pipeline_id)
    assert len(found) == len(set(found)) == 4
