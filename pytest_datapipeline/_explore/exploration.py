"""What an exploration has tried, and what failed."""

from __future__ import annotations

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


@dataclass(frozen=True)
class Trial:
    """One run of the scenario.

    Attributes:
        replay: what was different in it; its text runs it again.
        outcome: "not reached": the call at which something was to go wrong did not come.
        error: what failed.
        findings: what its runners did that breaks AWS's words.
    """

    replay: Replay
    outcome: Outcome
    error: BaseException | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def disturbances(self) -> tuple[Disturbance, ...]:
        return self.replay.disturbances

    def why(self) -> str:
        """What failed, in a line or a few."""
        if self.error is None:
            return self.outcome
        text, _ = parted(str(self.error))
        lines = [line for line in text.splitlines() if line.strip()] or [""]
        more = "" if len(lines) <= _FIRST_LINES else " ..."
        text = " | ".join(line.strip() for line in lines[:_FIRST_LINES]) + more
        return cut(f"{type(self.error).__name__}: {text}", 2 * _LONGEST)


@dataclass
class Exploration:
    """All runs of a scenario, in the order in which they were made; `print` it for the table.

    Attributes:
        name: of the scenario.
        calls: the calls that the undisturbed scenario makes.
        trials: the runs.
        left_out: how many more there would be without the budget.
    """

    name: str
    calls: tuple[str, ...]
    trials: list[Trial] = field(default_factory=list)
    left_out: int = 0

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
        for trial in self.failures:
            found += ["", f"{_listed(trial.disturbances) or 'no disturbance'}", f"  {trial.why()}"]
            found.append(f"  replay: {trial.replay}")
        told = {found_.id: found_ for trial in self.trials for found_ in trial.findings}
        if told:
            found += ["", "Findings:"]
            for rule, finding in told.items():
                runs = [trial for trial in self.trials if rule in [f.id for f in trial.findings]]
                found.append(f"  {finding.in_a_line()}")
                found.append(f"    in {len(runs)} runs, first in {runs[0].replay}")
        return found

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


def _listed(disturbances: Sequence[Disturbance]) -> str:
    return " and ".join(str(held) for held in disturbances)
