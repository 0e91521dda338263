"""Each message of the catalog is provoked as its users do it, and its last line names its id."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import sys
import threading
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from support.pipelines import activity, daily

from pytest_datapipeline import (
    DataPipelineEndpoint,
    DataPipelineFake,
    DataPipelineStubber,
    FakeUsageError,
    Stuck,
    UnexpectedCall,
    UnmetExpectations,
    explore,
    in_order,
    poll_for_task,
    set_task_status,
)
from pytest_datapipeline._messages.catalog import SECTIONS

if TYPE_CHECKING:
    from pathlib import Path

    from support.inner_pytest import Run


# With no fake about, so that its classes are found as they are.
with contextlib.suppress(ImportError):
    import_module("aiobotocore.session")


class Tools(NamedTuple):
    """What a provocation may need."""

    request: pytest.FixtureRequest
    monkeypatch: pytest.MonkeyPatch
    folder: Path

    def run(self, source: str, *arguments: str, ini: str = "") -> pytest.RunResult:
        """Run pytest within the test, whose modules pytester forgets: not for all of them."""
        run: Run = self.request.getfixturevalue("run")
        return run(source, *arguments, ini=ini)


Provocation = Callable[[Tools], "str | None"]
MESSAGES = {message.id: message for held in SECTIONS.values() for message in held}
TEXTS = [(message.id, text) for message in MESSAGES.values() for text in message.texts]
PROVOCATIONS: dict[tuple[str, int], Provocation] = {}
NOT_PROVOKED = {
    "foreign-event-loop": "it takes uvloop, which the tests do without",
    "task-is-lost": "it takes a fault of the fake itself: every task that is held has a deadline",
}


# So that nobody looks for them on the machine.
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}


def provokes(id: str, text: int = 0) -> Callable[[Provocation], Provocation]:
    """The function below brings a message about: it raises it, warns of it, or returns its text."""

    def register(provocation: Provocation) -> Provocation:
        PROVOCATIONS[id, text] = provocation
        return provocation

    return register


def patient_client(region: str = "us-east-1") -> Any:
    return boto3.client("datapipeline", region, config=Config(read_timeout=100))


def polls() -> None:
    patient_client().poll_for_task(workerGroup="wg", hostname="h")


def loops() -> None:
    while True:
        polls()


def in_a_thread(function: Callable[[], object]) -> None:
    """Call it in a thread, and raise here what it raised there."""
    raised: list[BaseException] = []

    def catches() -> None:
        try:
            function()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=catches, daemon=True)
    thread.start()
    thread.join(timeout=10)
    for error in raised:
        raise error


def printed(result: pytest.RunResult) -> str:
    """What a test run within the test said of its failure: as a failure, or in a sentence."""
    lines = [re.sub(r"^E +", "", line) for line in (*result.outlines, *result.errlines)]
    end = max(place for place, line in enumerate(lines) if line.startswith("Help: "))
    return "\n".join(lines[: end + 1])


@pytest.mark.parametrize(("id", "text"), TEXTS, ids=lambda value: None if " " in value else value)
def test_a_message_names_its_explanation_in_its_last_line(
    id: str,
    text: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    if id in NOT_PROVOKED:
        pytest.skip(NOT_PROVOKED[id])
    message = MESSAGES[id]
    provocation = PROVOCATIONS[id, message.texts.index(text)]

    told = message_of(provocation, message.kind, Tools(request, monkeypatch, tmp_path))

    pieces = map(re.escape, filter(None, map(str.strip, text.split("..."))))
    assert re.search(r"[\s\S]*?".join(pieces), told)
    assert told.splitlines()[-1] == f"Help: pytest-datapipeline explain {id}"


def message_of(provocation: Provocation, kind: str, tools: Tools) -> str:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            told = provocation(tools)
        except (FakeUsageError, Stuck, UnexpectedCall, UnmetExpectations) as error:
            told = str(error) if type(error).__name__ == kind else f"not {kind}: {error!r}"
    if told is not None:
        return told
    (found,) = [held.message for held in warned if type(held.message).__name__ == kind]
    return str(found)


# -- no fake is active -----------------------------------------------------------------------------

CALL = """
    import boto3

    def test_call():
        boto3.client("datapipeline", "us-east-1", aws_access_key_id="a",
                     aws_secret_access_key="b").list_pipelines()
