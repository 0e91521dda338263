"""Fakes of wider scopes than a test, and how they end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Run = Callable[..., pytest.RunResult]


BEFORE = """
    import boto3
    import pytest
    from pytest_datapipeline import DataPipelineFake

    def create(name):
        boto3.client("datapipeline").create_pipeline(name=name, uniqueId=name)

    def names():
        answer = boto3.client("datapipeline").list_pipelines()
        return [held["name"] for held in answer["pipelineIdList"]]
"""


@pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
def test_the_tests_of_a_scope_share_its_fake(run: Run, scope: str) -> None:
    source = (
        BEFORE
        + f"""
    class TestTogether:
        def test_one(self, {scope}_datapipeline_fake):
            create("shared")

        def test_two(self, {scope}_datapipeline_fake):
            assert names() == ["shared"]
"""
    )

    run(source).assert_outcomes(passed=2)


def test_another_class_has_another_fake(run: Run) -> None:
    source = (
        BEFORE
        + """
    class TestOne:
        def test_one(self, class_datapipeline_fake):
            create("of one")

    class TestTwo:
        def test_two(self, class_datapipeline_fake):
            assert names() == []
"""
    )

    run(source).assert_outcomes(passed=2)


def test_a_test_s_own_fake_is_inside_of_that_of_its_module(run: Run) -> None:
    source = (
        BEFORE
        + """
    @pytest.fixture(scope="module", autouse=True)
    def fake_of_module():
        with DataPipelineFake() as fake:
            create("of the module")
            yield fake

    def test_own(datapipeline_fake):
        create("of the test")
        assert names() == ["of the test"]

    def test_of_module():
        assert names() == ["of the module"]
"""
    )

    run(source).assert_outcomes(passed=2)


def test_the_client_talks_to_the_fake_of_the_wider_scope_that_a_test_requests(run: Run) -> None:
    source = (
        BEFORE
        + """
    def test_client(module_datapipeline_fake, datapipeline_client):
        datapipeline_client.create_pipeline(name="n", uniqueId="u")
        assert [held.name for held in module_datapipeline_fake.pipelines] == ["n"]
"""
    )

    run(source).assert_outcomes(passed=1)


def test_its_settings_are_those_of_its_scope_s_marker(run: Run) -> None:
    source = (
        BEFORE
        + """
    pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")

    @pytest.mark.datapipeline(start="2030-01-01T00:00:00")
    class TestSettings:
        def test_of_class(self, class_datapipeline_fake, module_datapipeline_fake):
            assert class_datapipeline_fake.clock.now().year == 2030
            assert module_datapipeline_fake.clock.now().year == 2020
"""
    )

    run(source).assert_outcomes(passed=1)


def test_its_settings_are_those_of_the_ini_file(run: Run) -> None:
    source = """
        def test_of_session(session_datapipeline_fake):
            assert session_datapipeline_fake.clock.now().year == 2020
    """

    run(source, ini="datapipeline_start = 2020-01-01T00:00:00").assert_outcomes(passed=1)


def test_what_was_planned_and_not_met_is_an_error_at_the_scope_s_end(run: Run) -> None:
    source = """
        def test_plans(module_datapipeline_fake):
            module_datapipeline_fake.fail("poll_for_task", "throttling")

        def test_does_not_meet(module_datapipeline_fake):
            pass
    """

    result = run(source)

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_does_not_meet*", "A planned fault was not met: *"]
    )


def test_a_fault_that_another_test_has_planned_is_told_with_its_line(run: Run) -> None:
    source = """
        import boto3

        def test_plans(module_datapipeline_fake):
            module_datapipeline_fake.fail("list_pipelines", "throttling")

        def test_meets_it(module_datapipeline_fake):
            boto3.client("datapipeline").list_pipelines()
    """

    result = run(source)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*ThrottlingException (a fault planned at *.py:4)*"])


def test_a_failed_test_shows_its_own_calls_alone(run: Run) -> None:
    source = (
        BEFORE
        + """
    def test_one(module_datapipeline_fake):
        create("of test one")

    def test_two(module_datapipeline_fake):
        create("of test two")
        assert False
