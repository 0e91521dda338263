"""DataPipelineFake as a decorator of functions, coroutines and classes."""

from __future__ import annotations

import asyncio
import inspect
import unittest
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inner_pytest import run_here

from pytest_datapipeline import DataPipelineFake, FakeUsageError, UnmetExpectations


def names() -> list[str]:
    answer = boto3.client("datapipeline").list_pipelines()
    return [held["name"] for held in answer["pipelineIdList"]]


def create(name: str) -> None:
    boto3.client("datapipeline").create_pipeline(name=name, uniqueId="u")


@DataPipelineFake()
def test_a_function_s_calls_are_answered() -> None:
    create("n")

    assert names() == ["n"]


@DataPipelineFake(start="2020-01-01T00:00:00")
def test_a_function_gets_its_fake_by_the_name_of_the_fixture(
    datapipeline_fake: DataPipelineFake, tmp_path: Any
) -> None:
    assert datapipeline_fake.clock.now().year == 2020
    assert tmp_path.exists()


def test_each_call_has_a_fake_of_its_own() -> None:
    @DataPipelineFake()
    def creates() -> list[str]:
        create("n")
        return names()

    assert [creates(), creates()] == [["n"], ["n"]]


def test_a_coroutine_has_its_fake_while_it_runs() -> None:
    @DataPipelineFake(start="2020-01-01T00:00:00")
    async def waits(datapipeline_fake: DataPipelineFake) -> tuple[list[str], int]:
        create("n")
        await datapipeline_fake.until(datapipeline_fake.clock.now().replace(year=2021))
        return names(), datapipeline_fake.clock.now().year

    made: Any = waits

    assert inspect.iscoroutinefunction(made)
    assert asyncio.run(made()) == (["n"], 2021)


@given(name=st.sampled_from(["a", "b"]))
@DataPipelineFake()
def test_each_example_has_a_fake_of_its_own(name: str) -> None:
    create(name)

    assert names() == [name]


def test_what_is_not_met_is_told_when_the_function_returns() -> None:
    @DataPipelineFake()
    def plans(datapipeline_fake: DataPipelineFake) -> None:
        datapipeline_fake.fail("poll_for_task", "throttling")

    made: Any = plans

    with pytest.raises(UnmetExpectations, match="A planned fault was not met"):
        made()


@DataPipelineFake(start="2020-01-01T00:00:00")
class TestOfPytest:
    """Each test of it has a fake of its own, its setup_method included."""

    datapipeline_fake: DataPipelineFake

    def setup_method(self) -> None:
        create("set up")

    def test_one(self) -> None:
        create_another()

        assert names() == ["set up", "another"]

    def test_two(self) -> None:
        assert names() == ["set up"]
        assert self.datapipeline_fake.clock.now().year == 2020


def create_another() -> None:
    boto3.client("datapipeline").create_pipeline(name="another", uniqueId="another")


@DataPipelineFake()
class TestOfUnittest(unittest.TestCase):
    """The same with setUp and tearDown."""

    datapipeline_fake: DataPipelineFake

    def setUp(self) -> None:
        create("set up")

    def tearDown(self) -> None:
        assert "set up" in names()

    def test_one(self) -> None:
        create_another()

        assert names() == ["set up", "another"]

    def test_two(self) -> None:
        assert names() == ["set up"]
        assert self.datapipeline_fake.calls


@DataPipelineFake()
class TestOfUnittestInCoroutines(unittest.IsolatedAsyncioTestCase):
    """The same with coroutines."""

    async def test_one(self) -> None:
        create("n")

        assert names() == ["n"]


def test_a_unittest_s_unmet_fault_is_its_failure() -> None:
    @DataPipelineFake()
    class Case(unittest.TestCase):
        datapipeline_fake: DataPipelineFake

        def test_plans(self) -> None:
            self.datapipeline_fake.fail("poll_for_task", "throttling")

    result = unittest.TestResult()
    Case("test_plans").run(result)

    assert len(result.failures) == 1
    assert "A planned fault was not met" in result.failures[0][1]


def test_a_unittest_that_fails_has_no_second_failure() -> None:
    @DataPipelineFake()
    class Case(unittest.TestCase):
        datapipeline_fake: DataPipelineFake

        def test_plans(self) -> None:
            self.datapipeline_fake.fail("poll_for_task", "throttling")
            self.fail("first")

    result = unittest.TestResult()
    Case("test_plans").run(result)

    assert len(result.failures) == 1
    assert not result.errors


