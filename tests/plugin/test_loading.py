"""The plugin as pytest loads it, and its settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from support.inner_pytest import OURS

if TYPE_CHECKING:
    from pathlib import Path


PASSING = """
    import boto3

    def test_empty_queue(datapipeline_fake, datapipeline_client):
        assert "taskObject" not in datapipeline_client.poll_for_task(workerGroup="wg")
"""


Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run_installed(pytester: pytest.Pytester) -> Run:
    """Runs pytest in a process of its own, with whatever plugins are installed."""

    def run(source: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess("-p", "no:randomly", *arguments)

    return run


# -- loading ---------------------------------------------------------------------------------------


def test_the_entry_point_loads_the_plugin(run_installed: Run) -> None:
    run_installed(PASSING).assert_outcomes(passed=1)


def test_the_option_p_and_the_entry_point_together_load_it_once(
    run_installed: Run,
) -> None:
    run_installed(PASSING, "-p", "pytest_datapipeline", "-W", "error").assert_outcomes(passed=1)


def test_the_option_p_alone_loads_the_plugin(run_in_a_process: Run) -> None:
    result = run_in_a_process(PASSING, "-W", "error")

    result.assert_outcomes(passed=1)


def test_pytest_plugins_in_a_conftest_loads_the_plugin(
    run_in_a_process: Run, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest("pytest_plugins = ['pytest_datapipeline']")

    run_in_a_process(PASSING, plugins=()).assert_outcomes(passed=1)


def test_the_plugin_can_be_turned_off(run_installed: Run) -> None:
    result = run_installed(PASSING, "-p", "no:pytest_datapipeline")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("*fixture 'datapipeline_fake' not found*")


def test_turned_off_it_leaves_botocore_alone(run_installed: Run) -> None:
    source = """
        from botocore.endpoint import Endpoint

        def test_endpoint():
            assert Endpoint.make_request.__code__.co_filename.endswith("endpoint.py")
    """

    run_installed(source, "-p", "no:pytest_datapipeline").assert_outcomes(passed=1)


def test_it_works_under_xdist(run_in_a_process: Run) -> None:
    source = """
        import pytest

        @pytest.mark.parametrize("number", range(8))
        def test_own_queue(datapipeline_fake, datapipeline_client, number):
            task = datapipeline_fake.enqueue("wg")
            taken = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
            assert taken["taskId"] == task.task_id

        def test_report(datapipeline_fake, datapipeline_client):
            datapipeline_client.poll_for_task(workerGroup="wg")
            assert False
    """

    result = run_in_a_process(source, "-n", "2", plugins=(OURS, "xdist"))

    result.assert_outcomes(passed=8, failed=1)
    result.stdout.fnmatch_lines("*AWS Data Pipeline: timeline, 1 call*")


def test_it_works_in_random_order(run_in_a_process: Run) -> None:
    source = """
        def test_one(datapipeline_fake, datapipeline_client):
            datapipeline_fake.enqueue("wg")

        def test_two(datapipeline_fake, datapipeline_client):
            assert "taskObject" not in datapipeline_client.poll_for_task(workerGroup="wg")
    """

    for seed in ("1", "2", "3"):
        result = run_in_a_process(
            source, f"--randomly-seed={seed}", plugins=(OURS, "pytest_randomly")
        )

        result.assert_outcomes(passed=2)


def test_loaded_and_unused_it_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n"
        "def test_modules():\n"
        "    heavy = {'botocore', 'boto3', 'freezegun', 'moto'} & set(sys.modules)\n"
        "    assert heavy == set()\n"
    )
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "pytest_datapipeline", str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert "1 passed" in result.stdout, result.stdout + result.stderr


def test_fixtures_markers_and_options_are_described(
    run: Run,
) -> None:
    run("", "--fixtures").stdout.fnmatch_lines_random(
        [
            "datapipeline_fake*",
            "    AWS Data Pipeline in this process:*",
            "datapipeline_client*",
            "datapipeline_stubber*",
        ]
    )
    run("", "--markers").stdout.fnmatch_lines("@pytest.mark.datapipeline(*start=None, freeze=*")
    run("", "--help").stdout.fnmatch_lines_random(
        ["AWS Data Pipeline:", "  --datapipeline-start=START", "  datapipeline_region*"]
    )


# -- settings --------------------------------------------------------------------------------------


START = """
    import pytest

    def test_start(datapipeline_fake):
        assert datapipeline_fake.clock.now().isoformat() == "{}"
