"""The command `preview`: what a definition would run, when, with which values, on what."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.pipelines import activity, daily, on_demand

from pytest_datapipeline._preview.command import main

EXAMPLES = Path(__file__).parents[2] / "examples" / "definitions"
REPORTS = str(EXAMPLES / "reports.json")


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes a definition to a file of the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(objects: list[dict[str, Any]], name: str = "d.json", **more: Any) -> str:
        Path(name).write_text(json.dumps({"objects": objects, **more}))
        return name

    return write


def runs(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """The runs that a preview tells, as JSON."""
    assert main([*arguments, "--format", "json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["runs"]
    return found


def statuses(found: list[dict[str, Any]]) -> dict[str, str]:
    return {f"{held['component']} {held['scheduledStart'][8:10]}": held["status"] for held in found}


def test_a_preview_is_a_table_of_runs_with_their_evaluated_commands_and_paths(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main([REPORTS, "--runs", "1"])

    caught = capsys.readouterr()
    assert (status, caught.err) == (0, "")
    assert caught.out.splitlines() == [
        f"{REPORTS}: the first run of each schedule, activated at 2030-01-01T02:00:00",
        "",
        "Name     Scheduled Start      Status    Started              Ended                On"
        "       What",
        "Extract  2030-01-01T02:00:00  FINISHED  2030-01-01T02:00:00  2030-01-01T02:05:00  reports"
        "  extract --day 2030-01-01 --to s3://acme-reports/raw/2030/01/01/",
        "Raw      2030-01-01T02:00:00  FINISHED  2030-01-01T02:05:00  2030-01-01T02:05:00        "
        "   s3://acme-reports/raw/2030/01/01/",
        "Load     2030-01-01T02:00:00  FINISHED  2030-01-01T02:05:00  2030-01-01T02:10:00  reports"
        "  load --from s3://acme-reports/raw/2030/01/01/",
        "Report   2030-01-01T02:00:00  FINISHED  2030-01-01T02:10:00  2030-01-01T02:15:00  reports"
        "  report --day 2030-01-01",
        "",
        "4 runs: 4 FINISHED. The pipeline is SCHEDULED.",
    ]


def test_without_a_bound_the_first_runs_are_shown_and_that_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([REPORTS]) == 0

    caught = capsys.readouterr()
    assert "12 runs: 12 FINISHED." in caught.out
    assert caught.err == (
        "No bound was given: these are the first 3 runs of each schedule. --runs, --for and "
        "--until ask for others.\n"
    )


@pytest.mark.parametrize(
    ("bound", "days"),
    [
        (["--runs", "2"], ["01", "02"]),
        (["--for", "2d"], ["01", "02"]),
        (["--for", "30 hours"], ["01", "02"]),
        (["--until", "2030-01-02T01:00:00"], ["01"]),
        (["--start", "2030-01-02T12:00:00", "--for", "1h"], ["01", "02"]),
        (["--start-timestamp", "2030-01-02T00:00:00", "--runs", "2"], ["01", "02"]),
    ],
)
def test_a_bound_says_how_far_it_goes(
    bound: list[str], days: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = runs(capsys, REPORTS, *bound)

    assert [held["scheduledStart"][8:10] for held in found if held["component"] == "Load"] == days


def test_intervals_before_the_start_timestamp_are_skipped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = runs(capsys, REPORTS, "--runs", "2", "--start-timestamp", "2030-01-02T00:00:00")

    assert statuses(found)["Load 01"] == "SKIPPED"
    assert statuses(found)["Load 02"] == "FINISHED"


def test_an_activity_that_is_to_fail_fails_what_depends_on_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([REPORTS, "--runs", "2", "--fail", "Load@2030-01-02T02:00:00"]) == 0

    out = capsys.readouterr().out
    assert "8 runs: 6 FINISHED, 1 FAILED, 1 CASCADE_FAILED." in out
    assert (
        "@Load_2030-01-02T02:00:00: 2 attempts: FAILED at 2030-01-02T02:10:00, FAILED at "
        "2030-01-02T02:25:00\n"
        "@Load_2030-01-02T02:00:00: FAILED: It was to fail (--fail).\n"
        "@Report_2030-01-02T02:00:00: CASCADE_FAILED: @Load_2030-01-02T02:00:00 has failed.\n"
        "2030-01-02T02:25:00: Alarm tells of @Load_2030-01-02T02:00:00: "
    ) in out


def test_without_a_moment_each_run_of_an_activity_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = statuses(runs(capsys, REPORTS, "--runs", "2", "--fail", "Load"))

    assert (found["Load 01"], found["Load 02"], found["Extract 02"]) == (
        "FAILED",
        "FAILED",
        "FINISHED",
    )


def test_work_takes_as_long_as_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    found = runs(capsys, REPORTS, "--runs", "1", "--take", "Extract=2h", "--take", "*=0s")

    assert {held["component"]: held["ended"][11:] for held in found} == {
        "Extract": "04:00:00",
        "Raw": "04:00:00",
        "Load": "04:00:00",
        "Report": "04:00:00",
    }


def test_work_that_takes_longer_than_its_time_out_is_tried_again_and_fails(
    written: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(daily(activity("A", attemptTimeout="10 minutes", maximumRetries="1")))

    (held, _) = runs(capsys, file, "--take", "A=1h")

    assert held["status"] == "FAILED"
    assert [attempt["ended"][11:] for attempt in held["attempts"]] == ["00:10:00", "00:30:00"]
    assert "attemptTimeout" in held["reason"]


def test_a_precondition_that_is_not_met_keeps_what_waits_for_it(
    written: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    guard = {
        "id": "Ready",
        "type": "S3KeyExists",
        "role": "r",
        "s3Key": "s3://b/#{node.@scheduledStartTime}",
    }
    file = written(daily(activity("A", precondition={"ref": "Ready"}), guard, occurrences=1))

    found = {held["component"]: held for held in runs(capsys, file, "--outcome", "Ready=FALSE")}

    assert found["A"]["status"] == "WAITING_ON_DEPENDENCIES"
    assert found["A"]["waitsFor"] == ["@Ready_2020-01-01T00:00:00"]
    assert found["Ready"]["fields"]["s3Key"] == "s3://b/2020-01-01T00:00:00"


def test_a_resource_that_is_not_made_is_told_of_with_its_reason(
    written: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = {"id": "M", "type": "Ec2Resource", "role": "r", "resourceRole": "r"}
    file = written(daily(activity("A", runsOn={"ref": "M"}), machine, occurrences=1))

    found = {
        held["component"]: held for held in runs(capsys, file, "--outcome", "Ec2Resource=FAILED")
    }

    assert found["M"]["status"] == "FAILED"
    assert "InstanceLimitExceeded" in found["M"]["reason"]
    assert found["A"]["on"] == "M"


def test_a_run_that_begins_late_is_marked(written: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(
        daily(
            activity("A"),
            activity("B", dependsOn={"ref": "A"}, lateAfterTimeout="10 minutes"),
            occurrences=1,
        )
    )

    assert [held["late"] for held in runs(capsys, file)] == [False, False]
    assert [held["late"] for held in runs(capsys, file, "--take", "A=11m")] == [False, True]


def test_an_on_demand_pipeline_runs_once_at_the_start(
    written: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(on_demand(activity("A", command="at #{@scheduledStartTime}")))

    assert main([file, "--start", "2030-05-01T10:00:00"]) == 0

    caught = capsys.readouterr()
    assert "one run on demand, activated at 2030-05-01T10:00:00" in caught.out
    assert "at 2030-05-01T10:00:00" in caught.out
    assert "The pipeline is FINISHED." in caught.out
    assert caught.err == ""


def test_values_are_used_and_secrets_are_masked(
    written: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(
        daily(activity("A", command="login #{*myPassword} #{myName}"), occurrences=1),
        parameters=[{"id": "*myPassword"}, {"id": "myName"}],
    )

    (held,) = runs(
        capsys, file, "--value", "*myPassword=correct-horse", "--value", "myName=reports"
    )

    assert held["fields"]["command"] == "login ***** reports"
    assert "correct-horse" not in json.dumps(held)


def test_values_are_read_from_the_file_beside_a_definition(
    written: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters = [{"id": "myGroup", "type": "String"}]
    file = written(on_demand(activity("A", workerGroup="#{myGroup}")), parameters=parameters)
    Path("d.values.json").write_text('{"values": {"myGroup": "beside"}}')

    assert runs(capsys, file)[0]["on"] == "beside"
    assert runs(capsys, file, "--value", "myGroup=given")[0]["on"] == "given"


def test_a_template_parameter_may_be_of_one_of_two_templates_that_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    objects = [{"Id": "Default", "Name": "Default", "Fields": []}]
    properties = {"Name": "n", "PipelineObjects": objects}
    template: dict[str, Any] = {
        "Resources": {"P": {"Type": "AWS::DataPipeline::Pipeline", "Properties": properties}}
    }
    Path("before.json").write_text(json.dumps(template))
    template["Parameters"] = {"Stage": {"Type": "String"}}
    Path("after.json").write_text(json.dumps(template))
    compared = ["after.json", "--diff", "before.json"]

    main([*compared, "--template-parameter", "Stage=prod"])
    assert "is given" not in capsys.readouterr().err
    assert main([*compared, "--template-parameter", "Stag=prod"]) == 2
    assert "after.json:1: 'Stag' is given" in capsys.readouterr().err


def test_an_expression_that_fails_is_told_where_the_value_would_be(
    written: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(daily(activity("A", myDay="x", command="#{day(myDay)}"), occurrences=1))

    (held,) = runs(capsys, file)

    assert held["status"] == "FAILED"
    assert "day" in held["fields"]["command"]


def test_a_preview_is_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.json"

    assert main([REPORTS, "--runs", "1", "--format", "json", "--output", str(file)]) == 0

    assert capsys.readouterr().out == ""
    assert len(json.loads(file.read_text())["runs"]) == 4


def test_the_standard_input_is_previewed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(Path(REPORTS).read_text()))

    assert len(runs(capsys, "-", "--runs", "1")) == 4


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--fail", "Lod"], "--fail has 'Lod', which is no activity of the definition. Did you"),
        (["--take", "Raw=2m"], "--take has 'Raw', which is no activity"),
        (["--take", "Load"], "--take is 'Load'; it must be NAME=VALUE"),
        (["--take", "Load=soon"], "--take Load is 'soon'; it must be a duration such as 30s"),
        (["--fail", "Load@soon"], "--fail"),
        (
            ["--fail", "Load@2030-01-02"],
            "--fail has a run of 'Load' at 2030-01-02T00:00:00, which is not among those that are "
            "shown: 2030-01-01T02:00:00, 2030-01-02T02:00:00, 2030-01-03T02:00:00.",
        ),
        (["--outcome", "Load=FAILED"], "--fail is for that."),
        (["--outcome", "Load=BROKEN"], "--outcome of Load is 'BROKEN'; it can be FINISHED"),
        (["--runs", "0"], "--runs is '0'; it must be a number from 1 on"),
        (["--until", "2029-01-01"], "lies before the activation at 2030-01-01T02:00:00"),
        (["--for", "x"], "--for is 'x'; it must be a duration"),
        (["--output", "/nowhere/x"], "--output '/nowhere/x' cannot be written"),
        (["--diff", REPORTS, "--format", "html"], "--diff is written as table or json, not as"),
        (["--pipeline", "X"], "has no pipeline 'X'"),
    ],
)
def test_a_preview_that_can_not_be_made_ends_with_2_and_a_sentence(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([REPORTS, *arguments]) == 2

    caught = capsys.readouterr()
    assert error in caught.err
    assert caught.out == ""


def test_a_definition_with_errors_would_run_nothing(
    written: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(daily(activity("A", maximumRetries="17")))

    assert main([file]) == 2
    err = capsys.readouterr().err
    assert "d.json has errors, as AWS's validation has them, so that nothing would run:" in err
    assert "d.json:1, object 'A', field 'maximumRetries': INVALID_FIELD_VALUE" in err


def test_of_several_pipelines_one_has_to_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "t.json"
    pipeline = {"Type": "AWS::DataPipeline::Pipeline", "Properties": {"PipelineObjects": []}}
    file.write_text(json.dumps({"Resources": {"One": pipeline, "Two": pipeline}}))

    assert main([str(file)]) == 2
    assert "has 2 pipelines: One, Two. Say --pipeline NAME." in capsys.readouterr().err


def test_a_schedule_that_leads_beyond_the_last_year_ends_with_a_sentence(
    written: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule = {
        "id": "S",
        "type": "Schedule",
        "period": "3 years",
        "startDateTime": "9998-01-01T00:00:00",
    }
    default = {"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}}
    file = written([default, schedule, activity("A")])

    assert main([file, "--runs", "1"]) == 2
    assert "its dates lead beyond the years 1 to 9999" in capsys.readouterr().err


# -- what a change changes ------------------------------------------------------------------------


def test_a_change_of_a_definition_is_told_by_what_runs_otherwise(
    written: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = written(
        daily(activity("A"), activity("B", command="old"), activity("Gone"), occurrences=1),
        "before.json",
    )
    after = written(
        daily(
            activity("A"),
            activity("B", command="new"),
            activity("New", dependsOn={"ref": "A"}),
            occurrences=1,
        ),
        "after.json",
    )

    assert main([after, "--diff", before]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "--- before.json",
        "+++ after.json",
        "",
        "- Gone of 2020-01-01T00:00:00",
        "+ New of 2020-01-01T00:00:00: true",
        "~ B of 2020-01-01T00:00:00",
        "    command: old -> new",
        "",
        "Runs: 1 gone, 1 added, 1 otherwise changed.",
    ]


def test_runs_of_a_schedule_that_was_moved_are_moved_and_not_gone(
    written: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = daily(activity("A"), occurrences=2)
    before = written(objects, "before.json")
    moved = json.loads(json.dumps(objects))
    moved[1]["startDateTime"] = "2020-01-01T03:00:00"
    after = written(moved, "after.json")

    assert main([after, "--diff", before]) == 0
    out = capsys.readouterr().out
    assert "> A of 2020-01-01T03:00:00\n    scheduled: 2020-01-01T00:00:00 -> 2020-01-01T03" in out
    assert "Runs: 2 moved in time." in out

    assert main([after, "--diff", before, "--format", "json"]) == 0
    changed = json.loads(capsys.readouterr().out)["changed"]
    assert [held["moved"] for held in changed] == [True, True]


def test_two_definitions_that_run_alike_differ_in_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([REPORTS, "--diff", REPORTS, "--fail", "Load"]) == 0

    assert capsys.readouterr().out.endswith("Runs: none differ.\n")


# -- the program ----------------------------------------------------------------------------------


def test_the_program_previews_a_file_without_loading_what_it_does_not_need() -> None:
    code = (
        "import sys; sys.argv[1:] = ['preview', sys.argv[1], '--runs', '1']\n"
        "from pytest_datapipeline.__main__ import run\n"
        "status = run()\n"
        "heavy = {'aiohttp', 'boto3', 'jinja2', 'pytest', 'yaml'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else status)\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", code, REPORTS], capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert "4 runs: 4 FINISHED." in result.stdout
