"""Definition files that are tests: which are collected, what each item tries, and what it tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.inner_pytest import run_apart, run_here
from support.pipelines import activity, cascading, daily, on_demand

# Each run of pytest in this process would import it anew, which its parser in C does not bear.
pytest.importorskip("yaml")

EXAMPLES = Path(__file__).parents[2] / "examples" / "definitions"
INI = "[pytest]\ndatapipeline_definitions = pipelines/*.json templates/**/*.yaml\n"
ONE = "[pytest]\ndatapipeline_definitions = pipelines/*.json\n"
ITEMS = ["valid", "advice", "runs", "expressions", "recovers"]
ALARM = {
    "id": "Alarm",
    "type": "SnsAlarm",
    "role": "r",
    "topicArn": "t",
    "subject": "#{node.name} failed",
    "message": "#{node.errorMessage}",
}
TOLD = {"onFail": {"ref": "Alarm"}}


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Any:
    """A suite with one definition file, and what a run of it tells."""

    def run(definition: Any, *arguments: str, ini: str = ONE, **beside: Any) -> pytest.RunResult:
        pytester.makeini(ini)
        folder = pytester.mkdir("pipelines")
        (folder / "daily.json").write_text(json.dumps(definition, indent=1))
        for name, text in beside.items():
            (folder / f"daily.{name}.json").write_text(json.dumps(text))
        return run_here(pytester, "-v", *arguments)

    return run


def good(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return cascading(activity("A", **TOLD), *more, ALARM)


def test_a_definition_file_is_a_file_with_items(suite: Any) -> None:
    result = suite(good())

    result.assert_outcomes(passed=5)
    for name in ITEMS:
        result.stdout.fnmatch_lines([f"pipelines/daily.json::{name} PASSED*"])


def test_only_files_that_the_ini_option_names_are_collected(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini(INI)
    for folder in ("pipelines/deep", "templates/deep", "other"):
        pytester.path.joinpath(folder).mkdir(parents=True)
    text = (EXAMPLES / "reports.json").read_text()
    for name in ("pipelines/a.json", "pipelines/deep/b.json", "other/c.json", "d.json"):
        pytester.path.joinpath(name).write_text(text)
    template = (EXAMPLES / "template.yaml").read_text()
    pytester.path.joinpath("templates/deep/t.yaml").write_text(template)

    result = run_here(pytester, "--collect-only", "-q")

    result.stdout.fnmatch_lines(
        [
            *(f"pipelines/a.json::{name}" for name in ITEMS),
            *(f"templates/deep/t.yaml::Reports::{name}" for name in ITEMS),
        ]
    )
    result.stdout.no_fnmatch_line("*b.json*")
    result.stdout.no_fnmatch_line("*c.json*")
    result.stdout.no_fnmatch_line("*d.json*")


def test_definition_files_are_collected_beside_testpaths(pytester: pytest.Pytester) -> None:
    pytester.makeini(f"{ONE}testpaths = tests\n")
    pytester.mkdir("tests").joinpath("test_it.py").write_text("def test_it(): pass\n")
    pytester.mkdir("pipelines").joinpath("daily.json").write_text(json.dumps(good()))

    assert run_here(pytester).parseoutcomes() == {"passed": 6}
    assert run_here(pytester, "tests").parseoutcomes() == {"passed": 1}


def test_items_are_selected_by_name_and_by_node_id(suite: Any, pytester: pytest.Pytester) -> None:
    result = suite(good(), "-k", "valid or runs")

    result.assert_outcomes(passed=2, deselected=3)
    run_here(pytester, "pipelines/daily.json::recovers").assert_outcomes(passed=1)


def test_items_run_under_xdist(pytester: pytest.Pytester) -> None:
    pytester.makeini(f"{INI}testpaths = tests\n")
    pytester.mkdir("tests").joinpath("test_it.py").write_text("def test_it(): pass\n")
    pytester.mkdir("pipelines").joinpath("daily.json").write_text(json.dumps(good()))

    result = run_apart(pytester, "-n", "2", plugins=("pytest_datapipeline", "xdist"))

    result.assert_outcomes(passed=6)


def test_an_error_is_told_with_its_file_line_object_and_field(suite: Any) -> None:
    result = suite(cascading(activity("A", maximumRetries="17", **TOLD), ALARM), "-k", "valid")

    result.assert_outcomes(failed=1, deselected=4)
    result.stdout.fnmatch_lines(
        [
            "*pipelines/daily.json: valid*",
            "pipelines/daily.json:*, object 'A', field 'maximumRetries': INVALID_FIELD_VALUE:*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*trials.py*")


def test_advice_fails_its_item_unless_its_rule_is_off(
    suite: Any, pytester: pytest.Pytester
) -> None:
    result = suite(cascading(activity("A")), "-k", "advice")

    result.assert_outcomes(failed=1, deselected=4)
    result.stdout.fnmatch_lines(
        [
            "*Nobody is told when it fails*[[]no-failure-alarm]",
            "This is our advice, and none of AWS's rules. To do without it, have in pytest's",
            "configuration: datapipeline_ignored_advice = no-failure-alarm",
        ]
    )
    pytester.makeini(f"{INI}datapipeline_ignored_advice = no-failure-alarm\n")
    run_here(pytester, "-k", "advice").assert_outcomes(passed=1, deselected=4)


def test_a_run_that_does_not_succeed_is_told_with_all_runs(suite: Any) -> None:
    looped = activity("A", command="#{day(myDay)}", myDay="x", **TOLD)

    result = suite(cascading(looped, ALARM), "-k", "runs")

    result.assert_outcomes(failed=1, deselected=4)
    result.stdout.fnmatch_lines(
        [
            "pipelines/daily.json:*, object 'A': @A_2020-01-01T00:00:00 is FAILED",
            "Name * Status *",
            "A *FAILED*",
        ]
    )


def test_a_run_on_demand_goes_to_its_end(suite: Any) -> None:
    result = suite(on_demand(activity("A"), activity("B", dependsOn={"ref": "A"})), "-k", "runs")

    result.assert_outcomes(passed=1, deselected=4)


def test_a_definition_that_runs_nothing_does_not_run(suite: Any) -> None:
    result = suite(daily(ALARM), "-k", "runs")

    result.stdout.fnmatch_lines(["Nothing runs: no activity has a schedule with an interval."])


def test_an_expression_that_can_not_be_evaluated_is_told_with_its_place(suite: Any) -> None:
    node = {"id": "N", "type": "MySqlDataNode", "table": "t", "database": {"ref": "D"}}
    database = {
        "id": "D",
        "type": "RdsDatabase",
        "rdsInstanceId": "i",
        "username": "#{day(myDay)}",
        "myDay": "x",
        "*password": "#{*myPassword}",
    }
    definition = {
        "objects": cascading(activity("A", input={"ref": "N"}), node, database),
        "parameters": [{"id": "*myPassword", "default": "x"}],
    }

    result = suite(definition, "-k", "expressions")

    result.assert_outcomes(failed=1, deselected=4)
    result.stdout.fnmatch_lines(["pipelines/daily.json:*, object 'D', field 'username': *"])


def test_alarms_may_ask_for_what_only_a_failure_brings(suite: Any) -> None:
    suite(good(), "-k", "expressions").assert_outcomes(passed=1, deselected=4)


def test_a_failure_is_mended_by_a_rerun_with_all_that_it_failed(suite: Any) -> None:
    definition = good(
        activity("B", dependsOn={"ref": "A"}, maximumRetries="0", **TOLD),
        activity("C", dependsOn={"ref": "B"}, **TOLD),
    )

    suite(definition, "-k", "recovers").assert_outcomes(passed=1, deselected=4)


def test_a_failure_that_a_rerun_does_not_mend_is_told(suite: Any) -> None:
    # What was canceled because its resource had failed does not come back by itself.
    stop = {"id": "Stop", "type": "Terminate"}
    definition = daily(
        activity("A", lateAfterTimeout="1 minute"),
        activity(
            "B",
            dependsOn={"ref": "A"},
            lateAfterTimeout="6 minutes",
            onLateAction={"ref": "Stop"},
        ),
        stop,
        occurrences=1,
        maximumRetries="0",
    )

    result = suite(definition, "-k", "recovers")

    result.assert_outcomes(failed=1, deselected=4)
    result.stdout.fnmatch_lines(
        [
            "pipelines/daily.json:*, object 'A': it failed (and with it B) and was run again; then "
            "@B_2020-01-01T00:00:00 is CANCELED"
        ]
    )


def test_values_stand_beside_a_definition(suite: Any) -> None:
    definition = {
        "objects": cascading(activity("A", command="#{myCommand}", **TOLD), ALARM),
        "parameters": [{"id": "myCommand"}],
    }

    suite(definition, values={"values": {"myCommand": "true"}}).assert_outcomes(passed=5)


def test_template_parameters_stand_there_as_well(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    folder = pytester.mkdir("templates")
    (folder / "t.yaml").write_text((EXAMPLES / "template.yaml").read_text())
    values = {"templateParameters": {"Stage": "prod"}}
    (folder / "t.values.json").write_text(json.dumps(values))

    run_here(pytester, "-k", "valid or runs").assert_outcomes(passed=2, deselected=3)


@pytest.mark.parametrize(
    ("definition", "values", "error"),
    [
        ('{"things": []}', "{}", "pipelines/daily.values.json: has neither *"),
        (
            '{"things": []}',
            None,
            "pipelines/daily.json: is a mapping with 'things'; *",
        ),
        ("{", None, "pipelines/daily.json:1: is no JSON: *"),
        ("[]", '{"templateParameters": []}', '*values.json:1: "templateParameters" must be *'),
        ("[]", '{"valuse": {}}', "*values.json:1: has the key 'valuse'; *Did you mean 'values'?"),
    ],
)
def test_a_file_that_can_not_be_read_fails_and_the_other_tests_run(
    definition: str, values: str | None, error: str, pytester: pytest.Pytester
) -> None:
    pytester.makeini(ONE)
    pytester.makepyfile("def test_it(): pass")
    folder = pytester.mkdir("pipelines")
    (folder / "daily.json").write_text(definition)
    if values is not None:
        (folder / "daily.values.json").write_text(values)

    result = run_here(pytester)

    result.assert_outcomes(failed=5, passed=1)
    result.stdout.fnmatch_lines(
        ["*_ pipelines/daily.json::valid _*", error, "*_ pipelines/daily.json::advice _*"]
    )
    result.stdout.fnmatch_lines(["It cannot be read: see its item valid."])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_what_a_template_leaves_open_is_to_be_written_to_a_file(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini("[pytest]\ndatapipeline_definitions = templates/*.yaml\n")
    folder = pytester.mkdir("templates")
    text = (EXAMPLES / "template.yaml").read_text().replace("    Default: test\n", "")
    (folder / "reports.yaml").write_text(text)

    result = run_here(pytester, "-k", "valid")

    result.assert_outcomes(failed=1, deselected=4)
    result.stdout.fnmatch_lines(
        [
            "What only a deployment of the template would tell has to be given:",
            "  'Stage', asked for by templates/reports.yaml:*",
            'Write them to templates/reports.values.json: {"templateParameters": {"Stage": ...}}.',
            "Help: pytest-datapipeline explain template-needs-values",
        ]
    )
    (folder / "reports.values.json").write_text('{"templateParameters": {"Stage": "prod"}}')
    run_here(pytester, "-k", "valid").assert_outcomes(passed=1, deselected=4)


def test_a_template_parameter_that_there_is_none_of_fails_the_item(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini("[pytest]\ndatapipeline_definitions = templates/*.yaml\n")
    folder = pytester.mkdir("templates")
    (folder / "t.yaml").write_text((EXAMPLES / "template.yaml").read_text())
    (folder / "t.values.json").write_text('{"templateParameters": {"Stagge": "prod"}}')

    result = run_here(pytester, "-k", "valid")

    result.assert_outcomes(failed=1, deselected=4)
    result.stdout.fnmatch_lines(["*'Stagge' is given, *Did you mean 'Stage'?*"])


# -- what the ini options name --------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["pipelnes/*.json", "/pipelines/*.json", "../*.json"])
def test_patterns_of_which_none_matches_a_file_end_the_session(
    pattern: str, suite: Any, pytester: pytest.Pytester
) -> None:
    result = suite(good(), ini=f"[pytest]\ndatapipeline_definitions = {pattern}\n")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            f"ERROR: datapipeline_definitions has {pattern}, but no file below "
            f"{pytester.path} matches. Nothing would be tested of definitions."
        ]
    )


def test_a_pattern_that_no_file_matches_is_warned_of(suite: Any, pytester: pytest.Pytester) -> None:
    ini = "[pytest]\ndatapipeline_definitions = pipelines/*.json templats/*.yaml\n"

    result = suite(good(), ini=ini)

    result.assert_outcomes(passed=5, warnings=1)
    result.stdout.fnmatch_lines(
        ["*PytestConfigWarning: datapipeline_definitions has templats/[*].yaml, but no file *"]
    )
    strict = run_here(pytester, "-W", "error")
    assert strict.ret == pytest.ExitCode.USAGE_ERROR
    strict.stderr.fnmatch_lines(["ERROR: datapipeline_definitions has templats/[*].yaml, *"])


def test_workers_of_xdist_do_not_warn_again(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\ndatapipeline_definitions = pipelines/*.json templats/*.yaml\n")
    pytester.mkdir("pipelines").joinpath("daily.json").write_text(json.dumps(good()))

    result = run_apart(pytester, "-n", "2", plugins=("pytest_datapipeline", "xdist"))

    result.assert_outcomes(passed=5, warnings=1)


def test_a_rule_of_advice_that_there_is_none_of_ends_the_session(suite: Any) -> None:
    result = suite(good(), ini=f"{ONE}datapipeline_ignored_advice = no-retry\n")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: datapipeline_ignored_advice has 'no-retry', *Did you mean 'no-retries'?*"]
    )


# -- snapshots ------------------------------------------------------------------------------------


def test_a_snapshot_is_kept_and_a_change_of_what_runs_fails(
    suite: Any, pytester: pytest.Pytester
) -> None:
    suite(good(), "--datapipeline-update-snapshots").assert_outcomes(passed=6)
    folder = pytester.path / "pipelines"
    kept = (folder / "__snapshots__" / "daily.json.preview.txt").read_text()
    assert kept.startswith("pipelines/daily.json: the first 2 runs of each schedule")

    run_here(pytester, "-k", "snapshot").assert_outcomes(passed=1, deselected=5)

    (folder / "daily.json").write_text(json.dumps(good(activity("New", **TOLD))))
    result = run_here(pytester, "-k", "snapshot")
    result.assert_outcomes(failed=1, deselected=5)
    result.stdout.fnmatch_lines(
        [
            "It runs otherwise than its snapshot tells:",
            "--- __snapshots__/daily.json.preview.txt",
            "+++ now",
            "+New *FINISHED*",
            "If that is meant, run pytest with --datapipeline-update-snapshots.",
        ]
    )
    run_here(pytester, "--datapipeline-update-snapshots").assert_outcomes(passed=6)
    run_here(pytester, "-k", "snapshot").assert_outcomes(passed=1, deselected=5)


def test_a_snapshot_of_an_on_demand_pipeline_is_the_same_on_every_day(
    suite: Any, pytester: pytest.Pytester
) -> None:
    suite(on_demand(activity("A")), "--datapipeline-update-snapshots")

    kept = pytester.path / "pipelines" / "__snapshots__" / "daily.json.preview.txt"
    assert "activated at 2030-01-01T00:00:00" in kept.read_text()


def test_a_suite_that_names_no_definitions_loads_nothing_for_them(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_it():\n"
        "    assert 'pytest_datapipeline._items.collect' not in sys.modules\n"
    )

    run_apart(pytester).assert_outcomes(passed=1)
