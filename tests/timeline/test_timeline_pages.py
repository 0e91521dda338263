"""Pages of HTML: `--datapipeline-report`, for tests that failed or asked for one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.inner_pytest import OURS

from pytest_datapipeline import DataPipelineFake
from pytest_datapipeline._timeline.page import page

if TYPE_CHECKING:
    from pathlib import Path

    from support.inner_pytest import Run

SOURCE = """
    import pytest

    @pytest.mark.datapipeline(start="2020-01-01", contract="report")
    def test_fails(datapipeline_fake, datapipeline_client):
        datapipeline_fake.enqueue("wg", {"*password": "correct-horse"}, id="Nightly")
        datapipeline_client.poll_for_task(workerGroup="wg")
        datapipeline_fake.clock.advance(120)
        datapipeline_client.create_pipeline(name="</script>correct-horse", uniqueId="u")
        assert 1 == 2

    @pytest.mark.datapipeline(report=True)
    def test_asks(datapipeline_fake, datapipeline_client):
        datapipeline_client.list_pipelines()

    def test_passes(datapipeline_fake, datapipeline_client):
        datapipeline_client.list_pipelines()

    def test_has_no_fake():
        assert False
"""


def pages_in(folder: Path) -> dict[str, str]:
    """The pages, by the name of the test."""
    found = {}
    for path in folder.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        title = re.search(r"<h1>(.*)</h1>", text)
        assert title is not None
        found[title[1].rpartition("::")[2]] = text
    return found


def data_of(text: str) -> Any:
    """What the script of a page draws."""
    found = re.search(r'<script type="application/json" id="events">(.*?)</script>', text, re.S)
    assert found is not None
    return json.loads(found[1])


def test_tests_that_failed_or_asked_for_it_have_a_page(run: Run, pytester: pytest.Pytester) -> None:
    result = run(SOURCE, "--datapipeline-report=pages")

    result.assert_outcomes(passed=2, failed=2)
    assert set(pages_in(pytester.path / "pages")) == {
        *("test_fails", "test_asks", "AWS Data Pipeline: timelines")
    }


def test_a_page_has_the_events_the_failure_the_findings_and_the_text(
    run: Run, pytester: pytest.Pytester
) -> None:
    run(SOURCE, "--datapipeline-report=pages")

    text = pages_in(pytester.path / "pages")["test_fails"]
    data = data_of(text)
    kinds = [data["kinds"][row[1]] for row in data["events"]]
    assert [kind for kind in kinds if kind not in ("finding", "advice")] == [
        *("enqueue", "hand-over", "clock", "deadline", "call", "failure")
    ]
    assert data["lanes"] == ["test", "runner MainThread", "queue wg", "task Nightly"]
    assert "<code>assert 1 == 2</code>" in text
    assert "no-hostname (against AWS&#39;s advice)" in text
    assert "! 00:02:00  task Nightly  Nightly was not acknowledged" in text


def test_a_page_needs_nothing_from_elsewhere_and_hides_secrets(
    run: Run, pytester: pytest.Pytester
) -> None:
    run(SOURCE, "--datapipeline-report=pages")

    for text in pages_in(pytester.path / "pages").values():
        assert not re.search(r'(src|href)="(?!index\.html|test_)', text)
        assert "http" not in text.replace("http-equiv", "")
        assert "correct-horse" not in text
        assert text.count("</script>") in (0, 2)


def test_the_index_leads_to_the_pages(run: Run, pytester: pytest.Pytester) -> None:
    result = run(SOURCE, "--datapipeline-report=pages")

    folder = pytester.path / "pages"
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert [(folder / name).exists() for name in re.findall(r'href="([^"]*)"', index)] == [True] * 2
    assert re.search(r"test_fails</a></td><td>failed</td><td>2</td><td>7</td><td>1</td>", index)
    result.stdout.fnmatch_lines(
        ["*AWS Data Pipeline: timelines*", "2 pages: file://*/pages/index.html"]
    )


def test_a_run_without_pages_says_which_tests_get_one(run: Run) -> None:
    result = run("def test_passes(datapipeline_fake): pass", "--datapipeline-report=pages")

    result.stdout.fnmatch_lines(
        [
            "*AWS Data Pipeline: timelines*",
            "No page was written. A test that has a fake gets one if it fails, or asks for it: "
            "@pytest.mark.datapipeline(report=True).",
        ]
    )
    result.stdout.no_fnmatch_line("*file://*")


def test_the_ini_file_can_name_a_folder_beside_it(run: Run, pytester: pytest.Pytester) -> None:
    run(SOURCE, ini="datapipeline_report = out/pages")

    assert (pytester.path / "out" / "pages" / "index.html").exists()


def test_tests_of_alike_names_have_pages_of_their_own(run: Run, pytester: pytest.Pytester) -> None:
    source = """
        import pytest

        @pytest.mark.datapipeline(report=True)
        @pytest.mark.parametrize("text", ["a/b", "a?b", "x" * 300])
        def test_one(datapipeline_fake, text):
            datapipeline_fake.enqueue("wg")
    """

    run(source, "--datapipeline-report=pages")

    assert len(list((pytester.path / "pages").iterdir())) == 4


def test_each_fake_of_a_test_has_a_page(run: Run, pytester: pytest.Pytester) -> None:
    source = """
        def test_before(module_datapipeline_fake):
            pass

        def test_fails(module_datapipeline_fake, datapipeline_fake):
            datapipeline_fake.enqueue("inner")
            assert False
    """

    run(source, "--datapipeline-report=pages")

    first, second = sorted(
        (pytester.path / "pages").glob("*test_fails*"), key=lambda path: path.stem
    )
    assert second.stem == f"{first.stem}-2"


def test_workers_of_xdist_write_their_pages_and_the_controller_the_index(
    run_in_a_process: Run, pytester: pytest.Pytester
) -> None:
    result = run_in_a_process(
        SOURCE, "-n", "2", "--datapipeline-report=pages", plugins=(OURS, "xdist")
    )

    result.stdout.fnmatch_lines("2 pages: file://*/pages/index.html")
    assert len(pages_in(pytester.path / "pages")) == 3


def test_a_folder_that_can_not_be_written_is_refused_before_any_test(
    run: Run, pytester: pytest.Pytester
) -> None:
    (pytester.path / "a-file").write_text("", encoding="utf-8")

    result = run(SOURCE, "--datapipeline-report=a-file/pages")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: --datapipeline-report: nothing can be written to the folder '*a-file?pages' (*). "
        "Name one that is yours to write to."
    )


def test_without_jinja2_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)

    result = run(SOURCE, "--datapipeline-report=pages")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("*needs Jinja2*pip install 'pytest-datapipeline[[]report]'.")


def test_a_page_that_can_not_be_written_is_told_in_the_report(
    run: Run, pytester: pytest.Pytester
) -> None:
    source = """
        import shutil

        def test_fails(datapipeline_fake):
            datapipeline_fake.enqueue("wg")
            shutil.rmtree("pages")
            open("pages", "w").close()
            assert False
    """

    result = run(source, "--datapipeline-report=pages")

    result.stdout.fnmatch_lines(["*AWS Data Pipeline: report*", "No page was written: *"])


def test_the_index_does_not_lead_to_a_page_that_can_not_be_written(
    run: Run, pytester: pytest.Pytester
) -> None:
    source = """
        import shutil

        def test_fails(datapipeline_fake):
            datapipeline_fake.enqueue("wg")
            shutil.rmtree("pages")
            assert False

        def test_makes_the_folder_again(datapipeline_fake):
            import os
            os.mkdir("pages")
    """

    result = run(source, "--datapipeline-report=pages")

    assert "href" not in (pytester.path / "pages" / "index.html").read_text(encoding="utf-8")
    result.stdout.no_fnmatch_line("*file://*")


def test_the_marker_refuses_what_is_no_yes_or_no(run: Run) -> None:
    result = run(SOURCE.replace("report=True", "report='pages'"))

    result.stdout.fnmatch_lines("*report is 'pages'; it must be of type bool*")


def test_the_report_of_pytest_html_links_the_pages(
    run_in_a_process: Run, pytester: pytest.Pytester
) -> None:
    pytest.importorskip("pytest_html")

    run_in_a_process(
        SOURCE,
        *("--datapipeline-report=pages", "--html=html/report.html"),
        plugins=(OURS, "pytest_metadata.plugin", "pytest_html.plugin"),
    )

    text = (pytester.path / "html" / "report.html").read_text(encoding="utf-8")
    assert set(re.findall(r"\.\./pages/[^\"&\\]*test_[a-z]+-", text)) != set()
    assert "AWS Data Pipeline: timeline" in text


def test_a_page_of_10000_events_has_at_most_two_megabytes() -> None:
    import boto3

    with DataPipelineFake(contract="off") as fake:
        client = boto3.client("datapipeline")
        for _ in range(2500):
            fake.enqueue("reports")
            task = client.poll_for_task(workerGroup="reports")["taskObject"]
            client.report_task_progress(taskId=task["taskId"])
            client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")

        timeline = fake.timeline
        text = page(timeline, test="t", outcome="failed", failure="", calls=0, findings="")

    assert len(timeline) == 10_000
    assert len(text.encode()) <= 2_000_000


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no Chromium")
def test_a_browser_draws_the_lanes(run: Run, pytester: pytest.Pytester) -> None:
    run(SOURCE, "--datapipeline-report=pages")
    (path,) = (pytester.path / "pages").glob("*test_fails*")

    drawn = subprocess.run(
        [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu"),
            *(f"--user-data-dir={pytester.path / 'profile'}", "--dump-dom", path.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout

    drawn = drawn.partition('<div id="chart"')[2].partition("<script>")[0]
    assert 'aria-label="deadline: Nightly was not acknowledged within 120 s' in drawn
    assert drawn.count('class="name"') == 4
    assert "the test fails: assert 1 == 2" in drawn.partition('id="details"')[2]
