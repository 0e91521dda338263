"""The class that a runner's author subclasses."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ..errors import FakeUsageError, told_by_message
from .claims import CLAIMS, check_claims
from .harness import Harness, Runner

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from typing_extensions import Unpack

    from .._explore.explorer import Explore
    from .._fake.handles.tasks import Task
    from .._fake.queueing.enqueue import TaskOptions
    from ..fake import DataPipelineFake

__tracebackhide__ = told_by_message


class ContractBase:
    """What the tests of all themes need."""

    claims: ClassVar[AbstractSet[str]] = frozenset(CLAIMS)
    worker_group: ClassVar[str] = "contract"
    # A runner's sleeps take virtual time. What breaks AWS's words is judged by each test.
    pytestmark: ClassVar[Any] = pytest.mark.datapipeline(virtual_sleep=True, contract="report")

    fake: DataPipelineFake
    harness: Harness
    explore: Explore

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        claims: Any = cls.claims
        if isinstance(claims, str):
            raise FakeUsageError(f"{cls.__name__}.claims is {claims!r}; it is a set of claims.")
        check_claims(claims, f"{cls.__name__}.claims")

    def start(self, fake: DataPipelineFake) -> Runner:
        """Make a runner that polls `worker_group`, new each time.

        Returns:
            a function that polls forever, a coroutine function that does, or a command line as a
            list, whose process finds the endpoint by its environment.
        """
        raise NotImplementedError(f"{type(self).__name__}.start() makes a runner of yours.")

    def task(
        self, *, seconds: float = 0, fails: bool = False, prints: str = ""
    ) -> Mapping[str, Any] | None:
        """The fields of a task that your runner understands.

        Args:
            seconds: how long its work takes, in virtual time; for a process in real time.
            fails: whether the work fails.
            prints: what it writes to its standard error before; it may hold characters that a field
                cannot, such as those that colour a terminal.

        Returns:
            the fields; None if there is no such task, so that what needs it is skipped. By
            default a command that does nothing.
        """
        return None if seconds or fails or prints else {"command": "true"}

    @pytest.fixture(autouse=True)
    def _the_runner(
        self, request: pytest.FixtureRequest, datapipeline_fake: DataPipelineFake
    ) -> Iterator[None]:
        self.fake = datapipeline_fake
        self.explore = lambda *args, **kwargs: request.getfixturevalue("datapipeline_explore")(
            *args, **kwargs
        )
        self.harness = Harness(
            datapipeline_fake,
            self.start,
            lambda: request.getfixturevalue("datapipeline_endpoint"),
        )
        yield
        self.harness.close()

    # -- what the tests say -----------------------------------------------------------------------

    def claimed(self, claim: str) -> None:
        """Skip the test if the runner does not claim something."""
        if claim not in self.claims:
            pytest.skip(f"the runner does not claim {claim!r}: {CLAIMS[claim]}")

    def enqueue(
        self,
        *,
        seconds: float = 0,
        fails: bool = False,
        prints: str = "",
        **options: Unpack[TaskOptions],
    ) -> Task:
        """Put such a task into the queue; skips the test if there is none."""
        fields = self.task(seconds=seconds, fails=fails, prints=prints)
        if fields is None:
            asked = {"seconds": seconds, "fails": fails, "prints": prints}
            named = ", ".join(f"{name}={value!r:.40}" for name, value in asked.items() if value)
            pytest.skip(f"the runner has no such task: task({named}) gave None")
        return self.fake.enqueue(self.worker_group, fields, **options)

    def run_for(self, minutes: float) -> None:
        """Have the runner work for so long."""
        self.harness.run_for(timedelta(minutes=minutes))

    def check(self, *rules: str) -> None:
        """Fail if one of these rules was broken; without any, one that breaks AWS's words."""
        found = self.fake.findings
        chosen = found.broken if not rules else [held for held in found if held.id in rules]
        assert not chosen, "\n".join(map(str, chosen))