"""


@provokes("no-fake-active")
def _(tools: Tools) -> str:
    return printed(tools.run(CALL))


@provokes("guard-is-strict")
def _(tools: Tools) -> str:
    return printed(tools.run(CALL, ini="datapipeline_guard = strict"))


@provokes("refusals-swallowed")
def _(tools: Tools) -> None:
    with DataPipelineStubber():
        while True:
            with contextlib.suppress(UnexpectedCall):
                polls()


@provokes("fake-of-another-thread")
def _(tools: Tools) -> None:
    with DataPipelineFake():
        in_a_thread(DataPipelineFake().__enter__)


# -- waits and loops -------------------------------------------------------------------------------


@provokes("nobody-moves-time")
def _(tools: Tools) -> None:
    with DataPipelineFake(patience=0.05):
        in_a_thread(polls)


@provokes("nothing-happens")
def _(tools: Tools) -> None:
    with DataPipelineFake(patience=0.05) as fake:
        fake.wait_until(lambda: False, move_time=False)


@provokes("nothing-will-change")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.wait_until(fake.enqueue("wg"))


@provokes("runner-still-works")
@provokes("runner-still-works", 1)
def _(tools: Tools) -> None:
    release = threading.Event()

    def dreams() -> None:
        patient_client().poll_for_task(workerGroup="slow", hostname="h")
        release.wait(10)

    with DataPipelineFake(patience=0.1, settle=0.02) as fake:
        task = fake.enqueue("slow")
        threading.Thread(target=dreams, daemon=True).start()
        fake.wait_until(lambda: task.task_id, move_time=False)
        try:
            loops()
        finally:
            release.set()


@provokes("runner-still-works", 2)
def _(tools: Tools) -> None:
    taken, tested = threading.Event(), threading.Event()

    def hangs() -> None:
        client = patient_client()
        held = client.poll_for_task(workerGroup="slow", hostname="h")["taskObject"]
        taken.set()
        while not tested.wait(0.001):
            client.report_task_progress(taskId=held["taskId"])

    with DataPipelineFake(patience=0.1, settle=0.001) as fake:
        fake.enqueue("slow")
        threading.Thread(target=hangs, daemon=True).start()
        taken.wait(10)
        try:
            fake.wait_until(timedelta(hours=1))
        finally:
            tested.set()


@provokes("sleeps-in-real-time")
def _(tools: Tools) -> None:
    with DataPipelineFake(patience=0.001) as fake:
        fake.enqueue("wg")
        fake.run(lambda: time.sleep(1))


@provokes("sleeps-without-calls")
def _(tools: Tools) -> None:
    with DataPipelineFake(virtual_sleep=True):
        end = time.monotonic() + 3600
        while time.monotonic() < end:
            time.sleep(60)


@provokes("only-empty-polls")
def _(tools: Tools) -> None:
    with DataPipelineFake(idle_limit=3600):
        loops()


@provokes("nothing-comes-of-calls")
def _(tools: Tools) -> None:
    tools.monkeypatch.setattr("pytest_datapipeline._time.limits._CALLS_AT_A_STANDSTILL", 50)
    with DataPipelineFake():
        client = patient_client()
        while True:
            client.list_pipelines()


@provokes("max-calls-reached")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.run(loops, until=lambda: False, max_calls=3)


@provokes("max-time-reached")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.run(loops, until=lambda: False, max_time=timedelta(hours=1))


@provokes("max-time-reached", 1)
def _(tools: Tools) -> None:
    def send_heartbeats() -> None:
        client = patient_client()
        while True:
            client.report_task_runner_heartbeat(taskrunnerId="runner-1")
            time.sleep(3600)

    with DataPipelineFake(virtual_sleep=True) as fake:
        task = fake.enqueue("wg")
        threading.Thread(target=send_heartbeats).start()
        fake.wait_until(task, max_time=timedelta(hours=8))


@provokes("pipeline-max-time")
def _(tools: Tools) -> None:
    with DataPipelineFake(start="2020-01-01T00:00:00") as fake:
        pipeline = fake.pipelines.activate(daily(activity("A"), occurrences=30))
        pipeline.run(lambda _: None, max_time=timedelta(days=3))


@provokes("wait-off-the-test-thread")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        in_a_thread(fake.wait_until)


@provokes("never-awaited")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.until()  # type: ignore[unused-coroutine]  # on purpose


@provokes("wait-in-a-coroutine")
def _(tools: Tools) -> None:
    session = pytest.importorskip("aiobotocore.session").get_session()

    async def main() -> None:
        async with session.create_client("datapipeline", **KEYS) as client:
            runner = asyncio.create_task(client.poll_for_task(workerGroup="wg"))
            await asyncio.sleep(1)
            try:
                fake.wait_until(lambda: False)
            finally:
                runner.cancel()

    with DataPipelineFake() as fake:
        asyncio.run(main())


@provokes("needs-asyncios-loop")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        in_a_thread(lambda: asyncio.run(fake.until(lambda: False)))


def under_trio(
    function: Callable[[Any], Any], http_session: str = "httpxsession.HttpxSession"
) -> Callable[[], Any]:
    """A coroutine function that gets a client of aiobotocore's, which sends by that."""
    session = pytest.importorskip("aiobotocore.session").get_session()
    pytest.importorskip("httpx")
    module, name = http_session.split(".")
    kind = getattr(pytest.importorskip(f"aiobotocore.{module}"), name)
    config = pytest.importorskip("aiobotocore.config").AioConfig(
        read_timeout=100, http_session_cls=kind
    )

    async def main() -> None:
        async with session.create_client("datapipeline", **KEYS, config=config) as client:
            await function(client)

    return main


