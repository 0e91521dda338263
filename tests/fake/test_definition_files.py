"""Definitions as tests and programs give them: files of the AWS CLI, lists, the API's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.pipelines import activity, daily, on_demand

from pytest_datapipeline import DataPipelineFake, FakeUsageError, ref

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")

FILE = {
    "objects": [
        {"id": "Default", "workerGroup": "wg", "scheduleType": "ondemand"},
        {"id": "A", "name": "the A", "type": "EmrActivity", "step": ["one", "#{myTwo}"]},
    ],
    "parameters": [{"id": "myTwo", "type": "String", "allowedValues": ["two", "three"]}],
    "values": {"myTwo": "two"},
}


def steps(fake: DataPipelineFake, **given: Any) -> Any:
    pipeline = fake.pipelines.activate(**given)
    seen: list[Any] = []
    pipeline.run(lambda work: seen.append(work.fields["step"]))
    return seen[0]


@pytest.mark.rule("cli-format")
def test_a_file_of_the_cli_is_read(datapipeline_fake: DataPipelineFake, tmp_path: Path) -> None:
    file = tmp_path / "definition.json"
    file.write_text(json.dumps(FILE))

    assert steps(datapipeline_fake, definition=file) == ["one", "two"]
    assert steps(datapipeline_fake, definition=str(file), name="again") == ["one", "two"]


def test_values_go_before_those_of_the_file(datapipeline_fake: DataPipelineFake) -> None:
    found = steps(datapipeline_fake, definition=FILE, values={"myTwo": "three"})

    assert found == ["one", "three"]


def test_the_parameters_of_the_api_are_taken_as_well(datapipeline_fake: DataPipelineFake) -> None:
    definition = {
        "pipelineObjects": [
            {
                "id": "Default",
                "name": "Default",
                "fields": [
                    {"key": "workerGroup", "stringValue": "wg"},
                    {"key": "scheduleType", "stringValue": "ondemand"},
                ],
            },
            {
                "id": "A",
                "name": "A",
                "fields": [
                    {"key": "type", "stringValue": "EmrActivity"},
                    {"key": "step", "stringValue": "one"},
                ],
            },
        ]
    }

    assert steps(datapipeline_fake, definition=definition) == "one"


def test_a_list_of_objects_may_use_ref(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        on_demand(activity("A"), activity("B", dependsOn=ref("A")))
    )

    assert pipeline.statuses() == ["WAITING_FOR_RUNNER", "WAITING_ON_DEPENDENCIES"]


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ("nowhere.json", "cannot be read"),
        ({"things": []}, 'a definition has "objects"'),
        ({"objects": [{"type": "Schedule"}]}, 'Missing "id" key'),
        ([{"id": "A", "maximumRetries": 3}], "Quote it"),
        (["A"], "it must be a mapping"),
        (7, "it can be a path"),
        ([{"id": "A", "type": "Schedule"}], "A: MISSING_FIELD"),
        ([{"id": "A", "command": ""}], "FATAL errors"),
    ],
)
def test_a_definition_that_can_not_be_put_is_refused_and_nothing_is_made(
    datapipeline_fake: DataPipelineFake, definition: Any, text: str
) -> None:
    with pytest.raises(FakeUsageError, match=text):
        datapipeline_fake.pipelines.activate(definition)

    assert len(datapipeline_fake.pipelines) == 0


def test_a_file_that_is_no_json_is_told_of(
    datapipeline_fake: DataPipelineFake, tmp_path: Path
) -> None:
    file = tmp_path / "definition.json"
    file.write_text("{")

    with pytest.raises(FakeUsageError, match="is no JSON"):
        datapipeline_fake.pipelines.create(file)


# -- what a test asks of pipelines ----------------------------------------------------------------


def test_a_pipeline_that_a_program_has_made_is_found_by_name_or_id(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    made = datapipeline_client.create_pipeline(name="mine", uniqueId="u")["pipelineId"]

    assert datapipeline_fake.pipelines["mine"].id == made
    assert datapipeline_fake.pipelines[made].name == "mine"
    with pytest.raises(FakeUsageError, match="Did you mean 'mine'"):
        datapipeline_fake.pipelines["mine!"]


def test_many_pipelines_are_shown_by_the_first_of_them(datapipeline_fake: DataPipelineFake) -> None:
    assert repr(datapipeline_fake.pipelines) == "<0 pipelines: none>"
    for number in range(23):
        datapipeline_fake.pipelines.create([], name=f"n{number}")

    names = ", ".join(f"n{number}" for number in range(20))

    assert repr(datapipeline_fake.pipelines) == f"<23 pipelines: {names} and 3 more>"


def test_the_table_shows_runs_as_the_cli_does(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=1))

    assert pipeline.table().splitlines() == [
        "Name  Scheduled Start      Status              ID                      Started"
        "              Ended",
        "A     2020-01-01T00:00:00  WAITING_FOR_RUNNER  @A_2020-01-01T00:00:00  "
        "2020-01-01T00:00:00",
    ]
    assert pipeline.table() in repr(pipeline)


@pytest.mark.datapipeline(start="2024-01-01T00:00:00")
@pytest.mark.parametrize("until", ["2024-01-02T00:00:00", "2024-01-02"])
def test_a_run_can_end_at_a_moment_that_is_written_as_text(
    datapipeline_fake: DataPipelineFake, until: str
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(on_demand(activity("A")))

    pipeline.run(until=until)

    assert datapipeline_fake.clock.now().isoformat() == "2024-01-02T00:00:00+00:00"


def test_a_state_that_there_is_not_is_refused_with_a_suggestion(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(on_demand(activity("A")))

    with pytest.raises(FakeUsageError, match=r"until is 'finshed'.* Did you mean 'FINISHED'"):
        pipeline.run(until="finshed")


def test_an_activation_that_is_refused_leaves_nothing_behind(
    datapipeline_fake: DataPipelineFake,
) -> None:
    definition = {
        "objects": on_demand(activity("A", command="#{myCommand}")),
        "parameters": [{"id": "myCommand"}],
    }

    with pytest.raises(FakeUsageError, match="myCommand"):
        datapipeline_fake.pipelines.activate(definition)

    assert len(datapipeline_fake.pipelines) == 0


def test_a_long_table_is_cut_at_its_beginning(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=30))
    pipeline.run(lambda _: None)

    lines = repr(pipeline).splitlines()

    assert lines[2] == "... 10 earlier; table(last=None) has all"
    assert len(lines) == 23


def test_a_table_shows_the_latest_hundred_runs_unless_it_is_asked_for_all(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=130))
    pipeline.run(lambda _: None)

    head, left_out, *rows = pipeline.table().splitlines()

    assert left_out == "... 30 earlier; table(last=None) has all"
    assert pipeline.table(last=None).splitlines()[-100:] == rows
    assert len(pipeline.table(last=None).splitlines()) == 131
    assert pipeline.table(last=1).splitlines()[2:] == rows[-1:]
    assert head.startswith("Name")


@pytest.mark.parametrize("last", [0, -1, True, "all"])
def test_a_table_of_a_number_of_rows_that_can_not_be_is_refused(
    datapipeline_fake: DataPipelineFake, last: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=1))

    with pytest.raises(FakeUsageError, match="it must be an int from 1 up"):
        pipeline.table(last=last)


def test_instances_are_looked_up_by_component_and_number(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("Fetch"), activity("Report"), occurrences=3)
    )
    assert pipeline.instance("Fetch").instance_id == "@Fetch_2020-01-01T00:00:00"
    pipeline.run(lambda _: None)

    assert pipeline.instance("Fetch", 1).instance_id == "@Fetch_2020-01-02T00:00:00"
    assert pipeline.instance("Report", -1).instance_id == "@Report_2020-01-03T00:00:00"
    assert pipeline.statuses("Report") == ["FINISHED"] * 3
    with pytest.raises(FakeUsageError, match="'Fetch' has 3 instances, none of number 3"):
        pipeline.instance("Fetch", 3)
    with pytest.raises(FakeUsageError, match="Did you mean 'Fetch'"):
        pipeline.instance("Fetsh")


def test_a_pipeline_without_an_end_is_not_run_to_its_end(
    datapipeline_fake: DataPipelineFake,
) -> None:
    definition = daily(activity("A"))
    del definition[1]["occurrences"]
    pipeline = datapipeline_fake.pipelines.activate(definition)

    with pytest.raises(FakeUsageError, match="has no end"):
        pipeline.run(lambda _: None)


def test_a_pipeline_that_was_never_activated_is_not_run(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.create(daily(activity("A")))

    with pytest.raises(FakeUsageError, match="never activated"):
        pipeline.run(lambda _: None)


def test_a_run_that_nobody_works_on_is_stuck_and_says_who_is_missing(
    datapipeline_fake: DataPipelineFake,
) -> None:
    from pytest_datapipeline import Stuck

    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=1))

    with pytest.raises(Stuck, match="Tasks wait for runners of 'wg'"):
        pipeline.run()


def test_a_run_ends_at_a_limit_of_virtual_time(datapipeline_fake: DataPipelineFake) -> None:
    from pytest_datapipeline import Stuck

    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=30))

    with pytest.raises(Stuck, match="max_time has passed"):
        pipeline.run(lambda _: None, max_time=86_400 * 3)


def test_a_function_that_returns_something_else_is_told_of(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A")))

    with pytest.raises(FakeUsageError, match="returned 7"):
        pipeline.run(lambda _: 7)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("reports", "work() takes a function of the work, not 'reports'."),
        (
            lambda: None,
            "The function that plays the runner, <lambda>(), is called with the work alone, and "
            "takes something else.",
        ),
        (
            lambda work, more: None,
            "The function that plays the runner, <lambda>(work, more), is called with the work "
            "alone, and takes something else.",
        ),
    ],
    ids=["no function", "too few", "too many"],
)
def test_a_function_that_can_not_be_called_with_the_work_is_refused(
    datapipeline_fake: DataPipelineFake, function: Any, told: str
) -> None:
    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.work(function)

    assert str(caught.value) == told


def test_a_decorated_function_plays_by_what_its_decorator_takes(
    datapipeline_fake: DataPipelineFake,
) -> None:
    @mock.patch("os.getcwd")
    def play(work: Any, getcwd: Any) -> None:
        assert getcwd is not work

    datapipeline_fake.work(play)
    task = datapipeline_fake.enqueue("wg")

    datapipeline_fake.wait_until(task)

    task.assert_finished()


def test_work_takes_its_time(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.work(seconds=600, worker_group="wg")
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=1))

    pipeline.run()

    finished = pipeline.instance("A").finished
    assert finished is not None
    assert (finished.hour, finished.minute) == (0, 10)


def test_work_that_takes_longer_than_a_runner_may_be_silent_is_reported_on(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.work(seconds=3600)
    pipeline = datapipeline_fake.pipelines.activate(on_demand(activity("A")))

    pipeline.run()

    (attempt,) = pipeline.instance("A").attempts
    assert attempt.status == "FINISHED"
    assert attempt.ended is not None
    assert attempt.handed_over is not None
    assert (attempt.ended - attempt.handed_over).seconds == 3600


def test_an_outcome_can_be_said_by_a_function(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.pipelines.outcome(
        "R", lambda run: "FINISHED" if len(run.attempts) > 1 else "FAILED"
    )
    resource = {"id": "R", "type": "Ec2Resource", "role": "r", "resourceRole": "r"}
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", runsOn={"ref": "R"}), resource, occurrences=1)
    )

    pipeline.run(lambda _: None)

    assert [held.status for held in pipeline.instance("R").attempts] == ["FAILED", "FINISHED"]
    with pytest.raises(FakeUsageError, match="it can be 'FINISHED'"):
        datapipeline_fake.pipelines.outcome("R", "PERHAPS")  # type: ignore[arg-type]  # on purpose


def test_a_secret_of_a_parameter_is_masked_where_it_is_used(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        {
            "objects": on_demand(activity("A", command="login #{*myPassword}")),
            "parameters": [{"id": "*myPassword", "type": "String"}],
            "values": {"*myPassword": "correct-horse"},
        }
    )
    (instance,) = pipeline.instances

    described = datapipeline_client.describe_objects(
        pipelineId=pipeline.id, objectIds=[instance.instance_id], evaluateExpressions=True
    )
    handed_out = datapipeline_client.poll_for_task(workerGroup="wg")

    assert "correct-horse" not in json.dumps(described)
    assert "login correct-horse" in json.dumps(handed_out)


@pytest.mark.parametrize("operation", ["create", "activate", "preview"])
def test_a_value_for_no_parameter_is_refused(
    datapipeline_fake: DataPipelineFake, operation: str
) -> None:
    method = getattr(datapipeline_fake.pipelines, operation)

    with pytest.raises(FakeUsageError, match=r"'myTow', which is no .* Did you mean 'myTwo'\?"):
        method(FILE, values={"myTow": "three"})
    assert len(datapipeline_fake.pipelines) == 0


def test_a_value_that_an_activation_brings_is_for_a_parameter_of_the_pipeline(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.create(FILE)

    with pytest.raises(FakeUsageError, match=r"'myTow', which is no .* There are: myTwo\."):
        pipeline.activate({"myTow": "three"})
    pipeline.activate({"myTwo": "three"})
    assert pipeline.state == "SCHEDULED"


def test_a_value_may_be_for_what_an_expression_alone_names(
    datapipeline_fake: DataPipelineFake,
) -> None:
    objects = on_demand(activity("A", command="echo #{myOwn} #{mySecret}"))

    pipeline = datapipeline_fake.pipelines.activate(
        objects, values={"myOwn": "1", "*mySecret": "2"}
    )

    assert len(pipeline.instances) == 1


@pytest.mark.parametrize("values", [["myTwo"], "myTwo=three", [{"id": "myTwo"}], {2: "three"}])
def test_values_are_a_mapping(datapipeline_fake: DataPipelineFake, values: Any) -> None:
    with pytest.raises(FakeUsageError, match=r"values is .* a mapping of names and values"):
        datapipeline_fake.pipelines.create(FILE, values=values)


def test_a_definition_that_is_no_template_has_no_template_parameters(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with pytest.raises(FakeUsageError, match="this is no template, but the AWS CLI's format"):
        datapipeline_fake.pipelines.create(FILE, template_parameters={"Stage": "prod"})


def test_a_value_may_be_for_one_of_two_definitions_that_are_compared(
    datapipeline_fake: DataPipelineFake,
) -> None:
    without = on_demand(activity("A"))
    pipelines = datapipeline_fake.pipelines

    assert pipelines.diff(without, FILE, values={"myTwo": "three"})
    with pytest.raises(FakeUsageError, match="'myTow', which is no parameter"):
        pipelines.diff(without, FILE, values={"myTow": "three"})


def test_an_instance_that_is_not_due_yet_is_told_with_when_it_is(
    datapipeline_fake: DataPipelineFake,
) -> None:
    objects = daily(activity("Extract"), scheduleType="cron")
    objects[1]["startDateTime"] = "2030-01-01T02:00:00"
    pipeline = datapipeline_fake.pipelines.activate(objects)

    with pytest.raises(FakeUsageError) as caught:
        pipeline.instance("Extract")
    assert str(caught.value).splitlines()[0] == (
        "'Extract' has 0 instances, none of number 0. Its first run is due at 2030-01-01 02:00:00, "
        "and the clock stands at 2020-01-01 00:00:00. Let the fake begin there, by the setting "
        "start=2030-01-01T02:00:00, or let time pass: by pipeline.run(...) or clock.move_to(...)."
    )


def test_an_instance_of_a_misspelt_object_is_told_with_the_right_one(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.create(daily(activity("Extract")))

    with pytest.raises(FakeUsageError, match=r"no object 'Extrakt'\. Did you mean 'Extract'\?"):
        pipeline.instance("Extrakt")


# -- any definition -------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
NAMES = TEXTS.filter(bool)
FIELDS = st.fixed_dictionaries({"key": NAMES}).flatmap(
    lambda field: st.one_of(
        NAMES.map(lambda value: {**field, "stringValue": value}),
        NAMES.map(lambda value: {**field, "refValue": value}),
    )
)
OBJECTS = st.lists(
    st.fixed_dictionaries({"id": NAMES, "name": NAMES, "fields": st.lists(FIELDS, max_size=6)}),
    max_size=6,
    unique_by=lambda held: held["id"],
)


@examples(50)
@given(OBJECTS)
def test_any_definition_comes_back_as_it_was_put(objects: list[dict[str, Any]]) -> None:
    with DataPipelineFake():
        client: Any = boto3.client("datapipeline")
        made = client.create_pipeline(name="n", uniqueId="u")["pipelineId"]

        answer = client.put_pipeline_definition(pipelineId=made, pipelineObjects=objects)
        got = client.get_pipeline_definition(pipelineId=made)

    assert got["pipelineObjects"] == objects
    assert answer["errored"] is bool(answer["validationErrors"])