"""
    )

    result = run(source)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines("*AWS Data Pipeline: timeline, 1 call*")
    result.stdout.fnmatch_lines("*create_pipeline(name='of test two'*")
    result.stdout.no_fnmatch_line("*create_pipeline(name='of test one'*")


# -- reset -----------------------------------------------------------------------------------------


def test_a_reset_empties_the_world_and_keeps_time_and_settings(run: Run) -> None:
    source = (
        BEFORE
        + """
    @pytest.fixture(autouse=True)
    def afresh(module_datapipeline_fake):
        module_datapipeline_fake.reset()

    pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00", maximum_pipelines=2)

    def test_one(module_datapipeline_fake):
        module_datapipeline_fake.clock.advance(60)
        module_datapipeline_fake.fail("poll_for_task", "throttling")
        module_datapipeline_fake.enqueue("wg")
        create("of one")

    def test_two(module_datapipeline_fake, datapipeline_client):
        assert names() == []
        assert module_datapipeline_fake.tasks == []
        assert len(module_datapipeline_fake.calls) == 1
        assert datapipeline_client.poll_for_task(workerGroup="wg").get("taskObject") is None
        assert module_datapipeline_fake.clock.now().isoformat() == "2020-01-01T00:02:30+00:00"
        create("of two")
        create("another")
        with pytest.raises(Exception, match="Web service limit exceeded"):
            create("one more")
"""
    )

    run(source).assert_outcomes(passed=2)


def test_a_reset_keeps_the_test_s_clocks_frozen(run: Run) -> None:
    source = """
        import datetime
        import pytest

        @pytest.mark.datapipeline(start="2020-01-01T00:00:00", freeze=True, virtual_sleep=True)
        def test_frozen(datapipeline_fake):
            datapipeline_fake.clock.advance(60)
            datapipeline_fake.reset()
            import time
            time.sleep(60)
            assert datetime.datetime.now() == datetime.datetime(2020, 1, 1, 0, 2)

        def test_real():
            assert datetime.datetime.now().year > 2023
    """

    run(source).assert_outcomes(passed=2)


def test_a_thread_that_waits_is_ended_by_a_reset(run: Run) -> None:
    source = """
        import threading

        def test_thread(datapipeline_fake, datapipeline_client):
            thread = threading.Thread(
                target=datapipeline_client.poll_for_task, kwargs={"workerGroup": "wg"}
            )
            thread.start()
            datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)
            datapipeline_fake.reset()
            thread.join(10)
            assert not thread.is_alive()
            assert datapipeline_fake.waiting == []
    """

    run(source).assert_outcomes(passed=1)


def test_an_endpoint_goes_on_with_the_new_world(run: Run) -> None:
    source = """
        import boto3

        def test_endpoint(datapipeline_endpoint, datapipeline_fake):
            import urllib.request, json
            def names():
                request = urllib.request.Request(
                    datapipeline_endpoint.url, b"{}", {"X-Amz-Target": "DataPipeline.ListPipelines",
                    "Content-Type": "application/x-amz-json-1.1"})
                return json.load(urllib.request.urlopen(request))["pipelineIdList"]
            boto3.client("datapipeline").create_pipeline(name="n", uniqueId="u")
            assert len(names()) == 1
            datapipeline_fake.reset()
            assert names() == []
    """

    run(source).assert_outcomes(passed=1)


def test_each_test_may_start_from_the_same_snapshot(run: Run) -> None:
    source = (
        BEFORE
        + """
    @pytest.fixture(scope="module")
    def deployed(module_datapipeline_fake):
        create("deployed")
        return module_datapipeline_fake.snapshot()

    @pytest.fixture(autouse=True)
    def as_deployed(module_datapipeline_fake, deployed):
        module_datapipeline_fake.restore(deployed)

    @pytest.mark.parametrize("name", ["one", "two"])
    def test_each(module_datapipeline_fake, name):
        assert names() == ["deployed"]
        create(name)
        module_datapipeline_fake.clock.advance(3600)
"""
    )

    run(source).assert_outcomes(passed=2)


@pytest.mark.parametrize("how", ["reset()", "restore(SNAPSHOT)"])
def test_the_report_of_a_test_begins_with_a_reset_or_a_restore(run: Run, how: str) -> None:
    source = (
        BEFORE
        + f"""
    @pytest.fixture(scope="module", autouse=True)
    def snapshot(module_datapipeline_fake):
        global SNAPSHOT
        create("at first")
        SNAPSHOT = module_datapipeline_fake.snapshot()

    @pytest.fixture(autouse=True)
    def afresh(module_datapipeline_fake):
        module_datapipeline_fake.{how}

    def test_one():
        for number in range(9):
            create(f"of one {{number}}")

    def test_two():
        for number in range(12):
            create(f"of two {{number}}")
        assert False