@provokes("aiohttp-under-trio")
def _(tools: Tools) -> None:
    trio = pytest.importorskip("trio")
    with DataPipelineFake():
        trio.run(under_trio(lambda client: client.list_pipelines(), "httpsession.AIOHTTPSession"))


@provokes("trio-as-a-guest")
def _(tools: Tools) -> None:
    trio = pytest.importorskip("trio")

    async def host() -> None:
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        trio.lowlevel.start_guest_run(
            under_trio(lambda client: client.list_pipelines()),
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=over.set_result,
        )
        (await over).unwrap()

    with DataPipelineFake():
        asyncio.run(host())


@provokes("call-outlives-fake")
def _(tools: Tools) -> None:
    trio = pytest.importorskip("trio")

    async def main(client: Any) -> None:
        async with trio.open_nursery() as nursery:
            with DataPipelineFake(patience=0.05):
                nursery.start_soon(lambda: client.poll_for_task(workerGroup="wg"))
                await trio.testing.wait_all_tasks_blocked()

    pytest.importorskip("trio.testing")
    try:
        trio.run(under_trio(main))
    except BaseException as group:
        raise getattr(group, "exceptions", [group])[0] from None


# -- driving a runner ------------------------------------------------------------------------------


@provokes("nothing-to-run")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.run(loops)


@provokes("runner-is-a-coroutine")
def _(tools: Tools) -> None:
    async def runner() -> None: ...

    called: Any = runner()
    with DataPipelineFake() as fake:
        fake.run(called, until=lambda: False)


@provokes("runner-is-a-generator")
def _(tools: Tools) -> None:
    def runner() -> Any:
        yield

    with DataPipelineFake() as fake:
        fake.run(runner, until=lambda: False)


@provokes("run-within-run")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.run(lambda: fake.run(loops, until=lambda: False), until=lambda: False)


@provokes("die-at-takes-a-matcher")
def _(tools: Tools) -> None:
    function: Any = set_task_status
    with DataPipelineFake() as fake:
        fake.run(loops, until=lambda: False, die_at=function)


@provokes("runner-did-not-die")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.run(polls, until=lambda: False, die_at=set_task_status())


# -- planned faults and tasks ----------------------------------------------------------------------


@provokes("fault-not-met")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.fail("poll_for_task", "throttling")


@provokes("not-an-operation")
def _(tools: Tools) -> None:
    function: Any = poll_for_task
    with DataPipelineFake() as fake:
        fake.fail(function, "throttling")


@provokes("unknown-operation")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.fail("poll_for_tasks", "throttling")


@provokes("unknown-error", 0)
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.fail("poll_for_task", "TaskNotFound")


@provokes("unknown-error", 1)
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.fail("poll_for_task", "PipelineNotFoundException")


@provokes("unknown-fault")
def _(tools: Tools) -> None:
    nothing: Any = None
    with DataPipelineFake() as fake:
        fake.fail("poll_for_task", nothing)


@provokes("not-a-failure-status")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.fail("poll_for_task", 200)


@provokes("task-has-ended")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        task = fake.enqueue("wg")
        task.mark_finished()
        task.cancel()


@provokes("no-deadline")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.enqueue("wg").expire()


@provokes("not-a-task")
def _(tools: Tools) -> None:
    text: Any = "echo hi"
    with DataPipelineFake() as fake:
        fake.enqueue("wg", text)


@provokes("service-sets-field")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.enqueue("wg", {"@status": "RUNNING"})


