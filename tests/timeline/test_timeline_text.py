"""How a timeline is printed, and what of it a failed test's report has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.inner_pytest import OURS
from support.runner import GROUP, poll, work_one

if TYPE_CHECKING:
    from support.inner_pytest import Run

    from pytest_datapipeline import DataPipelineFake

pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00", contract="report")
SECRET = "correct-horse"

FAILING = """
    import pytest

    @pytest.mark.datapipeline(start="2020-01-01", contract="off")
    def test_fails(datapipeline_fake, datapipeline_client):
        datapipeline_fake.enqueue("wg", id="Nightly")
        datapipeline_client.poll_for_task(workerGroup="wg")
        datapipeline_fake.clock.advance(120)
        assert 1 == 2
"""
LONG = """
    import pytest

    @pytest.mark.datapipeline(start="2020-01-01", contract="off", maximum_pipelines=201)
    def test_fails(datapipeline_fake, datapipeline_client):
        datapipeline_fake.enqueue("lost", id="Nightly")
        datapipeline_client.poll_for_task(workerGroup="lost")
        for number in range(200):
            datapipeline_client.poll_for_task(workerGroup="wg")
            datapipeline_client.create_pipeline(name=f"number {number}", uniqueId="u")
        assert False
"""


def section(result: pytest.RunResult) -> list[str]:
    """The lines of the timeline in a report."""
    lines = [line.rstrip() for line in result.outlines]
    begin = next(index for index, line in enumerate(lines) if "Pipeline: timeline" in line)
    end = next(
        index for index in range(begin + 1, len(lines)) if lines[index][:3] in ("---", "===")
    )
    return lines[begin + 1 : end]


# -- printed ---------------------------------------------------------------------------------------


def test_a_line_says_when_who_and_what_and_its_first_character_how(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly")
    work_one(datapipeline_client)
    datapipeline_fake.clock.advance(60)

    assert str(datapipeline_fake.timeline) == "\n".join(
        [
            "2020-01-01",
            "  00:00:00  test        enqueues Nightly in 'reports'",
            "> 00:00:00  MainThread  poll_for_task(workerGroup='reports', "
            "hostname='runner-1.example') -> <Nightly>",
            "  00:00:00  MainThread  report_task_progress(taskId=<Nightly>) -> "
            "acknowledged in 0 s, of 120 s",
            "+ 00:00:00  MainThread  set_task_status(taskId=<Nightly>, taskStatus='FINISHED') -> "
            "Nightly is FINISHED",
            "~ 00:00:00  test        moves the clock by 60 s, to 00:01:00",
        ]
    )


def test_what_has_gone_wrong_is_marked(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, id="Nightly")
    poll(datapipeline_client)
    datapipeline_fake.clock.advance(120)

    last = str(datapipeline_fake.timeline).splitlines()[-1]

    assert last.startswith("! 00:02:00  task Nightly  Nightly was not acknowledged within 120 s")


def test_many_empty_polls_are_folded_but_for_the_last(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    for _ in range(40):
        poll(datapipeline_client)

    lines = str(datapipeline_fake.timeline.filter(kind="poll")).splitlines()

    assert lines[1] == ". 00:01:30  MainThread  ... 39 x poll, in 58 min 30 s"
    assert lines[2].endswith("-> no task, after 90 s")


def test_a_new_day_has_a_line_of_its_own(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_client.list_pipelines()
    datapipeline_fake.clock.move_to("2020-01-02")
    datapipeline_client.list_pipelines()

    days = [line for line in str(datapipeline_fake.timeline).splitlines() if line[4:5] == "-"]

    assert days == ["2020-01-01", "2020-01-02"]


def test_a_long_name_of_a_lane_keeps_its_end(datapipeline_fake: DataPipelineFake) -> None:
    long = "A" * 40
    for day in (1, 2):
        datapipeline_fake.enqueue(GROUP, id=long, at=f"2020-02-0{day}").cancel()

    last = str(datapipeline_fake.timeline).splitlines()[-1]

    assert last.startswith("  00:00:00  task AAAAAAAAA..-02T00:00:00  AAAA")


def test_nothing_is_said_to_be_nothing(datapipeline_fake: DataPipelineFake) -> None:
    assert str(datapipeline_fake.timeline) == "nothing has happened"
    assert not datapipeline_fake.timeline
    assert repr(datapipeline_fake.timeline) == "<Timeline of 0 events in 0 lanes>"


def test_secrets_are_masked(datapipeline_fake: DataPipelineFake, datapipeline_client: Any) -> None:
    datapipeline_fake.enqueue(GROUP, {"*password": SECRET})
    task_id = poll(datapipeline_client)["taskId"]
    datapipeline_client.set_task_status(
        taskId=task_id, taskStatus="FAILED", errorId="E", errorMessage=f"no access with {SECRET}"
    )

    told = str(datapipeline_fake.timeline)

    assert "errorMessage='no access with *****'" in told
    assert SECRET not in told


# -- in a report -----------------------------------------------------------------------------------


def test_a_failed_test_s_report_ends_the_timeline_with_the_failure(run: Run) -> None:
    assert section(run(FAILING)) == [
        "2020-01-01",
        "  00:00:00  test          enqueues Nightly in 'wg'",
        "> 00:00:00  MainThread    poll_for_task(workerGroup='wg') -> <Nightly>",
        "~ 00:00:00  test          moves the clock by 120 s, to 00:02:00",
        "! 00:02:00  task Nightly  Nightly was not acknowledged within 120 s: it is taken back, "
        "and queued again",
        "! 00:02:00  test          the test fails: assert 1 == 2",
    ]


def test_a_report_has_at_most_40_lines_with_what_went_wrong_and_the_end(run: Run) -> None:
    lines = section(run(LONG))

    assert len(lines) <= 40
    assert "not acknowledged within 120 s" in "\n".join(lines)
    assert lines[-1].endswith("the test fails: assert False")
    assert "name='number 199'" in lines[-2]
    assert any(line.startswith(". ") for line in lines)


def test_a_test_that_passes_has_none(run: Run) -> None:
    result = run("def test_passes(datapipeline_fake): datapipeline_fake.enqueue('wg')", "-rA")

    result.stdout.no_fnmatch_line("*AWS Data Pipeline: timeline*")


def test_a_terminal_with_colours_shows_them_by_the_first_character(run: Run) -> None:
    result = run(FAILING, "--color=yes")

    result.stdout.fnmatch_lines(
        [
            "\x1b[[]36m> 00:00:00  MainThread*<Nightly>\x1b[[]0m",
            "\x1b[[]35m~ 00:00:00  test *\x1b[[]0m",
            "\x1b[[]31m! 00:02:00  task Nightly*\x1b[[]0m",
        ]
    )


def test_files_of_results_have_no_colours(run: Run, pytester: pytest.Pytester) -> None:
    run(FAILING, "--color=yes", "-o", "junit_logging=all", "--junitxml=results.xml")

    assert "[36m" not in (pytester.path / "results.xml").read_text(encoding="utf-8")


def test_it_comes_from_the_workers_of_xdist(run_in_a_process: Run) -> None:
    result = run_in_a_process(FAILING, "-n", "1", plugins=(OURS, "xdist"))

    assert section(result)[-1].endswith("the test fails: assert 1 == 2")


def test_a_fake_of_a_module_tells_of_the_failed_test_alone(run: Run) -> None:
    source = """
        import boto3

        def test_one(module_datapipeline_fake):
            module_datapipeline_fake.enqueue("wg", id="Before")
            boto3.client("datapipeline").list_pipelines()

        def test_two(module_datapipeline_fake):
            module_datapipeline_fake.enqueue("wg", id="Own")
            boto3.client("datapipeline").list_pipelines()
            assert False
    """

    told = "\n".join(section(run(source)))

    assert "enqueues Own in 'wg'" in told
    assert "Before" not in told
    assert told.count("list_pipelines") == 1


def test_a_fake_that_the_test_has_reset_tells_what_came_after(run: Run) -> None:
    source = """
        import boto3

        def test_one(module_datapipeline_fake):
            boto3.client("datapipeline").list_pipelines()
            boto3.client("datapipeline").list_pipelines()

        def test_two(module_datapipeline_fake):
            module_datapipeline_fake.reset()
            boto3.client("datapipeline").list_pipelines()
            assert False
    """

    result = run(source)

    result.stdout.fnmatch_lines("*AWS Data Pipeline: timeline, 1 call -*")
    assert "list_pipelines()" in "\n".join(section(result))


MADE_IN_THE_TEST = """
    import unittest

    import boto3
    from hypothesis import given
    from hypothesis import strategies as st

    from pytest_datapipeline import DataPipelineFake

    def create(name):
        boto3.client("datapipeline").create_pipeline(name=name, uniqueId="u")

    @DataPipelineFake()
    def test_function():
        create("decorated-function")
        assert 0

    @DataPipelineFake()
    class TestPlain:
        def test_one(self):
            create("decorated-class")
            assert 0

    @DataPipelineFake()
    class TestUnittest(unittest.TestCase):
        def test_one(self):
            create("decorated-unittest")
            self.fail()

    def test_with(datapipeline_fake):
        create("outside")
        with DataPipelineFake():
            create("with")
            assert 0

    @given(st.integers())
    def test_examples(number):
        with DataPipelineFake():
            create(f"example-{number}")
            assert number < 100

    def test_it_passes():
        try:
            with DataPipelineFake():
                create("passing")
                assert 0
        except AssertionError:
            pass
"""


def test_fakes_that_a_test_makes_itself_have_theirs(run: Run) -> None:
    result = run(MADE_IN_THE_TEST, "-p", "no:randomly")

    result.assert_outcomes(failed=5, passed=1)
    made = [
        line.split("create_pipeline(name=")[1].split("'")[1]
        for line in result.stdout.lines
        if "  create_pipeline(name=" in line
    ]
    assert made == [
        *("decorated-function", "decorated-class", "decorated-unittest"),
        *("outside", "with", "example-100"),
    ]
