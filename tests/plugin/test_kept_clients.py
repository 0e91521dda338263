"""datapipeline_client is kept from test to test, and is in each as if it were new."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.inner_pytest import run_here

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs pytest in this process, in order, on tests that note their clients."""

    def run(source: str, *arguments: str, ini: str = "") -> pytest.RunResult:
        pytester.makepyfile(BEFORE + source)
        pytester.makeini(f"[pytest]\n{ini}")
        return run_here(pytester, "-p", "no:randomly", *arguments)

    return run


BEFORE = """
    import boto3
    import pytest

    seen = []
"""


def test_the_same_client_serves_one_test_after_the_other(run: Run) -> None:
    source = """
    def test_one(datapipeline_client):
        seen.append(datapipeline_client)
        datapipeline_client.create_pipeline(name="n", uniqueId="u")

    def test_two(datapipeline_client):
        assert datapipeline_client is seen[0]
        assert datapipeline_client.list_pipelines()["pipelineIdList"] == []

    def test_three(datapipeline_stubber, datapipeline_client):
        assert datapipeline_client is seen[0]
        datapipeline_stubber.add_response("list_pipelines", {"pipelineIdList": []})
        datapipeline_client.list_pipelines()
"""

    run(source).assert_outcomes(passed=3)


SOILS = {
    "a handler of an event": """
        client.meta.events.register("before-call.*.*", lambda **_: 1 / 0)""",
    "a first handler": """
        client.meta.events.register_first("before-call.*.*", lambda **_: 1 / 0)""",
    "a handler with an id": """
        client.meta.events.register("before-call.*.*", lambda **_: 1 / 0, unique_id="id")""",
    "a handler of botocore's that is gone": """
        handler = client._request_signer.handler
        client.meta.events.unregister("request-created.data-pipeline", handler)""",
    "a method of the client": """
        client.list_pipelines = lambda: 1 / 0""",
    "a method of its class": """
        type(client).list_pipelines = lambda self: 1 / 0""",
    "its make_api_call": """
        client._make_api_call = lambda *_: 1 / 0""",
    "its endpoint's host": """
        client._endpoint.host = "https://elsewhere.example.org\"""",
    "its configuration": """
        client.meta.config.read_timeout = 1""",
    "its configuration's retries": """
        client.meta.config.retries = {"max_attempts": 0}""",
}


@pytest.mark.parametrize("soiled", SOILS.values(), ids=SOILS)
def test_what_a_test_does_to_its_client_is_not_met_by_the_next(run: Run, soiled: str) -> None:
    source = f"""
    def test_soils(datapipeline_client):
        client = datapipeline_client
        seen.append(client){soiled}

    def test_is_clean(datapipeline_client):
        assert datapipeline_client is not seen[0]
        assert datapipeline_client.list_pipelines()["pipelineIdList"] == []
        assert datapipeline_client.meta.endpoint_url == datapipeline_client._endpoint.host
        assert datapipeline_client.meta.config.read_timeout == 100

    def test_is_kept(datapipeline_client):
        pass
"""

    run(source).assert_outcomes(passed=3)


def test_a_patch_that_is_undone_leaves_it_clean(run: Run) -> None:
    source = """
    def test_patches(datapipeline_client, monkeypatch):
        seen.append(datapipeline_client)
        monkeypatch.setattr(datapipeline_client, "list_pipelines", lambda: None)

    def test_is_clean(datapipeline_client):
        datapipeline_client.list_pipelines()
"""

    run(source).assert_outcomes(passed=2)


def test_another_region_another_client(run: Run) -> None:
    source = """
    @pytest.mark.datapipeline(region="eu-west-1")
    def test_one(datapipeline_client):
        assert datapipeline_client.meta.region_name == "eu-west-1"

    @pytest.mark.datapipeline(region="us-west-2")
    def test_two(datapipeline_client):
        assert datapipeline_client.meta.region_name == "us-west-2"

    def test_three(datapipeline_client, monkeypatch):
        assert datapipeline_client.meta.region_name == "us-east-1"
"""

    run(source).assert_outcomes(passed=3)


def test_another_environment_another_client(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    source = """
    @pytest.mark.parametrize("attempts", ["1", "2", "1"])
    def test_attempts(attempts, monkeypatch, request):
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", attempts)
        client = request.getfixturevalue("datapipeline_client")
        assert client.meta.config.retries["total_max_attempts"] == int(attempts)
"""

    run(source).assert_outcomes(passed=3)


def test_a_handler_of_the_default_session_s_is_met_by_the_next_client(run: Run) -> None:
    source = """
    def test_one(datapipeline_client):
        events = boto3.DEFAULT_SESSION.events
        events.register("before-call.data-pipeline.*", lambda model, **_: seen.append(model.name))

    def test_two(datapipeline_client):
        datapipeline_client.list_pipelines()
        assert seen == ["ListPipelines"]
"""

    run(source).assert_outcomes(passed=2)


def test_another_default_session_another_client(run: Run) -> None:
    source = """
    def test_one(datapipeline_client):
        seen.append(datapipeline_client)

    def test_two(monkeypatch, request):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session(region_name="eu-west-1"))
        client = request.getfixturevalue("datapipeline_client")
        assert client.meta.region_name == "eu-west-1"
"""

    run(source).assert_outcomes(passed=2)


def test_what_a_test_has_put_in_place_of_boto3_makes_the_client(run: Run) -> None:
    source = """
    def test_one(datapipeline_client):
        pass

    def test_two(monkeypatch, request):
        monkeypatch.setattr(boto3, "client", lambda *_, **__: "mine")
        assert request.getfixturevalue("datapipeline_client") == "mine"
"""

    run(source).assert_outcomes(passed=2)


def test_at_the_end_botocore_is_as_it_was(run: Run) -> None:
    from botocore.hooks import HierarchicalEmitter

    before = dict(vars(HierarchicalEmitter))

    run("    def test_one(datapipeline_client): pass\n").assert_outcomes(passed=1)

    assert dict(vars(HierarchicalEmitter)) == before
