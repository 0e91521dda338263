"""The class that a runner's author subclasses."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from .._record.callers import is_user, raised_at
from ..errors import FakeUsageError, together, told_by_message
from .claims import CLAIMS, check_claims
from .harness import Harness, Runner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
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
    # A runner's sleeps take virtual time. What breaks AWS's rules is judged by each test.
    pytestmark: ClassVar[Any] = pytest.mark.datapipeline(virtual_sleep=True, contract="report")

    fake: DataPipelineFake
    harness: Harness
    explore: Explore
    # The claims that the test is about.
    _asked: tuple[str, ...] = ()

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
        self._asked = (*self._asked, claim)

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
        """Fail if one of these rules was broken; without any, one that breaks AWS's rules."""
        found = self.fake.findings
        chosen = found.broken if not rules else [held for held in found if held.id in rules]
        self.expect(not chosen, together(held.as_failure() for held in chosen))

    def expect(self, holds: object, text: str) -> None:
        """Fail with a text, which says it all, if something does not hold."""
        if not holds:
            pytest.fail(text, pytrace=False)

    # -- what the plugin asks when a test has failed ----------------------------------------------

    def _datapipeline_shorten(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str | None:
        """Leave the lines of the user's code alone in a traceback, and name the error and the
        innermost of these lines; None if there is none."""
        entries = [entry for entry in excinfo.traceback if is_user(entry.frame.raw)]
        place = raised_at(excinfo.value)
        if place is None or not entries:
            return None
        excinfo.traceback = type(excinfo.traceback)(entries)
        return f"{excinfo.type.__name__} at {place}"

    def _datapipeline_opt_out(self) -> str | None:
        """How to do without the test; None if every runner must pass it."""
        if not self._asked:
            return None
        told = "; ".join(f"{claim!r}: {CLAIMS[claim]}" for claim in self._asked)
        left = sorted(set(self.claims) - set(self._asked))
        claims = "RunnerContract.claims - " + _written(self._asked)
        if len(self.claims) < len(CLAIMS):
            claims = f"frozenset({_written(left)})" if left else "frozenset()"
        return (
            f"This is asked as the runner claims ({told}). If it is not to do so:\n"
            f"    claims = {claims}"
        )


def _written(claims: Iterable[str]) -> str:
    return "{" + ", ".join(f'"{claim}"' for claim in claims) + "}"
