"""Where findings show: in tests, warnings, reports and the summary."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from support.runner import GROUP, poll, work_one

from pytest_datapipeline import ContractWarning, DataPipelineFake, FakeUsageError

if TYPE_CHECKING:
    from support.inner_pytest import Run

SHORT = """
import boto3

def test_a_runner(datapipeline_fake):
    datapipeline_fake.enqueue("reports")
    client = boto3.client("datapipeline")
    client.poll_for_task(workerGroup="reports", hostname="me")
"""


def test_findings_of_nothing_are_false_and_equal_an_empty_list(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)

    work_one(datapipeline_client)

    assert not datapipeline_fake.findings
    assert datapipeline_fake.findings == []
    assert str(datapipeline_fake.findings) == "no findings"


def test_a_finding_tells_what_happened_what_aws_asks_for_and_what_to_do(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.enqueue(GROUP, {"command": "one"}, {"command": "two"})
    for _ in range(2):
        work_one(boto3.client("datapipeline"))

    told = str(datapipeline_fake.findings).splitlines()
    assert told[0] == (
        "short-read-timeout (breaks AWS's rules): MainThread polls 'reports' with a read time-out "
        "of 60 seconds. Seen 2 times."
    )
    assert "poll_for_task(workerGroup='reports'" in told[1]
    assert told[2].startswith("  AWS: ")
    assert told[3].startswith("  Do: Make the client with Config(read_timeout=100)")


def test_a_finding_is_told_once_for_each_runner(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue(GROUP, {"command": "one"}, {"command": "two"})
    client = boto3.client("datapipeline")

    work_one(client)
    work_one(client)

    (found,) = datapipeline_fake.findings
    assert found.times == 2


def test_findings_can_be_chosen_by_rule_and_strength(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.enqueue(GROUP)
    boto3.client("datapipeline").poll_for_task(workerGroup=GROUP)

    found = datapipeline_fake.findings

    assert found == ["no-hostname", "short-read-timeout"]
    assert found.broken == ["short-read-timeout"]
    assert found.filter("no-hostname") == ["no-hostname"]
    assert found.counts == {"short-read-timeout": 1, "no-hostname": 1}


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda found: "short-read-timeuot" in found, "Did you mean 'short-read-timeout'?"),
        (lambda found: found == ["nonsense"], "there is no rule 'nonsense'"),
        (lambda found: found.filter("late"), "there is no rule 'late'"),
        (lambda found: found.filter(strength="bad"), "it can be 'broken', 'advice', 'inferred'"),
    ],
)
def test_a_rule_that_does_not_exist_is_refused(
    datapipeline_fake: DataPipelineFake, ask: Any, told: str
) -> None:
    with pytest.raises(FakeUsageError, match=told.replace("?", r"\?")):
        ask(datapipeline_fake.findings)


@pytest.mark.parametrize("ignored", ["short-read-timeout", ["short-read-timeout", "no-hostname"]])
def test_rules_can_be_ignored(ignored: Any) -> None:
    with DataPipelineFake(ignored_rules=ignored) as fake:
        fake.enqueue(GROUP)
        poll(boto3.client("datapipeline"))

        assert not fake.findings


@pytest.mark.parametrize(
    ("ignored", "told"),
    [
        ("short-read-timeout,nonsense", "there is no rule 'nonsense'"),
        (7, "it can be ids of rules"),
    ],
)
def test_only_rules_can_be_ignored(ignored: Any, told: str) -> None:
    with pytest.raises(FakeUsageError, match=told):
        DataPipelineFake(ignored_rules=ignored)


def test_where_nothing_is_checked_nothing_can_be_asked() -> None:
    with (
        DataPipelineFake(contract="off") as fake,
        pytest.raises(FakeUsageError, match="nothing is checked"),
    ):
        _ = fake.findings


def test_leaving_a_fake_warns_of_what_breaks_the_contract() -> None:
    fake = DataPipelineFake()
    fake.__enter__()
    fake.enqueue(GROUP)
    poll(boto3.client("datapipeline"))

    with pytest.warns(ContractWarning, match="short-read-timeout"):
        fake.__exit__(None, None, None)


def test_advice_is_no_warning() -> None:
    with warnings.catch_warnings(), DataPipelineFake() as fake:
        warnings.simplefilter("error")
        fake.enqueue(GROUP)
        client = boto3.client("datapipeline", config=Config(read_timeout=100))
        client.poll_for_task(workerGroup=GROUP)


def test_the_warning_is_at_the_line_of_the_call(run_in_a_process: Run) -> None:
    result = run_in_a_process(SHORT, ini="filterwarnings = default")

    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(
        [
            "*.py:6: ContractWarning: short-read-timeout: MainThread polls 'reports' with a "
            "read time-out of 60 seconds.*",
        ]
    )


def test_where_warnings_are_errors_the_test_fails_and_the_runner_is_not_disturbed(run: Run) -> None:
    result = run(SHORT + "    print('went on')\n", "-Werror", "-rA")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*ContractWarning: short-read-timeout*", "went on"])


@pytest.mark.parametrize(
    ("contract", "outcome"), [("off", "passed"), ("report", "passed"), ("fail", "failed")]
)
def test_the_setting_says_what_follows(run: Run, contract: str, outcome: str) -> None:
    result = run(SHORT, "-Werror", ini=f"datapipeline_contract = {contract}")

    result.assert_outcomes(**{outcome: 1})


def test_the_report_of_a_failed_test_has_the_findings(run: Run) -> None:
    result = run(SHORT + "    assert False\n")

    result.stdout.fnmatch_lines(
        [
            "*AWS Data Pipeline: 1 finding*",
            "short-read-timeout (breaks AWS's rules): MainThread polls*",
            "  Do: *",
        ]
    )


def test_a_test_that_fails_of_a_finding_names_the_line_and_the_explanation(
    run_in_a_process: Run,
) -> None:
    result = run_in_a_process(SHORT, ini="datapipeline_contract = fail")

    result.stdout.fnmatch_lines(
        [
            "test_*.py:6: short-read-timeout (breaks AWS's rules): MainThread polls*",
            "    *poll_for_task(workerGroup='reports'*",
            "  AWS: *",
            "  Do: *",
            "Help: pytest-datapipeline explain short-read-timeout",
        ],
        consecutive=True,
    )


def test_what_a_failure_tells_the_section_does_not_repeat(run: Run) -> None:
    result = run(SHORT, ini="datapipeline_contract = fail")

    assert result.stdout.str().count("  Do: ") == 1
    result.stdout.no_fnmatch_line("*AWS Data Pipeline: 1 finding*")


def test_a_section_tells_advice_in_a_line(run: Run) -> None:
    body = SHORT.replace(', hostname="me"', "") + "    assert False\n"

    result = run(body)

    result.stdout.fnmatch_lines(
        [
            "*AWS Data Pipeline: 2 findings*",
            "short-read-timeout (breaks AWS's rules): *",
            "  Do: *",
            "no-hostname (against AWS's advice): * Poll with hostname=socket.getfqdn().",
            "*AWS Data Pipeline: findings*",
        ]
    )
    assert result.stdout.str().count("  Do: ") == 1


def test_the_report_of_a_comparison_has_the_unexpected_and_the_missing(run: Run) -> None:
    body = SHORT + "    assert datapipeline_fake.findings == ['late-acknowledgement']\n"

    result = run(body)

    result.stdout.fnmatch_lines(
        [
            "E*the findings are not those expected: 1 found, 1 expected",
            "E*- late-acknowledgement",
            "E*+ short-read-timeout (breaks AWS's rules)*",
        ]
    )


def test_the_summary_counts_by_rule(run: Run) -> None:
    body = SHORT + SHORT.replace("test_a_runner", "test_another")

    result = run(body, ini="filterwarnings = default")

    result.assert_outcomes(passed=2, warnings=2)
    result.stdout.fnmatch_lines(
        ["*AWS Data Pipeline: findings*", "2 short-read-timeout in 2 tests"]
    )


def test_the_summary_counts_what_xdist_s_workers_found(run_in_a_process: Run) -> None:
    body = SHORT + SHORT.replace("test_a_runner", "test_another")

    result = run_in_a_process(body, "-n", "2", plugins=("pytest_datapipeline", "xdist"))

    result.assert_outcomes(passed=2, warnings=2)
    result.stdout.fnmatch_lines(
        ["*AWS Data Pipeline: findings*", "2 short-read-timeout in 2 tests"]
    )


def test_the_marker_sets_both_for_one_test(run: Run) -> None:
    marked = "import pytest\n" + SHORT.replace(
        "def test", "@pytest.mark.datapipeline(ignored_rules='short-read-timeout')\ndef test"
    )

    result = run(marked, "-Werror")

    result.assert_outcomes(passed=1)


def test_a_fake_of_a_wider_scope_tells_each_test_its_own(run: Run) -> None:
    body = SHORT.replace("datapipeline_fake", "module_datapipeline_fake") + (
        "\ndef test_that_does_nothing(module_datapipeline_fake):\n    pass\n"
    )

    result = run(body, ini="filterwarnings = default")

    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["1 short-read-timeout in 1 test"])