"""
    )

    result = run(source)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines("*AWS Data Pipeline: timeline, 12 calls*")
    result.stdout.no_fnmatch_line("*at first*")


@pytest.mark.parametrize("how", ["reset()", "restore(SNAPSHOT)"])
def test_each_test_is_told_what_its_runner_did_after_a_reset_or_a_restore(
    run: Run, how: str
) -> None:
    source = f"""
        import boto3
        import pytest

        pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00", contract="warn")

        @pytest.fixture(scope="module", autouse=True)
        def snapshot(module_datapipeline_fake):
            global SNAPSHOT
            SNAPSHOT = module_datapipeline_fake.snapshot()

        @pytest.fixture(autouse=True)
        def afresh(module_datapipeline_fake):
            module_datapipeline_fake.{how}

        @pytest.mark.parametrize("name", ["one", "two"])
        def test_each(module_datapipeline_fake, name):
            client = boto3.client("datapipeline")
            module_datapipeline_fake.enqueue("wg")
            for _ in range(2):
                task_id = client.poll_for_task(workerGroup="wg")["taskObject"]["taskId"]
                module_datapipeline_fake.clock.advance(120)
    """

    result = run(source, "-Wdefault")

    result.assert_outcomes(passed=2, warnings=2)


def test_a_fake_that_does_not_answer_is_not_reset(run: Run) -> None:
    source = """
        import pytest
        from pytest_datapipeline import DataPipelineFake, FakeUsageError

        def test_behind(datapipeline_fake):
            with DataPipelineFake():
                with pytest.raises(FakeUsageError, match="is behind another DataPipelineFake"):
                    datapipeline_fake.reset()
            with pytest.raises(FakeUsageError, match="is not active"):
                DataPipelineFake().reset()
    """

    run(source).assert_outcomes(passed=1)


MARKED = """
    import pytest

    {mark_of_module}

    class TestIt:
        @pytest.mark.datapipeline({settings})
        def test_it({fixtures}):
            pass
"""


@pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
def test_a_marker_that_comes_too_late_for_its_fake_is_an_error(run: Run, scope: str) -> None:
    result = run(
        MARKED.format(
            mark_of_module="",
            settings="start='2020-01-01', guard='strict'",
            fixtures=f"self, {scope}_datapipeline_fake",
        )
    )

    remedy = "Set datapipeline_start in the ini file" if scope == "session" else f"Mark the {scope}"
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*.datapipeline(start='2020-01-01') comes too late: the test's fake is that of "
            f"{scope}_datapipeline_fake, which was made for its {scope}. {remedy}, or *"
        ]
    )


@pytest.mark.parametrize(
    ("settings", "fixtures"),
    [
        ("contract='fail'", "module_datapipeline_fake, datapipeline_fake"),
        ("guard='strict', report=True", "module_datapipeline_fake"),
        ("region='eu-west-1'", "module_datapipeline_fake, datapipeline_client"),
    ],
)
def test_a_marker_that_is_the_test_s_own_is_right_beside_a_wider_fake(
    run: Run, settings: str, fixtures: str
) -> None:
    source = MARKED.format(mark_of_module="", settings=settings, fixtures=f"self, {fixtures}")

    run(source).assert_outcomes(passed=1)


def test_a_marker_of_the_module_is_in_time_for_its_fake(run: Run) -> None:
    mark = "pytestmark = pytest.mark.datapipeline(start='2020-01-01T00:00:00')"

    result = run(
        MARKED.format(
            mark_of_module=mark, settings="", fixtures="self, module_datapipeline_fake"
        ).replace("pass", "assert module_datapipeline_fake.clock.now().year == 2020")
    )

    result.assert_outcomes(passed=1)


def test_a_marker_of_a_function_is_in_time_for_the_fake_of_a_class_that_it_is_not_in(
    run: Run,
) -> None:
    source = """
        import pytest

        @pytest.mark.datapipeline(start="2020-01-01T00:00:00")
        def test_it(class_datapipeline_fake):
            assert class_datapipeline_fake.clock.now().year == 2020
    """

    run(source).assert_outcomes(passed=1)
