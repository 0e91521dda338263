"""The plugin as pytest runs it: loading, options, the marker, and what a test's end tells."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from support.inner_pytest import OURS, run_apart, run_here

if TYPE_CHECKING:
    from pathlib import Path

PASSING = """
    import boto3

    def test_empty_queue(datapipeline_fake, datapipeline_client):
        assert "taskObject" not in datapipeline_client.poll_for_task(workerGroup="wg")
"""


Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs pytest in this process on the given test module."""

    def run(source: str, *arguments: str, ini: str = "") -> pytest.RunResult:
        pytester.makepyfile(source)
        pytester.makeini(f"[pytest]\n{ini}")
        return run_here(pytester, *arguments)

    return run


@pytest.fixture
def run_in_a_process(pytester: pytest.Pytester) -> Run:
    """Runs pytest in a process of its own on the given test module, where no other guard is."""

    def run(
        source: str, *arguments: str, ini: str = "", plugins: tuple[str, ...] = (OURS,)
    ) -> pytest.RunResult:
        pytester.makepyfile(source)
        pytester.makeini(f"[pytest]\n{ini}")
        return run_apart(pytester, *arguments, plugins=plugins)

    return run


@pytest.fixture
def run_installed(pytester: pytest.Pytester) -> Run:
    """Runs pytest in a process of its own, with whatever plugins are installed."""

    def run(source: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess("-p", "no:randomly", *arguments)

    return run


# -- loading --------------------------------------------------------------------------------------


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
    result.stdout.fnmatch_lines("*AWS Data Pipeline: 1 calls*")


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
    run("", "--markers").stdout.fnmatch_lines("@pytest.mark.datapipeline(*start=None, region=*")
    run("", "--help").stdout.fnmatch_lines_random(
        ["AWS Data Pipeline:", "  --datapipeline-start=START", "  datapipeline_region*"]
    )


# -- settings -------------------------------------------------------------------------------------

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
    result.stderr.fnmatch_lines(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "regoin='eu-west-1'",
            "*@pytest.mark.datapipeline has no setting 'regoin'. Did you mean 'region'?*",
        ),
        (
            "start='tomorrow'",
            "*@pytest.mark.datapipeline: start is 'tomorrow'; it must be a datetime or a text *",
        ),
        ("seed='x'", "*@pytest.mark.datapipeline: seed is 'x'; it must be of type int.*"),
        ("'eu-west-1'", "*@pytest.mark.datapipeline takes settings by name, not 'eu-west-1'.*"),
        ("allow_real_calls=1", "*allow_real_calls is 1; it can be True or False.*"),
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

    assert (
        "what makes an attempt RUNNING: report or hand-over (report or hand-over; default" in text
    )


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


# -- the guard ------------------------------------------------------------------------------------

CALL = """
    import boto3
    import pytest

    def call():
        client = boto3.client("datapipeline", "us-east-1", aws_access_key_id="a",
                              aws_secret_access_key="b")
        client.list_pipelines()
"""


def test_a_call_without_a_fake_is_refused_and_told_how_to_request_one(
    run: Run,
) -> None:
    result = run(CALL + "\n    def test_call():\n        call()\n")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        "E*UnexpectedCall: ListPipelines was called on AWS Data Pipeline, but no fake is active, "
        "and the call was kept from the network. Request the fixture datapipeline_fake *"
    )


def test_a_refused_call_fails_the_test_even_if_it_was_swallowed(
    run: Run,
) -> None:
    result = run(
        CALL
        + """
    def test_call():
        try:
            call()
        except Exception:
            pass

    def test_next():
        pass
"""
    )

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines("ListPipelines was called on AWS Data Pipeline, but no fake *")


def test_a_call_is_refused_where_botocore_is_imported_only_by_the_call(
    run_in_a_process: Run,
) -> None:
    source = """
        def test_call():
            import sys
            assert "botocore.endpoint" not in sys.modules
            import boto3
            client = boto3.client("datapipeline", "us-east-1", aws_access_key_id="a",
                                  aws_secret_access_key="b")
            client.list_pipelines()
    """

    result = run_in_a_process(source)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E*UnexpectedCall: ListPipelines*")


