"""Which clients are served, what of botocore goes on running, and how moto fits in."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import boto3
import botocore.endpoint
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from botocore.history import BaseHistoryHandler, HistoryRecorder

from pytest_datapipeline import DataPipelineFake, FakeUsageError
from pytest_datapipeline._clients import interception
from pytest_datapipeline._clients.hooks import MovedParts
from pytest_datapipeline._time.timekeeper import Timekeeper

if TYPE_CHECKING:
    from collections.abc import Callable

moto = pytest.importorskip("moto")

# As code under test often does: a client made when its module is imported, before any fixture.
MODULE_LEVEL_CLIENT = boto3.session.Session(
    aws_access_key_id="a", aws_secret_access_key="b"
).client("datapipeline", region_name="us-west-2", config=Config(read_timeout=100))


def by_boto3() -> Any:
    return boto3.client("datapipeline")


def by_boto3_session() -> Any:
    return boto3.session.Session().client("datapipeline")


def by_boto3_session_with_region() -> Any:
    return boto3.session.Session(region_name="eu-west-1").client("datapipeline")


def by_botocore() -> Any:
    return botocore.session.get_session().create_client("datapipeline")


def by_endpoint_url() -> Any:
    return boto3.client("datapipeline", "us-east-1", endpoint_url="http://127.0.0.1:9")


@pytest.mark.parametrize(
    "make",
    [
        by_boto3,
        by_boto3_session,
        by_boto3_session_with_region,
        by_botocore,
        by_endpoint_url,
        lambda: MODULE_LEVEL_CLIENT,
    ],
    ids=["boto3", "session", "region", "botocore", "endpoint_url", "module-level"],
)
def test_every_way_to_make_a_client_leads_to_the_fake(
    datapipeline_fake: DataPipelineFake, make: Callable[[], Any]
) -> None:
    task = datapipeline_fake.enqueue("wg")

    answer = make().poll_for_task(workerGroup="wg")

    assert answer["taskObject"]["taskId"] == task.task_id


def test_a_client_that_was_made_in_one_fake_is_served_by_the_next() -> None:
    with DataPipelineFake():
        client = boto3.client("datapipeline")

    with DataPipelineFake() as fake:
        task = fake.enqueue("wg")
        answer = client.poll_for_task(workerGroup="wg")

    assert answer["taskObject"]["taskId"] == task.task_id


def test_clients_of_other_threads_are_served(datapipeline_fake: DataPipelineFake) -> None:
    task = datapipeline_fake.enqueue("wg")
    answers: list[Any] = []

    thread = threading.Thread(
        target=lambda: answers.append(by_boto3().poll_for_task(workerGroup="wg"))
    )
    thread.start()
    thread.join(timeout=10)

    assert answers[0]["taskObject"]["taskId"] == task.task_id


def test_without_the_plugin_a_region_is_supplied_only_while_the_fake_is_active() -> None:
    program = """
        import boto3
        from botocore.exceptions import NoRegionError
        from pytest_datapipeline import DataPipelineFake

        with DataPipelineFake(region="eu-west-1"):
            print(boto3.client("datapipeline").meta.region_name)
        try:
            boto3.client("datapipeline", aws_access_key_id="a", aws_secret_access_key="b")
        except NoRegionError:
            print("none")
    """

    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout == "eu-west-1\nnone\n", result.stderr


def test_a_configured_region_is_kept(
    datapipeline_fake: DataPipelineFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-2")

    by_boto3().report_task_runner_heartbeat(taskrunnerId="tr")

    assert datapipeline_fake.calls[0].region == "ap-southeast-2"


def test_tests_do_not_see_each_other_s_tasks() -> None:
    with DataPipelineFake() as first:
        first.enqueue("wg")
    with DataPipelineFake() as second:
        answer = MODULE_LEVEL_CLIENT.poll_for_task(workerGroup="wg")

    assert "taskObject" not in answer
    assert second.tasks == []


# -- what of botocore goes on running -------------------------------------------------------------


def test_botocore_validates_parameters_before_anything_is_sent(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    with pytest.raises(ParamValidationError, match="workerGroup"):
        datapipeline_client.poll_for_task()

    assert len(datapipeline_fake.calls) == 0


def test_the_response_metadata_is_botocore_s(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")

    metadata = datapipeline_client.poll_for_task(workerGroup="wg")["ResponseMetadata"]

    headers = metadata.pop("HTTPHeaders")
    assert metadata == {
        "RequestId": headers["x-amzn-requestid"],
        "HTTPStatusCode": 200,
        "RetryAttempts": 0,
    }
    assert set(headers) == {"x-amzn-requestid", "content-type", "content-length", "date"}
    assert headers["content-type"] == "application/x-amz-json-1.1"


def test_handlers_that_the_user_registered_run(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    seen: list[str] = []
    for event in (
        "provide-client-params",
        "before-parameter-build",
        "before-call",
        "request-created",
        "choose-signer",
        "before-sign",
        "before-send",
        "before-parse",
        "response-received",
        "needs-retry",
        "after-call",
    ):
        datapipeline_client.meta.events.register(
            f"{event}.data-pipeline.PollForTask",
            lambda event_name, **_: seen.append(event_name.split(".")[0]),
        )
    datapipeline_fake.enqueue("wg")

    datapipeline_client.poll_for_task(workerGroup="wg")

    # botocore emits before-parse since 1.35.
    assert [event for event in seen if event != "before-parse"] == [
        "provide-client-params",
        "before-parameter-build",
        "before-call",
        "request-created",
        "choose-signer",
        "before-sign",
        "before-send",
        "response-received",
        "needs-retry",
        "after-call",
    ]


def test_an_answer_of_the_user_s_own_before_send_handler_goes_before_the_fake_s(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    def answer(request: Any, **_: Any) -> Any:
        response: Any = AWSResponse(request.url, 200, {}, None)  # type: ignore[arg-type]  # any mapping
        response._content = b'{"canceled":true}'
        return response

    datapipeline_client.meta.events.register("before-send.data-pipeline.*", answer)

    canceled = datapipeline_client.report_task_progress(taskId="t")["canceled"]

    assert canceled is True
    assert len(datapipeline_fake.calls) == 0


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_retries_of_each_mode_take_virtual_time_only(
    datapipeline_fake: DataPipelineFake, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", lambda seconds: slept.append(seconds))
    retries: Any = {"mode": mode}
    client = boto3.client("datapipeline", config=Config(retries=retries))
    datapipeline_fake.fail("poll_for_task", "throttling", times=5)

    for _ in range(5):
        with pytest.raises(ClientError):
            client.poll_for_task(workerGroup="wg")

    assert set(slept) <= {0}
    assert all(backoff >= 0 for backoff in datapipeline_fake.calls.backoffs)
    assert len(datapipeline_fake.calls.backoffs) >= 5


def test_an_adaptive_client_sends_slower_after_throttling_in_virtual_time(
    datapipeline_fake: DataPipelineFake,
) -> None:
    config = Config(retries={"mode": "adaptive", "total_max_attempts": 1})
    client = boto3.client("datapipeline", config=config)
    datapipeline_fake.fail("report_task_runner_heartbeat", "throttling", times=3)
    before = datapipeline_fake.clock.now()

    for _ in range(3):
        with pytest.raises(ClientError):
            client.report_task_runner_heartbeat(taskrunnerId="tr")

    assert (datapipeline_fake.clock.now() - before).total_seconds() > 1


def test_what_a_client_remembers_of_failures_does_not_reach_the_next_test() -> None:
    session = boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b")
    config = Config(retries={"mode": "standard", "total_max_attempts": 3})
    client = session.client("datapipeline", region_name="us-east-1", config=config)
    requests = []

    for _ in range(2):
        with DataPipelineFake() as fake:
            fake.fail("poll_for_task", "InternalServiceError", times=60)
            for _ in range(60):
                with pytest.raises(ClientError):
                    client.poll_for_task(workerGroup="wg")
            requests.append(len(fake.calls))

    # botocore's retry quota runs dry in each of both, and is full again in the second.
    assert requests[0] == requests[1] < 180


def test_a_call_is_recorded_with_all_that_botocore_knows_of_it(
    datapipeline_fake: DataPipelineFake,
) -> None:
    client = boto3.client("datapipeline", "eu-west-1", config=Config(read_timeout=95))
    datapipeline_fake.fail("poll_for_task", "throttling", per="request")

    client.poll_for_task(workerGroup="wg", hostname="h")

    first, second = datapipeline_fake.calls
    assert (first.operation, first.parameters) == (
        "PollForTask",
        {"workerGroup": "wg", "hostname": "h"},
    )
    assert (first.region, first.read_timeout, first.thread) == ("eu-west-1", 95, "MainThread")
    assert (first.error, first.injected, first.response) == ("ThrottlingException", True, None)
    assert (first.attempt, second.attempt) == (1, 2)
    assert first.invocation_id == second.invocation_id
    assert (second.error, second.injected, second.response) == (None, False, {})
    assert first.backoff is not None
    assert second.ended is not None
    assert (second.ended - second.time).total_seconds() == 90


# -- moto -----------------------------------------------------------------------------------------


def assert_data_pipeline_is_ours_and_s3_is_moto_s(fake: DataPipelineFake) -> None:
    task = fake.enqueue("wg")
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="bucket")
    clients = (by_boto3(), MODULE_LEVEL_CLIENT)

    answers = [client.poll_for_task(workerGroup="wg") for client in clients]

    assert answers[0]["taskObject"]["taskId"] == task.task_id
    assert "taskObject" not in answers[1]
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["bucket"]


def test_moto_as_a_context_manager_within_the_fake(datapipeline_fake: DataPipelineFake) -> None:
    with moto.mock_aws():
        assert_data_pipeline_is_ours_and_s3_is_moto_s(datapipeline_fake)


def test_the_fake_within_moto() -> None:
    with moto.mock_aws(), DataPipelineFake() as fake:
        assert_data_pipeline_is_ours_and_s3_is_moto_s(fake)


@moto.mock_aws  # type: ignore[untyped-decorator]  # moto is not typed
def test_moto_as_a_decorator(datapipeline_fake: DataPipelineFake) -> None:
    assert_data_pipeline_is_ours_and_s3_is_moto_s(datapipeline_fake)


@pytest.fixture
def aws() -> Any:
    with moto.mock_aws():
        yield


def test_moto_as_a_fixture_before_ours(aws: None, datapipeline_fake: DataPipelineFake) -> None:
    assert_data_pipeline_is_ours_and_s3_is_moto_s(datapipeline_fake)


def test_moto_as_a_fixture_after_ours(datapipeline_fake: DataPipelineFake, aws: None) -> None:
    assert_data_pipeline_is_ours_and_s3_is_moto_s(datapipeline_fake)


def test_moto_does_not_see_the_pipelines_that_go_to_the_fake(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with moto.mock_aws():
        made = by_boto3().create_pipeline(name="n", uniqueId="u")

    assert [held.id for held in datapipeline_fake.pipelines] == [made["pipelineId"]]


# -- what is refused ------------------------------------------------------------------------------


def test_a_fake_can_be_entered_once() -> None:
    fake = DataPipelineFake()
    with fake:
        pass

    with pytest.raises(FakeUsageError, match="can be entered once"):
        fake.__enter__()


def test_a_botocore_with_other_insides_is_told_of_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("botocore.endpoint.Endpoint._needs_retry")

    with pytest.raises(MovedParts, match=r"has moved or changed Endpoint\._needs_retry"):
        interception.check_botocore()


def test_debug_logging_of_botocore_works(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="botocore")

    datapipeline_client.poll_for_task(workerGroup="wg")

    assert "Sending http request" in caplog.text


# -- clients that are configured in other ways ----------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"endpoint_url": "http://localhost:4566"},
        {"endpoint_url": "https://vpce-1.datapipeline.eu-west-1.vpce.amazonaws.com"},
        {"verify": False},
        {"use_ssl": False},
        {"config": Config(proxies={"https": "http://proxy.invalid:3128"})},
        {"config": Config(max_pool_connections=1, tcp_keepalive=True, parameter_validation=False)},
        {"config": Config(signature_version=UNSIGNED)},
        {"api_version": "2012-10-29"},
        {"aws_session_token": "t", "aws_access_key_id": "a", "aws_secret_access_key": "s"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_a_client_is_served_however_it_is_configured(
    datapipeline_fake: DataPipelineFake, given: dict[str, Any]
) -> None:
    client = boto3.client("datapipeline", **given)

    client.list_pipelines()

    assert datapipeline_fake.calls.operations == ["list_pipelines"]


def test_endpoints_and_proxies_in_the_environment_lead_nobody_away(
    datapipeline_fake: DataPipelineFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DATA_PIPELINE", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    boto3.client("datapipeline").list_pipelines()

    assert len(datapipeline_fake.calls) == 1


def test_handlers_that_trace_requests_see_each_step_of_a_call(
    datapipeline_fake: DataPipelineFake,
) -> None:
    steps = []
    client = boto3.client("datapipeline")
    for step in (
        "provide-client-params",
        "before-parameter-build",
        "before-call",
        "request-created",
        "choose-signer",
        "before-sign",
        "before-send",
        "response-received",
        "needs-retry",
        "after-call",
    ):
        client.meta.events.register_first(
            f"{step}.data-pipeline.ListPipelines", lambda step=step, **_: steps.append(step)
        )

    client.list_pipelines()

    assert steps == [
        "provide-client-params",
        "before-parameter-build",
        "before-call",
        "request-created",
        "choose-signer",
        "before-sign",
        "before-send",
        "response-received",
        "needs-retry",
        "after-call",
    ]


def test_headers_that_a_tracing_handler_adds_do_no_harm(
    datapipeline_fake: DataPipelineFake,
) -> None:
    client = boto3.client("datapipeline")

    def trace(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = "Root=1-5759e988-bd862e3fe1be46a994272793"

    client.meta.events.register("before-send.data-pipeline", trace)

    assert client.list_pipelines()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_botocores_history_records_requests_and_responses(
    datapipeline_fake: DataPipelineFake,
) -> None:
    class Kept(BaseHistoryHandler):
        def __init__(self) -> None:
            self.events: list[str] = []

        def emit(self, event_type: str, payload: Any, source: str) -> None:
            self.events.append(event_type)

    recorder, kept = HistoryRecorder(), Kept()
    recorder.add_handler(kept)
    recorder.enable()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.endpoint, "history_recorder", recorder)
        boto3.client("datapipeline").list_pipelines()

    assert kept.events == ["HTTP_REQUEST", "HTTP_RESPONSE", "PARSED_RESPONSE"]


def test_sessions_of_several_threads_are_served(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue("wg", *({"command": str(number)} for number in range(8)))
    seen: list[str] = []

    def work() -> None:
        session = botocore.session.Session()
        client: Any = session.create_client("datapipeline", config=Config(read_timeout=100))
        task = client.poll_for_task(workerGroup="wg")["taskObject"]
        client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
        seen.append(task["taskId"])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(seen)) == 8
    assert all(task.status == "FINISHED" for task in datapipeline_fake.tasks)


def test_a_fake_of_which_one_part_fails_to_end_still_gives_everything_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    close = Timekeeper.close

    def broken(self: Timekeeper) -> None:
        close(self)
        raise RuntimeError("broken")

    monkeypatch.setattr(Timekeeper, "close", broken)

    with pytest.raises(RuntimeError, match="broken"), DataPipelineFake():
        pass

    monkeypatch.undo()
    with DataPipelineFake() as another:
        assert boto3.client("datapipeline").list_pipelines()["pipelineIdList"] == []
        assert len(another.calls) == 1
