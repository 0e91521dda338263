"""Runs a scenario undisturbed, and then with each disturbance at each of its calls."""

from __future__ import annotations

import itertools
import random
import sys
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from .. import checks
from .._contract.telling import warn_of
from .._record.callers import raised_at, user_location
from .._record.rendering import method
from ..errors import (
    FakeUsageError,
    RunnerUnwound,
    UnmetExpectations,
    Unwinding,
    explained,
    together,
    told_by_message,
)
from ..fake import DataPipelineFake
from .disturbances import Disturbance, check_kinds, kinds_of
from .exploration import Exploration, ExplorationFailed, Trial
from .replays import Replay, replay_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from typing_extensions import Unpack

    from ..settings import ExploreOptions
    from .exploration import Outcome

__tracebackhide__ = told_by_message

# How many orders are tried, unless a number is given.
_ORDERS = 10


class Explorer:
    """Explores one scenario.

    Args:
        scenario: a function of a fresh fake: it sets up, runs the runner and asserts.
        name: how its runs are called.
        settings: of each fake.
        on_progress: told after each run how many of how many were made.
    """

    def __init__(
        self,
        scenario: Callable[[DataPipelineFake], object],
        name: str,
        settings: ExploreOptions,
        on_progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        if not callable(scenario):
            raise FakeUsageError(f"A scenario is a function of a fake, not {scenario!r}.")
        self._scenario = scenario
        self._name = name
        # Sleeps of a runner take no real time, and each run begins at the same moment.
        self._settings: ExploreOptions = {
            "virtual_sleep": True,
            "start": "2024-01-01T00:00:00",
            **settings,
        }
        self._on_progress = on_progress
        # Told of the fake of each run before it begins.
        self.on_fake: Callable[[DataPipelineFake], object] = lambda _fake: None
        self._clean: list[str] = []
        self._one_thread = True

    def explore(
        self,
        *,
        operations: Collection[str] | None,
        only: Iterable[str] | None,
        skip: Iterable[str],
        pairs: bool,
        budget: int | None,
        seed: int,
        orders: int,
    ) -> Exploration:
        """Run it undisturbed, then with everything."""
        chosen = None if only is None else check_kinds(only, "only")
        skipped = check_kinds(skip, "skip")
        self._run_clean()
        numbered = list(_numbered(self._clean))
        exploration = Exploration(self._name, tuple(_place(*held) for held in numbered))
        singles = [
            (Disturbance(operation, number, kind),)
            for operation, number in numbered
            if operations is None or method(operation) in operations
            for kind in kinds_of(operation)
            if kind not in skipped and (chosen is None or kind in chosen)
        ]
        runs: list[Replay] = [Replay(self._name, held) for held in singles]
        runs += [Replay(self._name, (), order) for order in range(1, orders + 1)]
        runs = _sampled(runs, budget, seed, exploration)
        self._try_all(runs, exploration)
        if pairs:
            failing = {trial.disturbances for trial in exploration.failures}
            sound = [held for held in singles if held not in failing]
            doubles = [
                Replay(self._name, (*first, *second))
                for first, second in itertools.combinations(sound, 2)
                if first[0].place != second[0].place
            ]
            left = None if budget is None else max(0, budget - len(runs))
            self._try_all(_sampled(doubles, left, seed, exploration), exploration)
        return exploration

    def _try_all(self, runs: list[Replay], exploration: Exploration) -> None:
        for done, replay in enumerate(runs, 1):
            exploration.trials.append(self._try(replay))
            self._on_progress(done, len(runs))

    def replay(self, text: object) -> None:
        """Run it once as it was run then; what fails is raised as it is."""
        replay = replay_of(text)
        if replay.name != self._name:
            raise FakeUsageError(
                f"The replay {text!r} is of {replay.name!r}, and this is {self._name!r}."
            )
        reached, _ = self._run(replay)
        if not reached:
            raise FakeUsageError(
                explained(
                    f"The replay {text!r} is of another state of the code: "
                    f"{replay.disturbances[0].place} did not come. Explore again.",
                    about="replay-outdated",
                )
            )

    # -- one run ----------------------------------------------------------------------------------

    def _run_clean(self) -> None:
        """Run it twice undisturbed, to see what it calls, and that it is the same each time."""
        recorded = []
        for _ in range(2):
            try:
                _, fake = self._run(Replay(self._name, ()))
            except (Exception, Unwinding) as error:
                _note(error, "This was the scenario without any disturbance.")
                raise
            recorded.append([call.operation for call in fake.calls.without_retries])
            # In which order those of several threads come is up to the machine.
            self._one_thread &= fake._world.time.participants.callers <= {fake._world.time.home}
        self._clean, again = recorded
        if self._one_thread:
            _check_same(self._clean, again)
        if not self._clean:
            raise FakeUsageError(
                f"The scenario {self._name!r} made no calls, so there is nothing to disturb."
            )

    def _try(self, replay: Replay) -> Trial:
        outcome: Outcome = "passed"
        error: BaseException | None = None
        fake = where = None
        try:
            reached, fake = self._run(replay)
            outcome = "passed" if reached else "not reached"
        except FakeUsageError:
            raise
        except (Exception, Unwinding) as raised:
            where = raised_at(raised)
            outcome, error = "failed", _without_frames(raised)
        found = () if fake is None else tuple(fake._world.findings().broken)
        return Trial(replay, outcome, error, found, where)

    def _run(self, replay: Replay) -> tuple[bool, DataPipelineFake]:
        """Run it once; whether all was reached that was to go wrong."""
        fake = DataPipelineFake(**self._settings)
        self.on_fake(fake)
        fake._world.driving.restarts = True
        if replay.order is not None:
            fake._world.service.tasks.queues.order = random.Random(replay.order)
        planned = [held.plan(fake) for held in replay.disturbances]
        fake.__enter__()
        failure: BaseException | None = None
        try:
            self._scenario(fake)
        except FakeUsageError:
            raise
        except (Exception, Unwinding) as error:
            failure = error
        finally:
            fake._leave()
        if self._one_thread and self._clean:
            self._check_prefix(fake, replay)
        if failure is not None and not self._died_for_good(fake, failure):
            raise failure
        self._judge(fake)
        return all(fault.met for fault in planned), fake

    @staticmethod
    def _died_for_good(fake: DataPipelineFake, failure: BaseException) -> bool:
        """Whether a runner died that nobody could start again: then nothing comes of its task."""
        return fake._world.faults.deaths > 0 and (
            isinstance(failure, RunnerUnwound) or not fake._world.driving.restarted
        )

    @staticmethod
    def _judge(fake: DataPipelineFake) -> None:
        problems = [*fake._unmet()]
        problems += [
            explained(
                f"The task {task.id} is lost: it is {task.status}, waits in no queue, and has no "
                "deadline after which the service would act.",
                about="task-is-lost",
            )
            for task in fake.tasks
            if not (task.ended or task.deadline or task.status.startswith("WAITING"))
        ]
        if problems:
            raise UnmetExpectations(together(problems))

    def _check_prefix(self, fake: DataPipelineFake, replay: Replay) -> None:
        """See that all was as ever until something went wrong."""
        calls = [call.operation for call in fake.calls.without_retries]
        first = min(
            (_index(self._clean, held) for held in replay.disturbances), default=len(self._clean)
        )
        _check_same(self._clean[:first], calls[:first])


class Explore(Protocol):
    """The fixture `datapipeline_explore`: `explore` for a test, with its settings."""

    def __call__(
        self,
        scenario: Callable[[DataPipelineFake], object],
        *,
        name: str = ...,
        operations: Collection[str] | None = ...,
        only: Iterable[str] | None = ...,
        skip: Iterable[str] = ...,
        pairs: bool = ...,
        budget: int | None = ...,
        seed: int = ...,
        interleave: bool | int = ...,
        replay: str | None = ...,
        on_progress: Callable[[int, int], None] = ...,
        **settings: Unpack[ExploreOptions],
    ) -> Exploration: ...


def explore(
    scenario: Callable[[DataPipelineFake], object],
    *,
    name: str | None = None,
    operations: Collection[str] | None = None,
    only: Iterable[str] | None = None,
    skip: Iterable[str] = (),
    pairs: bool = False,
    budget: int | None = None,
    seed: int = 0,
    interleave: bool | int = False,
    replay: str | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
    **settings: Unpack[ExploreOptions],
) -> Exploration:
    """Run a scenario once as it is, and then once for each of its calls and each disturbance that
    this call can meet.

    A disturbance is an exception that AWS's model gives the operation, throttling, HTTP status 500
    or 503, a connect or read time-out, a connection that is dropped before or after the service
    acted, an answer that is no JSON, the runner's death, the task's cancellation, the task being
    taken back, and a jump of time over the next deadline. A call that fails does so with all of
    botocore's own repetitions. A runner that dies in `fake.run(...)` is started again.

    A run fails where the scenario raises something, hangs, or a task is lost forever; and, with
    the setting `contract="fail"`, where a runner breaks AWS's rules.

    Args:
        scenario: a function of a fresh fake: it sets up, runs the runner and asserts.
        name: how its runs are called in replays; by default the function's name.
        operations: whose calls are disturbed, in boto3's names; by default all.
        only: the disturbances that are tried, by name; by default all.
        skip: those that are not.
        pairs: whether to go on to pairs of disturbances, none of which fails alone.
        budget: the greatest number of runs; a sample of all is drawn with `seed`.
        seed: of that sample.
        interleave: whether to vary which of several waiting polls gets a task; or how often.
        replay: the text of one run, which alone is made; what fails in it is raised as it is.
        on_progress: told after each run how many of how many were made.
        settings: of each fake, as `DataPipelineFake` takes them; `virtual_sleep` is on, and
            `start` the same for all, unless they are given.

    Returns:
        all that was tried.

    Raises:
        ExplorationFailed: some runs failed; its text is the table, its `exploration` all of it.
        FakeUsageError: no scenario, an unknown disturbance, a malformed replay or one of another
            scenario, or a scenario that is not the same each time.
    """
    __tracebackhide__ = True
    explorer = Explorer(
        scenario, name or str(getattr(scenario, "__name__", "scenario")), settings, on_progress
    )
    if replay is not None:
        explorer.replay(replay)
        return Exploration(explorer._name, ())
    if budget is not None:
        checks.count("budget", budget, 1)
    exploration = explorer.explore(
        operations=operations,
        only=only,
        skip=skip,
        pairs=pairs,
        budget=budget,
        seed=seed,
        orders=_ORDERS if interleave is True else int(interleave),
    )
    if exploration.failures:
        raise ExplorationFailed(exploration)
    _warn(exploration)
    return exploration


def _warn(exploration: Exploration) -> None:
    """Warn once of each rule that was broken on the way."""
    told: dict[str, Trial] = {}
    for trial in exploration.trials:
        for found in trial.findings:
            told.setdefault(found.id, trial)
    for rule, trial in told.items():
        found = next(held for held in trial.findings if held.id == rule)
        warn_of([found], user_location(), f" Seen in {trial.replay}.")


def _numbered(operations: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each call by its operation, and which of that operation's it is."""
    seen: Counter[str] = Counter()
    for operation in operations:
        seen[operation] += 1
        yield operation, seen[operation]


def _place(operation: str, number: int) -> str:
    return f"{method(operation)}#{number}"


def _index(operations: list[str], disturbance: Disturbance) -> int:
    """Where in a record the disturbed call is."""
    for index, held in enumerate(_numbered(operations)):
        if held == (disturbance.operation, disturbance.number):
            return index
    return len(operations)


def _sampled(
    runs: list[Replay], budget: int | None, seed: int, exploration: Exploration
) -> list[Replay]:
    """As many of them as the budget allows, in their order."""
    if budget is None or len(runs) <= budget:
        return runs
    exploration.left_out += len(runs) - budget
    chosen = set(random.Random(seed).sample(range(len(runs)), budget))
    return [run for index, run in enumerate(runs) if index in chosen]


def _check_same(first: list[str], second: list[str]) -> None:
    """Refuse a scenario that does not call the same each time."""
    if first == second:
        return
    for number, (one, other) in enumerate(
        itertools.zip_longest(map(method, first), map(method, second)), 1
    ):
        if one != other:
            raise FakeUsageError(
                explained(
                    f"The scenario is not the same each time: its call {number} was "
                    f"{one or 'none'}, and then {other or 'none'}. Take real time, random numbers "
                    "and what is left from earlier runs out of it; a runner's waits are to be "
                    "time.sleep or asyncio's.",
                    about="scenario-differs",
                )
            )


def _without_frames(error: BaseException) -> BaseException:
    """An error that keeps nothing of its run alive."""
    error.__traceback__ = None
    error.__context__ = None
    return error


def _note(error: BaseException, text: str) -> None:
    if sys.version_info >= (3, 11):
        error.add_note(text)