def test_a_loop_that_swallows_refusals_is_ended_and_told_once(
    run: Run,
) -> None:
    result = run(
        CALL
        + """
    def test_call():
        while True:
            try:
                call()
            except Exception:
                pass

    def test_next():
        call()
"""
    )

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        "E*Stuck: 100 calls were refused, and still they come. ListPipelines was called on AWS "
        "Data Pipeline, but no fake is active, *"
    )
    # Each test is counted anew.
    result.stdout.fnmatch_lines("E*UnexpectedCall: ListPipelines was called on *")


def test_a_loop_that_swallows_everything_is_ended_without_a_fake_too(
    run: Run,
) -> None:
    result = run(
        CALL
        + """
    def test_call():
        while True:
            try:
                call()
            except:
                pass
"""
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E*Stuck: 100 calls were refused, and still they come. *")


def test_a_thread_that_swallows_refusals_is_ended(run: Run) -> None:
    result = run(
        CALL
        + """
    import threading

    def loop():
        while True:
            try:
                call()
            except Exception:
                pass

    def test_call():
        thread = threading.Thread(target=loop)
        thread.start()
        thread.join(30)
        assert not thread.is_alive()
"""
    )

    result.assert_outcomes(failed=1)
    told = [line for line in result.outlines if line.startswith("ListPipelines was called on")]
    assert len(told) == 1


def test_a_pool_whose_every_call_is_refused_is_no_loop(
    run: Run,
) -> None:
    result = run(
        CALL
        + """
    from concurrent.futures import ThreadPoolExecutor

    def test_call():
        client = boto3.client("datapipeline", "us-east-1", aws_access_key_id="a",
                              aws_secret_access_key="b")
        with ThreadPoolExecutor(1) as pool:
            futures = [pool.submit(client.list_pipelines) for _ in range(400)]
            futures += [pool.submit(lambda: client.list_pipelines()) for _ in range(400)]
        kinds = {type(future.exception()).__name__ for future in futures}
        assert kinds == {"UnexpectedCall", "SystemExit"}
"""
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("ListPipelines was called on AWS Data Pipeline, but no fake *")


def test_a_refusal_says_that_moto_does_not_lift_it(run: Run) -> None:
    result = run(CALL + "\n    def test_call():\n        call()\n")

    result.stdout.fnmatch_lines(
        "E*UnexpectedCall: ListPipelines was called on AWS Data Pipeline, but no fake is active, "
        "and the call was kept from the network. Request the fixture datapipeline_fake (or "
        "datapipeline_stubber) in the test; moto's mock_aws alone does not answer it. Or allow "
        "such calls with @pytest.mark.datapipeline(allow_real_calls=True) or the ini option "
        "datapipeline_allow_real_calls."
    )


def test_a_call_that_was_under_way_when_the_test_ended_does_not_reach_the_network(
    run_in_a_process: Run,
) -> None:
    source = """
        import threading
        import boto3
        import pytest

        under_way, test_ended = threading.Event(), threading.Event()

        def polls(client):
            client.poll_for_task(workerGroup="wg")

        @pytest.fixture
        def ends_the_thread_after_the_fake():
            yield
            test_ended.set()
            thread.join(10)

        def test_one(ends_the_thread_after_the_fake, datapipeline_fake, datapipeline_client):
            global thread
            datapipeline_client.report_task_runner_heartbeat(taskrunnerId="tr")

            def pause(**_):
                under_way.set()
                test_ended.wait(10)

            datapipeline_client.meta.events.register("request-created.*.PollForTask", pause)
            thread = threading.Thread(target=polls, args=(datapipeline_client,))
            thread.start()
            under_way.wait(10)
    """

    result = run_in_a_process(source)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines("PollForTask was called on AWS Data Pipeline, but no fake is *")


CLEANS_UP = (
    CALL
    + """
    @pytest.fixture
    def cleans_up():
        yield
        try:
            call()
        except Exception:
            pass
"""
)


def test_a_call_of_a_fixture_that_cleans_up_is_refused(
    run: Run,
) -> None:
    result = run(
        CLEANS_UP
        + """
    def test_call(cleans_up):
        pass
"""
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines("ListPipelines was called on AWS Data Pipeline, but no fake *")


ALLOWED = (
    CALL
    + """
    @pytest.fixture(autouse=True)
    def no_network(monkeypatch):
        def send(self, request):
            raise ConnectionError("on its way to " + request.url)
        monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", send)

    {}
    def test_call():
        with pytest.raises(ConnectionError, match="on its way to https://datapipeline.us-east-1"):
            call()
"""
)


def test_a_marker_argument_allows_real_calls(run_in_a_process: Run) -> None:
    marker = "@pytest.mark.datapipeline(allow_real_calls=True)"

    run_in_a_process(ALLOWED.format(marker)).assert_outcomes(passed=1)


def test_an_ini_option_allows_real_calls(run_in_a_process: Run) -> None:
    result = run_in_a_process(ALLOWED.format(""), ini="datapipeline_allow_real_calls = true")

    result.assert_outcomes(passed=1)


def test_a_command_line_option_allows_real_calls(run_in_a_process: Run) -> None:
    run_in_a_process(ALLOWED.format(""), "--datapipeline-allow-real-calls").assert_outcomes(
        passed=1
    )


def test_the_marker_can_forbid_what_the_ini_file_allows(
    run: Run,
) -> None:
    source = CALL + (
        "\n    @pytest.mark.datapipeline(allow_real_calls=False)\n    def test_call():\n"
        "        with pytest.raises(AssertionError):\n            call()\n"
    )

    result = run(source, ini="datapipeline_allow_real_calls = true")

    result.assert_outcomes(failed=1)


# -- the end of a test ----------------------------------------------------------------------------


def test_a_planned_fault_that_was_not_met_fails_the_test_once(
    run: Run,
) -> None:
    source = """
        def test_faults(datapipeline_fake, datapipeline_client):
            datapipeline_fake.fail("poll_for_task", "throttling")
            datapipeline_fake.fail("set_task_status", "answer_lost", times=2)
            datapipeline_client.report_task_runner_heartbeat(taskrunnerId="tr")
    """

    result = run(source)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "A planned fault was not met: fail(poll_for_task(), 'throttling'): met 0 of 1 times. "
            "No call came that it is for; calls were made to report_task_runner_heartbeat. Plan "
            "it with optional=True if it need not come.",
            "A planned fault was not met: fail(set_task_status(), 'answer_lost'): met 0 of 2 *",
        ],
        consecutive=True,
    )


def test_what_the_plugin_tells_of_a_test_has_no_traceback_and_no_word_of_one(
    run: Run,
) -> None:
    source = """
        import pytest

        def test_faults(datapipeline_fake):
            datapipeline_fake.fail("poll_for_task", "throttling")

        @pytest.mark.datapipeline(strat="2020-01-01")
        def test_marker(datapipeline_fake):
            pass
    """

    result = run(source)

    result.assert_outcomes(failed=1, errors=1)
    result.stdout.no_fnmatch_line("*raceback entries*")
    result.stdout.no_fnmatch_line("*--full-trace*")


def test_a_test_that_failed_by_itself_is_not_told_of_calls_in_its_teardown(
    run: Run,
) -> None:
    result = run(
        CLEANS_UP
        + """
    def test_call(cleans_up):
        assert False
"""
    )

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*ListPipelines was called on*")


def test_a_test_that_failed_by_itself_is_not_told_of_faults(
    run: Run,
) -> None:
    source = """
        def test_faults(datapipeline_fake):
            datapipeline_fake.fail("poll_for_task", "throttling")
            assert False, "the real reason"
    """

    result = run(source)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("*the real reason*")
    result.stdout.no_fnmatch_line("*A planned fault*")


def test_a_skipped_and_an_expected_failure_stay_what_they_are(
    run: Run,
) -> None:
    source = """
        import pytest

        def test_skips(datapipeline_fake):
            datapipeline_fake.fail("poll_for_task", "throttling")
            pytest.skip("not today")

        @pytest.mark.xfail
        def test_fails(datapipeline_fake):
            datapipeline_fake.fail("poll_for_task", "throttling")
    """

    run(source).assert_outcomes(skipped=1, xfailed=1)


def test_a_failed_test_s_report_shows_its_calls(run: Run) -> None:
    source = """
        import pytest

        @pytest.mark.datapipeline(start="2020-01-01")
        def test_fails(datapipeline_fake, datapipeline_client):
            datapipeline_client.poll_for_task(workerGroup="wg")
            datapipeline_client.poll_for_task(workerGroup="wg")
            assert False
    """

    result = run(source)

    result.stdout.fnmatch_lines(
        [
            "*AWS Data Pipeline: 2 calls*",
            "*00:00:00*poll_for_task(workerGroup='wg')*",
            "*00:01:30*poll_for_task(workerGroup='wg')*",
        ]
    )


def test_a_failed_comparison_of_calls_is_explained(run: Run) -> None:
    source = """
        import pytest
        from pytest_datapipeline import poll_for_task, set_task_status

        def test_calls(datapipeline_fake, datapipeline_client):
            datapipeline_fake.enqueue("wg")
            task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
            datapipeline_client.set_task_status(taskId=task["taskId"], taskStatus="FAILED")
            assert datapipeline_fake.calls == [
                poll_for_task(workerGroup="wg"), set_task_status(taskStatus="FINISHED"),
            ]
    """

    result = run(source)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E*taskStatus: expected 'FINISHED', got 'FAILED'*")


def test_what_pytest_cuts_from_an_explanation_is_not_the_difference(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest cuts nothing where it takes the machine for a build server.
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    source = """
        from pytest_datapipeline import poll_for_task, set_task_status

        def test_list(datapipeline_fake, datapipeline_client):
            datapipeline_fake.enqueue("wg", *[{}] * 12)
            for _ in range(12):
                task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
            datapipeline_client.set_task_status(taskId=task["taskId"], taskStatus="FAILED")

            assert datapipeline_fake.calls == [
                *[poll_for_task()] * 12, set_task_status(taskStatus="FINISHED")
            ]

        def test_call(datapipeline_fake, datapipeline_client):
            datapipeline_client.poll_for_task(workerGroup="wg")

            assert datapipeline_fake.calls[0] == poll_for_task(workerGroup="other")
    """

    result = run(source)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*the calls are not those expected: 13 made, 13 expected",
            "E*  12 calls as expected",
            "E*! ??:??:?? set_task_status(taskId=*, taskStatus='FAILED') -> {}",
            "E*    parameters.taskStatus: expected 'FINISHED', got 'FAILED'",
            "E*the call is not poll_for_task(workerGroup='other'), but",
            "E*  ??:??:?? poll_for_task(workerGroup='wg') -> {}",
            "E*    parameters.workerGroup: expected 'other', got 'wg'",
        ]
    )


