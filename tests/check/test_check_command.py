"""The command `check`: what it prints, and its exit status."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_datapipeline.__main__ import _run
from pytest_datapipeline._check.command import main

EXAMPLES = Path(__file__).parents[2] / "examples" / "definitions"
FAULTY = """\
{
  "objects": [
    {"id": "Default", "scheduleType": "ondemand", "workerGroup": "wg", "onFail": {"ref": "Alarm"}},
    {
      "id": "Load",
      "type": "ShellCommandActivity",
      "maximumRetries": "17",
      "command": "load #{format(@scheduledStartTime, 'YYYY-mm-dd')}"
    },
    {"id": "Alarm", "type": "SnsAlarm",
     "role": "r", "topicArn": "t", "subject": "s", "message": "m"}
  ]
}
"""


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file with an error, two warnings and an advice, and its folder as the current one."""
    monkeypatch.chdir(tmp_path)
    Path("daily.json").write_text(FAULTY)
    return "daily.json"


def test_findings_are_told_with_the_lines_of_the_file_and_whose_they_are(
    faulty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([faulty])

    assert status == 1
    assert capsys.readouterr().out == (
        "daily.json\n"
        "\n"
        "  Errors, as AWS's validation has them: the pipeline cannot be activated.\n"
        "    line 7: Load.maximumRetries: INVALID_FIELD_VALUE:  'maximumRetries' value '17' must "
        "be from 0 to 5. [aws-error]\n"
        '      | "maximumRetries": "17",\n'
        "\n"
        "  Warnings, as AWS's validation has them.\n"
        "    line 4: Load: It is recommended to set 'failureAndRerunMode'  to 'cascade' on Default "
        "object to enable cascade failure mode for Activity, Datanode, Precondition and Resource "
        "objects of a pipeline. [aws-warning]\n"
        "      | {\n"
        "    line 3: Default: 'pipelineLogUri'is missing. It is recommended to set this value on "
        "Default object for better troubleshooting. [aws-warning]\n"
        '      | {"id": "Default", "scheduleType": "ondemand", "workerGroup": "wg", "onFail": '
        '{"ref": "Alarm"}},\n'
        "\n"
        "  Advice, none of it AWS's (why: pytest-datapipeline explain RULE).\n"
        "    line 8: Load.command: The pattern 'YYYY-mm-dd' has 'mm', the minute, where a month "
        "seems to be meant: write 'MM'. [date-pattern]\n"
        '      | "command": "load #{format(@scheduledStartTime, \'YYYY-mm-dd\')}"\n'
        "\n"
        "1 definition: 1 error, 2 warnings, 1 piece of advice.\n"
    )


def test_a_secret_in_a_file_is_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "d.json"
    file.write_text(
        '[{"id": "D", "type": "RdsDatabase", "*password": "hunter2-hunter2",\n'
        '"username": "AKIAIOSFODNN7EXAMPLE"}]'
    )

    main([str(file)])

    out = capsys.readouterr().out
    assert "holds a secret in plain text" in out
    assert '"*password": "*****"' in out
    assert "hunter2" not in out
    assert "AKIA" not in out


def test_a_definition_without_a_fault_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    status = main([str(EXAMPLES / "reports.json")])

    assert (status, capsys.readouterr().out) == (0, "1 definition: nothing found.\n")


def test_warnings_and_advice_count_only_where_they_are_asked_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = str(EXAMPLES / "template.yaml")

    assert main([file]) == 0
    assert main([file, "--strict"]) == 1
    assert main([file, "--strict", "--ignore", "no-retries,no-failure-alarm"]) == 0
    assert main([file, "--strict", "--ignore", "advice"]) == 0
    assert main([file, "--strict", "--ignore", "advice", "--now", "2031-01-01"]) == 1
    assert "about to create a backfill" in capsys.readouterr().out


def test_what_a_template_leaves_open_is_given_on_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = str(EXAMPLES / "template.yaml")

    status = main([file, "--template-parameter", "Stage=prod", "--ignore", "no-failure-alarm"])

    assert (status, capsys.readouterr().out) == (0, "1 definition: nothing found.\n")


def test_parameter_values_are_given_one_by_one_or_by_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, values = tmp_path / "d.json", tmp_path / "v.json"
    file.write_text(
        '{"objects": [{"id": "Default", "workerGroup": "#{myGroup}", "scheduleType": "ondemand"},'
        '{"id": "A", "type": "ShellCommandActivity", "command": "x"}],'
        '"parameters": [{"id": "myGroup", "type": "String"}]}'
    )
    values.write_text('{"values": {"myGroup": "wg"}}')

    assert main([str(file)]) == 1
    assert "myGroup: Value is missing for this parameter" in capsys.readouterr().out
    assert main([str(file), "--value", "myGroup=wg"]) == 0
    assert main([str(file), "--values", str(values)]) == 0


@pytest.fixture
def staged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A template whose stage has no default."""
    pytest.importorskip("yaml")
    monkeypatch.chdir(tmp_path)
    text = (EXAMPLES / "template.yaml").read_text(encoding="utf-8")
    Path("reports.yaml").write_text(text.replace("    Default: test\n", ""), encoding="utf-8")
    return "reports.yaml"


def test_what_a_template_leaves_open_is_told_with_the_option_that_gives_it(
    staged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([staged]) == 2
    assert capsys.readouterr().err.splitlines()[2:] == [
        "Give them: --template-parameter 'Stage=VALUE'.",
        "Help: pytest-datapipeline explain template-needs-values",
    ]


def test_a_misspelt_template_parameter_is_told_with_the_one_that_is_missing(
    staged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([staged, "--template-parameter", "Stag=prod"]) == 2
    err = capsys.readouterr().err
    assert "'Stage', asked for by reports.yaml:" in err
    assert "'Stag' is given, which is no parameter of the template" in err
    assert "Did you mean 'Stage'?" in err


def test_values_are_read_from_the_file_beside_a_definition(
    staged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("reports.values.json").write_text('{"templateParameters": {"Stage": "prod"}}')

    assert main([staged]) == 0
    assert main([staged, "--template-parameter", "Stage=dev"]) == 2
    assert "'Stage' is given as 'dev'; it can be test, prod" in capsys.readouterr().err


def test_another_file_of_values_is_read_in_place_of_the_one_beside(staged: str) -> None:
    Path("reports.values.json").write_text('{"templateParameters": {"Stage": "dev"}}')
    Path("prod.json").write_text('{"templateParameters": {"Stage": "prod"}}')

    assert main([staged, "--values", "prod.json"]) == 0


@pytest.mark.parametrize(
    "files", [["reports.values.json"], ["reports.yaml", "reports.values.json"]]
)
def test_a_file_of_values_stands_for_its_definition(
    files: list[str], staged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("reports.values.json").write_text('{"templateParameters": {"Stage": "prod"}}')

    assert main(files) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 definition: ")


def test_a_file_of_values_without_a_definition_is_told_of(
    faulty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["other.values.json", faulty]) == 2
    caught = capsys.readouterr()
    assert caught.err == "other.values.json holds values, but there is no definition beside it.\n"
    assert "1 definition: 1 error" in caught.out


def test_a_template_parameter_that_no_file_has_is_refused(
    staged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--template-parameter", "Stage=prod", "--template-parameter", "Stagee=prod"]

    assert main([staged, *arguments]) == 2
    assert "'Stagee' is given, which is no parameter of" in capsys.readouterr().err


def test_a_template_parameter_of_one_of_several_files_is_taken(
    staged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(staged).read_text(encoding="utf-8").replace("Stage", "Phase")
    Path("other.yaml").write_text(text, encoding="utf-8")
    given = ["--template-parameter", "Stage=prod", "--template-parameter", "Phase=test"]
    files = [staged, "other.yaml"]

    assert main([*files, *given]) == 0
    assert main([*files, *given, "--template-parameter", "Stagee=prod"]) == 2
    assert "reports.yaml:3: 'Stagee' is given" in capsys.readouterr().err


def test_a_value_that_no_file_has_a_parameter_for_is_refused(
    staged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("plain.json").write_text('{"objects": [{"id": "Default"}]}')
    files = ["plain.json", staged, "--template-parameter", "Stage=prod"]

    main([*files, "--value", "myTables=orders"])
    assert "is given" not in capsys.readouterr().err
    assert main([*files, "--value", "myTable=orders"]) == 2
    assert "a value is given for 'myTable', which is" in capsys.readouterr().err


def test_a_template_parameter_for_no_template_is_refused(
    staged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("plain.json").write_text('{"objects": [{"id": "Default"}]}')

    assert main(["plain.json", "--template-parameter", "Stage=prod"]) == 2
    assert "this is no template, but the AWS CLI's format" in capsys.readouterr().err
    main(["plain.json", staged, "--template-parameter", "Stage=prod"])
    assert "is given" not in capsys.readouterr().err


def test_a_template_parameter_beside_one_of_several_files_is_its_own(
    staged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("reports.values.json").write_text('{"templateParameters": {"Stage": "test", "X": ""}}')

    assert main([staged, str(EXAMPLES / "reports.json")]) == 2
    assert "'X' is given" in capsys.readouterr().err


def test_the_standard_input_is_checked_by_its_sign(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(FAULTY))

    assert main(["-"]) == 1
    assert "line 7: Load.maximumRetries" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "check needs a file"),
        (["nowhere.json"], "the definition 'nowhere.json' cannot be read"),
        (["daily.json", "--ignore", "no-retry"], "Did you mean 'no-retries'"),
        (["daily.json", "--value", "x"], "--value is 'x'; it must be NAME=VALUE"),
        (
            ["daily.json", "--values", "daily.json"],
            'daily.json: has neither "values" nor',
        ),
        (["daily.json", "--now", "soon"], "--now"),
        (["daily.json", "--pipeline", "Other"], "daily.json has no pipeline 'Other'"),
    ],
)
def test_a_command_that_can_not_be_understood_ends_with_2_and_a_sentence(
    arguments: list[str], error: str, faulty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    caught = capsys.readouterr()
    assert error in caught.err
    assert "Traceback" not in caught.err
    assert caught.out == ""


def test_files_beside_one_that_can_not_be_read_are_checked_all_the_same(
    faulty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nowhere.json", faulty, "also-nowhere.json"]) == 2

    caught = capsys.readouterr()
    assert "1 definition: 1 error, 2 warnings, 1 piece of advice." in caught.out
    why = f"cannot be read: No such file or directory. It was looked for in {Path.cwd()}.\n"
    assert (
        caught.err == f"the definition 'nowhere.json' {why}the definition 'also-nowhere.json' {why}"
    )


def test_the_rules_of_advice_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rules"]) == 0
    assert "date-pattern: a date in the wrong pattern." in capsys.readouterr().out


def test_more_objects_than_an_account_may_have_are_an_error_of_the_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "d.json"
    file.write_text(json.dumps([{"id": f"A{n}", "type": "Terminate"} for n in range(101)]))

    assert main([str(file), "--ignore", "advice"]) == 1
    assert "Exceeded maximum number of objects" in capsys.readouterr().out


# -- the program ----------------------------------------------------------------------------------


def test_the_program_checks_a_file_without_loading_what_it_does_not_need() -> None:
    code = (
        "import sys; sys.argv[1:] = ['check', sys.argv[1]]\n"
        "from pytest_datapipeline.__main__ import run\n"
        "status = run()\n"
        "heavy = {'aiohttp', 'boto3', 'freezegun', 'hcl2', 'pytest', 'yaml'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else status)\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", code, str(EXAMPLES / "reports.json")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "1 definition: nothing found.\n"


def test_a_reader_that_has_seen_enough_ends_the_program_quietly() -> None:
    command = [sys.executable, "-m", "pytest_datapipeline", "check", "--rules"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, error = process.communicate()

    assert error == b""


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["--help"], 0, "check    whether definitions are valid"),
        (["--version"], 0, "pytest-datapipeline 0."),
        ([], 2, "What to do?"),
        (["chekc"], 2, "'chekc' is no command. Did you mean 'check'"),
    ],
)
def test_the_program_tells_its_commands(
    arguments: list[str], status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(arguments) == status

    caught = capsys.readouterr()
    assert text in caught.out + caught.err
