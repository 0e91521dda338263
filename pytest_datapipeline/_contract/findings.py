"""What rules have found, as tests compare it and as reports print it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, overload

from ..errors import FakeUsageError, explained, told_by_message
from .rule import MEANING

if TYPE_CHECKING:
    from .._record.call import Call
    from .._record.callers import Location
    from .._record.secrets import Hide
    from .rule import Rule, Strength

__tracebackhide__ = told_by_message

# So many of the calls that show a finding are printed.
_CALLS = 4


class Finding:
    """A mistake of a task runner, or of a program around it, that the calls have shown.

    Attributes:
        id: the rule's, as in "late-acknowledgement"; the docs list all.
        strength: "broken" breaks AWS's rules, "advice" is against AWS's advice, "inferred" follows
            from AWS's words.
        text: what happened, with the values involved.
        asked: what AWS asks for.
        source: where AWS says so.
        remedy: what to do.
        calls: the calls that show it.
        times: how often it was seen of the same runner or task.
        location: the file and line of the code that made the first of the calls; None if it was
            made elsewhere, as over HTTP.
    """

    __slots__ = ("_hide", "_rule", "calls", "location", "text", "times")

    def __init__(
        self,
        rule: Rule,
        text: str,
        calls: tuple[Call, ...],
        hide: Callable[[], Hide],
        location: Location | None,
    ) -> None:
        self._rule = rule
        self._hide = hide
        self.text: str = text
        self.calls: tuple[Call, ...] = calls
        self.times: int = 1
        self.location: Location | None = location

    @property
    def id(self) -> str:
        return self._rule.id

    @property
    def strength(self) -> Strength:
        return self._rule.strength

    @property
    def asked(self) -> str:
        return self._rule.asked

    @property
    def source(self) -> str:
        return self._rule.source

    @property
    def remedy(self) -> str:
        return self._rule.remedy

    def __repr__(self) -> str:
        return f"<{self.id}: {self._hide()(self.text)}>"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def in_a_line(self) -> str:
        """It without the calls, as a warning says it."""
        return f"{self.id}: {self._told()} {self.remedy}"

    def in_short(self) -> str:
        """It without the calls, as a report's section tells advice."""
        return f"{self.id} ({MEANING[self.strength]}): {self._told()} {self.remedy}"

    def as_failure(self) -> str:
        """It as a test fails with it: with the line that made the call, and its explanation."""
        place = "" if self.location is None else f"{self.location.place}: "
        return explained(f"{place}{self}", about=self.id)

    def lines(self) -> list[str]:
        """It with the calls that show it, what AWS asks for, and what to do."""
        hide = self._hide()
        found = [f"{self.id} ({MEANING[self.strength]}): {self._told()}"]
        found += [f"    {call.in_a_table(True, hide)}" for call in self.calls[:_CALLS]]
        if len(self.calls) > _CALLS:
            from .._service.texts import counted

            found.append(f"    and {counted(len(self.calls) - _CALLS, 'more call')}")
        found.append(f"  AWS: {self.asked} ({self.source})")
        found.append(f"  Do: {self.remedy}")
        return found

    def _told(self) -> str:
        again = f" Seen {self.times} times." if self.times > 1 else ""
        return f"{self._hide()(self.text)}{again}"


class Findings(Sequence[Finding]):
    """What was found, in the order in which it was seen. `print` it for the whole story.

    Empty, it is false: `assert not datapipeline_fake.findings`. It equals a list of ids with the
    same ids in it, in any order.
    """

    __slots__ = ("_found",)
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # equality is not by identity

    def __init__(self, found: Iterable[Finding] = ()) -> None:
        self._found = list(found)

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> Finding: ...

    @overload
    def __getitem__(self, index: slice) -> Findings: ...

    def __getitem__(self, index: int | slice) -> Finding | Findings:
        if isinstance(index, slice):
            return Findings(self._found[index])
        return self._found[index]

    def __contains__(self, value: object) -> bool:
        if isinstance(value, str):
            check_ids([value], "`in`")
            return value in self.ids
        return value in self._found

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Findings):
            return self._found == other._found
        if isinstance(other, Sequence) and not isinstance(other, str):
            check_ids([held for held in other if isinstance(held, str)], "a comparison")
            return sorted(self.ids) == sorted(map(str, other))
        return NotImplemented

    def __repr__(self) -> str:
        counted = ", ".join(
            f"{name} ({number})" if number > 1 else name for name, number in self.counts.items()
        )
        return f"<{len(self)} findings: {counted}>" if self._found else "<no findings>"

    def __str__(self) -> str:
        return "\n".join(map(str, self._found)) or "no findings"

    @property
    def ids(self) -> list[str]:
        """The rule of each."""
        return [found.id for found in self._found]

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each rule."""
        return dict(Counter(self.ids))

    @property
    def broken(self) -> Findings:
        """Those that break AWS's rules."""
        return self.filter(strength="broken")

    def filter(self, id: str | None = None, *, strength: Strength | None = None) -> Findings:
        """Those of a rule, or of a strength.

        Raises:
            FakeUsageError: there is no such rule, or no such strength.
        """
        if id is not None:
            check_ids([id], "filter()")
        if strength is not None and strength not in MEANING:
            allowed = ", ".join(map(repr, MEANING))
            raise FakeUsageError(f"filter(strength={strength!r}): it can be {allowed}.")
        return Findings(
            found
            for found in self._found
            if id in (None, found.id) and strength in (None, found.strength)
        )


def check_ids(ids: Iterable[str], where: str) -> None:
    """Refuse what is no rule's id.

    Raises:
        FakeUsageError: there is no such rule.
    """
    from .._service.texts import did_you_mean
    from .rules import RULES

    for name in ids:
        if name not in RULES:
            raise FakeUsageError(
                f"{where}: there is no rule {name!r}.{did_you_mean(name, RULES)} "
                f"Rules are: {', '.join(RULES)}."
            )


def explain_findings(op: str, left: object, right: object) -> list[str] | None:
    """What pytest prints of a comparison with findings that does not hold; None if it is none."""
    if isinstance(right, Findings) and not isinstance(left, Findings):
        left, right = right, left
    if op != "==" or not isinstance(left, Findings) or not isinstance(right, Sequence):
        return None
    expected = Counter(map(str, right))
    unexpected = Counter(left.ids) - expected
    lines = [f"the findings are not those expected: {len(left)} found, {len(right)} expected"]
    lines += [f"- {name}" for name in (expected - Counter(left.ids)).elements()]
    for found in left:
        if unexpected[found.id]:
            unexpected[found.id] -= 1
            lines += [f"+ {found.lines()[0]}", *found.lines()[1:]]
    return lines