def test_the_same_fake_works_in_a_unittest_suite(run: Run) -> None:
    source = """
        import unittest
        import boto3
        from pytest_datapipeline import DataPipelineFake

        class RunnerTest(unittest.TestCase):
            def setUp(self):
                self.fake = DataPipelineFake(start="2020-01-01")
                self.fake.__enter__()
                self.addCleanup(self.fake.__exit__, None, None, None)

            def test_poll(self):
                task = self.fake.enqueue("wg")
                taken = boto3.client("datapipeline").poll_for_task(workerGroup="wg")
                self.assertEqual(taken["taskObject"]["taskId"], task.task_id)
    """

    run(source).assert_outcomes(passed=1)


def test_without_pytest_the_fake_is_a_context_manager(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pytest_datapipeline import DataPipelineFake\n"
        "import boto3\n"
        "with DataPipelineFake() as fake:\n"
        "    task = fake.enqueue('wg')\n"
        "    boto3.client('datapipeline').poll_for_task(workerGroup='wg')\n"
        "    print(task.task_id is not None, 'pytest' in sys.modules)\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert result.stdout == "True False\n"


def test_a_loop_that_is_stuck_in_a_fixture_s_end_fails_its_own_test_alone(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pytest
        from pytest_datapipeline import DataPipelineFake

        @pytest.fixture
        def cleaned(datapipeline_fake, datapipeline_client):
            yield
            while True:
                datapipeline_client.poll_for_task(workerGroup="wg")

        seen = []

        def test_that_cleans_up_for_ever(datapipeline_fake, cleaned):
            seen.append(datapipeline_fake)

        def test_with_a_fake_of_its_own(datapipeline_fake):
            assert datapipeline_fake not in seen
            assert not datapipeline_fake.calls

        def test_without_a_fixture():
            with DataPipelineFake():
                pass
        """
    )

    result = run_apart(pytester)

    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["E*Stuck: Nothing but empty polls for 1 day, 0:00:00 *"])


def test_a_predicate_that_fails_in_a_planned_fault_fails_the_test(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        from pytest_datapipeline import poll_for_task

        def test_it(datapipeline_fake, datapipeline_client):
            datapipeline_fake.fail(
                poll_for_task(workerGroup=lambda group: group.strtswith("w")), 503, optional=True
            )
            try:
                datapipeline_client.poll_for_task(workerGroup="wg")
            except Exception:
                pass
        """
    )

    result = run_here(pytester)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["The predicate <lambda> fails with AttributeError: *"])