def test_a_class_whose_set_up_fails_leaves_its_fake() -> None:
    @DataPipelineFake()
    class Case(unittest.TestCase):
        def setUp(self) -> None:
            raise ValueError("no")

        def test_never_runs(self) -> None:
            raise AssertionError

    result = unittest.TestResult()
    Case("test_never_runs").run(result)

    assert len(result.errors) == 1
    with DataPipelineFake() as fake:
        assert "active" in repr(fake)


def test_a_generator_can_not_be_decorated() -> None:
    with pytest.raises(FakeUsageError, match="cannot decorate the generator fixture"):

        @DataPipelineFake()
        def fixture() -> Any:
            yield


def test_what_is_no_function_can_not_be_decorated() -> None:
    decorate: Any = DataPipelineFake()

    with pytest.raises(FakeUsageError, match="decorates functions and classes of tests, not 5"):
        decorate(5)


def test_a_decorator_without_parentheses_says_what_it_needs() -> None:
    decorate: Any = DataPipelineFake

    with pytest.raises(FakeUsageError, match=r"parentheses: @DataPipelineFake\(\)\.$"):
        decorate(names)


@pytest.mark.parametrize("arguments", [(1,), (1, 2)])
def test_a_helper_may_be_given_its_other_arguments_by_position(arguments: tuple[int, ...]) -> None:
    @DataPipelineFake()
    def helper(
        first: int, datapipeline_fake: DataPipelineFake, second: int = 2
    ) -> tuple[int, int, int]:
        return first, second, len(datapipeline_fake.tasks)

    given: Any = helper

    assert given(*arguments) == (1, 2, 0)


def test_a_helper_may_take_it_by_name_alone_behind_any_number_of_others() -> None:
    @DataPipelineFake()
    def helper(*numbers: int, datapipeline_fake: DataPipelineFake) -> tuple[tuple[int, ...], int]:
        return numbers, len(datapipeline_fake.tasks)

    given: Any = helper

    assert given(1, 2) == ((1, 2), 0)


@DataPipelineFake()
class TestAround:
    """A class with another inside, whose tests have a fake too."""

    def setup_method(self) -> None:
        create("around")

    def test_outside(self) -> None:
        assert names() == ["around"]

    class TestInside:
        """It has its own setup_method, and not that of the class around it."""

        datapipeline_fake: DataPipelineFake

        def setup_method(self) -> None:
            create("inside")

        def test_inside(self) -> None:
            assert names() == ["inside"]
            assert len(self.datapipeline_fake.pipelines) == 1


def test_a_subclass_that_leaves_the_set_up_out_is_told_to_call_it(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        from pytest_datapipeline import DataPipelineFake

        @DataPipelineFake()
        class Base:
            pass

        class TestOfIt(Base):
            def setup_method(self):
                self.own = 1

            def test_one(self):
                pass
        """
    )

    result = run_here(pytester)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines("E*TestOfIt has a setup_method*super().setup_method(method)*")


FAILING = """
    import gc, unittest, weakref
    import pytest
    from pytest_datapipeline import DataPipelineFake

    fakes = []

    @DataPipelineFake()
    class TestFails({base}):
        def test_one(self):
            fakes.append(weakref.ref(self.datapipeline_fake))
            self.datapipeline_fake.fail("poll_for_task", "throttling")
            assert 0

    @DataPipelineFake()
    class TestPasses({base}):
        def test_one(self):
            fakes.append(weakref.ref(self.datapipeline_fake))
"""


@pytest.mark.parametrize("base", ["object", "unittest.TestCase"])
def test_a_test_of_a_class_that_fails_has_no_second_failure(
    pytester: pytest.Pytester, base: str
) -> None:
    pytester.makepyfile(FAILING.format(base=base))

    result = run_here(pytester)

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.no_fnmatch_line("*planned fault*")


@pytest.mark.parametrize("base", ["object", "unittest.TestCase"])
def test_no_fake_of_a_class_outlives_its_test(pytester: pytest.Pytester, base: str) -> None:
    source = FAILING.format(base=base).replace("assert 0", "poll = 1")
    source = source.replace('.fail("poll_for_task", "throttling")', ".enqueue('wg')")
    pytester.makepyfile(
        source
        + """
    def test_all_are_gone():
        gc.collect()
        assert [fake() for fake in fakes] == [None, None]
        """
    )

    result = run_here(pytester)

    result.assert_outcomes(passed=3)
