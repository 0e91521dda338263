"""Nothing of a test stays: its fake can be collected as soon as the test is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

SUITE = """
    import gc
    import weakref

    import pytest

    fakes = []

    @pytest.fixture
    def seen(request):
        double = request.getfixturevalue(request.param)
        fakes.append(weakref.ref(double))
        return double

    @pytest.fixture
    def breaks_at_its_end(seen):
        yield
        raise RuntimeError("the fixture's end")

    doubles = pytest.mark.parametrize(
        "seen", ["datapipeline_fake", "datapipeline_stubber"], indirect=True
    )

    @doubles
    @pytest.mark.parametrize("number", range(5))
    def test_passes(seen, number):
        pass

    @doubles
    @pytest.mark.parametrize("number", range(5))
    def test_fails(seen, number):
        assert not seen

    @doubles
    @pytest.mark.parametrize("number", range(5))
    def test_skips(seen, number):
        pytest.skip("not today")

    @doubles
    @pytest.mark.parametrize("number", range(5))
    def test_breaks_at_its_end(breaks_at_its_end, seen, number):
        pass

    def test_passes_with_tasks_and_pipelines(datapipeline_fake, datapipeline_client):
        fakes.append(weakref.ref(datapipeline_fake))
        datapipeline_fake.enqueue("wg", *[{"command": "true"}] * 3)
        datapipeline_fake.pipelines.create([])
        datapipeline_client.poll_for_task(workerGroup="wg")

    # pytest keeps what failed last for a debugger: this is something else.
    def test_fails_without_a_fake():
        assert False

    def test_the_end():
        gc.collect()
        assert len(fakes) == 41
        assert [fake() for fake in fakes if fake() is not None] == []
"""


def test_a_fake_can_be_collected_after_its_test_whatever_the_outcome(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(SUITE)

    # In a process of its own: pytester keeps the arguments of all hooks that it sees called.
    result = pytester.runpytest_subprocess("-p", "no:randomly")

    result.assert_outcomes(passed=22, failed=11, skipped=10, errors=10)
