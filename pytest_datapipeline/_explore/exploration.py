"""What an exploration has tried, and what failed."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .._record.rendering import cut
from ..errors import UnmetExpectations, explained, parted, told_by_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._contract.findings import Finding
    from .disturbances import Disturbance
    from .replays import Replay

# The table says it all.
__tracebackhide__ = told_by_message

Outcome = Literal["passed", "failed", "not reached"]
_LONGEST = 160
_FIRST_LINES = 3
# So many groups of failures are told, and of each so many disturbances by name.
_GROUPS = 5
_NAMED = 6
# botocore's errors: the service has answered with one, or has not answered.
_FAMILIES = ("ClientError", "BotoCoreError")


@dataclass(frozen=True)
class Trial:
    """One run of the scenario.

    Attributes:
        replay: what was different in it; its text runs it again.
        outcome: "not reached": the call at which something was to go wrong did not come.
        error: what failed.
        findings: what its runners did that breaks AWS's rules.
        where: the innermost line of your code that the error came through, as "runner.py:12".
    """

    replay: Replay
    outcome: Outcome
    error: BaseException | None = None
    findings: tuple[Finding, ...] = ()
    where: str | None = None

    @property
    def disturbances(self) -> tuple[Disturbance, ...]:
        return self.replay.disturbances

    @property
    def name(self) -> str:
        """What went wrong in it."""
        order = "" if self.replay.order is None else f"order {self.replay.order}"
        return _listed(self.disturbances) or order or "no disturbance"

    def why(self) -> str:
        """What failed, in a line or a few."""
        if self.error is None:
            return self.outcome
        text, _ = parted(str(self.error))
        lines = [line for line in text.splitlines() if line.strip()] or [""]
        more = "" if len(lines) <= _FIRST_LINES else " ..."
        text = " | ".join(line.strip() for line in lines[:_FIRST_LINES]) + more
        return cut(f"{type(self.error).__name__}: {text}", 2 * _LONGEST)

    @property
    def alike(self) -> str:
        """What it has in common with others that failed of the same: the error, and the line."""
        # The service's errors are classes by the dozen, which no runner tells apart that is
        # stopped by one of them.
        names = [kind.__name__ for kind in type(self.error).__mro__]
        name = next((family for family in _FAMILIES if family in names), names[0])
        _, ids = parted(str(self.error))
        place = f" at {self.where}" if self.where else f" ({', '.join(ids)})" if ids else ""
        return f"{name}{place}"


@dataclass
class Exploration:
    """All runs of a scenario, in the order in which they were made; `print` it for the table.

    Attributes:
        name: of the scenario.
        calls: the calls that the undisturbed scenario makes.
        trials: the runs.
        left_out: how many more there would be without the budget.
        test: the test that explores, as pytest's command line names it; None if there is none.
    """

    name: str
    calls: tuple[str, ...]
    trials: list[Trial] = field(default_factory=list)
    left_out: int = 0
    test: str | None = None

    @property
    def failures(self) -> list[Trial]:
        """The runs that failed; no pair of disturbances of which one alone fails too."""
        return [trial for trial in self.trials if trial.outcome == "failed"]

    @property
    def smallest(self) -> Trial | None:
        """The failed run with the fewest and earliest disturbances."""
        order = {place: index for index, place in enumerate(self.calls)}
        return min(
            self.failures,
            key=lambda trial: (
                len(trial.disturbances),
                [order.get(held.place, len(order)) for held in trial.disturbances],
            ),
            default=None,
        )

    def __repr__(self) -> str:
        return f"<Exploration of {self.name}: {self._counts()}>"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _counts(self) -> str:
        counted = Counter(trial.outcome for trial in self.trials)
        parts = [
            f"{counted[outcome]} {outcome}"
            for outcome in ("passed", "failed", "not reached")
            if counted[outcome]
        ]
        return f"{len(self.trials)} runs of {len(self.calls)} calls: {', '.join(parts)}"

    def lines(self) -> list[str]:
        """The table: a row for each call, a mark for each disturbance; then what failed."""
        found = [f"{self.name}: {self._counts()}"]
        if self.left_out:
            found.append(f"({self.left_out} more are left out by the budget)")
        found += self._rows()
        smallest = self.smallest
        if smallest is not None:
            found += ["", f"The smallest disturbance that fails: {_listed(smallest.disturbances)}"]
            if smallest.replay.order is not None:
                found[-1] += f" (order {smallest.replay.order})"
        found += self._failed()
        told = {found_.id: found_ for trial in self.trials for found_ in trial.findings}
        if told:
            found += ["", "Findings:"]
            for rule, finding in told.items():
                runs = [trial for trial in self.trials if rule in [f.id for f in trial.findings]]
                found.append(f"  {finding.in_a_line()}")
                found.append(f"    in {len(runs)} runs, first in {runs[0].replay}")
        return found

    def _failed(self) -> list[str]:
        """The failures, those of the same error at the same line together."""
        groups: dict[str, list[Trial]] = {}
        for trial in self.failures:
            groups.setdefault(trial.alike, []).append(trial)
        # Those that most have in common first; of as many, the earliest.
        told = sorted(groups.items(), key=lambda group: -len(group[1]))
        found = []
        for alike, (first, *others) in told[:_GROUPS]:
            found += ["", f"{1 + len(others)} failed with {alike}"]
            found += [f"  {first.name}", f"    {first.why()}", f"    replay: {self._again(first)}"]
            if others:
                found.append(f"  and {_shortly([trial.name for trial in others])}")
        if len(told) > _GROUPS:
            rest = [f"{alike} ({len(trials)})" for alike, trials in told[_GROUPS:]]
            found += ["", f"and {_shortly(rest)}"]
        return found

    def _again(self, trial: Trial) -> str:
        """What makes one run again."""
        if self.test is None:
            return str(trial.replay)
        quoted = shlex.quote(str(trial.replay))
        return f"pytest {shlex.quote(self.test)} --datapipeline-replay={quoted}"

    def _rows(self) -> list[str]:
        """What was tried at each call."""
        rows = []
        width = max((len(place) for place in self.calls), default=0)
        for place in self.calls:
            singles = [
                trial
                for trial in self.trials
                if len(trial.disturbances) == 1 and trial.disturbances[0].place == place
            ]
            if not singles:
                continue
            failed = [trial.disturbances[0].kind for trial in singles if trial.outcome == "failed"]
            verdict = f"FAILED {', '.join(failed)}" if failed else "passed"
            rows.append(f"  {place:<{width}}  {len(singles):>3} tried  {verdict}")
        pairs = [trial for trial in self.trials if len(trial.disturbances) > 1]
        if pairs:
            failed_pairs = sum(trial.outcome == "failed" for trial in pairs)
            verdict = f"{failed_pairs} FAILED" if failed_pairs else "passed"
            rows.append(f"  {'pairs':<{width}}  {len(pairs):>3} tried  {verdict}")
        orders = [trial for trial in self.trials if trial.replay.order is not None]
        if orders:
            failed_orders = sum(trial.outcome == "failed" for trial in orders)
            verdict = f"{failed_orders} FAILED" if failed_orders else "passed"
            rows.append(f"  {'orders':<{width}}  {len(orders):>3} tried  {verdict}")
        return rows


class ExplorationFailed(UnmetExpectations):
    """Some runs of an exploration failed. Its text is the table of what was tried.

    Attributes:
        exploration: all runs.
    """

    __module__ = "pytest_datapipeline"

    def __init__(self, exploration: Exploration) -> None:
        ids = [name for trial in exploration.failures for name in parted(str(trial.error))[1]]
        text = str(exploration)
        super().__init__(explained(text, about=" ".join(dict.fromkeys(ids))) if ids else text)
        self.exploration = exploration

    def __reduce__(self) -> tuple[type[ExplorationFailed], tuple[Exploration]]:
        return type(self), (self.exploration,)


def _shortly(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f", and {more} more" if more > 0 else "")


def _listed(disturbances: Sequence[Disturbance]) -> str:
    return " and ".join(str(held) for held in disturbances)
