"""A client that is made before any fake needs no region; one that the user has is kept."""

from __future__ import annotations

import pytest
from support.inner_pytest import run_apart

MADE_AT_IMPORT = """
    import boto3

    CLIENT = boto3.client("datapipeline")
"""
REGION_OF_ITS_OWN = """
    from conftest import CLIENT

    def test_a_client_of_the_conftest_is_served(datapipeline_fake):
        made = CLIENT.create_pipeline(name="nightly", uniqueId="1")["pipelineId"]
        assert [held.id for held in datapipeline_fake.pipelines] == [made]
        assert CLIENT.meta.region_name == "{region}"
"""


def outcome_of(
    pytester: pytest.Pytester, module: str, *arguments: str, plugins: tuple[str, ...] | None = None
) -> dict[str, int]:
    pytester.makepyfile(module)
    given = {} if plugins is None else {"plugins": plugins}
    return run_apart(pytester, *arguments, **given).parseoutcomes()


def test_a_client_that_a_conftest_makes_when_it_is_imported_needs_no_region(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(MADE_AT_IMPORT)

    assert outcome_of(pytester, REGION_OF_ITS_OWN.format(region="us-east-1")) == {"passed": 1}


def test_the_plugin_may_be_named_by_the_conftest_that_makes_the_client(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest("pytest_plugins = ['pytest_datapipeline']")
    module = (
        MADE_AT_IMPORT
        + """
    def test_it_has_a_region():
        assert CLIENT.meta.region_name == "us-east-1"
    """
    )

    assert outcome_of(pytester, module, plugins=()) == {"passed": 1}


def test_its_region_is_that_of_the_settings(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(MADE_AT_IMPORT)
    pytester.makeini("[pytest]\ndatapipeline_region = eu-west-1")

    assert outcome_of(pytester, REGION_OF_ITS_OWN.format(region="eu-west-1")) == {"passed": 1}


@pytest.mark.parametrize(
    "given",
    [
        "boto3.client('datapipeline', region_name='ap-southeast-2')",
        "boto3.session.Session(region_name='ap-southeast-2').client('datapipeline')",
        "boto3.client('datapipeline', config=Config(region_name='ap-southeast-2'))",
    ],
)
def test_a_region_that_the_user_gives_is_kept(pytester: pytest.Pytester, given: str) -> None:
    pytester.makeconftest(f"import boto3\nfrom botocore.config import Config\n\nCLIENT = {given}\n")

    assert outcome_of(pytester, REGION_OF_ITS_OWN.format(region="ap-southeast-2")) == {"passed": 1}


def test_a_region_of_the_environment_is_kept(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-2")
    pytester.makeconftest(MADE_AT_IMPORT)

    assert outcome_of(pytester, REGION_OF_ITS_OWN.format(region="ap-southeast-2")) == {"passed": 1}


def test_a_region_of_a_profile_is_kept(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = pytester.makefile(".cfg", aws="[profile work]\nregion = ap-southeast-2\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "work")
    pytester.makeconftest(MADE_AT_IMPORT)

    assert outcome_of(pytester, REGION_OF_ITS_OWN.format(region="ap-southeast-2")) == {"passed": 1}


def test_a_client_of_a_session_s_fixture_needs_no_region(pytester: pytest.Pytester) -> None:
    module = """
        import boto3
        import pytest

        @pytest.fixture(scope="session")
        def client():
            return boto3.client("datapipeline")

        def test_it(client, datapipeline_fake):
            assert client.list_pipelines()["pipelineIdList"] == []
    """

    assert outcome_of(pytester, module) == {"passed": 1}


def test_a_client_of_aiobotocore_needs_no_region(pytester: pytest.Pytester) -> None:
    pytest.importorskip("aiobotocore")
    module = """
        import asyncio
        from aiobotocore.session import get_session

        async def region():
            made = get_session().create_client(
                "datapipeline", aws_access_key_id="a", aws_secret_access_key="b"
            )
            async with made as client:
                return client.meta.region_name

        REGION = asyncio.run(region())

        def test_it():
            assert REGION == "us-east-1"
    """

    assert outcome_of(pytester, module) == {"passed": 1}


def test_a_client_of_another_service_still_needs_one(pytester: pytest.Pytester) -> None:
    module = """
        import boto3
        import pytest
        from botocore.exceptions import NoRegionError

        def test_it():
            with pytest.raises(NoRegionError):
                boto3.client("sqs")
    """

    assert outcome_of(pytester, module) == {"passed": 1}
