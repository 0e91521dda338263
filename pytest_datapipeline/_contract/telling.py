"""How findings reach those who run tests: warnings, a section of a report, a summary."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import TYPE_CHECKING

from ..errors import HELP, ContractWarning, explained
from .findings import Findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._record.callers import Location
    from .findings import Finding
    from .rule import Strength

# The line that warnings name of which no line of the user's is known.
_NOWHERE = ("<datapipeline>", 0)


# A WorkerGroupWarning tells these at once.
_TOLD = frozenset({"worker-group-spelling", "wrong-region"})
# In which a report's section tells them.
_ORDER: tuple[Strength, ...] = ("broken", "inferred", "advice")


def warn_of(findings: Iterable[Finding], elsewhere: Location | None = None, more: str = "") -> None:
    """Warn of those that break AWS's rules, each at the line that made the call.

    They are told once a test is over and not from within the call, whose maker might swallow or
    retry them where warnings are errors. `elsewhere`: the line for calls that came from another
    process, or are known by the end alone. `more`: what else is to be said.
    """
    for found in findings:
        if found.strength != "broken" or found.id in _TOLD:
            continue
        location = found.location or elsewhere
        filename, line = _NOWHERE if location is None else location[:2]
        warnings.warn_explicit(
            ContractWarning(explained(f"{found.in_a_line()}{more}", about=found.id)),
            None,
            filename,
            line,
            module=None if location is None else location.module,
            registry={},
        )


def section(findings: Findings) -> str:
    """What a failed test's report says of them: those that break AWS's rules first, and advice,
    which many have that fail of something else, in a line each."""
    return "\n".join(
        found.in_short() if strength == "advice" else str(found)
        for strength in _ORDER
        for found in findings
        if found.strength == strength
    )


def untold(findings: Findings, failure: str) -> Findings:
    """Those that the failure of a test does not tell as a whole."""
    return Findings(
        found for found in findings if not all(line in failure for line in found.lines())
    )


def summary(tests: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The lines at the end of a session. `tests`: the findings of each test, by rule."""
    counts: Counter[str] = Counter()
    concerned: Counter[str] = Counter()
    for found in tests.values():
        counts.update(found)
        concerned.update(found.keys())
    return [
        f"{number} {name} in {concerned[name]} test{'s' if concerned[name] > 1 else ''}"
        for name, number in counts.most_common()
    ] + [f"{HELP} {name}" for name, _ in counts.most_common(1)]
