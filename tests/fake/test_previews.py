"""Previews, differences and timelines in a test, and what a test expects to have run."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.pipelines import activity, cascading, daily, on_demand

from pytest_datapipeline import DataPipelineFake, FakeUsageError, one_run, ran

if TYPE_CHECKING:
    from support.inner_pytest import Run

EXAMPLES = Path(__file__).parents[2] / "examples" / "definitions"

pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")


def three(**first: Any) -> list[dict[str, Any]]:
    return cascading(
        activity("A", command="at #{@scheduledStartTime}", **first),
        activity("B", dependsOn={"ref": "A"}),
        activity("C", dependsOn={"ref": "B"}),
    )


# -- previews -------------------------------------------------------------------------------------


def test_a_preview_leaves_the_fake_as_it_is(datapipeline_fake: DataPipelineFake) -> None:
    preview = datapipeline_fake.pipelines.preview(EXAMPLES / "reports.json", runs=1)

    assert [held["component"] for held in preview.runs] == ["Extract", "Raw", "Load", "Report"]
    assert "4 runs: 4 FINISHED." in repr(preview)
    assert preview.mermaid.startswith("flowchart LR")
    assert '"component": "Extract"' in preview.json
    assert len(datapipeline_fake.pipelines) == 0
    assert datapipeline_fake.clock.now() == datetime(2020, 1, 1, tzinfo=timezone.utc)


def test_a_preview_of_a_template_takes_what_it_leaves_open(
    datapipeline_fake: DataPipelineFake,
) -> None:
    preview = datapipeline_fake.pipelines.preview(
        EXAMPLES / "template.yaml",
        template_parameters={"Stage": "prod"},
        resource="Reports",
        values={"myTables": "orders"},
        runs=1,
    )

    (held,) = preview.runs
    assert held["fields"]["command"] == "extract orders"
    assert held["on"] == "reports"


def test_a_preview_assumes_failures_durations_and_outcomes(
    datapipeline_fake: DataPipelineFake,
) -> None:
    machine = {"id": "M", "type": "Ec2Resource", "role": "r", "resourceRole": "r"}
    definition = [*three(), activity("D", runsOn={"ref": "M"}), machine]

    preview = datapipeline_fake.pipelines.preview(
        definition,
        start="2020-01-01T12:00:00",
        until=timedelta(days=1),
        fail=["B@2020-01-01T00:00:00"],
        take={"A": timedelta(hours=1), "B": 60, "*": "2m"},
        outcome={"M": "FAILED"},
    )

    assert preview == ran(
        one_run("A", ended="2020-01-01T13:00:00"),
        one_run("B", status="FAILED", attempts=3),
        one_run("C", status="CASCADE_FAILED"),
        one_run("M", status="FAILED"),
        one_run("D", status="CANCELED"),
        in_any_order=True,
    )


def test_the_preview_of_a_pipeline_is_that_of_its_definition(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.create(three())

    assert pipeline.preview(fail=["A"]) == ran(
        one_run("A", status="FAILED"),
        one_run("B", status="CASCADE_FAILED"),
        one_run("C", status="CASCADE_FAILED"),
    )
    assert pipeline.state == "PENDING"


def test_a_preview_as_a_page_is_one_file(datapipeline_fake: DataPipelineFake) -> None:
    pytest.importorskip("jinja2")

    page = datapipeline_fake.pipelines.preview(three()).html

    assert page.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"fail": ["X"]}, "no activity of the definition"),
        ({"take": {"A": "soon"}}, "it must be a duration"),
        ({"take": {"A": -1}}, "take of A"),
        ({"outcome": {"A": "PERHAPS"}}, "it can be FINISHED"),
        ({"runs": 0}, "runs"),
        ({"runs": 1, "until": "2020-01-02"}, "give one"),
        ({"until": "soon"}, "until"),
    ],
)
def test_a_preview_that_can_not_be_made_says_why(
    datapipeline_fake: DataPipelineFake, arguments: dict[str, Any], error: str
) -> None:
    with pytest.raises(FakeUsageError, match=error):
        datapipeline_fake.pipelines.preview(three(), **arguments)


def test_a_change_of_a_definition_is_a_difference_in_what_runs(
    datapipeline_fake: DataPipelineFake,
) -> None:
    before = datapipeline_fake.pipelines.create(daily(activity("A"), activity("Old")))
    after = daily(activity("A", command="new"), activity("New"))

    found = datapipeline_fake.pipelines.diff(before, after, runs=1)

    assert found
    assert found.added == ["@New_2020-01-01T00:00:00"]
    assert found.gone == ["@Old_2020-01-01T00:00:00"]
    assert found.moved == []
    assert found.changed == {
        "@A_2020-01-01T00:00:00": {"command": {"before": "true", "after": "new"}}
    }
    assert "Runs: 1 gone, 1 added, 1 otherwise changed." in repr(found)
    assert not datapipeline_fake.pipelines.diff(before, before)


# -- timelines ------------------------------------------------------------------------------------


def test_the_timeline_of_a_pipeline_shows_waits_work_and_failures(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(three(maximumRetries="1"))
    datapipeline_fake.work(lambda work: work.id != "A", seconds=600)
    pipeline.run()

    head, *rows, legend = pipeline.gantt.splitlines()

    assert head.split() == ["2020-01-01T00:00:00", "2020-01-01T00:30:00"]
    assert [row[0] for row in rows] == ["A", "B", "C"]
    assert rows[0].count("x") > 10
    assert rows[1].endswith("-v|")
    assert legend == "- waits, x FAILED, v CASCADE_FAILED"


def test_a_pipeline_that_has_run_nothing_has_no_timeline(
    datapipeline_fake: DataPipelineFake,
) -> None:
    assert datapipeline_fake.pipelines.create(three()).gantt == ""


def test_a_failed_test_shows_the_runs_of_its_pipelines(run: Run) -> None:
    result = run(
        """
        def test_it(datapipeline_fake):
            pipeline = datapipeline_fake.pipelines.activate([
                {"id": "Default", "scheduleType": "ondemand", "workerGroup": "wg"},
                {"id": "Load", "type": "ShellCommandActivity", "command": "true"},
            ], name="reports")
            datapipeline_fake.work(seconds=60)
            pipeline.run()
            assert False
        """
    )

    result.stdout.fnmatch_lines(
        ["*AWS Data Pipeline: runs*", "reports", "*20??-*", "Load |*|", "= FINISHED"]
    )


def test_a_failed_test_shows_no_timeline_in_which_no_time_has_passed(run: Run) -> None:
    result = run(
        """
        def test_it(datapipeline_fake):
            datapipeline_fake.pipelines.activate([
                {"id": "Default", "scheduleType": "ondemand", "workerGroup": "wg"},
                {"id": "Load", "type": "ShellCommandActivity", "command": "true"},
            ])
            assert False
        """
    )

    result.stdout.fnmatch_lines(["*AWS Data Pipeline: pipelines*"])
    result.stdout.no_fnmatch_line("*AWS Data Pipeline: runs*")


def test_what_waits_is_no_other_status_in_the_legend_of_a_timeline(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(three())
    datapipeline_fake.clock.advance(300)

    statuses = {pipeline.instance(name).status for name in ("A", "B")}

    assert statuses == {"WAITING_FOR_RUNNER", "WAITING_ON_DEPENDENCIES"}
    assert pipeline.gantt.splitlines()[-1] == "- waits"


# -- what is expected to have run -----------------------------------------------------------------


@pytest.fixture
def finished(datapipeline_fake: DataPipelineFake) -> Any:
    pipeline = datapipeline_fake.pipelines.activate(three())
    pipeline.run(lambda work: None)
    return pipeline


def test_a_pipeline_is_what_it_ran_in_order(finished: Any) -> None:
    assert finished == ran("A", "B", "C")
    assert ran("A", "B", "C") == finished
    assert finished != ran("A", "C", "B")
    assert finished != ran("A", "B")
    assert finished == ran("C", "A", "B", in_any_order=True)
    assert finished == ran("A", "C", partial=True)
    assert finished != ran("C", "A", partial=True)
    assert finished != "something else"


def test_a_run_is_expected_with_times_attempts_and_fields(finished: Any) -> None:
    moment = datetime(2020, 1, 1, tzinfo=timezone.utc)

    assert finished == ran(
        one_run("A", command="at 2020-01-01T00:00:00", attempts=1, scheduled_start=moment),
        one_run("B", started="2020-01-01T00:00:00", ended=moment),
        "C",
    )
    assert finished != ran(one_run("A", attempts=2), "B", "C")
    assert finished != ran(one_run("A", command="at"), "B", "C")
    assert finished != ran(one_run("A", nothing="x"), "B", "C")


def test_a_value_may_be_a_matcher(finished: Any) -> None:
    dirty_equals = pytest.importorskip("dirty_equals")

    assert finished == ran(
        one_run(
            "A",
            command=dirty_equals.IsStr(regex="at .*"),
            attempts=dirty_equals.IsPositive,
            scheduled_start=dirty_equals.IsDatetime(lt=datetime(2021, 1, 1, tzinfo=timezone.utc)),
        ),
        "B",
        "C",
    )


def test_what_has_not_run_counts_only_where_it_is_named(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A"), activity("B", dependsOn={"ref": "A"})), start="2020-01-02T00:00:00"
    )
    pipeline.run(lambda work: work.id != "A", until=timedelta(days=1, hours=2))

    assert pipeline == ran(one_run("A", status="FAILED"))
    assert pipeline == ran(
        one_run("A", status="SKIPPED"),
        one_run("A", status="FAILED"),
        one_run("B", status="WAITING_ON_DEPENDENCIES"),
        in_any_order=True,
    )


def test_what_is_no_run_is_refused() -> None:
    with pytest.raises(FakeUsageError, match=r"ran\(\) has 7; it takes ids of objects"):
        ran(7)  # type: ignore[arg-type]  # on purpose


def test_a_pipeline_that_ran_otherwise_is_explained_run_by_run(run: Run) -> None:
    result = run(
        """
        from pytest_datapipeline import one_run, ran

        def test_it(datapipeline_fake):
            pipeline = datapipeline_fake.pipelines.activate([
                {"id": "Default", "scheduleType": "ondemand", "workerGroup": "wg"},
                {"id": "A", "type": "ShellCommandActivity", "command": "a"},
                {"id": "B", "type": "ShellCommandActivity", "command": "b",
                 "dependsOn": {"ref": "A"}},
                {"id": "X", "type": "ShellCommandActivity", "command": "x",
                 "dependsOn": {"ref": "B"}},
            ])
            pipeline.run(lambda work: None)
            assert pipeline == ran("A", one_run("B", command="c", attempts=2), "C")
        """,
        ini="datapipeline_start = 2020-01-01T00:00:00",
    )

    result.stdout.fnmatch_lines(
        [
            "E *the pipeline did not run as expected  (- expected but did not run, + ran but *",
            "E *  A of 2020-01-01T00:00:00: FINISHED",
            "E *! B of 2020-01-01T00:00:00: attempts is 1, expected 2; command is 'b', expected *",
            "E *- 'C'",
            "E *+ X of 2020-01-01T00:00:00: FINISHED",
        ]
    )


def test_an_on_demand_pipeline_ran_once_for_each_activation(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(on_demand(activity("A")))
    pipeline.run(lambda work: None)
    pipeline.activate()
    pipeline.run(lambda work: None)

    assert pipeline == ran("A", "A")
