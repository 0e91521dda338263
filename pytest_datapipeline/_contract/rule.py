"""What a rule is, and the register that all of them enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._record.call import Call

Strength = Literal["broken", "advice", "inferred"]

# What a finding of each strength means, as reports say it.
MEANING: dict[Strength, str] = {
    "broken": "breaks AWS's rules",
    "advice": "against AWS's advice",
    "inferred": "follows from AWS's rules",
}

# What a rule looks at, apart from the answered calls of an operation: a task that is taken back as
# nobody has acknowledged it, one that nobody ever got, a poll that the service holds, and
# everything, once somebody asks for the findings.
LATE = "a task is taken back"
LOST = "a task is lost"
WAITING = "a poll waits"
END = "the end"


class Found(NamedTuple):
    """What a rule has seen.

    Attributes:
        text: what happened, with the values involved.
        calls: the calls that show it.
        about: what it is told once about, such as a task; by default, who made the call.
    """

    text: str
    calls: tuple[Call, ...]
    about: object = None


class Rule(NamedTuple):
    """One mistake of a task runner or of what is around it, and how it is seen.

    Attributes:
        id: its name, for settings and tests.
        strength: whether it breaks AWS's rules, is against AWS's advice, or only follows.
        on: the operations whose answered calls it looks at, or one of the occasions above.
        asked: what AWS asks for.
        source: where AWS says so.
        remedy: what to do.
        check: what sees it. It gets what was known before the call, and the call.
    """

    id: str
    strength: Strength
    on: tuple[str, ...]
    asked: str
    source: str
    remedy: str
    check: Callable[..., Found | None]


RULES: dict[str, Rule] = {}


def rule(
    id: str,
    strength: Strength,
    on: str | tuple[str, ...],
    *,
    asked: str,
    source: str,
    remedy: str,
) -> Callable[[Callable[..., Found | None]], Callable[..., Found | None]]:
    """Register the function below as the check of a rule."""

    def register(check: Callable[..., Found | None]) -> Callable[..., Found | None]:
        occasions = (on,) if isinstance(on, str) else on
        RULES[id] = Rule(id, strength, occasions, asked, source, remedy, check)
        return check

    return register