@provokes("time-goes-back")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.clock.move_to("2000-01-01T00:00:00")


@provokes("holds-its-own-thread")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake, fake.hold("poll_for_task"):
        polls()


# -- settings and matchers -------------------------------------------------------------------------


@provokes("unknown-setting")
def _(tools: Tools) -> None:
    misspelt: dict[str, Any] = {"freezes": True}
    DataPipelineFake(**misspelt)


@provokes("marker-too-late")
def _(tools: Tools) -> str:
    return printed(
        tools.run(
            """
            import pytest

            @pytest.mark.datapipeline(contract="fail")
            def test_a(module_datapipeline_fake):
                pass
            """
        )
    )


@provokes("not-a-runner")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.run(None)  # type: ignore[call-overload]  # on purpose


@provokes("nothing-to-wait-for")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.run(loops, until=90)  # type: ignore[call-overload]  # on purpose


@provokes("wrong-setting")
def _(tools: Tools) -> None:
    DataPipelineFake(contract="strict")  # type: ignore[arg-type]  # on purpose


@provokes("wrong-setting", 1)
def _(tools: Tools) -> None:
    DataPipelineFake(patience=-1)


@provokes("wrong-setting", 2)
def _(tools: Tools) -> None:
    DataPipelineFake(ignored_rules="no-hostnam")


@provokes("not-a-duration")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.enqueue("wg", delay="90")  # type: ignore[call-overload]  # on purpose


@provokes("worker-group-first")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.enqueue({"command": "true"}, "wg")  # type: ignore[call-overload]  # on purpose


@provokes("no-such-instance")
def _(tools: Tools) -> None:
    with DataPipelineFake(start="2019-12-01T00:00:00") as fake:
        fake.pipelines.activate(daily(activity("Extract"))).instance("Extract")


@provokes("no-such-instance", 1)
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.pipelines.activate(daily(activity("Extract"))).instance("Extrakt")


@provokes("setting-without-name")
def _(tools: Tools) -> str:
    return printed(
        tools.run(
            """
            import pytest

            @pytest.mark.datapipeline("2024-01-01")
            def test_a(datapipeline_fake):
                pass
            """
        )
    )


@provokes("not-a-moment")
def _(tools: Tools) -> None:
    DataPipelineFake(start="yesterday")


@provokes("unknown-parameter")
def _(tools: Tools) -> None:
    misspelt: dict[str, Any] = {"workergroup": "wg"}
    poll_for_task(**misspelt)


@provokes("not-a-matcher", 0)
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        assert fake.calls == [poll_for_task]


@provokes("not-a-matcher", 1)
def _(tools: Tools) -> None:
    function: Any = poll_for_task
    in_order(function)


@provokes("not-a-matcher", 2)
def _(tools: Tools) -> None:
    function: Any = poll_for_task
    with DataPipelineFake() as fake:
        fake.calls.count(function)


@provokes("predicate-fails")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        polls()
        assert fake.calls == [poll_for_task(workerGroup=lambda value: value.missing)]


# -- pipelines and definitions ---------------------------------------------------------------------


TEMPLATE = {
    "Parameters": {"Stage": {"Type": "String", "Default": "test"}},
    "Resources": {
        "P": {
            "Type": "AWS::DataPipeline::Pipeline",
            "Properties": {"PipelineObjects": [{"Id": "Default", "Name": "Default", "Fields": []}]},
        }
    },
}


@provokes("unknown-definition-parameter")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.pipelines.create(TEMPLATE, template_parameters={"Stag": "prod"})


@provokes("unknown-definition-parameter", 1)
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.pipelines.create([{"id": "Default"}], values={"myDay": "1"})


@provokes("definition-has-errors")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.pipelines.create([{"id": "A", "type": "ShellCommandActivity"}])


@provokes("schedule-never-ends")
def _(tools: Tools) -> None:
    default, schedule, *others = daily(activity("A"))
    del schedule["occurrences"]
    with DataPipelineFake() as fake:
        fake.pipelines.activate([default, schedule, *others]).run()


@provokes("never-activated")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.pipelines.create(daily(activity("A"))).run()


@provokes("unknown-pipeline")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.pipelines["Nightly"]


@provokes("player-returns-a-value")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.pipelines.activate(daily(activity("A"))).run(lambda work: {"played": work.id})


