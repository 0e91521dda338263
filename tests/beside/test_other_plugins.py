"""Other plugins of pytest and ours in one suite: neither disturbs the other.

Each test is skipped where its plugin is not installed.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.inner_pytest import OURS, run_apart

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs pytest in a process of its own with our plugin and one other."""

    def run(plugin: str, source: str, *arguments: str, ini: str = "") -> pytest.RunResult:
        pytest.importorskip(plugin.partition(".")[0])
        pytester.makepyfile(source)
        pytester.makeini(f"[pytest]\n{ini}")
        return run_apart(pytester, *arguments, plugins=tuple(dict.fromkeys((OURS, plugin))))

    return run


WORKS = """
    import boto3
    import pytest

    def client():
        return boto3.client("datapipeline", "us-east-1", aws_access_key_id="a",
                            aws_secret_access_key="b")

    def work_on_one_task(client):
        task = client.poll_for_task(workerGroup="wg")["taskObject"]
        client.report_task_progress(taskId=task["taskId"])
        client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")

    def test_works(datapipeline_fake, datapipeline_client):
        task = datapipeline_fake.enqueue("wg")
        work_on_one_task(datapipeline_client)
        assert task.status == "FINISHED"
"""


# -- pytest-socket ---------------------------------------------------------------------------------


def test_where_sockets_are_disabled_the_fake_answers(run: Run) -> None:
    run("pytest_socket", WORKS, "--disable-socket").assert_outcomes(passed=1)


def test_where_hosts_are_allowed_the_endpoint_answers(run: Run) -> None:
    source = """
        import subprocess, sys

        def test_endpoint(datapipeline_endpoint, datapipeline_fake):
            subprocess.run([sys.executable, "-c", "import boto3\\n"
                            "boto3.client('datapipeline').list_pipelines()"], check=True)
            assert len(datapipeline_fake.calls) == 1
    """

    result = run("pytest_socket", source, "--allow-hosts=127.0.0.1,::1")

    result.assert_outcomes(passed=1)


# -- pytest-recording ------------------------------------------------------------------------------

CASSETTE = """\
interactions:
- request:
    body: '{}'
    headers: {}
    method: POST
    uri: https://datapipeline.us-east-1.amazonaws.com/
  response:
    body: {string: '{"pipelineIdList": [{"id": "df-1", "name": "recorded"}]}'}
    headers: {Content-Type: [application/x-amz-json-1.1]}
    status: {code: 200, message: OK}
version: 1
"""


def test_a_cassette_answers_where_no_fake_is(run: Run, pytester: pytest.Pytester) -> None:
    cassettes = pytester.path / "cassettes" / "test_a_cassette_answers_where_no_fake_is"
    cassettes.mkdir(parents=True)
    (cassettes / "test_recorded.yaml").write_text(CASSETTE)
    source = (
        WORKS
        + """
    @pytest.mark.vcr
    def test_recorded():
        answer = client().list_pipelines()
        assert [held["name"] for held in answer["pipelineIdList"]] == ["recorded"]
"""
    )

    run("pytest_recording.plugin", source).assert_outcomes(passed=2)


def test_a_call_that_no_cassette_has_does_not_reach_aws(run: Run) -> None:
    source = (
        WORKS
        + """
    @pytest.mark.vcr
    def test_records():
        client().list_pipelines()
"""
    )

    result = run("pytest_recording.plugin", source, "--record-mode=once")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines("E*UnexpectedCall: ListPipelines was called on AWS Data Pipeline*")


# -- pytest-timeout --------------------------------------------------------------------------------


def test_a_virtual_wait_is_no_time_out(run: Run) -> None:
    source = """
        def test_waits(datapipeline_fake, datapipeline_client):
            for _ in range(20):
                datapipeline_client.poll_for_task(workerGroup="wg")
    """

    run("pytest_timeout", source, "--timeout=20").assert_outcomes(passed=1)


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_a_real_wait_runs_into_the_time_out_and_the_next_test_works(run: Run, method: str) -> None:
    source = (
        WORKS
        + """
    import threading

    @pytest.mark.timeout(0.3, func_only=True)
    def test_hangs(datapipeline_fake):
        datapipeline_fake.enqueue("wg")
        threading.Event().wait(60)
"""
    )

    result = run("pytest_timeout", source, f"--timeout-method={method}")

    if method == "signal":
        result.assert_outcomes(passed=1, failed=1)
    else:
        assert result.ret == 1  # that method ends the whole process
    result.stdout.fnmatch_lines("*Timeout*")


# -- pytest-rerunfailures --------------------------------------------------------------------------


def test_a_test_that_is_run_again_has_a_new_fake(run: Run) -> None:
    source = (
        WORKS
        + """
    runs = []

    def test_flaky(datapipeline_fake, datapipeline_client):
        assert datapipeline_fake.tasks == []
        datapipeline_fake.enqueue("wg")
        runs.append(datapipeline_fake)
        work_on_one_task(datapipeline_client)
        assert len(runs) == 3
"""
    )

    result = run("pytest_rerunfailures", source, "--reruns=2")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines("*2 rerun*")


def test_what_a_test_planned_and_did_not_meet_is_run_again(run: Run) -> None:
    source = """
        runs = []

        def test_flaky(datapipeline_fake, datapipeline_client):
            runs.append(1)
            datapipeline_fake.fail("list_pipelines", "throttling", per="request")
            if len(runs) == 2:
                datapipeline_client.list_pipelines()
    """

    result = run("pytest_rerunfailures", source, "--reruns=1")

    result.assert_outcomes(passed=1)


