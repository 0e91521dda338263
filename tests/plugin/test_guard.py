"""Calls that no fake answers are kept from the network."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Run = Callable[..., pytest.RunResult]


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
        "and the call was kept from the network (*). Request the fixture datapipeline_fake *"
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


def test_a_refusal_says_where_the_call_was_bound_for_and_how_to_allow_it(run: Run) -> None:
    result = run(CALL + "\n    def test_call():\n        call()\n")

    result.stdout.fnmatch_lines(
        "E*UnexpectedCall: ListPipelines was called on AWS Data Pipeline, but no fake is active, "
        "and the call was kept from the network (datapipeline.us-east-1.amazonaws.com). Request "
        "the fixture datapipeline_fake (or datapipeline_stubber) in the test. Or allow such calls "
        "with @pytest.mark.datapipeline(allow_real_calls=True) or the ini option "
        "datapipeline_allow_real_calls."
    )


def test_a_call_that_was_under_way_when_the_test_ended_does_not_reach_the_network(
    run_in_a_process: Run,
) -> None:
    source = """
        import threading
        import boto3
        import pytest

        go, under_way, test_ended = threading.Event(), threading.Event(), threading.Event()
        clients = []

        def polls():
            go.wait(10)
            clients[0].poll_for_task(workerGroup="wg")

        @pytest.fixture
        def thread_that_is_older_than_the_fake():
            thread = threading.Thread(target=polls)
            thread.start()
            yield
            test_ended.set()
            thread.join(10)

        def test_one(
            thread_that_is_older_than_the_fake, datapipeline_fake, datapipeline_client
        ):
            def pause(**_):
                under_way.set()
                test_ended.wait(10)

            datapipeline_client.meta.events.register("request-created.*.PollForTask", pause)
            clients.append(datapipeline_client)
            go.set()
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


def test_a_call_that_comes_while_one_fake_gives_way_to_another_is_kept_from_the_network(
    run_in_a_process: Run,
) -> None:
    result = run_in_a_process(
        """
        import threading

        import boto3
        from pytest_datapipeline import DataPipelineFake, UnexpectedCall
        from pytest_datapipeline._fake.world import World

        def test_between(datapipeline_fake, monkeypatch):
            client = boto3.client("datapipeline")
            take_over, errors = World.take_over, []

            def call():
                try:
                    client.list_pipelines()
                except BaseException as error:
                    errors.append(error)

            def in_between(world):
                thread = threading.Thread(target=call)
                thread.start()
                thread.join()
                take_over(world)

            monkeypatch.setattr(World, "take_over", in_between)
            with DataPipelineFake():
                pass

            assert [type(error) for error in errors] == [UnexpectedCall, UnexpectedCall]
    """
    )

    # It counts where the code under test swallows it, too.
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("*but no fake is active yet, as one gives way to another, and*")
    result.stdout.no_fnmatch_line("*EndpointConnectionError*")


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


def test_one_that_cleans_up_after_the_fake_is_told_where_to_request_it(run: Run) -> None:
    result = run(
        CLEANS_UP
        + """
    def test_call(cleans_up, datapipeline_fake):
        pass
"""
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        "*no fake is active any more, as that of this test has ended, and the call was kept from "
        "the network (*). Request the fixture datapipeline_fake (or datapipeline_stubber) in the "
        "fixture that makes this call, which then cleans up before the fake ends.*"
    )


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