@provokes("moto-not-active")
def _(tools: Tools) -> None:
    key = {"id": "P", "type": "S3KeyExists", "s3Key": "s3://bucket/ready", "role": "R"}
    waits = activity("A", precondition={"ref": "P"})
    with DataPipelineFake(preconditions="look") as fake:
        fake.pipelines.activate(daily(key, waits, role="R", resourceRole="R")).run()


@provokes("template-needs-values")
def _(tools: Tools) -> None:
    template = tools.folder / "template.json"
    template.write_text(
        """{"Parameters": {"Group": {"Type": "String"}}, "Resources": {"P": {
        "Type": "AWS::DataPipeline::Pipeline", "Properties": {"Name": "n", "PipelineObjects": [
        {"Id": "Default", "Name": "Default", "Fields": [
        {"Key": "workerGroup", "StringValue": {"Ref": "Group"}}]}]}}}}""",
        encoding="utf-8",
    )
    with DataPipelineFake() as fake:
        fake.pipelines.create(template)


# -- scripts, explorations, extras -----------------------------------------------------------------


@provokes("no-response-left", 0)
def _(tools: Tools) -> None:
    with DataPipelineStubber():
        polls()


@provokes("no-response-left", 1)
def _(tools: Tools) -> None:
    with DataPipelineStubber() as stubber:
        stubber.any_order()
        stubber.add_time_out()
        patient_client().list_pipelines()


@provokes("another-response-next")
def _(tools: Tools) -> None:
    with DataPipelineStubber() as stubber:
        stubber.add_time_out()
        patient_client().list_pipelines()


@provokes("other-parameters")
def _(tools: Tools) -> None:
    with DataPipelineStubber() as stubber:
        stubber.add_empty_poll("reports")
        polls()


@provokes("response-not-used")
def _(tools: Tools) -> None:
    with DataPipelineStubber() as stubber:
        stubber.add_empty_poll()
        stubber.verify()


@provokes("scenario-differs")
def _(tools: Tools) -> None:
    times = itertools.count()

    def scenario(fake: DataPipelineFake) -> None:
        polls()
        if next(times):
            patient_client().list_pipelines()

    explore(scenario)


@provokes("replay-outdated")
def _(tools: Tools) -> None:
    def scenario(fake: DataPipelineFake) -> None:
        polls()

    explore(scenario, replay="scenario::list_pipelines#1=throttling")


@provokes("extra-not-installed", 0)
def _(tools: Tools) -> None:
    tools.monkeypatch.setitem(sys.modules, "aiohttp", None)
    tools.monkeypatch.delitem(sys.modules, "pytest_datapipeline._http.server", raising=False)
    DataPipelineEndpoint(DataPipelineFake())


@provokes("extra-not-installed", 1)
def _(tools: Tools) -> None:
    tools.monkeypatch.setitem(sys.modules, "yaml", None)
    template = tools.folder / "template.yaml"
    template.write_text("Resources:\n  P:\n    Type: AWS::DataPipeline::Pipeline\n")
    with DataPipelineFake() as fake:
        fake.pipelines.create(template)


@provokes("extra-not-installed", 2)
def _(tools: Tools) -> None:
    tools.monkeypatch.setitem(sys.modules, "hcl2", None)
    template = tools.folder / "main.tf"
    template.write_text('resource "aws_datapipeline_pipeline" "p" {\n  name = "n"\n}\n')
    with DataPipelineFake() as fake:
        fake.pipelines.create(template)


@provokes("extra-not-installed", 3)
def _(tools: Tools) -> str:
    tools.monkeypatch.setitem(sys.modules, "jinja2", None)
    return printed(tools.run("def test_a(): pass", "--datapipeline-report=pages"))


# -- warnings --------------------------------------------------------------------------------------


@provokes("worker-group-spelling")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.enqueue("WG")
        polls()


@provokes("wrong-region")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.enqueue("wg", region="eu-west-1")
        polls()


@provokes("short-read-timeout")
def _(tools: Tools) -> None:
    with DataPipelineFake():
        client = boto3.client("datapipeline", config=Config(read_timeout=89))
        with contextlib.suppress(ReadTimeoutError):
            client.poll_for_task(workerGroup="wg", hostname="h")


@provokes("late-acknowledgement")
def _(tools: Tools) -> None:
    with DataPipelineFake() as fake:
        fake.enqueue("wg")
        client = patient_client()
        task = client.poll_for_task(workerGroup="wg", hostname="h")["taskObject"]
        fake.clock.advance(timedelta(minutes=3))
        with contextlib.suppress(client.exceptions.ClientError):
            client.report_task_progress(taskId=task["taskId"])