STAYS = """
    import gc
    import weakref

    # pytest keeps what failed last for a debugger: this is something else.
    def test_fails_without_a_fake():
        assert not fakes

    def test_nothing_stays():
        gc.collect()
        assert len(fakes) >= 1
        assert [held for held in fakes if held() is not None] == []
"""


def test_nothing_stays_of_a_test_that_is_run_again(run: Run) -> None:
    source = """
    import weakref
    fakes = []

    def test_flaky(datapipeline_fake):
        fakes.append(weakref.ref(datapipeline_fake))
        assert len(fakes) == 3
"""

    run("pytest_rerunfailures", source + STAYS, "--reruns=2").assert_outcomes(passed=2, failed=1)


def test_nothing_stays_of_a_test_that_ran_into_its_time_out(run: Run) -> None:
    source = """
    import threading
    import weakref
    import pytest
    fakes = []

    @pytest.mark.timeout(0.3, func_only=True)
    def test_hangs(datapipeline_fake, datapipeline_client):
        fakes.append(weakref.ref(datapipeline_fake))
        datapipeline_client.poll_for_task(workerGroup="wg")
        threading.Event().wait(60)
"""

    result = run("pytest_timeout", source + STAYS, "--timeout-method=signal")

    result.assert_outcomes(passed=1, failed=2)


# -- pytest-repeat ---------------------------------------------------------------------------------


def test_each_repetition_has_a_new_fake(run: Run) -> None:
    run("pytest_repeat", WORKS, "--count=3").assert_outcomes(passed=3)


# -- pytest-asyncio --------------------------------------------------------------------------------

COROUTINE = """
    import asyncio
    import boto3
    import pytest
    from datetime import timedelta

    @pytest.mark.asyncio
    async def test_waits(datapipeline_fake, datapipeline_client):
        before = datapipeline_fake.clock.now()
        poll = asyncio.create_task(
            asyncio.to_thread(datapipeline_client.poll_for_task, workerGroup="wg")
        )
        await datapipeline_fake.until(lambda: poll.done())
        assert datapipeline_fake.clock.now() - before == timedelta(seconds=90)
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_coroutines_wait_in_virtual_time(run: Run, mode: str) -> None:
    result = run(
        "pytest_asyncio.plugin",
        COROUTINE,
        f"--asyncio-mode={mode}",
        ini="asyncio_default_fixture_loop_scope = function",
    )

    result.assert_outcomes(passed=1)


# -- pytest-bdd ------------------------------------------------------------------------------------


def test_the_steps_of_a_scenario_share_the_fake(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makefile(
        ".feature",
        runner="Feature: a runner\n  Scenario: one task\n    Given a task\n"
        "    When a runner works\n    Then the task is finished\n",
    )
    source = (
        WORKS
        + """
    from pytest_bdd import given, scenarios, then, when
    scenarios("runner.feature")

    @given("a task", target_fixture="task")
    def a_task(datapipeline_fake):
        return datapipeline_fake.enqueue("wg")

    @when("a runner works")
    def a_runner_works(datapipeline_client):
        work_on_one_task(datapipeline_client)

    @then("the task is finished")
    def is_finished(task):
        assert task.status == "FINISHED"
"""
    )

    run("pytest_bdd.plugin", source).assert_outcomes(passed=2)


# -- subtests --------------------------------------------------------------------------------------

SUBTESTS = (
    WORKS
    + """
    def test_subtests(subtests, datapipeline_fake, datapipeline_client):
        for number in range(3):
            with subtests.test(number=number):
                datapipeline_fake.enqueue("wg")
                work_on_one_task(datapipeline_client)
                assert number != 1
        assert [task.status for task in datapipeline_fake.tasks] == ["FINISHED"] * 3
"""
)


def test_subtests_share_the_fake(run: Run) -> None:
    # From version 9 on pytest has them itself.
    plugin = OURS if hasattr(pytest, "Subtests") else "pytest_subtests"

    result = run(plugin, SUBTESTS)

    outcomes = result.parseoutcomes()
    assert "errors" not in outcomes
    assert outcomes["failed"] <= 2  # the subtest, and in later versions the test that has it
    result.stdout.fnmatch_lines("*number=1*")
    result.stdout.no_fnmatch_line("*FINISHED*!=*")


# -- pytest-run-parallel ---------------------------------------------------------------------------


def test_the_threads_of_a_test_share_its_fake(run: Run) -> None:
    source = """
        def test_polls(datapipeline_fake, datapipeline_client):
            datapipeline_fake.enqueue("wg")
            task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
            datapipeline_client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
    """

    run("pytest_run_parallel.plugin", source, "--parallel-threads=4").assert_outcomes(passed=1)


# -- pytest-mock -----------------------------------------------------------------------------------


def test_patched_clocks_do_not_stop_the_fake(run: Run) -> None:
    source = (
        WORKS
        + """
    def test_patched(mocker, datapipeline_fake, datapipeline_client):
        mocker.patch("time.sleep")
        mocker.patch("time.time", return_value=0.0)
        mocker.patch("time.monotonic", return_value=0.0)
        datapipeline_fake.enqueue("wg")
        work_on_one_task(datapipeline_client)
        datapipeline_client.poll_for_task(workerGroup="wg")
        assert datapipeline_fake.tasks[0].status == "FINISHED"

    def test_patched_before(mocker, request):
        mocker.patch("time.time", return_value=0.0)
        fake = request.getfixturevalue("datapipeline_fake")
        assert fake.clock.now().year == 1970

    def test_patched_client(mocker, datapipeline_fake):
        mocker.patch("botocore.client.BaseClient._make_api_call", return_value={"mocked": True})
        assert client().list_pipelines() == {"mocked": True}
"""
    )

    run("pytest_mock", source).assert_outcomes(passed=4)