"""


def test_a_setting_can_be_an_ini_option(run: Run) -> None:
    source = START.format("2020-01-01T00:00:00+00:00")

    run(source, ini="datapipeline_start = 2020-01-01T00:00:00").assert_outcomes(passed=1)


def test_the_command_line_goes_before_the_ini_file(run: Run) -> None:
    source = START.format("2021-01-01T00:00:00+00:00")

    result = run(
        source, "--datapipeline-start=2021-01-01", ini="datapipeline_start = 2020-01-01T00:00:00"
    )

    result.assert_outcomes(passed=1)


def test_the_marker_goes_before_both_and_the_closest_one_wins(
    run: Run,
) -> None:
    source = """
        import pytest

        pytestmark = pytest.mark.datapipeline(start="2022-01-01", region="eu-west-1")

        @pytest.mark.datapipeline(start="2023-01-01")
        def test_start(datapipeline_fake):
            assert datapipeline_fake.clock.now().year == 2023
            assert datapipeline_fake.region == "eu-west-1"
    """

    run(source, ini="datapipeline_start = 2020-01-01T00:00:00").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("ini", "message"),
    [
        (
            "datapipeline_patience = soon",
            "*the ini option datapipeline_patience: patience is 'soon'*",
        ),
        (
            "datapipeline_patience = -1",
            "*patience is -1.0; it must be a number of seconds above 0*",
        ),
        ("datapipeline_kept_calls = 2.5", "*kept_calls is '2.5'; it must be a whole number.*"),
        ("datapipeline_freeze = maybe", "*freeze is 'maybe'; it can be true or false.*"),
        (
            "datapipeline_start = tomorrow",
            "*the ini option datapipeline_start: start is 'tomorrow'; it must be a datetime or a *",
        ),
        (
            "datapipeline_running_from = birth",
            "*running_from is 'birth'; it can be 'report' or 'hand-over'.*",
        ),
    ],
)
def test_a_wrong_ini_value_is_a_usage_error(run: Run, ini: str, message: str) -> None:
    result = run(PASSING, ini=ini)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message, "*Help: pytest-datapipeline explain *"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "regoin='eu-west-1'",
            "*@pytest.mark.datapipeline has no setting 'regoin'. Did you mean 'region'?",
        ),
        (
            "allow_real_call=True",
            "*datapipeline has no setting 'allow_real_call'. Did you mean 'allow_real_calls'?",
        ),
        ("xyzzy=1", "*no setting 'xyzzy'. Settings are: *, allow_real_calls, guard, report."),
        (
            "start='tomorrow'",
            "*@pytest.mark.datapipeline: start is 'tomorrow'; it must be a datetime or a text *",
        ),
        ("seed='x'", "*@pytest.mark.datapipeline: seed is 'x'; it must be of type int.*"),
        ("'eu-west-1'", "*@pytest.mark.datapipeline takes settings by name, not 'eu-west-1'.*"),
        ("allow_real_calls=1", "*allow_real_calls is 1; it must be of type bool.*"),
    ],
)
def test_a_wrong_marker_argument_is_told_before_the_test(
    run: Run, arguments: str, message: str
) -> None:
    source = f"""
        import pytest

        @pytest.mark.datapipeline({arguments})
        def test_never_runs(datapipeline_fake):
            pass
    """

    result = run(source)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(message)


def test_a_wrong_start_on_the_command_line_is_a_usage_error(
    run: Run,
) -> None:
    result = run(PASSING, "--datapipeline-start=tomorrow")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("*--datapipeline-start: start is 'tomorrow'; it must be *")


def test_the_help_names_the_choices_of_a_setting(run: Run) -> None:
    text = " ".join(run("", "--help").stdout.str().split())

    assert "what makes an attempt RUNNING: its first report, or the hand-over (report or" in text


def test_the_client_has_the_region_that_any_client_of_the_process_has(
    run: Run,
) -> None:
    source = """
        import boto3
        import pytest

        def region(client):
            return client.meta.region_name

        def test_default(datapipeline_client):
            assert region(datapipeline_client) == region(boto3.client("datapipeline"))
            assert region(datapipeline_client) == "us-east-1"

        @pytest.fixture
        def elsewhere(monkeypatch):
            monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
            boto3.setup_default_session()

        def test_of_the_environment(elsewhere, datapipeline_client):
            assert region(datapipeline_client) == region(boto3.client("datapipeline"))
            assert region(datapipeline_client) == "eu-west-1"

        @pytest.mark.datapipeline(region="ap-south-1")
        def test_of_the_settings(elsewhere, datapipeline_client):
            assert region(datapipeline_client) == "ap-south-1"
    """

    run(source).assert_outcomes(passed=3)
